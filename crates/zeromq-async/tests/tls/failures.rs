//! Handshakes that fail: what each side is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rcgen::date_time_ymd;
use support::authority::{ANY_TLS_PORT, Authority, HOST};
use support::hostile::{HostilePeer, handshake_failure};
use support::{ANY_PORT, event, fast_reconnect, handshake_succeeded, listen, relay, within};
use tokio::io::AsyncReadExt;
use zeromq_async::tls::{TlsClient, TlsFailure, TlsServer};
use zeromq_async::{
    DisconnectReason, Endpoint, Events, HandshakeFailure, PullSocket, PushSocket, SocketEvent,
};
use zeromq_test::{Ending, Relay};

/// Waits until a handshake fails. Returns the reason, and the event as one line.
async fn failed(events: &mut Events) -> (TlsFailure, String) {
    event(events, "a failed handshake", |event| {
        let line = event.to_string();
        match event {
            SocketEvent::HandshakeFailed { reason: HandshakeFailure::Tls(reason), .. } => {
                Some((reason, line))
            }
            SocketEvent::HandshakeFailed { reason, .. } => panic!("{reason:?}"),
            SocketEvent::HandshakeSucceeded { .. } => panic!("it succeeded"),
            _ => None,
        }
    })
    .await
}

/// Why a client does not accept a server.
async fn rejection(server: TlsServer, client: TlsClient) -> (TlsFailure, String) {
    let pull = PullSocket::builder().tls_server(server).build();
    rejection_at(&pull.bind(ANY_TLS_PORT).await.unwrap(), client).await
}

async fn rejection_at(endpoint: &Endpoint, client: TlsClient) -> (TlsFailure, String) {
    let push = PushSocket::builder().tls_client(client).reconnect(fast_reconnect()).build();
    let mut events = push.events();
    push.connect(endpoint).unwrap();
    failed(&mut events).await
}

#[tokio::test]
async fn event_names_endpoint_and_remedy() {
    let (reason, line) = rejection(Authority::new().server(), Authority::new().client()).await;
    assert!(matches!(reason, TlsFailure::UnknownIssuer), "{reason:?}");
    assert!(line.contains(" at tls://127.0.0.1:"), "{line}");
    assert!(line.contains("add the certificate of its authority to the TlsRoots here"), "{line}");
}

#[tokio::test]
async fn authorities_of_one_name_are_told_apart() {
    let [theirs, ours] = [(); 2].map(|()| Authority::named("Works"));
    let (reason, line) = rejection(theirs.server(), ours.client()).await;
    assert!(matches!(reason, TlsFailure::UnknownIssuer), "{line}");
}

#[tokio::test]
async fn expired_certificate_says_since_when() {
    let authority = Authority::new();
    let expired = authority.issue_with(HOST, |parameters| {
        parameters.not_before = date_time_ymd(2001, 1, 1);
        parameters.not_after = date_time_ymd(2002, 1, 1);
    });
    let (reason, line) = rejection(TlsServer::new(expired.tls()), authority.client()).await;
    let TlsFailure::Expired { ago: Some(ago) } = reason else { panic!("{reason:?}") };
    assert!(ago > Duration::from_secs(20 * 365 * 86_400), "{ago:?}");
    assert!(line.contains("days ago; renew it, or correct the clock"), "{line}");

    let early = authority.issue_with(HOST, |parameters| {
        parameters.not_before = date_time_ymd(2090, 1, 1);
        parameters.not_after = date_time_ymd(2091, 1, 1);
    });
    let (reason, line) = rejection(TlsServer::new(early.tls()), authority.client()).await;
    assert!(matches!(reason, TlsFailure::NotYetValid { ahead: Some(_) }), "{reason:?}");
    assert!(line.contains("not valid yet, but in"), "{line}");
}

