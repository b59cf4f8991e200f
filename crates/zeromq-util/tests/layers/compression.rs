//! Messages compressed on the way, and what a hostile peer may send instead.

use std::task::Poll;

use proptest::prelude::{ProptestConfig, any, proptest};
use tokio_test::task::Spawn;
use tokio_test::{assert_pending, assert_ready, assert_ready_ok};
use zeromq_async::{Frame, Message};
use zeromq_util::layer::{Compression, CompressionError, CompressionLayer, Undecompressed};

use crate::mock::{Ask, Failure, Mock, Remote, wrapped};

type Item = Option<Result<Message, CompressionError<Failure>>>;

/// What the layer sends for a message.
fn sent(layer: &CompressionLayer, message: impl Into<Message>) -> Message {
    let (mut socket, remote) = wrapped(layer.clone());
    remote.make_room(1);
    assert_ready_ok!(socket.poll_ready());
    socket.start_send(message).expect("there is room");
    remote.sent().remove(0)
}

fn received(socket: &mut Spawn<Compression<Mock>>, remote: &Remote, message: Message) -> Item {
    remote.deliver(message);
    assert_ready!(socket.poll_next())
}

fn undecompressed(item: Item) -> Undecompressed {
    match item {
        Some(Err(CompressionError::Message(error))) => *error,
        other => panic!("{other:?}"),
    }
}

fn layers() -> [CompressionLayer; 3] {
    [CompressionLayer::lz4(), CompressionLayer::zstd(3), CompressionLayer::zstd(19)]
}

fn repeated(bytes: usize) -> Vec<u8> {
    b"to be or not to be; ".iter().copied().cycle().take(bytes).collect()
}

#[test]
fn messages_are_compressed_and_restored() {
    for layer in layers() {
        let (mut socket, remote) = wrapped(layer.clone());
        for message in [
            Message::from(repeated(513)),
            Message::from(repeated(3_000_000)),
            Message::multipart([repeated(600), Vec::new(), repeated(70_000)]),
        ] {
            let on_the_way = sent(&layer, message.clone());
            assert!(on_the_way.size() < message.size() / 2, "{} bytes", on_the_way.size());
            assert_eq!(on_the_way.frame_count(), 1);
            let item = received(&mut socket, &remote, on_the_way);
            assert_eq!(item.unwrap().unwrap(), message);
        }
    }
}

#[test]
fn compression_forwards_readiness_and_wakes() {
    let (mut socket, remote) = wrapped(CompressionLayer::lz4());
    assert_pending!(socket.poll_ready());
    remote.make_room(1);
    assert!(socket.is_woken());
    assert_ready_ok!(socket.poll_ready());
    socket.start_send("small").unwrap();
    assert_ready_ok!(socket.poll_flush());
    assert_ready_ok!(socket.poll_close());
    assert!(remote.flushes() == 1 && remote.is_closed());

    assert_pending!(socket.poll_next());
    remote.deliver("in");
    assert!(socket.is_woken());
    assert_eq!(assert_ready!(socket.poll_next()).unwrap().unwrap(), "in");
    remote.fail_receiving("receiving");
    let failed = assert_ready!(socket.poll_next());
    assert!(matches!(failed, Some(Err(CompressionError::Inner(Failure::Of("receiving"))))));
    remote.end();
    assert!(assert_ready!(socket.poll_next()).is_none());
}

#[test]
fn incompressible_and_small_messages_pass_as_is() {
    let mut seed = 1u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        seed.to_be_bytes()[0]
    })
    .take(10_000)
    .collect();
    for layer in layers() {
        for bytes in [noise.clone(), repeated(511), Vec::new()] {
            assert_eq!(sent(&layer, bytes.clone()), Message::from(bytes));
        }
        assert_ne!(sent(&layer.clone().threshold(100), repeated(511)), &repeated(511)[..]);
    }
}

#[test]
fn clear_frames_stay_uncompressed() {
    for layer in layers() {
        let message = Message::multipart([b"topic".to_vec(), repeated(1000), repeated(1000)]);
        let on_the_way = sent(&layer.clone().clear_frames(1), message.clone());
        assert_eq!(on_the_way.frame_count(), 2);
        assert_eq!(on_the_way.first().unwrap(), "topic");
        // Receiving finds out by itself.
        let (mut socket, remote) = wrapped(layer.clone());
        assert_eq!(received(&mut socket, &remote, on_the_way).unwrap().unwrap(), message);
        // There may be nothing behind them.
        let all_clear = sent(&layer.clear_frames(5), message.clone());
        assert_eq!(all_clear, message);
    }
}

#[test]
fn uncompressed_messages_pass_through() {
    let (mut socket, remote) = wrapped(CompressionLayer::zstd(3));
    for message in [Message::from("plain"), Message::multipart(["", "plain"]), Message::new()] {
        let item = received(&mut socket, &remote, message.clone());
        assert_eq!(item.unwrap().unwrap(), message);
    }
}

#[test]
fn sides_may_use_different_algorithms() {
    let (mut socket, remote) = wrapped(CompressionLayer::lz4());
    let on_the_way = sent(&CompressionLayer::zstd(3), repeated(5000));
    assert_eq!(received(&mut socket, &remote, on_the_way).unwrap().unwrap(), &repeated(5000)[..]);
}

