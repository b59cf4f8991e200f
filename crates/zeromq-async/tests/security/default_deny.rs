//! No peer bypasses a mechanism: not with an older protocol, not with another mechanism, not by
//! leaving out a step. Each attempt fails with its own reason, and a valid peer is served beside
//! it.

use std::time::Duration;

use support::hostile::{HostilePeer, command, frame, greeting, handshake_failure, ready};
use support::{ANY_PORT, event, fast_reconnect, listen, within};
use zeromq_async::security::{Attempt, Credentials, Decision, DenyStatus};
#[cfg(feature = "curve")]
use zeromq_async::security::{CurveKeyPair, generate_curve_keys};
use zeromq_async::{
    HandshakeFailure, Malformed, PeerIncompatible, PeerMisbehaved, ProtocolError, Pull, PullSocket,
    Push, PushSocket, SocketBuilder, SocketEvent,
};

/// A mechanism and its two sides.
struct Guarded {
    mechanism: &'static str,
    /// The first command of a client.
    first: &'static str,
    server: Box<dyn Fn() -> SocketBuilder<Pull>>,
    client: Box<dyn Fn() -> SocketBuilder<Push>>,
}

async fn users(attempt: Attempt) -> Decision {
    match &attempt.request.credentials {
        Credentials::Password { username, password }
            if username == "alice" && password.expose() == b"secret" =>
        {
            Decision::allow()
        }
        _ => Decision::Deny(DenyStatus::AuthenticationFailure),
    }
}

fn guarded() -> Vec<Guarded> {
    let plain = Guarded {
        mechanism: "PLAIN",
        first: "HELLO",
        server: Box::new(|| PullSocket::builder().plain_server(users)),
        client: Box::new(|| {
            PushSocket::builder().plain_client("alice", "secret").expect("short enough")
        }),
    };
    #[cfg(feature = "curve")]
    let curve = {
        let keys: CurveKeyPair = generate_curve_keys();
        let server_key = *keys.public_key();
        let client_keys = generate_curve_keys();
        let knows = knowing(*client_keys.public_key().as_bytes());
        Guarded {
            mechanism: "CURVE",
            first: "HELLO",
            server: Box::new(move || PullSocket::builder().curve_server(keys.clone(), knows)),
            client: Box::new(move || {
                PushSocket::builder().curve_client(client_keys.clone(), server_key)
            }),
        }
    };
    #[cfg(feature = "noise")]
    let noise = {
        let keys = zeromq_async::security::generate_noise_keys();
        let server_key = *keys.public_key();
        let client_keys = zeromq_async::security::generate_noise_keys();
        let knows = knowing(*client_keys.public_key().as_bytes());
        Guarded {
            mechanism: "NOISE_IK",
            first: "NOISE",
            server: Box::new(move || PullSocket::builder().noise_server(keys.clone(), knows)),
            client: Box::new(move || {
                PushSocket::builder().noise_client(client_keys.clone(), server_key)
            }),
        }
    };
    vec![
        plain,
        #[cfg(feature = "curve")]
        curve,
        #[cfg(feature = "noise")]
        noise,
    ]
}

/// Accepts clients with this key.
#[cfg(any(feature = "curve", feature = "noise"))]
fn knowing(known: [u8; 32]) -> impl Fn(Attempt) -> std::future::Ready<Decision> + Copy {
    move |attempt| {
        std::future::ready(match attempt.request.credentials {
            Credentials::PublicKey(key) if key == known => Decision::allow(),
            _ => Decision::Deny(DenyStatus::AuthenticationFailure),
        })
    }
}

/// The bytes of a stranger, and the reason of the rejection.
struct Bypass {
    what: String,
    says: Vec<u8>,
    refused_for: fn(&ProtocolError) -> bool,
}

fn is_old(error: &ProtocolError) -> bool {
    matches!(error, ProtocolError::Incompatible(PeerIncompatible::Version(_)))
}

fn is_another_mechanism(error: &ProtocolError) -> bool {
    matches!(error, ProtocolError::Incompatible(PeerIncompatible::Mechanism { .. }))
}

fn is_out_of_turn(error: &ProtocolError) -> bool {
    matches!(error, ProtocolError::Misbehaved(PeerMisbehaved::UnexpectedCommand { .. }))
}