#[tokio::test]
async fn wrong_name_lists_names_of_certificate() {
    let authority = Authority::new();
    let server = || TlsServer::new(authority.issue("db.example").tls());
    let (reason, line) = rejection(server(), authority.client()).await;
    let TlsFailure::WrongName { expected, presented } = reason else { panic!("{reason:?}") };
    assert_eq!((expected.as_str(), presented), (HOST, vec!["db.example".to_owned()]));
    assert!(line.contains("is not for 127.0.0.1, but for db.example;"), "{line}");

    let mut pull = PullSocket::builder().tls_server(server()).build();
    let client = authority.client().server_name("db.example").unwrap();
    let mut push = PushSocket::builder().tls_client(client).build();
    push.connect(pull.bind(ANY_TLS_PORT).await.unwrap()).unwrap();
    push.send("by its own name").await.unwrap();
    assert_eq!(within("it", pull.recv()).await.unwrap(), "by its own name");
}

#[tokio::test]
async fn authority_is_no_server() {
    let authority = Authority::new();
    let purpose = authority.issue_with(HOST, |parameters| {
        parameters.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    });
    let (reason, line) = rejection(TlsServer::new(purpose.tls()), authority.client()).await;
    assert!(matches!(reason, TlsFailure::InvalidCertificate { .. }), "{reason:?}");
    assert!(line.contains("the peer's certificate is invalid: "), "{line}");
}

#[tokio::test]
async fn plain_client_at_tls_port_is_told_apart() {
    let pull = PullSocket::builder().tls_server(Authority::new().server()).build();
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_TLS_PORT).await.unwrap();
    let push = PushSocket::new();
    push.connect(endpoint.with_scheme("tcp").unwrap()).unwrap();
    let (reason, line) = failed(&mut events).await;
    assert!(matches!(reason, TlsFailure::PlainPeer), "{reason:?}");
    assert!(line.contains("use the same transport on both sides, tls:// or tcp://"), "{line}");
}

#[tokio::test]
async fn tls_client_at_plain_port_is_told_apart() {
    let pull = PullSocket::new();
    let plain = pull.bind(ANY_PORT).await.unwrap();
    let mut at_server = pull.events();
    let endpoint = plain.with_scheme("tls").unwrap();
    let (reason, _) = rejection_at(&endpoint, Authority::new().client()).await;
    assert!(matches!(reason, TlsFailure::PlainPeer), "{reason:?}");
    let reason = event(&mut at_server, "a failed handshake", |event| match event {
        SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
        _ => None,
    })
    .await;
    assert!(matches!(reason, HandshakeFailure::Protocol(_)), "{reason:?}");
}

#[tokio::test]
async fn other_protocols_show_their_first_bytes() {
    let pull = PullSocket::builder().tls_server(Authority::new().server()).build();
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_TLS_PORT).await.unwrap().with_scheme("tcp").unwrap();
    for (bytes, shown) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], "\"GET / HTTP\""),
        (b"\x16\x05\x01 garbage in place of a hello", "\\x16\\x05\\x01"),
    ] {
        let mut peer = HostilePeer::connect(&endpoint, bytes).await;
        let reason = handshake_failure(&mut events, &peer).await;
        assert!(matches!(reason, HandshakeFailure::Tls(TlsFailure::NotTls { .. })), "{reason:?}");
        assert!(reason.to_string().contains(shown), "{reason}");
        peer.closed().await;
    }
    // A record of TLS with nonsense inside.
    let mut peer = HostilePeer::connect(&endpoint, b"\x16\x03\x01\x00\x04\xff\xff\xff\xff").await;
    let reason = handshake_failure(&mut events, &peer).await;
    assert!(matches!(reason, HandshakeFailure::Tls(TlsFailure::Broken { .. })), "{reason:?}");
    peer.closed().await;
}

#[tokio::test]
async fn peer_that_closes_at_once_is_named() {
    let (listener, endpoint) = listen().await;
    let accepting = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_u8().await.unwrap();
    });
    let endpoint = endpoint.with_scheme("tls").unwrap();
    let push = PushSocket::builder().tls_client(Authority::new().client()).build();
    let mut events = push.events();
    push.connect(&endpoint).unwrap();
    let reason = event(&mut events, "a failed handshake", |event| match event {
        SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
        _ => None,
    })
    .await;
    // The kernel resets the connection if it closes with unread bytes.
    let closed =
        matches!(reason, HandshakeFailure::Tls(TlsFailure::PeerClosed) | HandshakeFailure::Io(_));
    assert!(closed, "{reason:?}");
    accepting.await.unwrap();
}

