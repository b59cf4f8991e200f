//! libzmq's vulnerabilities, tried on this library with a hostile peer beside a valid one.
//!
//! Each test is named after the CVE, or after libzmq's issue or commit. These have no test:
//!
//! | advisory | in libzmq | why not |
//! |---|---|---|
//! | issue 3576 | secrets in ordinary memory | the key types zeroize themselves, which no test can see without `unsafe`; `debug_hides_secrets` in `zmtp-codec` tests their output |
//! | c733067d, 16684328 | use after free in ws | no ws; a connection owns its timers and buffers |
//! | acef50b8, 959a1335 | double free when pipes end | no `unsafe`, so no double free |
//! | GSSAPI, with an empty box | an assertion ends the process | no GSSAPI; boxes of any size for CURVE are tested in `zmtp-codec` (`malformed_commands_are_rejected`) |

use std::time::Duration;

use support::hostile::{
    HostilePeer, command, frame, greeting, handshake_failure, header, property, ready,
};
use support::{ANY_PORT, RawPeer, event, handshake_succeeded, is_pending, within};
use zeromq_async::security::{Attempt, Decision, DenyStatus};
use zeromq_async::{
    DealerSocket, DisconnectReason, DishSocket, Endpoint, Events, Group, HandshakeFailure,
    LimitExceeded, Message, PairSocket, PeerIncompatible, ProtocolError, PubSocket, PullSocket,
    PushSocket, RadioSocket, RouterSocket, SocketEvent, SocketType, SubSocket, XPubSocket,
};

/// A PULL and a connected PUSH.
struct Scene {
    pull: PullSocket,
    events: Events,
    endpoint: Endpoint,
    good: PushSocket,
}

impl Scene {
    async fn new() -> Self {
        Self::of(PullSocket::new(), PushSocket::new()).await
    }

    async fn of(pull: PullSocket, good: PushSocket) -> Self {
        let mut events = pull.events();
        let endpoint = pull.bind(ANY_PORT).await.expect("a free port");
        good.connect(&endpoint).expect("an endpoint");
        handshake_succeeded(&mut events).await;
        Self { pull, events, endpoint, good }
    }

    /// The valid peer is served, and no other message has arrived.
    async fn serves_good_peer(&mut self) {
        self.good.send("all is well").await.expect("an open socket");
        assert_eq!(
            within("the good peer's message", self.pull.recv()).await,
            Ok("all is well".into())
        );
    }

    /// The reason for which the last peer was disconnected.
    async fn disconnected(&mut self) -> DisconnectReason {
        event(&mut self.events, "the hostile peer to be disconnected", |event| match event {
            SocketEvent::Disconnected { reason, .. } => Some(reason),
            _ => None,
        })
        .await
    }
}

/// Accepts the user `good` with the password `good`.
async fn good(attempt: Attempt) -> Decision {
    match attempt.request.credentials {
        zeromq_async::security::Credentials::Password { username, password }
            if username == "good" && password.expose() == b"good" =>
        {
            Decision::allow()
        }
        _ => Decision::Deny(DenyStatus::AuthenticationFailure),
    }
}

fn plain_client() -> PushSocket {
    PushSocket::builder().plain_client("good", "good").expect("short enough").build()
}

async fn plain_scene() -> Scene {
    Scene::of(PullSocket::builder().plain_server(good).build(), plain_client()).await
}

/// Runs the test in its own process. The repeated work must not increase its memory.
#[cfg(unix)]
fn without_growing<F: Future<Output = ()>>(name: &str, work: impl Fn() -> F) {
    use support::own_process;
    if !own_process::enter(None, name) {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        work().await;
        let before = own_process::resident_memory();
        work().await;
        if let (Some(before), Some(after)) = (before, own_process::resident_memory()) {
            let grown = after.saturating_sub(before);
            assert!(grown < 8 << 20, "{name}: {grown} bytes more than before");
        }
    });
}

// ---- downgrades ----

