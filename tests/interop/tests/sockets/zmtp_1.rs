//! Peers of ZMTP 1.0: the same bytes for this library and for libzmq, and the same results.

use interop::{Attach, End, Ours, RawListener, RawPeer, Setup, TCP};
use libzmq_peer::SocketKind;
use zeromq_async::{
    DealerSocket, PairSocket, PubSocket, PullSocket, PushSocket, RepSocket, ReqSocket,
    RouterSocket, SubSocket, XPubSocket, XSubSocket,
};

use crate::zmtp_2::Step::{IsTold, Receives, Says, Sends};
use crate::zmtp_2::{NAME, OLD, Step, perform, routing_id};

/// A socket type, and the steps between it and an old peer.
type Scene = (SocketKind, &'static [Step]);

const LONG: usize = 300;
const A_LONG_FRAME: &[u8] = &{
    let mut frame = [b'l'; 10 + LONG];
    frame.split_at_mut(10).0.copy_from_slice(b"\xff\0\0\0\0\0\0\x01\x2d\0");
    frame
};

const SCENES: [Scene; 11] = [
    (
        SocketKind::Pull,
        &[
            Says(b"\x02\x01a\x02\0b\x01\0"),
            Receives(&[b"a", b"b"]),
            Receives(&[b""]),
            Says(A_LONG_FRAME),
            Receives(&[&[b'l'; LONG]]),
        ],
    ),
    (
        SocketKind::Push,
        &[
            Sends(&[b"a", b"b"]),
            IsTold(b"\x02\x01a\x02\0b"),
            Sends(&[&[b'l'; LONG]]),
            IsTold(A_LONG_FRAME),
        ],
    ),
    (
        SocketKind::Dealer,
        &[
            Sends(&[b"", b"ask"]),
            IsTold(b"\x01\x01\x04\0ask"),
            Says(b"\x01\x01\x04\0say"),
            Receives(&[b"", b"say"]),
        ],
    ),
    (
        SocketKind::Router,
        &[
            Says(b"\x04\0ask"),
            Receives(&[OLD, b"ask"]),
            Sends(&[OLD, b"say"]),
            IsTold(b"\x04\0say"),
        ],
    ),
    (
        SocketKind::Req,
        &[
            Sends(&[b"ask"]),
            IsTold(b"\x01\x01\x04\0ask"),
            Says(b"\x01\x01\x04\0say"),
            Receives(&[b"say"]),
        ],
    ),
    (
        SocketKind::Rep,
        &[
            Says(b"\x01\x01\x04\0ask"),
            Receives(&[b"ask"]),
            Sends(&[b"say"]),
            IsTold(b"\x01\x01\x04\0say"),
        ],
    ),
    (
        SocketKind::Pair,
        &[Sends(&[b"ask"]), IsTold(b"\x04\0ask"), Says(b"\x04\0say"), Receives(&[b"say"])],
    ),
    (SocketKind::Xpub, &[Receives(&[b"\x01"]), Sends(&[b"a", b"b"]), IsTold(b"\x02\x01a\x02\0b")]),
    (
        SocketKind::Xsub,
        &[
            Sends(&[b"\x01a"]),
            IsTold(b"\x03\0\x01a"),
            Says(b"\x03\0ab"),
            Receives(&[b"ab"]),
            Sends(&[b"\0a"]),
            IsTold(b"\x03\0\0a"),
        ],
    ),
    // A SUB of either library subscribes to everything in these tests.
    (SocketKind::Sub, &[IsTold(b"\x02\0\x01"), Says(b"\x03\0ab"), Receives(&[b"ab"])]),
    (SocketKind::Pub, &[]),
];

/// A socket of this library that takes old peers.
fn ours(kind: SocketKind) -> Ours {
    match kind {
        SocketKind::Pull => PullSocket::builder().allow_zmtp_1(true).build().into(),
        SocketKind::Push => PushSocket::builder().allow_zmtp_1(true).build().into(),
        SocketKind::Pair => PairSocket::builder().allow_zmtp_1(true).build().into(),
        SocketKind::Pub => PubSocket::builder().allow_zmtp_1(true).build().into(),
        SocketKind::Xpub => XPubSocket::builder().allow_zmtp_1(true).build().into(),
        SocketKind::Xsub => XSubSocket::builder().allow_zmtp_1(true).build().into(),
        SocketKind::Sub => SubSocket::builder().subscribe("").allow_zmtp_1(true).build().into(),
        SocketKind::Req => {
            ReqSocket::builder().routing_id(NAME).unwrap().allow_zmtp_1(true).build().into()
        }
        SocketKind::Rep => {
            RepSocket::builder().routing_id(NAME).unwrap().allow_zmtp_1(true).build().into()
        }
        SocketKind::Dealer => {
            DealerSocket::builder().routing_id(NAME).unwrap().allow_zmtp_1(true).build().into()
        }
        SocketKind::Router => {
            RouterSocket::builder().routing_id(NAME).unwrap().allow_zmtp_1(true).build().into()
        }
        other => panic!("ZeroMQ 2 has no {other:?}"),
    }
}

async fn end(is_ours: bool, kind: SocketKind, place: Attach<'_>) -> (End, String) {
    let setup = Setup { routing_id: routing_id(kind), ..Setup::new(kind) };
    match is_ours {
        true => End::from_ours(ours(kind), place).await,
        false => End::theirs(setup, place),
    }
}

async fn play(mut old: RawPeer, mut end: End, (kind, acts): Scene) {
    let mut attended = matches!(kind, SocketKind::Sub).then(|| end.keep_receiving()).flatten();
    let identity = routing_id(kind).unwrap_or_default();
    let length = u8::try_from(identity.len() + 1).expect("a short name");
    old.write(b"\x04\0old").await;
    old.expect(&[0xff, 0, 0, 0, 0, 0, 0, 0, length, 0x7f]).await;
    old.expect(identity.as_bytes()).await;
    let what = format!("{kind:?} and an old peer");
    perform(&mut old, &mut end, &what, acts, attended.take()).await;
    if kind == SocketKind::Pub {
        publish(&mut old, &mut end).await;
    }
}

/// Publishes until the old subscriber, which sends no subscription, gets it.
async fn publish(old: &mut RawPeer, end: &mut End) {
    let mut told = Box::pin(old.expect(b"\x04\0any"));
    loop {
        end.send("a PUB and an old SUB", vec![b"any".to_vec()]).await;
        let soon = tokio::time::timeout(std::time::Duration::from_millis(10), &mut told);
        if soon.await.is_ok() {
            return;
        }
    }
}

async fn play_all(is_ours: bool) {
    for scene in SCENES {
        let (bound, endpoint) = end(is_ours, scene.0, Attach::Bind(TCP)).await;
        play(RawPeer::connect(&endpoint).await, bound, scene).await;
        let listener = RawListener::bind().await;
        let endpoint = listener.endpoint();
        let (connected, _) = end(is_ours, scene.0, Attach::Connect(&endpoint)).await;
        play(listener.accept().await, connected, scene).await;
    }
}

#[tokio::test]
async fn our_sockets_serve_zmtp_1_peers() {
    play_all(true).await;
}

#[tokio::test]
async fn libzmq_serves_zmtp_1_with_same_bytes() {
    play_all(false).await;
}
