//! PLAIN and CURVE with libzmq on either side: accepted and rejected peers, and what each side
//! learns.

use std::time::Duration;

use interop::{IPC, TCP, event, handshake, handshake_failure, libzmq, recv, within};
use libzmq_peer::SocketKind::{Pull, Push, Rep, Req, Sub, Xpub};
use libzmq_peer::{Context, EventKind, Opt, Peer};
use zeromq_async::security::{
    Attempt, Credentials, CurveKeyPair, Decision, DenyStatus, generate_curve_keys,
};
use zeromq_async::{
    HandshakeFailure, PullSocket, PushSocket, RepSocket, ReqSocket, SocketEvent, SubSocket,
    XPubSocket,
};

async fn users(attempt: Attempt) -> Decision {
    match &attempt.request.credentials {
        Credentials::Password { username, password }
            if username == "alice" && password.expose() == b"secret" =>
        {
            Decision::allow_as("alice")
        }
        _ => Decision::Deny(DenyStatus::AuthenticationFailure),
    }
}

fn libzmq_client(password: &'static str, endpoint: String) -> Peer {
    libzmq(Push, move |socket| {
        socket.set_str(Opt::PLAIN_USERNAME, Some("alice"))?;
        socket.set_str(Opt::PLAIN_PASSWORD, Some(password))?;
        socket.connect(&endpoint)
    })
}

/// `ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND`.
const UNEXPECTED_COMMAND: u32 = 0x1000_0001;

/// A ZAP handler that answers `requests` with `status` and the same user id.
fn zap_handler(context: &Context, status: &'static str) -> Peer {
    let handler = Peer::spawn_in(context, Rep, |socket| socket.bind("inproc://zeromq.zap.01"));
    let handler = handler.expect("a ZAP handler");
    drop(handler.run(move |socket| {
        if let Ok(Some(request)) = socket.recv_timeout(Duration::from_secs(10)) {
            let [version, id, .., username, _password] = &request[..] else { return Ok(()) };
            let text = b"".as_slice();
            let reply = [version, id, status.as_bytes(), text, username, text];
            socket.send(&reply)?;
        }
        Ok(())
    }));
    handler
}

#[tokio::test]
async fn libzmq_connects_with_right_password() {
    for place in [TCP, IPC] {
        let mut pull = PullSocket::builder().plain_server(users).build();
        let mut events = pull.events();
        let endpoint = pull.bind(place).await.unwrap();
        let push = libzmq_client("secret", endpoint.to_string());
        push.send(["hello", "from libzmq"]).await.unwrap();
        assert_eq!(recv(&mut pull, "the message").await.frame_count(), 2);
        let (_, info) = handshake(&mut events).await;
        assert_eq!(info.user_id(), Some("alice"));
        push.event(EventKind::HANDSHAKE_SUCCEEDED).await.unwrap();
    }
}

/// libzmq's PLAIN client takes a correct ERROR for a protocol error, because its own ERROR begins
/// with the bytes `5E "RROR"`. It stops anyway.
#[tokio::test]
async fn libzmq_with_wrong_password_is_refused() {
    let pull = PullSocket::builder().plain_server(users).build();
    let mut events = pull.events();
    let endpoint = pull.bind(TCP).await.unwrap();
    let push = libzmq_client("guess", endpoint.to_string());
    let refused = push.event(EventKind::HANDSHAKE_FAILED_PROTOCOL).await.unwrap();
    assert_eq!(refused.value, UNEXPECTED_COMMAND);
    let reason = handshake_failure(&mut events).await;
    assert!(reason.to_string().contains("400"), "{reason}");
}

/// libzmq's NULL client takes a rejection as final only after it has sent its own READY.
#[tokio::test]
async fn libzmq_refused_over_null_stays_away() {
    let nobody = |_: Attempt| async { Decision::Deny(DenyStatus::AuthenticationFailure) };
    for _ in 0..20 {
        let pull = PullSocket::builder().null_server(nobody).build();
        let mut events = pull.events();
        let endpoint = pull.bind(TCP).await.unwrap().to_string();
        let mut clients = Vec::new();
        // By the rejection of the second client, the first would have reconnected.
        for _ in 0..2 {
            let endpoint = endpoint.clone();
            let client = libzmq(Push, move |socket| {
                socket.set_i32(Opt::RECONNECT_IVL, 1)?;
                socket.connect(&endpoint)
            });
            let refused = client.event(EventKind::HANDSHAKE_FAILED_AUTH).await.unwrap();
            assert_eq!(refused.value, 400);
            client.event(EventKind::DISCONNECTED).await.unwrap();
            clients.push(client);
        }
        pull.close().await;
        let mut attempts = 0;
        while let Some(event) = events.next().await {
            attempts += u32::from(matches!(event, SocketEvent::Accepted { .. }));
        }
        assert_eq!(attempts, 2);
    }
}