fn is_too_early(error: &ProtocolError) -> bool {
    matches!(error, ProtocolError::Misbehaved(PeerMisbehaved::MessageBeforeReady))
}

fn is_out_of_shape(error: &ProtocolError) -> bool {
    matches!(
        error,
        ProtocolError::Misbehaved(PeerMisbehaved::CommandLayout(_))
            | ProtocolError::Malformed(Malformed::Command(_))
            | ProtocolError::Untrusted(_)
    )
}

/// The bytes after a successful bypass: a message in the form of that protocol.
fn with_message(opening: &[u8], message: &[u8]) -> Vec<u8> {
    [opening, message].concat()
}

fn bypasses(mechanism: &str, first: &str) -> Vec<Bypass> {
    let mut tries = Vec::new();
    let mut add = |what: &str, says: Vec<u8>, refused_for| {
        tries.push(Bypass { what: format!("{mechanism}: {what}"), says, refused_for });
    };
    let stranger = frame(0, b"stranger");

    // ZMTP 1.0 has no greeting: a peer sends its identity as a message, and then its messages. The
    // length of a frame includes the flags byte.
    add("ZMTP 1.0, nameless", with_message(b"\x01\0", b"\x09\0stranger"), is_old);
    add("ZMTP 1.0, with a name", with_message(b"\x05\0name", b"\x09\0stranger"), is_old);
    let long = b"\xff\0\0\0\0\0\0\0\x05\0name";
    add("ZMTP 1.0, in the long form", with_message(long, b"\x09\0stranger"), is_old);
    let signature = b"\xff\0\0\0\0\0\0\0\x01\x7f";
    for revision in 0..=2 {
        // ZMTP 2.0 is revision 1: the socket type (8 is PUSH) and the identity follow.
        let opening = [&signature[..], &[revision, 8, 0, 0]].concat();
        add(&format!("ZMTP revision {revision}"), with_message(&opening, &stranger), is_old);
    }

    for minor in [0, 1, 9] {
        for other in
            ["NULL", "PLAIN", "CURVE", "NOISE_IK", "NOISE_XX", "GSSAPI", "", "plain", "CURVED"]
        {
            if other == mechanism {
                continue;
            }
            let says = [greeting(minor, other), ready("PUSH"), stranger.clone()].concat();
            add(&format!("3.{minor} with {other:?}"), says, is_another_mechanism);
        }
        let greeted = greeting(minor, mechanism);
        let says = [greeted.clone(), ready("PUSH"), stranger.clone()].concat();
        add(&format!("3.{minor}, READY at once"), says, is_out_of_turn);
        let says = [greeted.clone(), command("INITIATE", b""), stranger.clone()].concat();
        add(&format!("3.{minor}, INITIATE at once"), says, is_out_of_turn);
        let says = [greeted.clone(), command("SUBSCRIBE", b"")].concat();
        add(&format!("3.{minor}, SUBSCRIBE at once"), says, is_out_of_turn);
        let says = [greeted.clone(), stranger.clone()].concat();
        add(&format!("3.{minor}, a message at once"), says, is_too_early);
        let says = [greeted.clone(), command(first, b""), stranger.clone()].concat();
        add(&format!("3.{minor}, an empty {first}"), says, is_out_of_shape);
        let says = [greeted, frame(4, b"\0"), stranger.clone()].concat();
        add(&format!("3.{minor}, a command without a name"), says, is_out_of_shape);
    }
    // A peer of a future version has to speak this version.
    let mut newer = greeting(0, "NULL");
    newer[10] = 4;
    add("ZMTP 4.0 with NULL", with_message(&newer, &stranger), is_another_mechanism);
    tries
}

#[tokio::test]
async fn peers_violating_mechanism_are_refused() {
    for Guarded { mechanism, first, server, client } in guarded() {
        let mut pull = server().build();
        let mut events = pull.events();
        let endpoint = pull.bind(ANY_PORT).await.unwrap();
        for Bypass { what, says, refused_for } in bypasses(mechanism, first) {
            let mut stranger = HostilePeer::connect(&endpoint, &says).await;
            match handshake_failure(&mut events, &stranger).await {
                HandshakeFailure::Protocol(error) => {
                    assert!(refused_for(&error), "{what}: {error}");
                }
                other => panic!("{what}: {other}"),
            }
            stranger.closed().await;
        }
        let mut push = client().build();
        push.connect(&endpoint).unwrap();
        push.send("from the valid peer").await.unwrap();
        assert_eq!(within("the message", pull.recv()).await.unwrap(), "from the valid peer");
        let stats = pull.stats();
        assert_eq!((stats.peers.len(), stats.received), (1, 1), "{mechanism}: {stats:?}");
    }
}

