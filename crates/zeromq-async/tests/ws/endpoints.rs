//! `ws://` endpoints: binding, connecting, and errors that name what failed.

use support::{event, within};
use tokio::net::TcpListener;
use zeromq_async::transport::zws::UpgradeError;
use zeromq_async::{
    BindErrorKind, ConnectErrorKind, EndpointErrorKind, HandshakeFailure, MechanismName,
    ProtocolError, PullSocket, PushSocket, SocketEvent,
};

use crate::WS;

/// Why the first handshake with this endpoint fails.
async fn failure(socket: &PushSocket, endpoint: &str) -> HandshakeFailure {
    let mut events = socket.events();
    socket.connect(endpoint).unwrap();
    event(&mut events, "the handshake to fail", |event| match event {
        SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn bound_endpoint_has_its_port_and_path() {
    let pull = PullSocket::new();
    let plain = pull.bind(WS).await.unwrap().to_string();
    assert!(plain.starts_with("ws://127.0.0.1:") && !plain.ends_with('*'), "{plain}");
    let with_path = pull.bind("ws://127.0.0.1:0/a/b").await.unwrap().to_string();
    assert!(with_path.ends_with("/a/b"), "{with_path}");
    assert_eq!(pull.last_endpoint().unwrap().to_string(), with_path);
    let error = pull.bind(&plain).await.unwrap_err();
    assert_eq!(error.kind(), &BindErrorKind::InUse, "{error}");
}

#[tokio::test]
async fn names_and_ipv6_connect() {
    for host in ["localhost", "[::1]"] {
        let mut pull = PullSocket::new();
        let bound = pull.bind(format!("ws://{host}:*/x")).await.unwrap();
        let mut push = PushSocket::new();
        let port = bound.to_string().rsplit(':').next().unwrap().to_owned();
        push.connect(format!("ws://{host}:{port}")).unwrap();
        push.send("hello").await.unwrap();
        assert_eq!(within(host, pull.recv()).await.unwrap(), "hello");
    }
}

#[tokio::test]
async fn unbound_address_is_free() {
    let pull = PullSocket::new();
    let bound = pull.bind("ws://localhost:*/x").await.unwrap();
    let port = bound.to_string().rsplit(':').next().unwrap().to_owned();
    pull.unbind(format!("ws://localhost:{port}")).await.unwrap();
    pull.bind(&bound).await.unwrap();
    pull.unbind(&bound).await.unwrap();
    assert!(pull.unbind(&bound).await.is_err());
}

#[tokio::test]
async fn invalid_address_is_refused_at_once() {
    let pull = PullSocket::new();
    for text in ["ws://*:80/a#b", "ws://*:x", "ws://:80", "ws://*:*/a?b"] {
        let error = pull.bind(text).await.unwrap_err();
        assert!(matches!(error.kind(), BindErrorKind::InvalidEndpoint(_)), "{text}: {error}");
        assert!(error.to_string().contains(text), "{text}: {error}");
    }
    let error = pull.connect("ws://*:80").unwrap_err();
    let wildcard = ConnectErrorKind::InvalidEndpoint(EndpointErrorKind::WildcardNotAllowed);
    assert_eq!(error.kind(), &wildcard);
    assert!(pull.connect("ws://127.0.0.1:80/a b").is_err());
}

#[tokio::test]
async fn other_path_is_named_with_its_status() {
    let pull = PullSocket::new();
    let bound = pull.bind("ws://127.0.0.1:*/feed").await.unwrap().to_string();
    let other = bound.replace("/feed", "/food");
    let reason = failure(&PushSocket::new(), &other).await;
    let text = "the server refused the WebSocket: HTTP 404 Not Found";
    assert_eq!(reason.to_string(), text);
    let HandshakeFailure::Protocol(error) = reason else { panic!("{reason}") };
    assert!(error.may_reconnect());
}

#[tokio::test]
async fn tcp_socket_is_no_websocket_server() {
    let pull = PullSocket::new();
    let bound = pull.bind("tcp://127.0.0.1:*").await.unwrap().to_string();
    let reason = failure(&PushSocket::new(), &bound.replace("tcp", "ws")).await;
    let is_named =
        matches!(reason, HandshakeFailure::Protocol(ProtocolError::Upgrade(UpgradeError::NotHttp)));
    assert!(is_named, "{reason}");
    let bound = pull.bind(WS).await.unwrap().to_string();
    let reason = failure(&PushSocket::new(), &bound.replace("ws", "tcp")).await;
    assert!(matches!(reason, HandshakeFailure::Protocol(_)), "{reason}");
}

#[tokio::test]
async fn wrong_sub_protocol_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("ws://{}", listener.local_addr().unwrap());
    let answering = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            stream.read_buf(&mut request).await.unwrap();
        }
        let request = String::from_utf8(request).unwrap();
        let headers: Vec<(&str, &[u8])> = request
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name, value.as_bytes()))
            .collect();
        let upgrade = zeromq_async::transport::zws::Upgrade::accept(MechanismName::NULL, headers);
        let [.., accept, _] = upgrade.unwrap().headers();
        let response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
            accept.1
        );
        stream.write_all(response.as_bytes()).await.unwrap();
        stream
    });
    let reason = failure(&PushSocket::new(), &endpoint).await;
    assert!(reason.to_string().contains("sub-protocol \"chat\""), "{reason}");
    drop(answering.await);
}

#[tokio::test]
async fn a_socket_may_bind_tcp_and_ws() {
    let mut pull = PullSocket::new();
    for bind in [WS, "tcp://127.0.0.1:*", "inproc://mixed"] {
        let endpoint = pull.bind(bind).await.unwrap();
        if bind.starts_with("inproc") {
            continue;
        }
        let mut push = PushSocket::new();
        push.connect(&endpoint).unwrap();
        push.send(bind).await.unwrap();
        assert_eq!(within("a message", pull.recv()).await.unwrap(), bind);
    }
}
