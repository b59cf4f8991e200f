//! Errors name their endpoint and the next step, and lose no message.

use std::error::Error;
use std::io;
use std::time::Duration;

use futures_util::FutureExt;
use support::{
    ANY_PORT, DEADLINE, RawPeer, ReservedPort, address, event, fast_reconnect, is_pending, listen,
    within,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zeromq_async::{
    BindErrorKind, ConnectErrorKind, Context, DealerSocket, DetachError, DisconnectReason,
    Endpoint, EndpointErrorKind as Kind, Events, HandshakeFailure, Message, PairSocket,
    ProtocolError, PubSocket, PullSocket, PushSocket, RecvError, Rejected, RepSocket, ReqSocket,
    RouterSocket, SendErrorKind, SocketEvent, SocketType, SubSocket, XPubSocket, XSubSocket,
};

/// Checks that the error's text contains all of `parts`.
fn assert_contains(error: &impl std::fmt::Display, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{text:?} does not tell {part:?}");
    }
}

async fn connect_failure(events: &mut Events) -> (Endpoint, std::sync::Arc<io::Error>) {
    event(events, "an attempt to connect to fail", |event| match event {
        SocketEvent::ConnectFailed { endpoint, error, .. } => Some((endpoint, error)),
        _ => None,
    })
    .await
}

async fn handshake_failure(events: &mut Events) -> (Endpoint, HandshakeFailure) {
    event(events, "a handshake to fail", |event| match event {
        SocketEvent::HandshakeFailed { endpoint, reason, .. } => Some((endpoint, reason)),
        _ => None,
    })
    .await
}

// ---- endpoints ----

#[tokio::test]
async fn malformed_endpoint_error_shows_an_example() {
    let push = PushSocket::new();
    let too_long = format!("inproc://{}", "x".repeat(257));
    let bad_host = Kind::InvalidHost {
        host: "a b".into(),
        reason: "a name has letters, digits, '-', '_' and '.' only",
    };
    let cases = [
        ("", Kind::MissingScheme, "tcp://127.0.0.1:5555"),
        ("127.0.0.1:5555", Kind::MissingScheme, "inproc://name"),
        ("tcp://", Kind::EmptyAddress, "tcp://127.0.0.1:5555"),
        ("ipc://", Kind::EmptyAddress, "ipc:///tmp/app.sock"),
        ("tcp://127.0.0.1", Kind::MissingPort, "after a colon"),
        ("tcp://127.0.0.1:x", Kind::InvalidPort("x".into()), "0 to 65535"),
        ("tcp://[::1]:65536", Kind::InvalidPort("65536".into()), "0 to 65535"),
        ("tcp://a b:1", bad_host, "host"),
        (&too_long, Kind::TooLong { length: 257, limit: 256 }, "shorter"),
    ];
    for (text, kind, advice) in cases {
        let quoted = format!("{text:?}");
        let error = push.connect(text).unwrap_err();
        assert_eq!(error.kind(), &ConnectErrorKind::InvalidEndpoint(kind.clone()));
        assert_contains(&error, &["cannot connect to", &quoted, advice]);
        let error = push.bind(text).await.unwrap_err();
        assert_eq!(error.kind(), &BindErrorKind::InvalidEndpoint(kind));
        assert_contains(&error, &["cannot bind to", &quoted, advice]);
        assert_eq!(error.endpoint(), Some(text));
    }
    assert_eq!(push.last_endpoint(), None);
}

#[tokio::test]
async fn unknown_scheme_error_lists_known_schemes() {
    let error = PushSocket::new().connect("pgm://127.0.0.1:5555").unwrap_err();
    assert!(matches!(
        error.kind(),
        ConnectErrorKind::InvalidEndpoint(Kind::UnknownScheme { scheme, .. }) if scheme == "pgm"
    ));
    assert_contains(&error, &["pgm://127.0.0.1:5555", "\"pgm\"", "tcp", "udp", "ipc", "inproc"]);
}

