//! Peers of ZMTP 2.0: the same bytes for this library and for libzmq, and the same results.

use std::time::Duration;

use interop::{Attach, End, Frames, RawListener, RawPeer, Setup, TCP, libzmq, recv};
use libzmq_peer::{Opt, Reply, SocketKind};
use zeromq_async::PullSocket;

/// The identity of the old peer and of the other socket.
pub(crate) const OLD: &[u8] = b"old";
pub(crate) const NAME: &str = "here";

/// One step between an old peer and a socket.
pub(crate) enum Step {
    /// The old peer writes these bytes.
    Says(&'static [u8]),
    /// The old peer reads these bytes.
    IsTold(&'static [u8]),
    /// The socket sends this message.
    Sends(&'static [&'static [u8]]),
    /// The socket receives this message.
    Receives(&'static [&'static [u8]]),
}

use Step::{IsTold, Receives, Says, Sends};

/// A socket type, the type of the old peer, and the steps.
type Scene = (SocketKind, SocketKind, &'static [Step]);

const LONG: usize = 300;
const A_LONG_FRAME: &[u8] = &{
    let mut frame = [b'l'; 9 + LONG];
    frame.split_at_mut(9).0.copy_from_slice(b"\x02\0\0\0\0\0\0\x01\x2c");
    frame
};

const SCENES: [Scene; 11] = [
    (
        SocketKind::Pull,
        SocketKind::Push,
        &[
            Says(b"\x01\x01a\0\x01b\0\0"),
            Receives(&[b"a", b"b"]),
            Receives(&[b""]),
            Says(A_LONG_FRAME),
            Receives(&[&[b'l'; LONG]]),
        ],
    ),
    (
        SocketKind::Push,
        SocketKind::Pull,
        &[
            Sends(&[b"a", b"b"]),
            IsTold(b"\x01\x01a\0\x01b"),
            Sends(&[&[b'l'; LONG]]),
            IsTold(A_LONG_FRAME),
        ],
    ),
    (
        SocketKind::Dealer,
        SocketKind::Router,
        &[
            Sends(&[b"", b"ask"]),
            IsTold(b"\x01\0\0\x03ask"),
            Says(b"\x01\0\0\x03say"),
            Receives(&[b"", b"say"]),
        ],
    ),
    (
        SocketKind::Router,
        SocketKind::Dealer,
        &[
            Says(b"\0\x03ask"),
            Receives(&[OLD, b"ask"]),
            Sends(&[OLD, b"say"]),
            IsTold(b"\0\x03say"),
        ],
    ),
    (
        SocketKind::Req,
        SocketKind::Rep,
        &[
            Sends(&[b"ask"]),
            IsTold(b"\x01\0\0\x03ask"),
            Says(b"\x01\0\0\x03say"),
            Receives(&[b"say"]),
        ],
    ),
    (
        SocketKind::Rep,
        SocketKind::Req,
        &[
            Says(b"\x01\0\0\x03ask"),
            Receives(&[b"ask"]),
            Sends(&[b"say"]),
            IsTold(b"\x01\0\0\x03say"),
        ],
    ),
    (
        SocketKind::Pair,
        SocketKind::Pair,
        &[Sends(&[b"ask"]), IsTold(b"\0\x03ask"), Says(b"\0\x03say"), Receives(&[b"say"])],
    ),
    (
        SocketKind::Xpub,
        SocketKind::Sub,
        &[
            Says(b"\0\x02\x01b"),
            Receives(&[b"\x01b"]),
            Sends(&[b"a"]),
            Sends(&[b"bc"]),
            IsTold(b"\0\x02bc"),
            Says(b"\0\x02\0b"),
            Receives(&[b"\0b"]),
        ],
    ),
    (
        SocketKind::Xsub,
        SocketKind::Pub,
        &[
            Sends(&[b"\x01a"]),
            IsTold(b"\0\x02\x01a"),
            Says(b"\0\x02ab"),
            Receives(&[b"ab"]),
            Sends(&[b"\0a"]),
            IsTold(b"\0\x02\0a"),
        ],
    ),
    // A SUB of either library subscribes to everything in these tests.
    (
        SocketKind::Sub,
        SocketKind::Pub,
        &[IsTold(b"\0\x01\x01"), Says(b"\0\x02ab"), Receives(&[b"ab"])],
    ),
    (
        SocketKind::Sub,
        SocketKind::Xpub,
        &[IsTold(b"\0\x01\x01"), Says(b"\0\x02ab"), Receives(&[b"ab"])],
    ),
];

/// libzmq's number of a socket type.
fn number(kind: SocketKind) -> u8 {
    match kind {
        SocketKind::Pair => 0,
        SocketKind::Pub => 1,
        SocketKind::Sub => 2,
        SocketKind::Req => 3,
        SocketKind::Rep => 4,
        SocketKind::Dealer => 5,
        SocketKind::Router => 6,
        SocketKind::Pull => 7,
        SocketKind::Push => 8,
        SocketKind::Xpub => 9,
        SocketKind::Xsub => 10,
        other => panic!("ZMTP 2.0 has no {other:?}"),
    }
}

/// The routing id of the socket. libzmq allows one for every type; this library only for these.
pub(crate) fn routing_id(kind: SocketKind) -> Option<&'static str> {
    let has_one =
        matches!(kind, SocketKind::Req | SocketKind::Rep | SocketKind::Dealer | SocketKind::Router);
    has_one.then_some(NAME)
}

