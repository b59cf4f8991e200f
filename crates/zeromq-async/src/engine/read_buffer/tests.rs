use std::task::Waker;

use tokio::io::ReadBuf;

use super::*;

/// Returns this number of bytes at each read.
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

fn read(buffer: &mut ReadBuffer, bytes: usize, wanted: usize) -> usize {
    let mut cx = Context::from_waker(Waker::noop());
    match buffer.poll_read(&mut cx, &mut Trickle(bytes), wanted) {
        Poll::Ready(Ok(read)) => read,
        other => panic!("{other:?}"),
    }
}

/// How often the bytes were moved while a message of this size came in.
fn moves(message: usize, bytes: usize, wanted: impl Fn(usize) -> usize) -> usize {
    let mut buffer = ReadBuffer::new(BytesMut::new());
    let mut moves = 0;
    while buffer.bytes.len() < message {
        let (before, here) = (buffer.bytes.as_ptr(), buffer.bytes.len());
        read(&mut buffer, bytes, wanted(here));
        moves += usize::from(buffer.bytes.as_ptr() != before);
    }
    moves
}

#[test]
fn large_message_is_moved_a_few_times() {
    const MESSAGE: usize = 32 << 20;
    for bytes in [1448, 64 * 1024, 1 << 20] {
        let one_frame = moves(MESSAGE, bytes, |read| MESSAGE - read);
        let small_frames = moves(MESSAGE, bytes, |_| 100);
        assert!(one_frame <= 12 && small_frames <= 24, "{one_frame}, {small_frames}");
    }
}

#[test]
fn one_mib_message_is_moved_once() {
    assert_eq!(moves(1 << 20, 64 * 1024, |read| ((1 << 20) + 9) - read.min(1 << 20)), 1);
}

#[test]
fn claimed_size_reserves_bounded_memory() {
    let mut buffer = ReadBuffer::new(BytesMut::new());
    read(&mut buffer, 10, usize::MAX);
    assert!(buffer.bytes.capacity() <= LARGEST);
}

#[test]
fn message_start_keeps_no_large_buffer() {
    let mut buffer = ReadBuffer::new(BytesMut::new());
    for _ in 0..20 {
        let whole = read(&mut buffer, 1 << 20, 0);
        let _received = buffer.bytes.split_to(whole - 1);
        drop(buffer.bytes.split_to(buffer.bytes.len() - 1));
    }
    buffer.rest();
    assert_eq!(buffer.bytes.len(), 1);
    assert!(buffer.bytes.capacity() <= SMALL);
}

#[test]
fn read_buffer_memory_is_reused() {
    let mut buffer = ReadBuffer::new(BytesMut::new());
    let mut seen = std::collections::HashSet::new();
    for _ in 0..1000 {
        let bytes = read(&mut buffer, 1 << 20, 0);
        seen.insert(buffer.bytes.as_ptr());
        drop(buffer.bytes.split_to(bytes));
        buffer.rest();
    }
    // One of each size that it grew through.
    assert!(seen.len() < 10, "{} buffers", seen.len());
}
