//! Addresses that a socket binds, unbinds and connects to, and addresses that it rejects at once.

use std::time::{Duration, Instant};

use support::{ANY_PORT, DEADLINE, RawPeer, disconnected, event, fast_reconnect, listen, within};
use tokio::net::{TcpListener, TcpStream};
use zeromq_async::{
    BindErrorKind, ConnectErrorKind, Context, DetachError, Endpoint, Keepalive, Message,
    PullSocket, PushSocket, RouterSocket, SendErrorKind, SocketEvent, SocketType,
};

/// The port of a bound tcp endpoint.
fn port(endpoint: &Endpoint) -> u16 {
    support::address(endpoint).port()
}

// ---- unbinding ----

#[tokio::test]
async fn unbind_closes_accepted_connections() {
    let mut router = RouterSocket::builder().mandatory(true).build();
    let mut events = router.events();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let elsewhere = router.bind(ANY_PORT).await.unwrap();
    let mut peer = RawPeer::connect_as(&endpoint, SocketType::Dealer, "here").await;
    let mut stays = RawPeer::connect_as(&elsewhere, SocketType::Dealer, "there").await;
    router.wait_for_peers(2).await;
    router.send(Message::multipart(["here", "the last"])).await.unwrap();

    router.unbind(&endpoint).await.unwrap();
    let error = router.send(Message::multipart(["here", "too late"])).await.unwrap_err();
    assert_eq!(*error.kind(), SendErrorKind::Unroutable("here".into()));
    assert_eq!(peer.recv().await, "the last", "the queued message is written");
    peer.closed().await;
    assert_eq!(disconnected(&mut events).await, 0);

    router.send(Message::multipart(["there", "still here"])).await.unwrap();
    assert_eq!(stays.recv().await, "still here");
}

#[cfg(unix)]
#[tokio::test]
async fn unbind_closes_connections_over_ipc() {
    let (push, mut pull) = (PushSocket::new(), PullSocket::new());
    let mut events = push.events();
    let endpoint = pull.bind("ipc://*").await.unwrap();
    push.connect(&endpoint).unwrap();
    pull.wait_for_peers(1).await;
    pull.unbind(&endpoint).await.unwrap();
    disconnected(&mut events).await;
    assert!(pull.try_recv().is_err());
}

#[tokio::test]
async fn unbind_keeps_what_was_received() {
    let mut pull = PullSocket::new();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let mut peer = RawPeer::connect(&endpoint, SocketType::Push).await;
    peer.send("before").await;
    peer.sync().await;
    pull.unbind(&endpoint).await.unwrap();
    peer.closed().await;
    assert_eq!(pull.try_recv().unwrap(), "before");
}

#[tokio::test]
async fn unbind_ends_pending_handshakes() {
    let pull = PullSocket::new();
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let silent = TcpStream::connect(support::address(&endpoint)).await.unwrap();
    event(&mut events, "the connection", |event| {
        matches!(event, SocketEvent::Accepted { .. }).then_some(())
    })
    .await;
    pull.unbind(&endpoint).await.unwrap();
    let mut rest = Vec::new();
    let end = async { tokio::io::AsyncReadExt::read_to_end(&mut { silent }, &mut rest).await };
    within("the end", end).await.unwrap();
}

/// As in libzmq, unbinding a name does not end its connections.
#[tokio::test]
async fn unbind_keeps_inproc_peers() {
    let context = Context::new();
    let mut pull = PullSocket::builder_in(&context).build();
    let mut push = PushSocket::builder_in(&context).build();
    pull.bind("inproc://name").await.unwrap();
    push.connect("inproc://name").unwrap();
    pull.unbind("inproc://name").await.unwrap();
    push.send("still here").await.unwrap();
    assert_eq!(within("a message", pull.recv()).await.unwrap(), "still here");
}

/// With time in proportion to the number of names this would take minutes.
#[tokio::test]
async fn unbind_is_as_quick_with_many_names() {
    const NAMES: usize = 50_000;
    let context = Context::new();
    let pull = PullSocket::builder_in(&context).build();
    let mut names: Vec<_> = (0..NAMES).map(|name| format!("inproc://{name}")).collect();
    let started = Instant::now();
    for name in &names {
        pull.bind(name).await.unwrap();
    }
    while let Some(name) = names.pop() {
        pull.unbind(name).await.unwrap();
    }
    assert!(started.elapsed() < DEADLINE, "{:?}", started.elapsed());
}

