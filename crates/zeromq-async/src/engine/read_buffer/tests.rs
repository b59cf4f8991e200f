use std::task::Waker;

use tokio::io::ReadBuf;

use super::*;

/// Gives so many octets at each read.
struct Trickle(usize);

impl AsyncRead for Trickle {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        buffer.put_slice(&vec![0; self.0.min(buffer.remaining())]);
        Poll::Ready(Ok(()))
    }
}

fn read(buffer: &mut ReadBuffer, octets: usize, wanted: usize) -> usize {
    let mut cx = Context::from_waker(Waker::noop());
    match buffer.poll_read(&mut cx, &mut Trickle(octets), wanted) {
        Poll::Ready(Ok(read)) => read,
        other => panic!("{other:?}"),
    }
}

/// How often the octets were moved while a message of this size came in.
fn moves(message: usize, octets: usize, wanted: impl Fn(usize) -> usize) -> usize {
    let mut buffer = ReadBuffer::new(BytesMut::new());
    let mut moves = 0;
    while buffer.octets.len() < message {
        let (before, here) = (buffer.octets.as_ptr(), buffer.octets.len());
        read(&mut buffer, octets, wanted(here));
        moves += usize::from(buffer.octets.as_ptr() != before);
    }
    moves
}

#[test]
fn a_large_message_is_moved_a_few_times_and_not_with_every_read() {
    const MESSAGE: usize = 32 << 20;
    for octets in [1448, 64 * 1024, 1 << 20] {
        let one_frame = moves(MESSAGE, octets, |read| MESSAGE - read);
        let small_frames = moves(MESSAGE, octets, |_| 100);
        assert!(one_frame <= 12 && small_frames <= 24, "{one_frame}, {small_frames}");
    }
}

#[test]
fn a_message_of_a_mib_is_read_to_where_it_stays() {
    assert_eq!(moves(1 << 20, 64 * 1024, |read| ((1 << 20) + 9) - read.min(1 << 20)), 1);
}

#[test]
fn no_more_is_taken_for_a_claim_than_has_come_or_is_trusted() {
    let mut buffer = ReadBuffer::new(BytesMut::new());
    read(&mut buffer, 10, usize::MAX);
    assert!(buffer.octets.capacity() <= LARGEST);
}

#[test]
fn the_beginning_of_a_message_does_not_keep_a_large_buffer() {
    let mut buffer = ReadBuffer::new(BytesMut::new());
    for _ in 0..20 {
        let whole = read(&mut buffer, 1 << 20, 0);
        let _received = buffer.octets.split_to(whole - 1);
        drop(buffer.octets.split_to(buffer.octets.len() - 1));
    }
    buffer.rest();
    assert_eq!(buffer.octets.len(), 1);
    assert!(buffer.octets.capacity() <= SMALL);
}

#[test]
fn memory_is_read_into_again_when_its_messages_are_gone() {
    let mut buffer = ReadBuffer::new(BytesMut::new());
    let mut seen = std::collections::HashSet::new();
    for _ in 0..1000 {
        let octets = read(&mut buffer, 1 << 20, 0);
        seen.insert(buffer.octets.as_ptr());
        drop(buffer.octets.split_to(octets));
        buffer.rest();
    }
    // One of each size that it grew through.
    assert!(seen.len() < 10, "{} buffers", seen.len());
}