#[track_caller]
fn speaks_another_version(reason: &HandshakeFailure) {
    let incompatible = matches!(
        reason,
        HandshakeFailure::Protocol(ProtocolError::Incompatible(PeerIncompatible::Version(_)))
    );
    assert!(incompatible, "{reason}");
}

/// A forged connection request that libzmq's server took for one without security.
#[tokio::test]
async fn cve_2014_7202_null_greeting_is_rejected() {
    let mut scene = plain_scene().await;
    for minor in [0, 1] {
        let says = [greeting(minor, "NULL"), ready("PUSH"), frame(0, b"hostile")].concat();
        let peer = HostilePeer::connect(&scene.endpoint, &says).await;
        let reason = handshake_failure(&mut scene.events, &peer).await;
        assert!(
            matches!(
                reason,
                HandshakeFailure::Protocol(ProtocolError::Incompatible(
                    PeerIncompatible::Mechanism { .. }
                ))
            ),
            "{reason}"
        );
    }
    scene.serves_good_peer().await;
}

/// The header of ZMTP 2 or 1, which have no mechanisms.
#[tokio::test]
async fn cve_2014_9721_old_header_is_rejected() {
    let mut scene = plain_scene().await;
    let old: [&[u8]; 3] = [
        b"\xff\0\0\0\0\0\0\0\x01\x7f\x01\x08\0\0\0\x07hostile",
        b"\xff\0\0\0\0\0\0\0\x05\0name\x08\0hostile",
        b"\x01\0\x08\0hostile",
    ];
    for says in old {
        let peer = HostilePeer::connect(&scene.endpoint, says).await;
        let reason = handshake_failure(&mut scene.events, &peer).await;
        speaks_another_version(&reason);
    }
    scene.serves_good_peer().await;
}

/// The ZAP statuses 300, 400 and 500 reject the peer for every mechanism. libzmq's GSSAPI server
/// ignored them.
#[tokio::test]
async fn ba63f037_every_deny_status_denies() {
    let all =
        [DenyStatus::TemporaryError, DenyStatus::AuthenticationFailure, DenyStatus::InternalError];
    for status in all {
        let deny = move |_: Attempt| async move { Decision::Deny(status) };
        let mut pulls = vec![
            (PullSocket::builder().null_server(deny).build(), PushSocket::builder()),
            (
                PullSocket::builder().plain_server(deny).build(),
                PushSocket::builder().plain_client("good", "good").expect("short enough"),
            ),
        ];
        #[cfg(feature = "curve")]
        pulls.push({
            let keys = zeromq_async::security::generate_curve_keys();
            let client = zeromq_async::security::generate_curve_keys();
            let push = PushSocket::builder().curve_client(client, *keys.public_key());
            (PullSocket::builder().curve_server(keys, deny).build(), push)
        });
        for (pull, push) in pulls {
            let mut events = pull.events();
            let mut push = push.linger(Duration::ZERO).build();
            push.connect(pull.bind(ANY_PORT).await.unwrap()).unwrap();
            push.send("hostile").await.unwrap();
            let reason = event(&mut events, "the denial", |event| match event {
                SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
                SocketEvent::HandshakeSucceeded { info, .. } => panic!("{info:?} got in"),
                _ => None,
            })
            .await;
            assert!(
                matches!(reason, HandshakeFailure::Denied { status: said, .. } if said == status),
                "{reason}"
            );
            assert_eq!(pull.stats().received, 0);
        }
    }
}

// ---- encryption ----

#[cfg(feature = "curve")]
mod curve {
    use super::*;
    use support::connection;
    use zeromq_async::PeerUntrusted;
    use zeromq_async::security::{CurveKeyPair, generate_curve_keys};
    use zmtp::{ConnectionConfig, CurveClient, Metadata};

    async fn scene() -> (Scene, CurveKeyPair) {
        let keys = generate_curve_keys();
        let anybody = |_: Attempt| async { Decision::allow() };
        let pull = PullSocket::builder().curve_server(keys.clone(), anybody).build();
        let client = PushSocket::builder().curve_client(generate_curve_keys(), *keys.public_key());
        (Scene::of(pull, client.build()).await, keys)
    }