/// A connected pair, with a relay between the TCP connections.
async fn relayed(interval: Option<Duration>) -> (PullSocket, PushSocket, Relay, Arc<AtomicUsize>) {
    let authority = Authority::new();
    let pull = PullSocket::builder().tls_server(authority.server()).build();
    let bound = pull.bind(ANY_TLS_PORT).await.unwrap();
    let passed = Arc::new(AtomicUsize::new(0));
    let counted = passed.clone();
    let relay = relay::relay(&bound.with_scheme("tcp").unwrap(), move |_| {
        let counted = counted.clone();
        Box::new(move |bytes| {
            counted.fetch_add(bytes.len(), Ordering::Relaxed);
            bytes.to_vec()
        })
    })
    .await;
    let push = PushSocket::builder().tls_client(authority.client());
    let push = match interval {
        None => push,
        Some(interval) => {
            push.heartbeat_interval(interval).heartbeat_timeout(Duration::from_secs(3))
        }
    };
    let push = push.build();
    let mut events = [pull.events(), push.events()];
    push.connect(relay.endpoint().with_scheme("tls").unwrap()).unwrap();
    for events in &mut events {
        handshake_succeeded(events).await;
    }
    (pull, push, relay, passed)
}

async fn end(events: &mut Events) -> DisconnectReason {
    event(events, "the end", |event| match event {
        SocketEvent::Disconnected { reason, .. } => Some(reason),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn cut_connection_is_not_an_end_of_tls() {
    let (pull, _push, relay, _) = relayed(None).await;
    let mut events = pull.events();
    relay.end(Ending::Cut);
    let reason = end(&mut events).await;
    let DisconnectReason::Io(error) = &reason else { panic!("{reason:?}") };
    let failure = error.get_ref().and_then(|cause| cause.downcast_ref::<TlsFailure>());
    assert!(matches!(failure, Some(TlsFailure::Truncated)), "{error:?}");
    assert!(reason.to_string().contains("without the end of TLS"), "{reason}");
}

#[tokio::test]
async fn changed_bytes_end_the_connection() {
    let authority = Authority::new();
    let mut pull = PullSocket::builder().tls_server(authority.server()).build();
    let bound = pull.bind(ANY_TLS_PORT).await.unwrap();
    let relay = relay::relay(&bound.with_scheme("tcp").unwrap(), |way| {
        let mut passed = 0;
        Box::new(move |bytes| {
            let mut bytes = bytes.to_vec();
            passed += bytes.len();
            if way == relay::Way::Up && passed > 10_000 {
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
            }
            bytes
        })
    })
    .await;
    let mut push = PushSocket::builder().tls_client(authority.client()).build();
    let mut events = pull.events();
    push.connect(relay.endpoint().with_scheme("tls").unwrap()).unwrap();
    push.send("unchanged").await.unwrap();
    assert_eq!(within("it", pull.recv()).await.unwrap(), "unchanged");
    push.send(vec![7; 100_000]).await.unwrap();
    let reason = end(&mut events).await;
    let DisconnectReason::Io(error) = &reason else { panic!("{reason:?}") };
    let failure = error.get_ref().and_then(|cause| cause.downcast_ref::<TlsFailure>());
    assert!(matches!(failure, Some(TlsFailure::Broken { .. })), "{error:?}");
}

#[tokio::test]
async fn heartbeat_finds_silent_peer() {
    let (_pull, push, relay, passed) = relayed(Some(Duration::from_millis(20))).await;
    let mut events = push.events();
    // An idle connection carries heartbeats.
    let after = passed.load(Ordering::Relaxed) + 500;
    let beating = async {
        while passed.load(Ordering::Relaxed) < after {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    within("heartbeats", beating).await;
    relay.fault(relay::Way::Down, zeromq_test::Fault::BlackHole);
    let reason = end(&mut events).await;
    assert!(matches!(reason, DisconnectReason::HeartbeatTimedOut), "{reason:?}");
}