#[test]
fn message_that_looks_compressed_is_restored() {
    for layer in layers() {
        let compressed = sent(&layer, repeated(5000));
        for message in [
            compressed.clone(),
            Message::from(b"\xffZQ\x01"),
            Message::multipart([&b"topic"[..], b"\xffZQ\x01\x02 and more"]),
        ] {
            let on_the_way = sent(&layer, message.clone());
            assert_ne!(on_the_way, message);
            let (mut socket, remote) = wrapped(layer.clone());
            assert_eq!(received(&mut socket, &remote, on_the_way).unwrap().unwrap(), message);
        }
    }
}

#[test]
fn decompression_bomb_is_one_error() {
    for layer in layers() {
        let bomb = sent(&layer, vec![0; 10_000_000]);
        assert!(bomb.size() < 50_000);
        let (mut socket, remote) = wrapped(layer.clone().max_size(1_000_000));
        match undecompressed(received(&mut socket, &remote, bomb.clone())) {
            Undecompressed::TooLarge { message, size, limit } => {
                assert_eq!((message, size, limit), (bomb, 10_000_000, 1_000_000));
            }
            other => panic!("{other:?}"),
        }
        let next = sent(&layer, repeated(1000));
        assert_eq!(received(&mut socket, &remote, next).unwrap().unwrap(), &repeated(1000)[..]);
    }
}

/// A packed frame as the documentation has it.
fn packed(algorithm: u8, rest: &[u8]) -> Message {
    [&b"\xffZQ\x01"[..], &[algorithm], rest].concat().into()
}

#[test]
fn false_sizes_allocate_no_memory() {
    let (mut socket, remote) = wrapped(CompressionLayer::lz4().max_size(usize::MAX));
    let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    for algorithm in [0, 1, 2] {
        // One frame of 2^64 - 1 bytes; of more than that; and 2^64 - 1 frames.
        for rest in
            [[&[1], &most[..], b"x"].concat(), [&[1], &[0xff; 12][..]].concat(), most.to_vec()]
        {
            let message = packed(algorithm, &rest);
            let error = undecompressed(received(&mut socket, &remote, message.clone()));
            assert!(matches!(error, Undecompressed::Damaged { .. }), "{error:?}");
            assert_eq!(error.into_message(), message);
        }
    }
}

#[test]
fn damaged_message_is_an_error() {
    for layer in layers() {
        let (mut socket, remote) = wrapped(layer.clone());
        let whole = sent(&layer, repeated(5000)).first().unwrap().to_vec();
        for length in 4..whole.len() {
            let cut = Message::from(&whole[..length]);
            let error = undecompressed(received(&mut socket, &remote, cut));
            assert!(matches!(error, Undecompressed::Damaged { .. }), "{error:?}");
        }
        let unknown = packed(77, &[1, 1, b'x']);
        let error = undecompressed(received(&mut socket, &remote, unknown));
        assert!(matches!(error, Undecompressed::Unknown { algorithm: 77, .. }));
        assert!(error.to_string().contains("algorithm 77"), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_message_survives_compression(
        frames in proptest::collection::vec(
            (proptest::collection::vec(any::<u8>(), 0..40), 0usize..60), 1..6
        ),
        clear in 0usize..4,
        which in 0usize..3,
    ) {
        let frames = frames.into_iter().map(|(bytes, times)| Frame::from(bytes.repeat(times)));
        let message: Message = frames.collect();
        let layer = layers()[which].clone().threshold(0).clear_frames(clear);
        let (mut socket, remote) = wrapped(layer.clone());
        let item = received(&mut socket, &remote, sent(&layer, message.clone()));
        assert_eq!(item.unwrap().unwrap(), message);
    }

    #[test]
    fn arbitrary_compressed_input_is_harmless(
        algorithm in 0u8..3,
        rest in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let (mut socket, remote) = wrapped(CompressionLayer::lz4().max_size(1_000_000));
        remote.deliver(packed(algorithm, &rest));
        if let Some(Ok(message)) = assert_ready!(socket.poll_next()) {
            assert!(message.size() <= 1_000_000);
        }
    }
}

/// Decompressing spends time that the socket knows nothing of.
#[tokio::test]
async fn decompression_yields() {
    for layer in layers() {
        let (mut socket, remote) = wrapped(layer.clone());
        let packed = sent(&layer, repeated(4 << 20));
        for _ in 0..2 {
            remote.deliver(packed.clone());
        }
        assert!(assert_ready!(socket.poll_next()).unwrap().is_ok());
        assert_pending!(socket.poll_next());
        loop {
            tokio::task::yield_now().await;
            if let Poll::Ready(second) = socket.poll_next() {
                break assert!(second.unwrap().is_ok());
            }
        }
    }
}

#[tokio::test]
async fn compression_yields() {
    for layer in layers() {
        let (mut socket, remote) = wrapped(layer);
        remote.make_room(2);
        assert_ready_ok!(socket.poll_ready());
        socket.start_send(repeated(4 << 20)).unwrap();
        assert_pending!(socket.poll_ready());
        while socket.poll_ready().is_pending() {
            tokio::task::yield_now().await;
        }
    }
}

/// A piece of a message keeps no more than itself.
#[test]
fn a_kept_frame_keeps_no_message_alive() {
    for layer in layers() {
        let (mut socket, remote) = wrapped(layer.clone());
        let message = Message::multipart([repeated(100), repeated(1 << 20)]);
        let packed = sent(&layer, message);
        let mut kept = Vec::new();
        let memory = allocation_counter::measure(|| {
            for _ in 0..16 {
                let received = received(&mut socket, &remote, packed.clone()).unwrap().unwrap();
                kept.push(received.first().cloned());
            }
        });
        assert!(memory.bytes_current < 4 << 20, "{} bytes", memory.bytes_current);
    }
}