    fn push_to(server: &CurveKeyPair) -> ConnectionConfig {
        let client = CurveClient::new(generate_curve_keys(), *server.public_key());
        ConnectionConfig::new(SocketType::Push, client)
    }

    /// The same record twice on one connection.
    #[tokio::test]
    async fn cve_2014_7203_replayed_record_is_rejected() {
        let (mut scene, keys) = scene().await;
        let mut peer = RawPeer::connect_with(&scene.endpoint, push_to(&keys)).await;
        let record = peer.encode("pay 100");
        peer.write_bytes(&record).await;
        assert_eq!(within("the record", scene.pull.recv()).await, Ok("pay 100".into()));
        peer.write_bytes(&record).await;
        let reason = scene.disconnected().await;
        let replayed = PeerUntrusted::Replayed { number: 3, last: 3 };
        assert!(
            matches!(
                &reason,
                DisconnectReason::Protocol(ProtocolError::Untrusted(untrusted))
                    if *untrusted == replayed
            ),
            "{reason}"
        );
        scene.serves_good_peer().await;
    }

    /// An INITIATE with more metadata than libzmq had room for on the stack, from an arbitrary
    /// client.
    #[tokio::test]
    async fn cve_2019_13132_large_initiate_is_rejected() {
        let (mut scene, keys) = scene().await;
        let mut metadata = Metadata::new();
        metadata.insert("X-Long", vec![0; 60_000]).unwrap();
        let mut peer = HostilePeer::connect(&scene.endpoint, &[]).await;
        let mut client = connection(&push_to(&keys).with_metadata(metadata));
        let talk = async {
            let mut input = bytes::BytesMut::new();
            loop {
                while let Some(bytes) = client.poll_transmit() {
                    peer.write(&bytes).await;
                }
                let read = tokio::io::AsyncReadExt::read_buf(&mut peer.stream, &mut input).await;
                if read.unwrap_or(0) == 0 {
                    return;
                }
                let event = client.handle_input(&mut input, 0);
                assert!(matches!(event, Ok(None)), "{event:?}");
            }
        };
        within("the socket to close the connection", talk).await;
        let too_large = |reason| match reason {
            HandshakeFailure::Protocol(ProtocolError::LimitExceeded(
                LimitExceeded::CommandSize { announced, .. },
            )) => announced,
            other => panic!("{other}"),
        };
        assert!(too_large(handshake_failure(&mut scene.events, &peer).await) > 60_000);

        for size in [201, 60_000, 1 << 40] {
            let says = [greeting(1, "CURVE"), header(4, size)].concat();
            let peer = HostilePeer::connect(&scene.endpoint, &says).await;
            // An ERROR may replace HELLO and is larger.
            if size > 262 {
                assert_eq!(too_large(handshake_failure(&mut scene.events, &peer).await), size);
            }
        }
        scene.serves_good_peer().await;
    }

    /// Bytes that are no box, on an encrypted connection.
    #[cfg(unix)]
    #[test]
    fn issue_3566_bad_records_leak_nothing() {
        without_growing("advisories::curve::issue_3566_bad_records_leak_nothing", || async {
            let (mut scene, keys) = scene().await;
            for _ in 0..100 {
                let mut peer = RawPeer::connect_with(&scene.endpoint, push_to(&keys)).await;
                let box_size = 65_000;
                let record = [&b"\x07MESSAGE\0\0\0\0\0\0\0\x03"[..], &vec![0; box_size]].concat();
                peer.write_bytes(&frame(0, &record)).await;
                let reason = scene.disconnected().await;
                let unopened = ProtocolError::Untrusted(PeerUntrusted::Unopened("MESSAGE"));
                assert!(
                    matches!(&reason, DisconnectReason::Protocol(error) if *error == unopened),
                    "{reason}"
                );
            }
            scene.serves_good_peer().await;
        });
    }
}

// ---- sizes ----