/// The greeting of libzmq 3.2: each side continues after it has read from the other.
async fn greet(old: &mut RawPeer, kind: SocketKind, old_kind: SocketKind) {
    let length = u8::try_from(OLD.len() + 1).expect("a short name");
    old.write(&[0xff, 0, 0, 0, 0, 0, 0, 0, length, 0x7f]).await;
    let signature = old.read(10).await;
    assert_eq!((signature[0], signature[9]), (0xff, 0x7f), "{signature:?}");
    old.expect(b"\x03").await;
    old.write(&[1]).await;
    old.expect(&[number(kind)]).await;
    old.write(&[number(old_kind), 0, 3]).await;
    old.write(OLD).await;
    let identity = routing_id(kind).unwrap_or_default();
    let length = u8::try_from(identity.len()).expect("a short name");
    old.expect(&[&[0, length], identity.as_bytes()].concat()).await;
}

fn owned(frames: &[&[u8]]) -> Frames {
    frames.iter().map(|frame| frame.to_vec()).collect()
}

async fn play(mut old: RawPeer, mut end: End, (kind, old_kind, acts): Scene) {
    let mut attended = matches!(kind, SocketKind::Sub).then(|| end.keep_receiving()).flatten();
    greet(&mut old, kind, old_kind).await;
    let what = format!("{kind:?} and an old {old_kind:?}");
    perform(&mut old, &mut end, &what, acts, attended.take()).await;
}

/// Performs the steps of a scene. A socket may have begun to receive the first message.
pub(crate) async fn perform(
    old: &mut RawPeer,
    end: &mut End,
    what: &str,
    acts: &[Step],
    mut attended: Option<Reply<Frames>>,
) {
    for act in acts {
        match act {
            Says(bytes) => old.write(bytes).await,
            IsTold(bytes) => old.expect(bytes).await,
            Sends(frames) => end.send(what, owned(frames)).await,
            Receives(frames) => {
                let received: Frames = match attended.take() {
                    Some(reply) => reply.await.expect("a message"),
                    None => end.recv(what).await,
                };
                assert_eq!(received, owned(frames), "{what}");
            }
        }
    }
}

/// The old peer connects.
async fn served(is_ours: bool, scene: Scene) {
    let setup = Setup { routing_id: routing_id(scene.0), ..Setup::new(scene.0) };
    let (end, endpoint) = match is_ours {
        true => End::ours(setup, Attach::Bind(TCP)).await,
        false => End::theirs(setup, Attach::Bind(TCP)),
    };
    play(RawPeer::connect(&endpoint).await, end, scene).await;
}

/// The old peer is connected to.
async fn serves(is_ours: bool, scene: Scene) {
    let listener = RawListener::bind().await;
    let setup = Setup { routing_id: routing_id(scene.0), ..Setup::new(scene.0) };
    let endpoint = listener.endpoint();
    let (end, _) = match is_ours {
        true => End::ours(setup, Attach::Connect(&endpoint)).await,
        false => End::theirs(setup, Attach::Connect(&endpoint)),
    };
    play(listener.accept().await, end, scene).await;
}

#[tokio::test]
async fn our_sockets_serve_zmtp_2_peers() {
    for scene in SCENES {
        served(true, scene).await;
        serves(true, scene).await;
    }
}

#[tokio::test]
async fn libzmq_serves_zmtp_2_with_same_bytes() {
    for scene in SCENES {
        served(false, scene).await;
        serves(false, scene).await;
    }
}

/// Reported of libzmq: the handshake timer keeps running and ends the connection of an old peer.
/// The handshake timeout is short here and has passed when the peer writes.
#[tokio::test]
async fn zmtp_2_peer_outlives_handshake_timeout() {
    const SHORT: Duration = Duration::from_millis(200);
    let mut ours = PullSocket::builder().handshake_timeout(SHORT).build();
    let our_endpoint = ours.bind(TCP).await.unwrap().to_string();
    let theirs = libzmq(SocketKind::Pull, |socket| {
        socket.set_i32(Opt::HANDSHAKE_IVL, 200)?;
        socket.bind(TCP)
    });
    let mut to_ours = RawPeer::connect(&our_endpoint).await;
    let mut to_theirs = RawPeer::connect(theirs.endpoint()).await;
    greet(&mut to_ours, SocketKind::Pull, SocketKind::Push).await;
    greet(&mut to_theirs, SocketKind::Pull, SocketKind::Push).await;
    // A timer that does not fire gives no event, so the test waits twice its time.
    tokio::time::sleep(2 * SHORT).await;
    to_ours.write(b"\0\x05still").await;
    assert_eq!(recv(&mut ours, "the message").await, "still");
    to_theirs.write(b"\0\x05still").await;
    assert_eq!(theirs.recv().await.unwrap(), [b"still"]);
}

#[tokio::test]
async fn zmtp_2_bypasses_no_mechanism() {
    let says = [&b"\xff\0\0\0\0\0\0\0\x04\x7f\x01\x08\0\x03old"[..], b"\0\x05enter"].concat();
    let ours = PullSocket::builder().plain_client("name", "password").unwrap().build();
    let our_endpoint = ours.bind(TCP).await.unwrap().to_string();
    let mut to_ours = RawPeer::connect(&our_endpoint).await;
    to_ours.write(&says).await;
    assert_eq!(to_ours.read_to_end().await, b"\xff\0\0\0\0\0\0\0\0\x7f\x03");
    assert_eq!(ours.stats().received, 0);

    let theirs = libzmq(SocketKind::Pull, |socket| {
        socket.set_bytes(Opt::PLAIN_USERNAME, b"name")?;
        socket.set_bytes(Opt::PLAIN_PASSWORD, b"password")?;
        socket.bind(TCP)
    });
    let mut to_theirs = RawPeer::connect(theirs.endpoint()).await;
    to_theirs.write(&says).await;
    to_theirs.read_to_end().await;
}