#[tokio::test]
async fn libzmq_follows_its_zap_handler() {
    for (status, lets_in) in [("200", true), ("400", false)] {
        let context = Context::new().unwrap();
        let _handler = zap_handler(&context, status);
        let pull = Peer::spawn_in(&context, Pull, |socket| {
            socket.set_i32(Opt::PLAIN_SERVER, 1)?;
            socket.bind(TCP)
        });
        let pull = pull.unwrap();
        let builder = PushSocket::builder().linger(Duration::ZERO);
        let mut push = builder.plain_client("alice", "secret").unwrap().build();
        let mut events = push.events();
        push.connect(pull.endpoint()).unwrap();
        push.send("hello").await.unwrap();
        if lets_in {
            assert_eq!(pull.recv().await.unwrap(), [b"hello"]);
        } else {
            let reason = handshake_failure(&mut events).await;
            assert!(reason.to_string().contains("400"), "{reason}");
            event(&mut events, "the end of our attempts", |event| {
                matches!(event, SocketEvent::ConnectStopped { .. }).then_some(())
            })
            .await;
        }
        within("our PUSH to close", push.close()).await;
    }
}

/// Body sizes around the limits of short frames, records and buffers.
const SIZES: [usize; 6] = [0, 1, 255, 256, 8192, 1_048_576];

fn z85(keys: &CurveKeyPair) -> (String, String) {
    (keys.public_key().to_string(), keys.secret_key().to_z85().to_string())
}

fn libzmq_curve_server(
    kind: libzmq_peer::SocketKind,
    keys: &CurveKeyPair,
    at: &'static str,
) -> Peer {
    let (_, secret) = z85(keys);
    libzmq(kind, move |socket| {
        socket.set_i32(Opt::CURVE_SERVER, 1)?;
        socket.set_str(Opt::CURVE_SECRETKEY, Some(&secret))?;
        socket.bind(at)
    })
}

fn libzmq_curve_client(
    kind: libzmq_peer::SocketKind,
    keys: &CurveKeyPair,
    server_key: String,
    endpoint: String,
) -> Peer {
    let (public, secret) = z85(keys);
    libzmq(kind, move |socket| {
        socket.set_str(Opt::CURVE_SERVERKEY, Some(&server_key))?;
        socket.set_str(Opt::CURVE_PUBLICKEY, Some(&public))?;
        socket.set_str(Opt::CURVE_SECRETKEY, Some(&secret))?;
        if kind == Sub {
            socket.set_bytes(Opt::SUBSCRIBE, b"")?;
        }
        socket.connect(&endpoint)
    })
}

async fn allow_all(_attempt: Attempt) -> Decision {
    Decision::allow()
}

#[tokio::test]
async fn libzmq_curve_requests_of_any_size_work() {
    for place in [TCP, IPC] {
        let (server, client) = (generate_curve_keys(), generate_curve_keys());
        let server_key = server.public_key().to_string();
        let mut rep = RepSocket::builder().curve_server(server, allow_all).build();
        let endpoint = rep.bind(place).await.unwrap().to_string();
        let req = libzmq_curve_client(Req, &client, server_key, endpoint);
        for size in SIZES {
            let body = vec![7; size];
            req.send([&body[..], b"and more"]).await.unwrap();
            let request = recv(&mut rep, "the request").await;
            assert!(request.get(0).is_some_and(|frame| *frame == body[..]), "{size} bytes");
            rep.send(request).await.unwrap();
            assert!(req.recv().await.unwrap() == [&body[..], b"and more"], "{size} bytes");
        }
    }
}