/// The largest possible metadata of a handshake. libzmq wrote beyond its buffer.
#[tokio::test]
async fn issue_2681_longest_routing_id_fits() {
    let longest = [0x80; 255];
    let router = RouterSocket::builder().plain_server(good).build();
    let secured = (router, DealerSocket::builder().plain_client("good", "good").unwrap());
    for (mut router, dealer) in [(RouterSocket::new(), DealerSocket::builder()), secured] {
        let mut dealer = dealer.routing_id(longest).unwrap().build();
        dealer.connect(router.bind(ANY_PORT).await.unwrap()).unwrap();
        dealer.send("hello").await.unwrap();
        let message = within("the message", router.recv()).await.unwrap();
        assert_eq!(message, Message::multipart([&longest[..], b"hello"]));
    }
}

/// A frame whose size overflows when added to its offset.
#[tokio::test]
async fn cve_2019_6250_huge_size_is_rejected() {
    let mut scene = Scene::new().await;
    for size in [u64::MAX, u64::MAX - 8192, 1 << 63] {
        let mut peer = RawPeer::connect(&scene.endpoint, SocketType::Push).await;
        peer.write_bytes(&header(0, size)).await;
        let reason = scene.disconnected().await;
        assert!(
            matches!(reason, DisconnectReason::Protocol(ProtocolError::Malformed(_))),
            "{reason}"
        );
    }
    // A size that some machine may have as memory: the frame is read as it arrives.
    let mut peer = RawPeer::connect(&scene.endpoint, SocketType::Push).await;
    peer.write_bytes(&[&header(0, (1 << 63) - 1)[..], &[0xaa; 100_000]].concat()).await;
    scene.serves_good_peer().await;
}

/// Messages of all sizes around those of buffers, in pieces of all sizes. libzmq's first zero-copy
/// decoder wrote beyond its buffer.
#[tokio::test]
async fn issues_1488_and_1489_any_split_decodes() {
    let mut scene = Scene::new().await;
    let mut peer = RawPeer::connect(&scene.endpoint, SocketType::Push).await;
    let sizes = [0, 1, 255, 256, 8183, 8184, 8191, 8192, 8193, 16_384, 65_536, 100_000];
    for (number, size) in (0_u8..).zip(sizes) {
        let bytes = frame(0, &vec![number; size]);
        for piece in bytes.chunks(bytes.len() / 3 + 1) {
            peer.write_bytes(piece).await;
            tokio::task::yield_now().await;
        }
        let message = within("the message", scene.pull.recv()).await.unwrap();
        assert_eq!(message, &vec![number; size][..]);
    }
    scene.serves_good_peer().await;
}

/// libzmq's decoder for ZMTP 1.0 overestimated its buffer. This library has no such decoder: it
/// does not read the bytes of such a peer.
#[tokio::test]
async fn cve_2020_36400_cve_2021_20235_no_zmtp_1() {
    let mut scene = Scene::new().await;
    for opening in [&b"\x01\0"[..], b"\xff\0\0\0\0\0\0\x20\0\0"] {
        let says = [opening, &[0xaa; 100_000]].concat();
        let mut peer = HostilePeer::connect(&scene.endpoint, &says).await;
        let reason = handshake_failure(&mut scene.events, &peer).await;
        speaks_another_version(&reason);
        peer.closed().await;
    }
    scene.serves_good_peer().await;
}

/// A length from 128 on, which is negative as a signed byte.
#[tokio::test]
async fn e357cd32_one_byte_lengths_are_unsigned() {
    let mut scene = Scene::new().await;
    let name = format!("X-{}", "n".repeat(253));
    let metadata = [property("Socket-Type", b"PUSH"), property(&name, b"value")].concat();
    let says = [greeting(1, "NULL"), command("READY", &metadata)].concat();
    let mut peer = HostilePeer::connect(&scene.endpoint, &says).await;
    handshake_succeeded(&mut scene.events).await;
    for size in [127, 128, 255] {
        peer.write(&frame(0, &vec![0xff; size])).await;
        let message = within("the message", scene.pull.recv()).await.unwrap();
        assert_eq!(message, &vec![0xff; size][..]);
    }
    peer.write(&command(&"C".repeat(255), b"")).await;
    scene.serves_good_peer().await;
}

