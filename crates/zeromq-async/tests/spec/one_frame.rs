//! Scripts that the RFCs of one-frame messages (41, 49, 51 and 52) have in common.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use support::{ANY_PORT, HUGE, RawPeer, within};
use zeromq_async::{FrameKind, Message, Receives, SharedSocket, SocketType};

/// An endpoint to bind of each transport.
pub(crate) fn places() -> [String; 3] {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("inproc://one-frame-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    [ANY_PORT.into(), "ipc://*".into(), name]
}

/// A body that no kernel buffer holds whole.
pub(crate) fn huge(mark: u8) -> Bytes {
    Bytes::from(vec![mark; HUGE])
}

/// Bodies that a socket could take for something else.
pub(crate) const BODIES: [&str; 4] = ["", "\u{0}", "\u{1}a", "plain"];

/// Messages of several frames are dropped whole and counted, those around them are received, and other
/// peers are not affected.
pub(crate) async fn drops_multipart<P: FrameKind + Receives>(
    socket: &SharedSocket<P>,
    peer: SocketType,
    frame: impl Fn(<P::From as zeromq_async::Address>::Item) -> String,
) {
    let endpoint = socket.bind(ANY_PORT).await.unwrap();
    let mut bad = RawPeer::connect(&endpoint, peer).await;
    bad.send(Message::multipart(["a", "b"])).await;
    bad.send("single").await;
    bad.send(Message::multipart(["", "", ""])).await;
    bad.send(Message::multipart(vec!["x"; 1000])).await;
    bad.send("last").await;
    for expected in ["single", "last"] {
        assert_eq!(frame(within("a message", socket.recv()).await.unwrap()), expected);
    }
    bad.send(Message::multipart(["a", "b"])).await;
    bad.sync().await;
    assert!(socket.try_recv().is_err());
    let stats = socket.stats();
    assert_eq!((stats.discarded.malformed, stats.discarded.total()), (4, 4));
    assert_eq!((stats.received, stats.taken, stats.unread), (6, 2, 0));

    let mut good = RawPeer::connect(&endpoint, peer).await;
    good.send("good").await;
    assert_eq!(frame(within("a message", socket.recv()).await.unwrap()), "good");
}

/// Four peers that have sent at the same time are received from in turn.
pub(crate) async fn receives_fairly<P: FrameKind + Receives>(
    socket: &SharedSocket<P>,
    peer: SocketType,
    frame: impl Fn(<P::From as zeromq_async::Address>::Item) -> String,
) {
    let endpoint = socket.bind(ANY_PORT).await.unwrap();
    let mut peers = Vec::new();
    for count in [100, 7, 7, 3] {
        let mut peer = RawPeer::connect(&endpoint, peer).await;
        for _ in 0..count {
            peer.send(format!("{}", peers.len())).await;
        }
        peer.sync().await;
        peers.push(peer);
    }
    let mut counts = [0; 4];
    for _ in 0..12 {
        let place = frame(within("a message", socket.recv()).await.unwrap());
        counts[place.parse::<usize>().unwrap()] += 1;
    }
    assert_eq!(counts, [3, 3, 3, 3], "of the first twelve messages");
}
