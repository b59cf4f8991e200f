//! SOCKS proxies, the end of connect attempts, and accept filters.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use support::{ANY_PORT, ReservedPort, event, fast_reconnect, listen, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use zeromq_async::transport::Io;
use zeromq_async::{
    EndpointErrorKind, Events, PullSocket, PushSocket, ReconnectStop, SocketEvent, SocketType,
    SocksProxy,
};
use zeromq_auth::{AddressRules, PeerRange};
use zeromq_test::RawPeer;

/// A scripted SOCKS proxy and its endpoint.
async fn proxy() -> (TcpListener, SocksProxy) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    (listener, address.parse().expect("a proxy"))
}

/// A socket that connects to a host which only the proxy can resolve.
async fn push_through(proxy: SocksProxy, endpoint: &str) -> (PushSocket, Events) {
    let push = PushSocket::builder().socks_proxy(proxy).reconnect(fast_reconnect()).build();
    let events = push.events();
    push.connect(endpoint).expect("an endpoint");
    (push, events)
}

/// Reads `expected` and writes `answer`.
async fn read_then_write(stream: &mut TcpStream, heard: &[u8], answer: &[u8]) {
    let mut bytes = vec![0; heard.len()];
    within("the client", stream.read_exact(&mut bytes)).await.expect("as many bytes");
    assert_eq!(bytes, heard);
    stream.write_all(answer).await.expect("an open connection");
}

