//! Memory that a hostile peer can make a socket allocate: in proportion to the bytes that it sends,
//! never to the sizes that it announces.
//!
//! Everything runs on the thread of the test, and only allocations of that thread are counted. They
//! include the few allocations of the peer.

use allocation_counter::{AllocationInfo, measure};
use support::hostile::{HostilePeer, command, frame, greeting, header, ready};
use support::{ANY_PORT, RawPeer, event, handshake_succeeded, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Builder;
use zeromq_async::{
    DisconnectReason, Events, LimitExceeded, ProtocolError, PubSocket, PullSocket, SocketBuilder,
    SocketEvent, SocketType,
};

/// A connection, its task and its events, and the same for the peer.
const OVERHEAD: u64 = 128 << 10;

/// Bytes that are reserved for an announced frame before they arrive. They are address space only.
const RESERVED: u64 = (1 << 20) + (256 << 10);

fn measured(test: impl Future<Output = ()>) -> AllocationInfo {
    measured_without_deadline(within("the test", test))
}

/// For tests whose steps have deadlines of their own.
fn measured_without_deadline(test: impl Future<Output = ()>) -> AllocationInfo {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    measure(|| {
        runtime.block_on(test);
    })
}

async fn reason(events: &mut Events) -> DisconnectReason {
    event(events, "the peer to be disconnected", |event| match event {
        SocketEvent::Disconnected { reason, .. } => Some(reason),
        _ => None,
    })
    .await
}

/// A PULL, its events, and a peer after the handshake.
async fn pull_with_peer(
    builder: SocketBuilder<zeromq_async::Pull>,
) -> (PullSocket, Events, HostilePeer) {
    let pull = builder.build();
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_PORT).await.expect("a free port");
    let peer =
        HostilePeer::connect(&endpoint, &[greeting(1, "NULL"), ready("PUSH")].concat()).await;
    handshake_succeeded(&mut events).await;
    (pull, events, peer)
}

/// libzmq allocated the announced size, and rzmq's allocator panicked.
#[test]
fn announced_frame_uses_only_received_memory() {
    const SENT: usize = 300 << 10;
    for size in [1 << 31, 1 << 32, 1 << 40, 1 << 62, (1 << 63) - 1, 1 << 63, u64::MAX] {
        let is_possible = size < 1 << 63;
        let info = measured(async {
            let (_pull, mut events, mut peer) = pull_with_peer(PullSocket::builder()).await;
            peer.write(&header(0, size)).await;
            for _ in 0..SENT / 1024 {
                peer.write(&[7; 1024]).await;
            }
            let _ = peer.stream.shutdown().await;
            // The socket has read everything.
            let reason = reason(&mut events).await;
            let is_refused =
                matches!(&reason, DisconnectReason::Protocol(ProtocolError::Malformed(_)));
            assert_eq!(is_refused, !is_possible, "{size}: {reason}");
        });
        let most = SENT as u64 + RESERVED + OVERHEAD;
        assert!(info.bytes_max <= most, "{size}: {} bytes, {most} may be", info.bytes_max);
    }
}

#[test]
fn oversized_frame_allocates_no_memory() {
    for size in [(1 << 16) + 1, 1 << 31, 1 << 62, (1 << 63) - 1] {
        let info = measured(async {
            let builder = PullSocket::builder().max_message_size(1 << 16);
            let (_pull, mut events, mut peer) = pull_with_peer(builder).await;
            peer.write(&header(0, size)).await;
            let expected = LimitExceeded::MessageSize { announced: size, limit: 1 << 16 }.into();
            let reason = reason(&mut events).await;
            assert!(
                matches!(&reason, DisconnectReason::Protocol(error) if *error == expected),
                "{reason}"
            );
        });
        assert!(info.bytes_max <= OVERHEAD, "{size}: {} bytes", info.bytes_max);
    }
}

/// The memory of many peers that send these bytes after their handshake and nothing more.
fn cost(says: &[u8]) -> i64 {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let pull = PullSocket::new();
    let mut events = pull.events();
    let endpoint = runtime.block_on(pull.bind(ANY_PORT)).expect("a free port");
    let says = [&greeting(1, "NULL"), &ready("PUSH"), says].concat();
    let mut peers = Vec::with_capacity(PEERS);
    let info = measure(|| {
        runtime.block_on(async {
            for _ in 0..PEERS {
                peers.push(HostilePeer::connect(&endpoint, &says).await);
                handshake_succeeded(&mut events).await;
            }
        });
    });
    info.bytes_current
}

const PEERS: usize = 64;

#[test]
fn announcing_peers_cost_little_memory() {
    let (silent, announcing) = (cost(b""), cost(&header(0, 1 << 62)));
    // All connections of a thread share one empty read buffer.
    let more = announcing - silent - RESERVED.cast_signed();
    let most = i64::try_from(PEERS).expect("few") * 1024;
    assert!(more <= most, "{announcing} bytes where {silent} will do");
}

