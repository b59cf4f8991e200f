//! SOCKS proxies, the end of connect attempts, and accept filters in either library.

use std::net::SocketAddr;
use std::time::Duration;

use fast_socks5::server::{DnsResolveHelper, Socks5ServerProtocol, run_tcp_proxy};
use interop::{Attach, Directory, End, ReservedPort, Setup, TCP, WS, event, libzmq, within};
use libzmq_peer::SocketKind::{Pull, Push};
use libzmq_peer::{EventKind, Opt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use zeromq_async::{
    PullSocket, PushSocket, ReconnectBackoff, ReconnectStop, SocketEvent, SocksProxy,
};
use zeromq_auth::{AddressRules, PeerRange};

/// An independent SOCKS proxy that counts its connections.
struct Proxy {
    address: SocketAddr,
    asked: watch::Receiver<usize>,
}

const USER: &str = "user";
const PASSWORD: &str = "password";

impl Proxy {
    /// With or without a password.
    async fn start(wants_password: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (count, asked) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let count = count.clone();
                tokio::spawn(async move {
                    let peer = if wants_password {
                        let knows = |user, password| user == USER && password == PASSWORD;
                        Socks5ServerProtocol::accept_password_auth(stream, knows).await?.0
                    } else {
                        Socks5ServerProtocol::accept_no_auth(stream).await?
                    };
                    let (stream, _, target) = peer.read_command().await?.resolve_dns().await?;
                    count.send_modify(|count| *count += 1);
                    run_tcp_proxy(stream, &target, Duration::from_secs(10), true).await
                });
            }
        });
        Self { address, asked }
    }
}

/// A PUSH of either library that connects through a proxy.
async fn through(proxy: &Proxy, password: Option<&str>, ours: bool, endpoint: &str) -> End {
    let address = proxy.address.to_string();
    if ours {
        let mut proxy: SocksProxy = address.parse().expect("an address");
        if let Some(password) = password {
            proxy = proxy.with_credentials(USER, password).expect("short ones");
        }
        let push = PushSocket::builder().socks_proxy(proxy).build();
        return End::from_ours(push, Attach::Connect(endpoint)).await.0;
    }
    let password = password.map(str::to_owned);
    let options = move |socket: &libzmq_peer::Socket| {
        socket.set_str(Opt::SOCKS_PROXY, Some(&address))?;
        if let Some(password) = password {
            socket.set_str(Opt::SOCKS_USERNAME, Some(USER))?;
            socket.set_str(Opt::SOCKS_PASSWORD, Some(&password))?;
        }
        Ok(())
    };
    End::from_theirs(Push, options, Attach::Connect(endpoint)).0
}

#[tokio::test]
async fn both_connect_through_a_socks_proxy() {
    for wants_password in [false, true] {
        for ours in [true, false] {
            // By address, and by a name that the proxy resolves.
            for host in ["127.0.0.1", "localhost"] {
                let cell = format!("password: {wants_password}, ours: {ours}, {host}");
                let proxy = Proxy::start(wants_password).await;
                let (mut pull, endpoint) = if ours {
                    End::theirs(Setup::new(Pull), Attach::Bind(TCP))
                } else {
                    End::ours(Setup::new(Pull), Attach::Bind(TCP)).await
                };
                let endpoint = endpoint.replace("127.0.0.1", host);
                let password = wants_password.then_some(PASSWORD);
                let mut push = through(&proxy, password, ours, &endpoint).await;
                push.send(&cell, vec![b"through".to_vec()]).await;
                assert_eq!(pull.recv(&cell).await, [b"through"], "{cell}");
                assert_eq!(*proxy.asked.borrow(), 1, "{cell}");
            }
        }
    }
}

#[tokio::test]
async fn ws_connects_through_a_socks_proxy() {
    let proxy = Proxy::start(false).await;
    let (mut pull, endpoint) = End::theirs(Setup::new(Pull), Attach::Bind(WS));
    let endpoint = endpoint.replace("127.0.0.1", "localhost");
    let mut push = through(&proxy, None, true, &endpoint).await;
    push.send("over ws", vec![b"through".to_vec()]).await;
    assert_eq!(pull.recv("over ws").await, [b"through"]);
    assert_eq!(*proxy.asked.borrow(), 1);
}