#[tokio::test]
async fn connect_to_wildcard_is_rejected() {
    for wildcard in ["tcp://*:5555", "tcp://127.0.0.1:*", "tcp://127.0.0.1:0", "ipc://*"] {
        let error = PushSocket::new().connect(wildcard).unwrap_err();
        assert_eq!(error.kind(), &ConnectErrorKind::InvalidEndpoint(Kind::WildcardNotAllowed));
        assert_contains(&error, &["name a host and a port"]);
    }
}

#[tokio::test]
async fn detaching_unknown_endpoint_is_rejected() {
    let pull = PullSocket::new();
    let error = pull.unbind("tcp://127.0.0.1:5555").await.unwrap_err();
    assert!(matches!(error, DetachError::NotAttached(_)));
    assert_contains(&error, &["tcp://127.0.0.1:5555", "the endpoint that bind returned"]);
    let error = pull.disconnect("inproc://unknown").unwrap_err();
    assert!(matches!(error, DetachError::NotAttached(_)));
    assert_contains(&error, &["inproc://unknown"]);
}

// ---- binding ----

#[tokio::test]
async fn tcp_port_in_use_stays_with_its_holder() {
    let mut holder = PullSocket::new();
    let endpoint = holder.bind(ANY_PORT).await.unwrap();
    let late = PullSocket::new();
    let error = late.bind(&endpoint).await.unwrap_err();
    assert_eq!(error.kind(), &BindErrorKind::InUse);
    assert_eq!(error.endpoint(), Some(&endpoint.to_string()[..]));
    let source = error.source().expect("the system's error").to_string();
    let endpoint_text = endpoint.to_string();
    assert_contains(&error, &[&endpoint_text, &source, "stop the other program", "port 0"]);

    let mut push = PushSocket::new();
    push.connect(&endpoint).unwrap();
    push.send("still here").await.unwrap();
    assert_eq!(within("a message", holder.recv()).await.unwrap(), "still here");
    late.bind(ANY_PORT).await.expect("a failure to bind is no harm to the socket");
}

#[tokio::test]
async fn inproc_name_in_use_stays_with_its_holder() {
    let context = Context::new();
    let mut holder = PullSocket::builder_in(&context).build();
    holder.bind("inproc://name").await.unwrap();
    let error = PullSocket::builder_in(&context).build().bind("inproc://name").await.unwrap_err();
    assert!(matches!(error.kind(), BindErrorKind::InUse));
    let text = "cannot bind to inproc://name: the address is in use; \
                await the close or unbind of the other socket, or choose another name";
    assert_eq!(error.to_string(), text);

    let mut push = PushSocket::builder_in(&context).build();
    push.connect("inproc://name").unwrap();
    push.send("still here").await.unwrap();
    assert_eq!(holder.try_recv().unwrap(), "still here");
    // Names are per context, and an unbound name is free again.
    PullSocket::builder_in(&Context::new()).build().bind("inproc://name").await.unwrap();
    holder.unbind("inproc://name").await.unwrap();
    PullSocket::builder_in(&context).build().bind("inproc://name").await.unwrap();
}

#[tokio::test]
async fn bind_to_foreign_address_is_rejected() {
    // An address that is reserved for documentation. No machine has it.
    let error = PullSocket::new().bind("tcp://192.0.2.1:*").await.unwrap_err();
    assert!(matches!(error.kind(), BindErrorKind::NotLocal), "{error:?}");
    assert_contains(&error, &["tcp://192.0.2.1:*", "write * as the host"]);
}