/// Datagrams and groups that overflowed, leaked, or ended libzmq's process (also af11df08, 3be093c2).
#[tokio::test]
async fn e357cd32_datagrams_do_no_harm() {
    let dish = DishSocket::new();
    dish.join("a").unwrap();
    let endpoint = dish.bind("udp://127.0.0.1:*").await.unwrap().to_string();
    let hostile = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    hostile.connect(endpoint.trim_start_matches("udp://")).await.unwrap();
    let long = [&b"\x01a"[..], &[0; 60_000]].concat();
    let datagrams = [&b""[..], b"\x80", b"\xff", &[0xff; 255], &long];
    for datagram in datagrams {
        hostile.send(datagram).await.unwrap();
    }
    hostile.send(&[&b"\xff"[..], &[0xff; 255], b"another group"].concat()).await.unwrap();
    hostile.send(b"\x01agood").await.unwrap();
    assert_eq!(within("the good one", dish.recv()).await.unwrap().1, "good");
    let discarded = dish.stats().discarded;
    assert_eq!((discarded.malformed, discarded.filtered), (5, 1));

    let radio = RadioSocket::new();
    radio.connect(&endpoint[..]).unwrap();
    assert!(radio.send_to(Group::new("a").unwrap(), vec![0; 8191]).await.is_err());
}

// ---- peers ----

/// Connections before the end of their handshake, to which libzmq sent messages.
#[tokio::test]
async fn cve_2020_15166_unfinished_peer_gets_nothing() {
    async fn pending(endpoint: &Endpoint) -> Vec<HostilePeer> {
        let whole = greeting(1, "NULL");
        let unfinished: [&[u8]; 5] =
            [b"", &whole[..1], &whole[..11], &whole, &[&whole[..], b"\x04\x19\x05READY"].concat()];
        let mut pending = Vec::new();
        for says in unfinished {
            pending.push(HostilePeer::connect(endpoint, says).await);
        }
        pending
    }
    async fn accepted(events: &mut Events) {
        for _ in 0..5 {
            event(events, "the hostile peers to be accepted", |event| {
                matches!(event, SocketEvent::Accepted { .. }).then_some(())
            })
            .await;
        }
    }

    // Each message of a PUSH has one receiver: none may go to such a connection.
    let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    let mut events = push.events();
    let endpoint = push.bind(ANY_PORT).await.unwrap();
    let _pending = pending(&endpoint).await;
    accepted(&mut events).await;
    assert!(is_pending(push.ready()), "there is no peer");
    pull.connect(&endpoint).unwrap();
    for number in 0..100_u8 {
        push.send([number]).await.unwrap();
    }
    for number in 0..100_u8 {
        assert_eq!(within("the message", pull.recv()).await.unwrap(), &[number]);
    }
    assert_eq!(push.stats().peers.len(), 1);

    // A PAIR has one peer, and these connections are not it.
    let (mut pair, mut other) = (PairSocket::new(), PairSocket::new());
    let mut events = pair.events();
    let endpoint = pair.bind(ANY_PORT).await.unwrap();
    let _pending = pending(&endpoint).await;
    accepted(&mut events).await;
    other.connect(&endpoint).unwrap();
    other.send("hello").await.unwrap();
    assert_eq!(within("the message", pair.recv()).await.unwrap(), "hello");

    // A publisher without drops would wait for them.
    let (mut publisher, mut sub) = (XPubSocket::builder().no_drop(true).build(), SubSocket::new());
    let mut events = publisher.events();
    let endpoint = publisher.bind(ANY_PORT).await.unwrap();
    let _pending = pending(&endpoint).await;
    accepted(&mut events).await;
    sub.subscribe("");
    sub.connect(&endpoint).unwrap();
    within("the subscription", publisher.recv()).await.unwrap();
    for number in 0..100_u8 {
        within("room", publisher.send([number])).await.unwrap();
        assert_eq!(within("the message", sub.recv()).await.unwrap(), &[number]);
    }
}

