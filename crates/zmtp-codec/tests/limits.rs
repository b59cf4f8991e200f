//! Limits: checked against announced sizes, before the bytes arrive.

use std::time::{Duration, Instant};

use bytes::{BufMut, BytesMut};
use zmtp_codec::wire::FrameError;
use zmtp_codec::{
    Connection, ConnectionConfig, Decoder, Inbound, LimitExceeded, Limits, Null, ProtocolError,
    SocketType,
};

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

fn error(limits: Limits, bytes: &[u8]) -> Option<ProtocolError> {
    let mut decoder = Decoder::new(limits);
    let mut input = BytesMut::from(bytes);
    loop {
        match decoder.decode(&mut input, usize::MAX) {
            Ok(Some(_)) => {}
            Ok(None) => return None,
            Err(error) => return Some(error),
        }
    }
}

fn long_header(flags: u8, size: u64) -> Vec<u8> {
    [&[flags][..], &size.to_be_bytes()].concat()
}

#[test]
fn message_size_limit_is_exact() {
    let limits = limits(|limits| limits.max_message_size = Some(1000));
    assert_eq!(error(limits.clone(), &long_header(2, 1000)), None);
    let expected = LimitExceeded::MessageSize { announced: 1001, limit: 1000 };
    assert_eq!(error(limits, &long_header(2, 1001)), Some(expected.into()));
}

#[test]
fn message_size_limit_covers_all_frames() {
    let limits = limits(|limits| limits.max_message_size = Some(10));
    let fits = b"\x01\x05aaaaa\x00\x05bbbbb\x00\x0acccccccccc";
    assert_eq!(error(limits.clone(), fits), None, "each message counts for itself");
    let expected = LimitExceeded::MessageSize { announced: 11, limit: 10 };
    assert_eq!(error(limits, b"\x01\x05aaaaa\x00\x06"), Some(expected.into()));
}

#[test]
fn only_sizes_below_2_to_the_63_are_awaited() {
    for size in [1 << 31, (1 << 32) - 1, 1 << 32, 1 << 62, (1 << 63) - 1] {
        let mut decoder = Decoder::new(Limits::default());
        let mut input = BytesMut::from(&long_header(2, size)[..]);
        let capacity = input.capacity();
        assert!(decoder.decode(&mut input, 1).unwrap().is_none());
        assert_eq!(decoder.wanted(&input) as u64, size);
        assert_eq!(input.capacity(), capacity, "no memory is taken on the peer's word");
    }
    for size in [1 << 63, u64::MAX] {
        let expected = FrameError::Oversized(size);
        assert_eq!(error(Limits::default(), &long_header(2, size)), Some(expected.into()));
    }
}

#[test]
fn sum_of_frame_sizes_does_not_overflow() {
    let limits = limits(|limits| limits.max_message_size = Some(u64::MAX));
    let mut bytes = b"\x01\x01a".to_vec();
    bytes.extend(long_header(2, u64::MAX >> 1));
    assert_eq!(error(limits, &bytes), None);
}

#[test]
fn frame_count_limit_is_exact() {
    let limits = limits(|limits| limits.max_frames_per_message = 3);
    assert_eq!(error(limits.clone(), b"\x01\0\x01\0\0\0\x01\0\x01\0\0\0"), None);
    let expected = LimitExceeded::FrameCount { limit: 3 };
    assert_eq!(error(limits, b"\x01\0\x01\0\x01\0\x01\0"), Some(expected.into()));
}

#[test]
fn command_size_limit_is_exact() {
    let limits = limits(|limits| limits.max_command_size = 300);
    assert_eq!(error(limits.clone(), &long_header(6, 300)), None);
    let expected = LimitExceeded::CommandSize { announced: 301, limit: 300 };
    assert_eq!(error(limits, &long_header(6, 301)), Some(expected.into()));
}

#[test]
fn limits_apply_during_the_handshake() {
    let config = ConnectionConfig::new(SocketType::Rep, Null);
    let mut connection = Connection::new(&config);
    let mut input = BytesMut::from(&b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01NULL"[..]);
    input.resize(64, 0);
    input.extend_from_slice(&long_header(6, 1 << 40));
    let limit = b"\x05READY".len() + Limits::default().max_metadata_size;
    let expected = LimitExceeded::CommandSize { announced: 1 << 40, limit };
    assert_eq!(connection.handle_input(&mut input, 1).unwrap_err(), expected.into());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the time it takes is what is tested")]
fn many_frames_decode_in_linear_time() {
    const FRAMES: usize = 2_000_000;
    let limits = limits(|limits| limits.max_frames_per_message = u32::MAX);
    let mut decoder = Decoder::new(limits);
    let mut input = BytesMut::with_capacity(3 * FRAMES);
    let start = Instant::now();
    for frame in 0..FRAMES {
        input.put_slice(b"\x01\x01a");
        // Every 1000 frames, as if a read had ended here.
        if frame % 1000 == 0 {
            assert!(decoder.decode(&mut input, 1).unwrap().is_none());
        }
    }
    input.put_slice(b"\x00\x01z");
    let Ok(Some(Inbound::Messages(run))) = decoder.decode(&mut input, 1) else {
        panic!("one message");
    };
    let message = run.into_iter().next().unwrap();
    assert_eq!(message.frame_count(), FRAMES + 1);
    // Scanning again at each read would be 2 * 10^9 frames.
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

#[test]
fn wanted_is_the_rest_of_the_frame() {
    let wanted = |bytes: &[u8]| {
        let mut decoder = Decoder::new(Limits::default());
        let mut input = BytesMut::from(bytes);
        assert!(decoder.decode(&mut input, 1).unwrap().is_none());
        decoder.wanted(&input)
    };
    assert_eq!(wanted(b""), 0);
    assert_eq!(wanted(b"\x00"), 0);
    assert_eq!(wanted(b"\x00\x05ab"), 3);
    assert_eq!(wanted(b"\x01\x01a\x00\x05"), 5, "of the second frame of a message");
    assert_eq!(wanted(b"\x04\x05\x04PO"), 2, "of a command");
}
