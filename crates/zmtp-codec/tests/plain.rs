//! PLAIN and authentication decisions: 24/ZMTP-PLAIN and the statuses of 27/ZAP.

mod support;

use bytes::{Bytes, BytesMut};
use support::{End, Pair};
use zmtp_codec::wire::MechanismName;
use zmtp_codec::{
    AuthenticationRequest, Connection, ConnectionConfig, Credentials, Decision, DenyStatus, Event,
    LimitExceeded, Limits, Message, Metadata, Null, PeerIncompatible, PeerMisbehaved, PlainClient,
    PlainClientError, PlainServer, ProtocolError, SocketType,
};

fn client() -> ConnectionConfig {
    let client = PlainClient::new("admin", "secret").expect("short enough");
    ConnectionConfig::new(SocketType::Push, client)
}

fn server() -> ConnectionConfig {
    ConnectionConfig::new(SocketType::Pull, PlainServer)
}

fn null(socket_type: SocketType) -> ConnectionConfig {
    ConnectionConfig::new(socket_type, Null)
}

/// The client's greeting.
fn greeting() -> Vec<u8> {
    let mut greeting = b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01PLAIN".to_vec();
    greeting.resize(64, 0);
    greeting
}

const HELLO: &[u8] = b"\x04\x13\x05HELLO\x05admin\x06secret";

/// A server that has read these bytes behind the client's greeting.
fn server_reading(bytes: &[u8]) -> End {
    let mut server = End::new(&server());
    server.decision = Some(Decision::allow());
    server.read(&[&greeting(), bytes].concat());
    server
}

#[test]
fn accepted_client_sends_and_receives() {
    for piece_size in [1, 7, usize::MAX] {
        let mut metadata = Metadata::new();
        metadata.insert("X-Role", "writer").unwrap();
        let decision = Decision::Allow { user_id: "alice".into(), metadata };
        let pair = Pair::in_pieces(&client(), &server(), vec![piece_size]);
        let mut pair = pair.deciding(decision).ready();
        pair.ends[0].connection.send(Message::from("hello"));
        pair.drive();
        let [client, server] = &pair.ends;
        assert_eq!(server.messages(), [Message::from("hello")]);
        let peer = server.peer();
        assert_eq!(peer.mechanism(), MechanismName::PLAIN);
        assert_eq!((peer.user_id(), peer.public_key()), (Some("alice"), None));
        assert_eq!(peer.user_metadata().get("x-role").unwrap(), "writer");
        assert_eq!(client.peer().user_id(), None, "nobody asked about the server");
    }
}