#[tokio::test]
async fn unbind_refuses_a_wildcard() {
    for wildcard in ["tcp://127.0.0.1:*", "tcp://127.0.0.1:0", "tcp://*:*", "tcp://lo:*"] {
        let pull = PullSocket::new();
        let endpoint = pull.bind(wildcard).await.unwrap();
        let error = pull.unbind(wildcard).await.unwrap_err();
        assert!(matches!(error, DetachError::NotAttached(_)), "{wildcard}: {error}");
        pull.unbind(&endpoint).await.unwrap();
    }
    #[cfg(unix)]
    {
        let pull = PullSocket::new();
        let endpoint = pull.bind("ipc://*").await.unwrap();
        assert!(pull.unbind("ipc://*").await.is_err());
        pull.unbind(&endpoint).await.unwrap();
    }
}

#[tokio::test]
async fn unbind_accepts_other_names_of_the_address() {
    for (bound, unbound) in [
        ("tcp://localhost:*", "tcp://localhost:PORT"),
        ("tcp://localhost:*", "tcp://127.0.0.1:PORT"),
        ("tcp://127.0.0.1:*", "tcp://localhost:PORT"),
        ("tcp://127.0.0.1:*", "tcp://[::ffff:127.0.0.1]:PORT"),
        ("tcp://*:*", "tcp://*:PORT"),
        ("tcp://*:*", "tcp://0.0.0.0:PORT"),
        ("tcp://0.0.0.0:*", "tcp://*:PORT"),
        ("tcp://[::1]:*", "tcp://[0:0:0:0:0:0:0:1]:PORT"),
        ("tcp://[::]:*", "tcp://[::]:PORT"),
        #[cfg(target_os = "linux")]
        ("tcp://lo:*", "tcp://lo:PORT"),
        #[cfg(target_os = "linux")]
        ("tcp://127.0.0.1:*", "tcp://lo:PORT"),
    ] {
        let pull = PullSocket::new();
        let endpoint = pull.bind(bound).await.unwrap();
        let unbound = unbound.replace("PORT", &port(&endpoint).to_string());
        let result = pull.unbind(&unbound).await;
        assert_eq!(result, Ok(()), "{bound}, then {unbound}");
        assert!(pull.unbind(&endpoint).await.is_err());
    }
}

#[tokio::test]
async fn unbind_finds_no_other_address() {
    let pull = PullSocket::new();
    let endpoint = pull.bind("tcp://127.0.0.1:*").await.unwrap();
    for other in ["tcp://127.0.0.2:PORT", "tcp://*:PORT", "tcp://[::1]:PORT", "tcp://localhost:1"] {
        let other = other.replace("PORT", &port(&endpoint).to_string());
        let error = pull.unbind(&other).await.unwrap_err();
        assert!(matches!(error, DetachError::NotAttached(_)), "{other}: {error}");
    }
    pull.unbind(&endpoint).await.unwrap();
}

#[tokio::test]
async fn stop_accepting_keeps_current_peers() {
    let mut pull = PullSocket::new();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let mut stays = RawPeer::connect(&endpoint, SocketType::Push).await;
    pull.wait_for_peers(1).await;
    pull.stop_accepting(&endpoint).await.unwrap();
    TcpStream::connect(support::address(&endpoint)).await.unwrap_err();
    stays.send("still here").await;
    assert_eq!(within("a message", pull.recv()).await.unwrap(), "still here");
    assert!(pull.unbind(&endpoint).await.is_err());
}

/// A handshake that finishes while the endpoint is unbound leaves no peer behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unbind_leaves_no_peer_that_is_just_coming() {
    for _ in 0..200 {
        let pull = PullSocket::new();
        let endpoint = pull.bind(ANY_PORT).await.unwrap();
        let push = PushSocket::builder().reconnect(fast_reconnect()).linger(Duration::ZERO).build();
        push.connect(&endpoint).unwrap();
        tokio::task::yield_now().await;
        pull.unbind(&endpoint).await.unwrap();
        let gone = async {
            while !pull.stats().peers.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        within("the peer to be gone", gone).await;
    }
}

// ---- disconnecting ----

/// As in libzmq.
#[tokio::test]
async fn disconnect_ends_all_of_an_endpoint() {
    let (listener, endpoint) = listen().await;
    let push = PushSocket::new();
    push.connect(&endpoint).unwrap();
    push.connect(&endpoint).unwrap();
    let mut peers = [
        RawPeer::accept(&listener, SocketType::Pull).await,
        RawPeer::accept(&listener, SocketType::Pull).await,
    ];
    push.disconnect(&endpoint).unwrap();
    for peer in &mut peers {
        peer.closed().await;
    }
    assert!(push.disconnect(&endpoint).is_err());
}