/// Nested topics, as deep as libzmq's recursion: they arrive, match, and leave with the peer.
#[tokio::test]
async fn cve_2021_20236_deep_topics_are_served() {
    let mut publisher = XPubSocket::new();
    let mut events = publisher.events();
    let endpoint = publisher.bind(ANY_PORT).await.unwrap();
    let mut sub = SubSocket::new();
    sub.subscribe("a");
    sub.connect(&endpoint).unwrap();
    within("the subscription", publisher.recv()).await.unwrap();

    let mut hostile = RawPeer::connect(&endpoint, SocketType::Sub).await;
    let deepest = vec![b'a'; 60_000];
    for depth in (0..8_000).step_by(2).chain([60_000]) {
        hostile.write_bytes(&command("SUBSCRIBE", &deepest[..depth])).await;
    }
    hostile.sync().await;
    publisher.send(deepest.clone()).await.unwrap();
    assert_eq!(hostile.recv().await, &deepest[..]);
    assert_eq!(within("the message", sub.recv()).await.unwrap(), &deepest[..]);
    drop(hostile);
    event(&mut events, "the hostile peer to go", |event| {
        matches!(event, SocketEvent::Disconnected { .. }).then_some(())
    })
    .await;
    publisher.send("after all").await.unwrap();
    assert_eq!(within("the message", sub.recv()).await.unwrap(), "after all");
}

/// Messages from a subscriber to its publisher, which does not use them.
#[cfg(unix)]
#[test]
fn cve_2021_20237_upstream_data_is_not_kept() {
    const NAME: &str = "advisories::cve_2021_20237_upstream_data_is_not_kept";
    without_growing(NAME, || async {
        let (mut publisher, mut sub) = (PubSocket::new(), SubSocket::new());
        let mut events = publisher.events();
        let endpoint = publisher.bind(ANY_PORT).await.unwrap();
        sub.connect(&endpoint).unwrap();
        handshake_succeeded(&mut events).await;
        let mut hostile = RawPeer::connect(&endpoint, SocketType::Sub).await;
        for _ in 0..32 {
            hostile.send(vec![0xaa; 1 << 20]).await;
        }
        hostile.sync().await;
        sub.subscribe("");
        let served = async {
            // The test publishes until the subscription has arrived.
            while is_pending(sub.recv()) {
                publisher.send("all is well").await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        within("the good subscriber to be served", served).await;
    });
}

/// The first frames of a message, and then the end of the connection.
#[cfg(unix)]
#[test]
fn cve_2021_20234_cut_messages_leak_nothing() {
    without_growing("advisories::cve_2021_20234_cut_messages_leak_nothing", || async {
        let mut scene = Scene::new().await;
        for _ in 0..32 {
            let mut peer = RawPeer::connect(&scene.endpoint, SocketType::Push).await;
            peer.write_bytes(&frame(1, &vec![0xaa; 1 << 20])).await;
            peer.write_bytes(&header(1, 1 << 20)).await;
            drop(peer);
            let reason = scene.disconnected().await;
            assert!(
                matches!(reason, DisconnectReason::PeerClosed | DisconnectReason::Io(_)),
                "{reason}"
            );
        }
        // They do not become the beginning of another peer's message.
        scene.serves_good_peer().await;
    });
}

/// Peers that leave while a PONG is awaited. libzmq's timers outlived their connection.
#[tokio::test]
async fn issue_3594_heartbeat_ends_with_connection() {
    let pull = PullSocket::builder()
        .heartbeat_interval(Duration::from_millis(1))
        .heartbeat_timeout(Duration::from_secs(30));
    let mut scene = Scene::of(pull.build(), PushSocket::new()).await;
    for _ in 0..20 {
        let mut peer = RawPeer::connect(&scene.endpoint, SocketType::Push).await;
        peer.command().await;
        peer.reset();
        scene.disconnected().await;
    }
    assert_eq!(scene.pull.stats().peers.len(), 1, "the good peer alone is left");
    scene.serves_good_peer().await;
}