/// Not with libzmq 4.3.5: if the proxy rejects the password it aborts the process (`Bad file
/// descriptor (epoll.cpp)`).
#[tokio::test]
async fn wrong_proxy_password_sends_no_request() {
    let proxy = Proxy::start(true).await;
    let port = ReservedPort::new();
    let push = through(&proxy, Some("a guess"), true, &port.endpoint()).await;
    push.connect_failed().await;
    assert_eq!(*proxy.asked.borrow(), 0);
}

/// The address is free at first. One socket gives up, and another does not. Once the other has
/// connected, the first would have connected too.
#[tokio::test]
async fn stopped_socket_does_not_reconnect() {
    for ours in [true, false] {
        let port = ReservedPort::new();
        let endpoint = port.endpoint();
        let interval = Duration::from_millis(10);
        let _stops = if ours {
            let push = PushSocket::builder()
                .reconnect(ReconnectBackoff::new(interval))
                .reconnect_stop(ReconnectStop::never().when_refused())
                .build();
            let mut events = push.events();
            let (push, _) = End::from_ours(push, Attach::Connect(&endpoint)).await;
            event(&mut events, "the end of the attempts", |event| {
                matches!(event, SocketEvent::ConnectStopped { .. }).then_some(())
            })
            .await;
            push
        } else {
            let options = |socket: &libzmq_peer::Socket| {
                socket.set_i32(Opt::RECONNECT_IVL, 10)?;
                socket.set_i32(Opt::RECONNECT_STOP, 1)
            };
            let (push, _) = End::from_theirs(Push, options, Attach::Connect(&endpoint));
            let End::Theirs(peer, _) = &push else { unreachable!() };
            peer.event(EventKind::CLOSED).await.expect("a connection that is refused");
            push
        };

        let goes_on = PushSocket::new(); // every 100 to 200 ms
        goes_on.connect(&endpoint).unwrap();
        event(&mut goes_on.events(), "a failed attempt", |event| {
            matches!(event, SocketEvent::ConnectRetried { .. }).then_some(())
        })
        .await;
        let pull = PullSocket::new();
        pull.bind(&endpoint).await.unwrap();
        within("the socket that continues", goes_on.wait_for_peers(1)).await;
        assert_eq!(pull.stats().peers.len(), 1, "ours: {ours}");
    }
}

/// Either library, with a filter that excludes this machine or this user, and with one that does
/// not.
#[tokio::test]
async fn filtered_peer_is_closed_silently() {
    const NOBODY: u32 = u32::MAX - 7;
    let directory = Directory::new();
    let user = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap());
    for (place, range, theirs, gets_in) in [
        (TCP.to_owned(), "10.0.0.0/8".parse().unwrap(), Filter::Tcp("10.0.0.0/8"), false),
        (TCP.to_owned(), "127.0.0.0/8".parse().unwrap(), Filter::Tcp("127.0.0.0/8"), true),
        (directory.endpoint(), PeerRange::IpcUser(NOBODY), Filter::User(NOBODY), false),
        (directory.endpoint(), PeerRange::IpcUser(user), Filter::User(user), true),
    ] {
        let rules = AddressRules::deny_by_default().allow(range);
        let pull = PullSocket::builder().accept_filter(move |peer| rules.allows(peer)).build();
        let mut events = pull.events();
        let bound = pull.bind(&place[..]).await.unwrap().to_string();
        let push = libzmq(Push, move |socket| socket.connect(&bound));
        let got_in =
            event(&mut events, "what becomes of libzmq's connection", |event| match event {
                SocketEvent::AcceptFailed { .. } => Some(false),
                SocketEvent::HandshakeSucceeded { .. } => Some(true),
                _ => None,
            });
        assert_eq!(got_in.await, gets_in, "ours at {place}: {range:?}");
        drop((push, pull));

        let at = place.clone();
        let pull = libzmq(Pull, move |socket| {
            match theirs {
                Filter::Tcp(range) => socket.set_str(Opt::TCP_ACCEPT_FILTER, Some(range))?,
                Filter::User(user) => socket.set_i32(Opt::IPC_FILTER_UID, user.cast_signed())?,
            }
            socket.bind(&at)
        });
        let push = PushSocket::new();
        push.connect(pull.endpoint()).unwrap();
        let kind = if gets_in { EventKind::HANDSHAKE_SUCCEEDED } else { EventKind::ACCEPT_FAILED };
        let told = pull.event(kind).await;
        told.unwrap_or_else(|error| panic!("libzmq's at {place}: {error}"));
    }
}

/// libzmq's filters.
#[derive(Clone, Copy)]
enum Filter {
    Tcp(&'static str),
    User(u32),
}