#[tokio::test]
async fn disconnect_knows_one_address_in_two_forms() {
    let (listener, endpoint) = listen().await;
    let push = PushSocket::new();
    push.connect(&endpoint).unwrap();
    let _peer = RawPeer::accept(&listener, SocketType::Pull).await;
    let mapped = format!("tcp://[::ffff:127.0.0.1]:{}", port(&endpoint));
    push.disconnect(mapped).unwrap();
}

// ---- permanent errors ----

#[tokio::test]
async fn link_local_without_a_zone_is_refused() {
    for text in ["tcp://[fe80::1]:5555", "tcp://[fe80::1]:0;127.0.0.1:5555"] {
        let error = PushSocket::new().connect(text).unwrap_err();
        assert!(matches!(error.kind(), ConnectErrorKind::InvalidEndpoint(_)), "{error}");
        assert!(error.to_string().contains("[fe80::1%eth0]"), "{error}");
    }
    let error = PullSocket::new().bind("tcp://[fe80::1]:5555").await.unwrap_err();
    assert!(matches!(error.kind(), BindErrorKind::InvalidEndpoint(_)), "{error}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn refused_system_options_fail_at_once() {
    let second = Duration::from_secs(1);
    for keepalive in [
        Keepalive::new().count(200),
        Keepalive::new().count(0),
        Keepalive::new().idle(second * 40_000),
        Keepalive::new().interval(Duration::ZERO),
    ] {
        let push = PushSocket::builder().tcp_keepalive(keepalive).build();
        let error = push.connect("tcp://127.0.0.1:5555").unwrap_err();
        assert!(matches!(error.kind(), ConnectErrorKind::OptionRefused), "{error}");
        assert!(error.to_string().contains("tcp_keepalive"), "{error}");
        let error = push.bind(ANY_PORT).await.unwrap_err();
        assert!(matches!(error.kind(), BindErrorKind::OptionRefused), "{error}");
        assert!(error.to_string().contains("tcp_keepalive"), "{error}");
        let made = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let error = push.handle().bind_listener(made).unwrap_err();
        assert!(matches!(error.kind(), BindErrorKind::OptionRefused), "{error}");
    }
    let push = PushSocket::builder().tcp_keepalive(Keepalive::new().count(127)).build();
    push.connect("tcp://127.0.0.1:5555").unwrap();
}

/// The other socket may belong to this process and may still be closing.
#[tokio::test]
async fn in_use_may_be_ones_own_socket() {
    let pull = PullSocket::new();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let error = PullSocket::new().bind(&endpoint).await.unwrap_err();
    assert!(error.to_string().contains("await its close"), "{error}");
}

// ---- source addresses ----

#[tokio::test]
async fn handshake_timeout_covers_the_socks_proxy() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = proxy.local_addr().unwrap().to_string();
    let push = PushSocket::builder()
        .socks_proxy(address.parse().unwrap())
        .handshake_timeout(Duration::from_millis(100))
        .reconnect(fast_reconnect())
        .build();
    push.connect("tcp://10.1.2.3:5555").unwrap();
    let _silent = within("the socket", proxy.accept()).await.unwrap();
    within("the next attempt", proxy.accept()).await.unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_socks_proxy_is_reached_from_its_source() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("127.0.0.3:0;{}", proxy.local_addr().unwrap());
    let push = PushSocket::builder().socks_proxy(address.parse().unwrap()).build();
    push.connect("tcp://10.1.2.3:5555").unwrap();
    let (_stream, from) = within("the socket", proxy.accept()).await.unwrap();
    assert_eq!(from.ip().to_string(), "127.0.0.3");

    // The endpoint's own source address takes precedence.
    let push = PushSocket::builder().socks_proxy(address.parse().unwrap()).build();
    push.connect("tcp://127.0.0.4:0;10.1.2.3:5555").unwrap();
    let (_stream, from) = within("the socket", proxy.accept()).await.unwrap();
    assert_eq!(from.ip().to_string(), "127.0.0.4");
}

#[tokio::test]
async fn interface_alias_is_for_bind_only() {
    let error = PullSocket::new().bind("tcp://nosuch0:1:*").await.unwrap_err();
    assert!(matches!(error.kind(), BindErrorKind::NotFound), "{error}");
    assert!(error.to_string().contains("nosuch0:1"), "{error}");
    let error = PushSocket::new().connect("tcp://lo:1:5555").unwrap_err();
    assert!(matches!(error.kind(), ConnectErrorKind::InvalidEndpoint(_)), "{error}");
    assert!("tcp://lo:1:0;127.0.0.1:5555".parse::<Endpoint>().is_ok());
}