/// Unread messages keep their own bytes, and not their read buffers.
#[test]
fn tiny_messages_keep_no_read_buffers() {
    const MESSAGES: usize = 500;
    for size in [1, 100, 300] {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (_pull, _events, mut peer) = runtime.block_on(pull_with_peer(PullSocket::builder()));
        let ignored = command("NEW", &[b'x'; 65_000]).repeat(2);
        let says = [frame(0, &vec![b'm'; size]), ignored].concat();
        let info = measure(|| {
            runtime.block_on(within("all to be read", async {
                for _ in 0..MESSAGES {
                    peer.write(&says).await;
                }
                peer.write(&command("PING", b"\0\0end")).await;
                let mut answers = Vec::new();
                while !answers.ends_with(b"PONGend") {
                    peer.stream.read_buf(&mut answers).await.expect("an answer");
                }
            }));
        });
        // A growing list may take this. A read buffer per message would be 64 MB.
        let most = (MESSAGES * (size + 16) * 3) as i64 + RESERVED.cast_signed();
        assert!(info.bytes_current <= most, "{} bytes, {most} may be", info.bytes_current);
    }
}

/// libzmq counts messages and not frames, so an endless message fills the memory.
#[test]
fn endless_message_ends_at_the_frame_limit() {
    const FRAMES: usize = 10_000_000;
    let info = measured(async {
        let (_pull, mut events, mut peer) = pull_with_peer(PullSocket::builder()).await;
        let frames = frame(1, b"x").repeat(1000);
        let endless = async {
            for _ in 0..FRAMES / 1000 {
                if peer.stream.write_all(&frames).await.is_err() {
                    return;
                }
            }
            panic!("all of them were read");
        };
        endless.await;
        let expected = LimitExceeded::FrameCount { limit: 65_536 }.into();
        let reason = reason(&mut events).await;
        assert!(
            matches!(&reason, DisconnectReason::Protocol(error) if *error == expected),
            "{reason}"
        );
    });
    let most = 3 * 65_536 + RESERVED + OVERHEAD;
    assert!(info.bytes_max <= most, "{} bytes, {most} may be", info.bytes_max);
}

#[test]
fn topic_of_10_mb_is_stored_once() {
    const SIZE: usize = 10_000_000;
    let mut subscription = vec![b't'; 1 + SIZE];
    subscription[0] = 1;
    let info = measured(async {
        let publisher = PubSocket::new();
        let mut events = publisher.events();
        let endpoint = publisher.bind(ANY_PORT).await.expect("a free port");
        let mut peer = RawPeer::connect(&endpoint, SocketType::Sub).await;
        peer.write_bytes(&header(4, 10 + SIZE as u64)).await;
        let reason = reason(&mut events).await;
        let limit = 64 << 10;
        let expected = LimitExceeded::CommandSize { announced: 10 + SIZE as u64, limit }.into();
        assert!(
            matches!(&reason, DisconnectReason::Protocol(error) if *error == expected),
            "{reason}"
        );
    });
    assert!(info.bytes_max <= OVERHEAD, "{} bytes", info.bytes_max);

    let wire = frame(0, &subscription);
    let info = measured(async {
        let mut publisher = PubSocket::new();
        let endpoint = publisher.bind(ANY_PORT).await.expect("a free port");
        let mut peer = RawPeer::connect(&endpoint, SocketType::Sub).await;
        peer.write_bytes(&wire).await;
        peer.sync().await;
        publisher.send("another").await.expect("sent");
        peer.cancel("nothing").await;
        peer.sync().await;
    });
    // One copy is read and one is stored. Each grows by doubling.
    let most = 5 * SIZE as u64;
    assert!(info.bytes_max <= most, "{} bytes, {most} may be", info.bytes_max);
}

/// This order splits an edge of the trie with every topic.
#[test]
fn million_topics_use_linear_memory() {
    const TOPICS: u32 = 1_000_000;
    const EACH: u64 = 400;
    /// Each part consists of whole commands.
    const PARTS: usize = 64;
    let topics: Vec<u8> = (0..TOPICS)
        .flat_map(|number| command("SUBSCRIBE", &number.reverse_bits().to_be_bytes()))
        .collect();
    let info = measured_without_deadline(async {
        let publisher = PubSocket::new();
        let endpoint = publisher.bind(ANY_PORT).await.expect("a free port");
        let mut peer = RawPeer::connect(&endpoint, SocketType::Sub).await;
        // In parts, so that no single deadline covers all of them.
        for part in topics.chunks(topics.len() / PARTS) {
            peer.write_bytes(part).await;
            peer.sync().await;
        }
        drop(peer);
        drop(publisher);
    });
    let most = u64::from(TOPICS) * EACH;
    assert!(info.bytes_max <= most, "{} bytes, {most} may be", info.bytes_max);
}