#[tokio::test]
async fn libzmq_answers_curve_requests_of_any_size() {
    for place in [TCP, IPC] {
        let (server, client) = (generate_curve_keys(), generate_curve_keys());
        let rep = libzmq_curve_server(Rep, &server, place);
        let mut req = ReqSocket::builder().curve_client(client, *server.public_key()).build();
        req.connect(rep.endpoint()).unwrap();
        for size in SIZES {
            let body = vec![9; size];
            req.send(body.clone()).await.unwrap();
            let request = rep.recv().await.unwrap();
            assert!(request == [&body[..]], "{size} bytes");
            rep.send(request).await.unwrap();
            assert!(recv(&mut req, "the reply").await == body[..], "{size} bytes");
        }
    }
}

/// Subscriptions and heartbeats are encrypted too.
#[tokio::test]
async fn subscriptions_and_heartbeats_are_encrypted() {
    let (server, client) = (generate_curve_keys(), generate_curve_keys());
    let server_key = *server.public_key();
    let builder = XPubSocket::builder().heartbeat_interval(Duration::from_millis(20));
    let mut xpub = builder.curve_server(server.clone(), allow_all).build();
    let endpoint = xpub.bind(TCP).await.unwrap().to_string();
    let sub = libzmq_curve_client(Sub, &client, server_key.to_string(), endpoint);
    assert_eq!(recv(&mut xpub, "a subscription").await, "\u{1}");
    for number in 0..1000_u32 {
        xpub.send(number.to_be_bytes()).await.unwrap();
    }
    for number in 0..1000_u32 {
        assert_eq!(sub.recv().await.unwrap(), [number.to_be_bytes()]);
    }

    let xpub = libzmq_curve_server(Xpub, &server, TCP);
    let builder = SubSocket::builder().heartbeat_interval(Duration::from_millis(20));
    let mut sub = builder.subscribe("topic").curve_client(client, server_key).build();
    sub.connect(xpub.endpoint()).unwrap();
    assert_eq!(xpub.recv().await.unwrap(), [b"\x01topic"]);
    xpub.send(["topic and more"]).await.unwrap();
    assert_eq!(recv(&mut sub, "the message").await, "topic and more");
}

#[tokio::test]
async fn wrong_server_key_and_unknown_client_fail() {
    let (server, client) = (generate_curve_keys(), generate_curve_keys());
    let impostor = *generate_curve_keys().public_key();
    let libzmqs = libzmq_curve_server(Pull, &server, TCP);
    let quiet = PushSocket::builder().linger(Duration::ZERO);
    let push = quiet.curve_client(client.clone(), impostor).build();
    let mut events = push.events();
    push.connect(libzmqs.endpoint()).unwrap();
    let told = interop::handshake_failure(&mut events).await;
    assert!(matches!(told, HandshakeFailure::ServerKey), "{told}");
    libzmqs.event(EventKind::HANDSHAKE_FAILED_PROTOCOL).await.unwrap();

    let server_key = server.public_key().to_string();
    let nobody = |_| async { Decision::Deny(DenyStatus::AuthenticationFailure) };
    let pull = PullSocket::builder().curve_server(server, nobody).build();
    let endpoint = pull.bind(TCP).await.unwrap().to_string();
    let refused = libzmq_curve_client(Push, &client, server_key, endpoint);
    let event = refused.event(EventKind::HANDSHAKE_FAILED_AUTH).await.unwrap();
    assert_eq!(event.value, 400);
}

/// Losing a connection in the middle of encrypted traffic loses and duplicates no message.
#[tokio::test]
async fn encrypted_messages_survive_reconnect() {
    let (server, client) = (generate_curve_keys(), generate_curve_keys());
    let server_key = *server.public_key();
    let port = interop::ReservedPort::new();
    let mut push = PushSocket::builder().curve_client(client, server_key).build();
    push.connect(port.endpoint()).unwrap();
    for number in 0..900_u32 {
        push.send(number.to_be_bytes()).await.unwrap();
    }
    let mut pull = PullSocket::builder().curve_server(server, allow_all).build();
    pull.bind(port.endpoint()).await.unwrap();
    for number in 0..900_u32 {
        assert_eq!(recv(&mut pull, "a message").await, &number.to_be_bytes());
    }
    assert_eq!(within("our PUSH to close", push.close()).await.unsent, 0);
}