#[test]
fn plain_commands_match_the_specification() {
    let mut client = End::new(&client());
    let mut server = End::new(&server());
    server.decision = Some(Decision::allow());
    assert_eq!(client.sent(), b"\xff\0\0\0\0\0\0\0\0\x7f\x03"[..]);
    client.read(&greeting());
    let sent = client.sent();
    let (greeting_rest, hello) = sent.split_at(53);
    assert_eq!(
        greeting_rest[..22],
        *b"\x01PLAIN\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        "as-server is 0"
    );
    assert_eq!(hello, HELLO);
    server.read(&[&greeting(), hello].concat());
    let sent = server.sent();
    assert_eq!(sent[11..33], *b"\x01PLAIN\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", "as-server is 1");
    assert_eq!(sent[64..], *b"\x04\x08\x07WELCOME");
    client.read(&sent[64..]);
    let initiate = client.sent();
    assert_eq!(initiate, b"\x04\x1d\x08INITIATE\x0bSocket-Type\0\0\0\x04PUSH"[..]);
    server.read(&initiate);
    assert_eq!(server.sent(), b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PULL"[..]);
}

#[test]
fn request_carries_the_credentials() {
    let pair = Pair::new(&client(), &server()).deciding(Decision::allow()).ready();
    let [AuthenticationRequest { mechanism, credentials, .. }] = &pair.ends[1].requests()[..]
    else {
        panic!("one question");
    };
    assert_eq!(*mechanism, MechanismName::PLAIN);
    let Credentials::Password { username, password } = credentials else {
        panic!("a password: {credentials:?}");
    };
    assert_eq!((&username[..], password.expose()), (&b"admin"[..], &b"secret"[..]));
    assert_eq!(credentials.to_frames(), [Bytes::from("admin"), Bytes::from("secret")]);
    assert!(!format!("{credentials:?}").contains("secret"));
    assert!(pair.ends[0].requests().is_empty());
}

#[test]
fn undecided_peer_is_not_accepted() {
    let mut pair = Pair::new(&client(), &server());
    pair.drive();
    let [client, server] = &mut pair.ends;
    assert_eq!(server.requests().len(), 1);
    assert!(client.connection.peer().is_none() && server.connection.peer().is_none());
    // Nor by continuing without a decision.
    server.read(b"\x04\x1d\x08INITIATE\x0bSocket-Type\0\0\0\x04PUSH\0\x05hello");
    assert_eq!(server.requests().len(), 1, "asked once");
    assert!(server.connection.peer().is_none() && server.messages().is_empty());
    server.connection.send(Message::from("no"));
    assert!(server.connection.poll_transmit().is_none());
}

#[test]
fn refused_client_gets_status_and_stops() {
    for status in [DenyStatus::AuthenticationFailure, DenyStatus::InternalError] {
        let mut pair = Pair::new(&client(), &server()).deciding(Decision::Deny(status));
        pair.drive();
        let [client, server] = &pair.ends;
        assert_eq!(server.error, Some(ProtocolError::Denied(status)));
        let reason = status.code().to_string();
        assert_eq!(client.error, Some(ProtocolError::Refused { reason }));
        assert!(!client.error.as_ref().unwrap().may_reconnect());
    }
}

#[test]
fn temporary_denial_is_silent() {
    let mut pair =
        Pair::new(&client(), &server()).deciding(Decision::Deny(DenyStatus::TemporaryError));
    pair.drive();
    let [client, server] = &mut pair.ends;
    assert_eq!(server.error, Some(ProtocolError::Denied(DenyStatus::TemporaryError)));
    assert!(server.sent().is_empty());
    assert_eq!(client.error, None);
    assert!(client.connection.peer().is_none());
}

#[test]
fn denial_cannot_be_revoked() {
    let mut pair = Pair::new(&client(), &server());
    pair.drive();
    let server = &mut pair.ends[1];
    server.connection.authenticate(Decision::Deny(DenyStatus::AuthenticationFailure));
    server.connection.authenticate(Decision::allow());
    server.read(b"");
    assert_eq!(server.error, Some(ProtocolError::Denied(DenyStatus::AuthenticationFailure)));
    server.connection.authenticate(Decision::allow());
    server.error = None;
    server.read(b"");
    assert!(server.connection.peer().is_none(), "closed for good");
}

#[test]
fn unasked_decision_is_ignored() {
    let mut pair = Pair::new(&client(), &server());
    pair.ends[1].connection.authenticate(Decision::allow());
    pair.drive();
    assert_eq!(pair.ends[1].requests().len(), 1);
    assert!(pair.ends[1].connection.peer().is_none());
}

#[test]
fn same_roles_do_not_connect() {
    let mut pair = Pair::new(&client(), &client());
    pair.drive();
    for end in &pair.ends {
        let error = end.error.as_ref().unwrap().to_string();
        assert_eq!(error, "peer sent \"HELLO\" in the handshake where WELCOME was expected");
    }
    let mut pair = Pair::new(&server(), &server()).deciding(Decision::allow());
    pair.drive();
    assert!(pair.ends.iter().all(|end| end.events.is_empty() && end.connection.peer().is_none()));
}

#[test]
fn other_mechanism_is_refused_from_either_side() {
    for (one, other) in [(client(), null(SocketType::Pull)), (null(SocketType::Push), server())] {
        let mut pair = Pair::new(&one, &other).deciding(Decision::allow());
        pair.drive();
        for end in &pair.ends {
            let error = end.error.as_ref().unwrap();
            assert!(matches!(
                error,
                ProtocolError::Incompatible(PeerIncompatible::Mechanism { .. })
            ));
        }
    }
}

#[test]
fn old_version_does_not_bypass_password() {
    // CVE-2014-7202, CVE-2014-9721: what ZMTP 2.0 and 1.0 peers start with.
    for bytes in [&b"\xff\0\0\0\0\0\0\0\x01\x7f\x01\x05\0\0"[..], b"\x01\x00", b"\x05\x00abcd"] {
        let mut server = End::new(&server());
        server.read(bytes);
        let error = server.error.unwrap();
        assert!(matches!(error, ProtocolError::Incompatible(PeerIncompatible::Version(_))));
    }
    // ZMTP 3.0 has the same mechanism.
    let mut greeting = greeting();
    greeting[11] = 0;
    let mut server = End::new(&server());
    server.read(&[&greeting, HELLO].concat());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn misplaced_commands_are_rejected() {
    let unexpected = |bytes: &[u8]| match server_reading(bytes).error {
        Some(ProtocolError::Misbehaved(PeerMisbehaved::UnexpectedCommand { received, .. })) => {
            received
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(unexpected(b"\x04\x09\x08INITIATE"), "INITIATE");
    assert_eq!(unexpected(b"\x04\x06\x05READY"), "READY");
    assert_eq!(unexpected(&[HELLO, HELLO].concat()), "HELLO");
    let layout = Some(PeerMisbehaved::CommandLayout("HELLO").into());
    for hello in [
        &b"\x04\x06\x05HELLO"[..],
        b"\x04\x07\x05HELLO\x05",
        b"\x04\x0d\x05HELLO\x05admin\x06",
        b"\x04\x08\x05HELLO\0\x01",
        b"\x04\x09\x05HELLO\0\0\0",
    ] {
        assert_eq!(server_reading(hello).error, layout, "{hello:?}");
    }
    let mut client = End::new(&client());
    client.read(&[&greeting(), &b"\x04\x09\x07WELCOME\0"[..]].concat());
    assert!(client.error.is_some());
}

#[test]
fn message_before_handshake_end_is_rejected() {
    assert_eq!(server_reading(b"\0\x01a").error, Some(PeerMisbehaved::MessageBeforeReady.into()));
    let bytes = [HELLO, b"\0\x01a"].concat();
    assert_eq!(server_reading(&bytes).error, Some(PeerMisbehaved::MessageBeforeReady.into()));
}

#[test]
fn plain_command_size_limits_are_exact() {
    let error = |bytes: &[u8]| server_reading(bytes).error;
    let long = |size: u64| [&[6][..], &size.to_be_bytes()].concat();
    let expected = |announced, limit| Some(LimitExceeded::CommandSize { announced, limit }.into());
    assert_eq!(error(&long(518)), None);
    assert_eq!(error(&long(519)), expected(519, 518));
    let limit = 9 + Limits::default().max_metadata_size;
    let after_hello = |size| [HELLO, &long(size)].concat();
    assert_eq!(error(&after_hello(limit as u64)), None);
    assert_eq!(error(&after_hello(limit as u64 + 1)), expected(limit as u64 + 1, limit));
}

#[test]
fn undecided_peer_input_is_limited() {
    let mut server = End::new(&server());
    server.read(&[&greeting(), HELLO].concat());
    server.read(&[0; 64 * 1024]);
    assert_eq!(server.error, None);
    server.read(&[0; 16]);
    assert!(matches!(server.error, Some(ProtocolError::LimitExceeded(_))));
}

#[test]
fn incompatible_server_sends_error_not_ready() {
    let pub_server = ConnectionConfig::new(SocketType::Pub, PlainServer);
    let mut pair = Pair::new(&client(), &pub_server).deciding(Decision::allow());
    pair.drive();
    let reason = "a PUB socket cannot talk to a PUSH socket".to_owned();
    assert_eq!(pair.ends[0].error, Some(ProtocolError::Refused { reason }));
}

#[test]
fn null_peer_is_authenticated_if_configured() {
    let asking = null(SocketType::Pull).with_authenticate_null(true);
    let push = null(SocketType::Push);
    let mut pair = Pair::new(&push, &asking);
    pair.drive();
    let server = &mut pair.ends[1];
    assert_eq!(server.requests()[0].credentials, Credentials::None);
    assert!(server.sent().is_empty(), "no READY yet");
    server.connection.authenticate(Decision::allow_as("anyone"));
    server.read(b"");
    let pair = pair.ready();
    assert_eq!(pair.ends[1].peer().user_id(), Some("anyone"));

    let denied = Decision::Deny(DenyStatus::AuthenticationFailure);
    let mut pair = Pair::new(&push, &asking).deciding(denied);
    pair.drive();
    assert_eq!(pair.ends[0].error, Some(ProtocolError::Refused { reason: "400".into() }));
    let pair = Pair::new(&push, &null(SocketType::Pull)).ready();
    assert!(pair.ends[1].requests().is_empty());
}

#[test]
fn credentials_are_up_to_255_bytes() {
    let long = "x".repeat(256);
    assert_eq!(PlainClient::new(&long, ""), Err(PlainClientError::UsernameTooLong(256)));
    assert_eq!(PlainClient::new("", &long), Err(PlainClientError::PasswordTooLong(256)));
    let client = PlainClient::new(&long[1..], &long[1..]).unwrap();
    let client = ConnectionConfig::new(SocketType::Push, client);
    let pair = Pair::new(&client, &server()).deciding(Decision::allow()).ready();
    let frames = pair.ends[1].requests()[0].credentials.to_frames();
    assert_eq!(frames.iter().map(Bytes::len).collect::<Vec<_>>(), [255, 255]);
}

#[test]
fn any_changed_byte_is_harmless() {
    let initiate = b"\x04\x1d\x08INITIATE\x0bSocket-Type\0\0\0\x04PUSH";
    let bytes = [HELLO, initiate, b"\0\x05hello"].concat();
    for at in 0..HELLO.len() {
        // MORE and COMMAND are ignored before READY.
        for bit in (0..8).filter(|bit| at > 0 || ![0, 2].contains(bit)) {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            let mut connection = Connection::new(&server());
            let mut input = BytesMut::from(&[greeting(), changed].concat()[..]);
            while let Ok(Some(event)) = connection.handle_input(&mut input, 1) {
                match event {
                    Event::Authenticate(request) => {
                        let frames = request.credentials.to_frames();
                        let are_right = frames == [Bytes::from("admin"), Bytes::from("secret")];
                        connection.authenticate(match are_right {
                            true => Decision::allow(),
                            false => Decision::Deny(DenyStatus::AuthenticationFailure),
                        });
                    }
                    other => panic!("byte {at}, bit {bit}: {other:?}"),
                }
            }
        }
    }
}