#[cfg(unix)]
#[tokio::test]
async fn ipc_bind_error_names_the_path() {
    let directory = std::env::temp_dir().join(format!("zeromq-errors-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = |name: &str| format!("ipc://{}", directory.join(name).display());

    let missing = path("missing/socket");
    let error = PullSocket::new().bind(&missing).await.unwrap_err();
    assert!(matches!(error.kind(), BindErrorKind::NotFound), "{error:?}");
    assert_contains(&error, &[&missing, "create it first"]);

    std::fs::write(directory.join("file"), "precious").unwrap();
    let error = PullSocket::new().bind(path("file")).await.unwrap_err();
    assert!(matches!(error.kind(), BindErrorKind::NotASocket), "{error:?}");
    assert_contains(&error, &[&path("file"), "remove it or choose another path"]);
    assert_eq!(std::fs::read(directory.join("file")).unwrap(), b"precious");

    let holder = PullSocket::new();
    holder.bind(path("socket")).await.unwrap();
    let error = PullSocket::new().bind(path("socket")).await.unwrap_err();
    assert!(matches!(error.kind(), BindErrorKind::InUse), "{error:?}");
    assert_contains(&error, &[&path("socket"), "bind to another path"]);
    holder.close().await;
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn bind_and_connect_need_a_runtime() {
    let mut push = PushSocket::new();
    let error = push.bind(ANY_PORT).now_or_never().expect("an answer").unwrap_err();
    assert!(matches!(error.kind(), BindErrorKind::NoRuntime));
    assert_contains(&error, &[ANY_PORT, "outside a Tokio runtime", "Runtime::enter"]);
    let error = push.connect("tcp://127.0.0.1:1").unwrap_err();
    assert!(matches!(error.kind(), ConnectErrorKind::NoRuntime));
    assert_contains(&error, &["tcp://127.0.0.1:1", "outside a Tokio runtime", "Runtime::enter"]);

    // Calls that need no runtime work without one.
    let mut pull = PullSocket::new();
    pull.bind("inproc://no runtime").now_or_never().expect("an answer").unwrap();
    push.connect("inproc://no runtime").unwrap();
    push.try_send("message").unwrap();
    assert_eq!(pull.try_recv().unwrap(), "message");
    let report = push.close().now_or_never().expect("closed at once");
    assert_eq!(report.unsent, 0);
}

// ---- connecting ----

#[tokio::test]
async fn refused_connection_keeps_the_message() {
    let port = ReservedPort::new();
    let mut push = PushSocket::builder().reconnect(fast_reconnect()).linger(Duration::ZERO).build();
    let mut events = push.events();
    push.connect(port.endpoint()).unwrap();
    push.send("patient").await.unwrap();
    let (endpoint, error) = connect_failure(&mut events).await;
    assert_eq!(endpoint, port.endpoint());
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    assert_contains(&error, &[&address(&endpoint).to_string()]);

    let mut pull = PullSocket::new();
    pull.bind(port.endpoint()).await.unwrap();
    assert_eq!(within("the message", pull.recv()).await.unwrap(), "patient");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn unanswered_connect_times_out() {
    // A listener that never accepts and has a full backlog, so that the kernel does not answer.
    let listener =
        socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    listener.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let to = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    for _ in 0..4 {
        let stream =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        stream.set_nonblocking(true).unwrap();
        let _ = stream.connect(&to);
        waiting.push(stream);
    }

    let mut push = PushSocket::builder()
        .connect_timeout(Duration::from_millis(50))
        .linger(Duration::ZERO)
        .build();
    let mut events = push.events();
    let endpoint = Endpoint::from(to.as_socket().unwrap());
    push.connect(&endpoint).unwrap();
    push.send("patient").await.unwrap();
    let (at, error) = connect_failure(&mut events).await;
    assert_eq!(at, endpoint);
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_contains(&error, &[&endpoint.to_string(), "50ms"]);
    assert_eq!(push.close().await.unsent, 1, "the message is still there to be reported");
}

// ---- incompatible peers ----

#[tokio::test]
async fn incompatible_tcp_types_are_reported_to_both() {
    let port = ReservedPort::new();
    let rep = RepSocket::new();
    let mut rep_events = rep.events();
    rep.bind(port.endpoint()).await.unwrap();
    let mut push = PushSocket::builder().reconnect(fast_reconnect()).build();
    let mut push_events = push.events();
    push.connect(port.endpoint()).unwrap();
    push.send("for a PULL").await.unwrap();
    for events in [&mut rep_events, &mut push_events] {
        let (endpoint, reason) = handshake_failure(events).await;
        assert_eq!(endpoint, port.endpoint());
        assert!(matches!(reason, HandshakeFailure::Protocol(_)), "{reason:?}");
        assert_contains(&reason, &["PUSH", "REP"]);
    }
    // When a compatible peer takes the address, it receives the queued message.
    rep.close().await;
    let mut pull = PullSocket::new();
    pull.bind(port.endpoint()).await.unwrap();
    assert_eq!(within("the message", pull.recv()).await.unwrap(), "for a PULL");
}

#[tokio::test]
async fn incompatible_inproc_types_reported_to_both() {
    let context = Context::new();
    let rep = RepSocket::builder_in(&context).build();
    let push = PushSocket::builder_in(&context).build();
    let (mut rep_events, mut push_events) = (rep.events(), push.events());
    rep.bind("inproc://wrong").await.unwrap();
    push.connect("inproc://wrong").unwrap();
    for events in [&mut rep_events, &mut push_events] {
        let (endpoint, reason) = event(events, "a rejection", |event| match event {
            SocketEvent::Rejected { endpoint, reason } => Some((endpoint, reason)),
            _ => None,
        })
        .await;
        assert_eq!(endpoint.to_string(), "inproc://wrong");
        assert!(matches!(reason, Rejected::Incompatible { .. }), "{reason:?}");
        assert_contains(&reason, &["PUSH", "REP"]);
    }
}

#[tokio::test]
async fn garbage_from_peer_harms_no_other_peer() {
    let mut pull = PullSocket::new();
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    for garbage in [&b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..], &[0xff; 200], &[0; 64]] {
        let mut stream = TcpStream::connect(address(&endpoint)).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        let (at, reason) = handshake_failure(&mut events).await;
        assert_eq!(at, endpoint);
        assert!(matches!(reason, HandshakeFailure::Protocol(_)), "{reason:?}");
    }
    let mut push = PushSocket::new();
    push.connect(&endpoint).unwrap();
    push.send("sense").await.unwrap();
    assert_eq!(within("a message", pull.recv()).await.unwrap(), "sense");
}

#[tokio::test]
async fn garbage_from_server_is_retried() {
    let (listener, endpoint) = listen().await;
    let mut push = PushSocket::builder().reconnect(fast_reconnect()).build();
    let mut events = push.events();
    push.connect(&endpoint).unwrap();
    push.send("patient").await.unwrap();
    let (mut stream, _) = within("a connection", listener.accept()).await.unwrap();
    stream
        .write_all(b"SSH-2.0-OpenSSH_9.6\r\n and more, to fill a greeting up to its end")
        .await
        .unwrap();
    let (at, reason) = handshake_failure(&mut events).await;
    assert_eq!(at, endpoint);
    assert!(matches!(reason, HandshakeFailure::Protocol(_)), "{reason:?}");
    let mut peer = RawPeer::accept(&listener, SocketType::Pull).await;
    assert_eq!(peer.recv().await, "patient");
}

#[tokio::test]
async fn other_mechanism_is_a_distinct_error() {
    let pull = PullSocket::new();
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let mut greeting = [0; 64];
    greeting[0] = 0xff;
    greeting[9] = 0x7f;
    greeting[10] = 3;
    greeting[11] = 1;
    greeting[12..17].copy_from_slice(b"PLAIN");
    let mut stream = TcpStream::connect(address(&endpoint)).await.unwrap();
    stream.write_all(&greeting).await.unwrap();
    let (at, reason) = handshake_failure(&mut events).await;
    assert_eq!(at, endpoint);
    assert!(
        matches!(reason, HandshakeFailure::Protocol(ProtocolError::Incompatible(_))),
        "{reason:?}"
    );
    assert_contains(&reason, &["PLAIN", "NULL"]);
}

#[tokio::test]
async fn silent_client_hits_handshake_timeout() {
    let limit = Duration::from_millis(50);
    let mut pull = PullSocket::builder().handshake_timeout(limit).build();
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let mut silent = TcpStream::connect(address(&endpoint)).await.unwrap();
    let (at, reason) = handshake_failure(&mut events).await;
    assert_eq!(at, endpoint);
    assert!(matches!(reason, HandshakeFailure::TimedOut(after) if after == limit), "{reason:?}");
    assert_contains(&reason, &["50ms"]);
    let mut rest = Vec::new();
    within("the silent peer to be disconnected", silent.read_to_end(&mut rest)).await.unwrap();

    let mut push = PushSocket::builder().handshake_timeout(DEADLINE).build();
    push.connect(&endpoint).unwrap();
    push.send("sound").await.unwrap();
    assert_eq!(within("a message", pull.recv()).await.unwrap(), "sound");
}

#[tokio::test]
async fn silent_server_is_retried_and_message_kept() {
    let (listener, endpoint) = listen().await;
    let mut push = PushSocket::builder()
        .handshake_timeout(Duration::from_millis(50))
        .reconnect(fast_reconnect())
        .build();
    let mut events = push.events();
    push.connect(&endpoint).unwrap();
    push.send("patient").await.unwrap();
    let _silent = within("a connection", listener.accept()).await.unwrap();
    let (_, reason) = handshake_failure(&mut events).await;
    assert!(matches!(reason, HandshakeFailure::TimedOut(_)), "{reason:?}");
    let mut peer = RawPeer::accept(&listener, SocketType::Pull).await;
    assert_eq!(peer.recv().await, "patient");
}

#[tokio::test]
async fn oversized_message_ends_only_its_connection() {
    let mut pull = PullSocket::builder().max_message_size(1000).build();
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    for oversized in [Message::from(vec![0; 1001]), Message::multipart([[0; 600], [0; 600]])] {
        let mut bad = RawPeer::connect(&endpoint, SocketType::Push).await;
        let mut good = RawPeer::connect(&endpoint, SocketType::Push).await;
        bad.send(vec![1; 1000]).await;
        bad.send(oversized).await;
        let (at, reason) = event(&mut events, "a disconnection", |event| match event {
            SocketEvent::Disconnected { endpoint, reason, .. } => Some((endpoint, reason)),
            _ => None,
        })
        .await;
        assert_eq!(at, endpoint);
        assert!(matches!(reason, DisconnectReason::Protocol(_)), "{reason:?}");
        assert_contains(&reason, &["1000 are allowed"]);
        bad.closed().await;
        good.send("good").await;
        let received =
            [within("a message", pull.recv()).await, within("a message", pull.recv()).await];
        assert!(received.contains(&Ok(vec![1; 1000].into())), "{received:?}");
        assert!(received.contains(&Ok("good".into())), "{received:?}");
        drop(good);
        support::disconnected(&mut events).await;
    }
}

// ---- sending and receiving ----

#[tokio::test]
async fn router_returns_message_without_routing_id() {
    let mut router = RouterSocket::new();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let mut peer = RawPeer::connect_as(&endpoint, SocketType::Dealer, "peer").await;
    router.wait_for_peers(1).await;
    for message in [Message::from("peer"), Message::new()] {
        let error = router.send(message.clone()).await.unwrap_err();
        assert_eq!(*error.kind(), SendErrorKind::NoRoutingId);
        assert_contains(&error, &["at least two frames", "routing id"]);
        assert_eq!(error.into_message(), Some(message));
    }
    router.send(Message::multipart(["peer", "good"])).await.unwrap();
    assert_eq!(peer.recv().await, "good");
}

#[tokio::test]
async fn mandatory_router_names_the_missing_peer() {
    let mut router = RouterSocket::builder().mandatory(true).build();
    router.bind(ANY_PORT).await.unwrap();
    let message = Message::multipart(["unknown", "", "body"]);
    let error = router.send(message.clone()).await.unwrap_err();
    assert_eq!(*error.kind(), SendErrorKind::Unroutable("unknown".into()));
    assert_contains(&error, &["no connected peer", "unknown"]);
    assert_eq!(error.into_message(), Some(message));
}

#[tokio::test]
async fn out_of_turn_error_names_expected_call() {
    let mut req = ReqSocket::new();
    assert_contains(
        &req.recv().await.unwrap_err(),
        &["turn to receive", "REQ must send a request first"],
    );
    assert_contains(&req.try_recv().unwrap_err(), &["turn to receive"]);
    let mut rep = RepSocket::new();
    let error = rep.send("early").await.unwrap_err();
    assert_contains(&error, &["turn to send", "REP a request"]);
    assert_eq!(error.into_message(), Some("early".into()));
}

/// Closes the socket from another handle and returns its error.
macro_rules! is_closed {
    (sends $socket:expr, $message:expr) => {{
        let mut socket = $socket;
        socket.handle().clone().close().await;
        let message = Message::from($message);
        let kind = socket.ready().await.map_err(|error| error.kind().clone());
        assert_eq!(kind, Err(SendErrorKind::Closed), "{socket:?} is ready");
        let error = socket.try_send(message.clone()).unwrap_err();
        assert_eq!(*error.kind(), SendErrorKind::Closed, "{socket:?}");
        assert_eq!(error.into_message(), Some(message.clone()));
        let error = within("an answer", socket.send(message.clone())).await.unwrap_err();
        assert_eq!(*error.kind(), SendErrorKind::Closed, "{socket:?}");
        assert_contains(&error, &["closed"]);
        assert_eq!(error.into_message(), Some(message));
    }};
    (receives $socket:expr) => {{
        let mut socket = $socket;
        socket.handle().clone().close().await;
        assert_eq!(socket.try_recv(), Err(RecvError::Closed), "{socket:?}");
        assert_eq!(within("an answer", socket.recv()).await, Err(RecvError::Closed), "{socket:?}");
    }};
}

#[tokio::test]
async fn closed_socket_returns_the_message() {
    is_closed!(sends PushSocket::new(), "m");
    is_closed!(sends DealerSocket::new(), "m");
    is_closed!(sends PairSocket::new(), "m");
    is_closed!(sends PubSocket::new(), "m");
    is_closed!(sends XPubSocket::new(), "m");
    is_closed!(sends XSubSocket::new(), "m");
    is_closed!(sends ReqSocket::new(), "m");
    is_closed!(sends RouterSocket::new(), Message::multipart(["id", "m"]));
    let mut rep = RepSocket::new();
    let endpoint = rep.bind(ANY_PORT).await.unwrap();
    let mut peer = RawPeer::connect(&endpoint, SocketType::Req).await;
    peer.send(Message::multipart(["", "request"])).await;
    within("a request", rep.recv()).await.unwrap();
    is_closed!(sends rep, "m");
}

#[tokio::test]
async fn closed_socket_receives_nothing() {
    is_closed!(receives PullSocket::new());
    is_closed!(receives DealerSocket::new());
    is_closed!(receives PairSocket::new());
    is_closed!(receives XPubSocket::new());
    is_closed!(receives SubSocket::new());
    is_closed!(receives XSubSocket::new());
    is_closed!(receives RepSocket::new());
    is_closed!(receives RouterSocket::new());
    let port = ReservedPort::new();
    let mut req = ReqSocket::builder().linger(Duration::ZERO).build();
    req.connect(port.endpoint()).unwrap();
    req.send("request").await.unwrap();
    is_closed!(receives req);
}

#[tokio::test]
async fn closed_socket_rejects_bind_and_connect() {
    let port = ReservedPort::new();
    let pull = PullSocket::new();
    pull.handle().close().await;
    for endpoint in [port.endpoint().to_string(), "inproc://closed".into()] {
        let error = pull.connect(&endpoint).unwrap_err();
        assert!(matches!(error.kind(), ConnectErrorKind::Closed), "{error:?}");
        assert_contains(&error, &[&endpoint, "closed"]);
        let error = pull.bind(&endpoint).await.unwrap_err();
        assert!(matches!(error.kind(), BindErrorKind::Closed), "{error:?}");
        assert_contains(&error, &[&endpoint, "closed"]);
    }
    // Neither address was bound.
    PullSocket::new().bind(port.endpoint()).await.unwrap();
    PullSocket::new().bind("inproc://closed").await.unwrap();
}

#[tokio::test]
async fn closed_socket_drops_pending_inproc_connect() {
    let context = Context::new();
    let mut pair = PairSocket::builder_in(&context).build();
    pair.connect("inproc://late").unwrap();
    pair.handle().close().await;
    let mut late = PairSocket::builder_in(&context).build();
    late.bind("inproc://late").await.unwrap();
    assert!(is_pending(late.send("no peer")));
    assert_eq!(pair.try_recv(), Err(RecvError::Closed));
}