/// Sockets of this library: a NULL peer is rejected everywhere, and so is a peer with another
/// mechanism.
#[tokio::test]
async fn different_mechanisms_do_not_connect() {
    let anybody = || Guarded {
        mechanism: "NULL",
        first: "READY",
        server: Box::new(PullSocket::builder),
        client: Box::new(PushSocket::builder),
    };
    let all = || guarded().into_iter().chain([anybody()]);
    for server in all() {
        for client in all().filter(|client| client.mechanism != server.mechanism) {
            let (pull, push) = ((server.server)().build(), (client.client)());
            let mut push = push.reconnect(fast_reconnect()).linger(Duration::ZERO).build();
            let (mut pulls, mut pushes) = (pull.events(), push.events());
            push.connect(pull.bind(ANY_PORT).await.unwrap()).unwrap();
            push.send("from a stranger").await.unwrap();
            for events in [&mut pulls, &mut pushes] {
                let reason = event(events, "a refusal", |event| match event {
                    SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
                    SocketEvent::HandshakeSucceeded { .. } => panic!("the peer was accepted"),
                    _ => None,
                })
                .await;
                // The side that is rejected first may not read the other side's greeting.
                assert!(
                    matches!(&reason, HandshakeFailure::Protocol(error) if is_another_mechanism(error))
                        || matches!(reason, HandshakeFailure::PeerClosed | HandshakeFailure::Io(_)),
                    "{} and {}: {reason}",
                    server.mechanism,
                    client.mechanism,
                );
            }
            assert_eq!(pull.stats().received, 0);
        }
    }
}

/// The reverse: a client sends nothing to a server that does not authenticate itself.
#[tokio::test]
async fn client_sends_wrong_mechanism_only_greeting() {
    for Guarded { mechanism, client, .. } in guarded() {
        let (listener, endpoint) = listen().await;
        let mut push = client().reconnect(fast_reconnect()).linger(Duration::ZERO).build();
        let mut events = push.events();
        push.connect(endpoint).unwrap();
        push.send("a secret").await.unwrap();
        for minor in [0, 1] {
            let accepted = within("the client to connect", listener.accept()).await;
            let mut server = HostilePeer { stream: accepted.unwrap().0 };
            server.write(&[greeting(minor, "NULL"), ready("PULL")].concat()).await;
            let said = server.closed().await;
            assert!(said.len() <= 64, "{mechanism}: {said:?}");
            let reason = event(&mut events, "the client to give up", |event| match event {
                SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
                _ => None,
            })
            .await;
            assert!(
                matches!(&reason, HandshakeFailure::Protocol(error) if is_another_mechanism(error)),
                "{mechanism}: {reason}"
            );
        }
    }
}

/// An authenticator for peers without credentials is asked for each form of NULL.
#[tokio::test]
async fn old_version_does_not_bypass_null_auth() {
    async fn nobody(_: Attempt) -> Decision {
        Decision::Deny(DenyStatus::AuthenticationFailure)
    }
    let pull = PullSocket::builder().null_server(nobody).build();
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    for minor in [0, 1] {
        let says = [greeting(minor, "NULL"), ready("PUSH"), frame(0, b"stranger")].concat();
        let mut stranger = HostilePeer::connect(&endpoint, &says).await;
        let reason = handshake_failure(&mut events, &stranger).await;
        let status = DenyStatus::AuthenticationFailure;
        assert!(
            matches!(reason, HandshakeFailure::Denied { status: said, .. } if said == status),
            "{reason}"
        );
        stranger.closed().await;
    }
    for Bypass { what, says, refused_for } in bypasses("NULL", "READY").into_iter().take(6) {
        let stranger = HostilePeer::connect(&endpoint, &says).await;
        match handshake_failure(&mut events, &stranger).await {
            HandshakeFailure::Protocol(error) => assert!(refused_for(&error), "{what}: {error}"),
            other => panic!("{what}: {other}"),
        }
    }
    assert_eq!(pull.stats().received, 0);
}