async fn failure(events: &mut Events) -> Arc<io::Error> {
    event(events, "a failed attempt", |event| match event {
        SocketEvent::ConnectFailed { error, .. } => Some(error),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn socks_proxy_carries_the_connection() {
    let name = b"\x05\x01\0\x03\x14no-such-host.invalid\x15\xb3";
    let v4 = b"\x05\x01\0\x01\x0a\x01\x02\x03\x15\xb3";
    let v6 = b"\x05\x01\0\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\x15\xb3";
    for (endpoint, request) in [
        ("tcp://no-such-host.invalid:5555", &name[..]),
        ("tcp://10.1.2.3:5555", &v4[..]),
        ("tcp://[2001:db8::7]:5555", &v6[..]),
    ] {
        // The reply may contain an address of any type.
        for bound in
            [&b"\x01\0\0\0\0\0\0"[..], b"\x03\x05other\0\0", &[&[4][..], &[0; 18]].concat()]
        {
            let (listener, proxy) = proxy().await;
            let (mut push, _) = push_through(proxy, endpoint).await;
            let mut stream = within("the socket", listener.accept()).await.unwrap().0;
            read_then_write(&mut stream, b"\x05\x01\0", b"\x05\0").await;
            read_then_write(&mut stream, request, &[b"\x05\0\0", bound].concat()).await;
            let mut peer = RawPeer::new(Io::from_tcp(stream).unwrap());
            peer.handshake(SocketType::Pull).await.unwrap();
            push.send("through").await.unwrap();
            assert_eq!(within("the message", peer.read_message()).await.unwrap(), "through");
        }
    }
}

#[tokio::test]
async fn socks_proxy_gets_requested_credentials() {
    let (listener, proxy) = proxy().await;
    let proxy = proxy.with_credentials("user", "secret").unwrap();
    assert!(!format!("{proxy:?}").contains("secret"));
    let (_push, mut events) = push_through(proxy, "tcp://10.1.2.3:5555").await;
    // The proxy may choose not to authenticate.
    let mut stream = within("the socket", listener.accept()).await.unwrap().0;
    read_then_write(&mut stream, b"\x05\x02\0\x02", b"\x05\0").await;
    read_then_write(&mut stream, b"\x05\x01\0\x01\x0a\x01\x02\x03\x15\xb3", b"\x05\x05\0\x01")
        .await;
    assert_eq!(failure(&mut events).await.kind(), io::ErrorKind::ConnectionRefused);
    // The proxy may reject the credentials.
    let mut stream = within("the socket", listener.accept()).await.unwrap().0;
    read_then_write(&mut stream, b"\x05\x02\0\x02", b"\x05\x02").await;
    read_then_write(&mut stream, b"\x01\x04user\x06secret", b"\x01\x01").await;
    let error = failure(&mut events).await;
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("did not accept the username"), "{error}");
    // The proxy may accept the credentials.
    let mut stream = within("the socket", listener.accept()).await.unwrap().0;
    read_then_write(&mut stream, b"\x05\x02\0\x02", b"\x05\x02").await;
    read_then_write(&mut stream, b"\x01\x04user\x06secret", b"\x01\0").await;
    read_then_write(
        &mut stream,
        b"\x05\x01\0\x01\x0a\x01\x02\x03\x15\xb3",
        b"\x05\0\0\x01\0\0\0\0\0\0",
    )
    .await;
    let mut peer = RawPeer::new(Io::from_tcp(stream).unwrap());
    peer.handshake(SocketType::Pull).await.unwrap();
}

#[tokio::test]
async fn socks_proxy_errors_are_distinct() {
    use io::ErrorKind;
    let table: [(&[u8], ErrorKind, &str); 12] = [
        (b"\x05\0\x05\x01\0\x01", ErrorKind::Other, "could not connect"),
        (b"\x05\0\x05\x02\0\x01", ErrorKind::PermissionDenied, "does not allow"),
        (b"\x05\0\x05\x03\0\x01", ErrorKind::NetworkUnreachable, "the network"),
        (b"\x05\0\x05\x04\0\x01", ErrorKind::HostUnreachable, "the host"),
        (b"\x05\0\x05\x05\0\x01", ErrorKind::ConnectionRefused, "was refused"),
        (b"\x05\0\x05\x06\0\x01", ErrorKind::TimedOut, "time to live"),
        (b"\x05\0\x05\x07\0\x01", ErrorKind::Unsupported, "does not connect"),
        (b"\x05\0\x05\x63\0\x01", ErrorKind::InvalidData, "unknown reason"),
        (b"\x05\xff", ErrorKind::PermissionDenied, "wants a username"),
        (b"\x05\x02", ErrorKind::InvalidData, "was not offered"),
        (b"HTTP/1.1 400 Bad Request", ErrorKind::InvalidData, "not in SOCKS"),
        (b"\x05", ErrorKind::ConnectionAborted, "early eof"),
    ];
    for (answer, kind, text) in table {
        let (listener, proxy) = proxy().await;
        let address = listener.local_addr().unwrap().to_string();
        let (_push, mut events) = push_through(proxy, "tcp://10.1.2.3:5555").await;
        let mut stream = within("the socket", listener.accept()).await.unwrap().0;
        stream.write_all(answer).await.unwrap();
        stream.shutdown().await.unwrap();
        let error = failure(&mut events).await;
        assert_eq!(error.kind(), kind, "{error}");
        for part in ["cannot connect to tcp://10.1.2.3:5555", &address, text] {
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}

#[tokio::test]
async fn silent_socks_proxy_times_out() {
    let (listener, proxy) = proxy().await;
    let limit = Duration::from_millis(200);
    let push = PushSocket::builder().socks_proxy(proxy).connect_timeout(limit).build();
    let mut events = push.events();
    push.connect("tcp://10.1.2.3:5555").unwrap();
    let _silent = within("the socket", listener.accept()).await.unwrap();
    assert_eq!(failure(&mut events).await.kind(), io::ErrorKind::TimedOut);
}

#[test]
fn proxy_address_is_checked_on_parse() {
    for (text, good) in [
        ("127.0.0.1:1080", true),
        ("[::1]:1080", true),
        ("proxy.example.org:1080", true),
        ("127.0.0.1", false),
        ("*:1080", false),
        ("127.0.0.1:0", false),
        ("lo:0;127.0.0.1:1080", true),
        ("lo:0;127.0.0.1:0", false),
        ("[fe80::1]:1080", false),
        ("socks5://127.0.0.1:1080", false),
    ] {
        assert_eq!(text.parse::<SocksProxy>().is_ok(), good, "{text}");
    }
    let error = "proxy".parse::<SocksProxy>().unwrap_err();
    assert!(matches!(error.kind(), EndpointErrorKind::MissingPort), "{error}");
}

/// Waits until connecting ends, and checks that no attempt follows.
async fn connecting_stopped(events: &mut Events) {
    event(events, "the end of the attempts", |event| match event {
        SocketEvent::ConnectRetried { attempt, .. } => panic!("attempt {attempt} is to come"),
        SocketEvent::ConnectStopped { .. } => Some(()),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn stop_when_refused_ends_reconnecting() {
    let port = ReservedPort::new();
    let stop = ReconnectStop::never().when_refused();
    let mut push = PushSocket::builder().reconnect(fast_reconnect()).reconnect_stop(stop).build();
    let mut events = push.events();
    push.connect(port.endpoint()).unwrap();
    push.send("lost").await.unwrap();
    connecting_stopped(&mut events).await;
    assert!(push.disconnect(port.endpoint()).is_err(), "the endpoint is forgotten");
    assert_eq!(push.stats().lost, 1);

    // Other failures do not end it.
    let (listener, endpoint) = listen().await;
    push.connect(endpoint).unwrap();
    for _ in 0..3 {
        drop(within("another attempt", listener.accept()).await.unwrap());
    }
}

#[tokio::test]
async fn stop_on_failed_handshake_ends_reconnecting() {
    let stop = ReconnectStop::never().when_handshake_fails();
    let builder = || PushSocket::builder().reconnect(fast_reconnect()).reconnect_stop(stop);
    let (listener, endpoint) = listen().await;
    // The listener is no ZeroMQ socket. It writes garbage, stays silent, or closes the connection.
    for (says, stays) in [(&b"HTTP/1.1 400 Bad Request"[..], true), (b"", true), (b"", false)] {
        let limit = Duration::from_millis(200);
        let push = builder().handshake_timeout(limit).build();
        let mut events = push.events();
        push.connect(&endpoint).unwrap();
        let mut stream = within("the socket", listener.accept()).await.unwrap().0;
        stream.write_all(says).await.unwrap();
        let stream = stays.then_some(stream);
        connecting_stopped(&mut events).await;
        drop(stream);
    }

    // A refused connection does not end it, and a lost connection is made again.
    let port = ReservedPort::new();
    let push = builder().build();
    push.connect(port.endpoint()).unwrap();
    failure(&mut push.events()).await;
    for _ in 0..2 {
        let pull = PullSocket::builder().build();
        pull.bind(port.endpoint()).await.unwrap();
        within("the socket to come again", pull.wait_for_peers(1)).await;
        pull.close().await;
    }
}

/// The error of a rejected connection.
async fn accept_error(events: &mut Events) -> Arc<io::Error> {
    event(events, "a connection that is turned away", |event| match event {
        SocketEvent::AcceptFailed { error, .. } => Some(error),
        _ => None,
    })
    .await
}

#[cfg(target_os = "linux")] // where all of 127/8 is this machine
#[tokio::test]
async fn accept_filter_admits_allowed_addresses() {
    let range: PeerRange = "127.0.0.2/31".parse().unwrap();
    let rules = AddressRules::deny_by_default().allow(range);
    let mut pull = PullSocket::builder().accept_filter(move |peer| rules.allows(peer)).build();
    let mut events = pull.events();
    let bound = pull.bind(ANY_PORT).await.unwrap();
    let mut outside = TcpStream::connect(support::address(&bound)).await.unwrap();
    let error = accept_error(&mut events).await;
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("127.0.0.1:"), "{error}");
    // The connection ends before the handshake.
    assert_eq!(within("the end", outside.read(&mut [0; 64])).await.unwrap(), 0);

    let inside = bound.to_string().replace("tcp://", "tcp://127.0.0.3:0;");
    let mut push = PushSocket::new();
    push.connect(inside).unwrap();
    push.send("from the right place").await.unwrap();
    within("the message", pull.recv()).await.unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn accept_filter_matches_process_ids() {
    let me = i32::try_from(std::process::id()).unwrap();
    for (process, gets_in) in [(me, true), (me + 1, false)] {
        let rules = AddressRules::deny_by_default().allow(PeerRange::IpcProcess(process));
        let mut pull = PullSocket::builder().accept_filter(move |peer| rules.allows(peer)).build();
        let mut events = pull.events();
        let mut push = PushSocket::new();
        push.connect(pull.bind("ipc://*").await.unwrap()).unwrap();
        push.send("hello").await.unwrap();
        if gets_in {
            within("the message", pull.recv()).await.unwrap();
        } else {
            accept_error(&mut events).await;
        }
    }
}
