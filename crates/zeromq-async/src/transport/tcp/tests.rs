use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, TcpListener as StdListener};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use socket2::{Domain, SockRef, Socket, Type};

use super::dial::{ADDRESS_TIMEOUT, explain};
use super::lookups::Lookups;
use super::*;
use crate::error::{BindError, BindErrorKind};
use crate::transport::tests::{accept, connect, dial, endpoint, listen, refused};

/// TCP with the addresses that a test gives to names.
pub(crate) struct Resolving(Lookups);

impl Resolving {
    pub(crate) fn to(addresses: Vec<SocketAddr>) -> Self {
        Self(Lookups::new(move |_| Ok(addresses.clone())))
    }
}

impl Transport for Resolving {
    type Listener = BoundTcp;

    async fn listen(&self, at: &Endpoint, options: &TransportOptions) -> io::Result<BoundTcp> {
        Tcp.listen(at, options).await
    }

    async fn dial(&self, to: &Endpoint, options: &TransportOptions) -> io::Result<Io> {
        Route::new(tcp(to)?, options).connect(&self.0).await
    }
}

/// Binds, connects to the bound endpoint (or to `target`), and sends bytes in both directions.
async fn round_trip(bound: &str, target: Option<&str>) -> (Io, Io) {
    let mut listener = listen(bound).await;
    let local = listener.local_endpoint().clone();
    assert!(!local.is_wildcard(), "{local}");
    let port = local.to_string().rsplit_once(':').map(|(_, port)| port.to_owned()).unwrap();
    let target = target.map_or(local, |target| endpoint(&target.replace("PORT", &port)));

    let mut near = connect(&target).await;
    let mut far = accept(&mut listener).await;
    let mut received = [0; 4];
    near.write_all(b"ping").await.unwrap();
    far.read_exact(&mut received).await.unwrap();
    assert_eq!(&received, b"ping");
    far.write_all(b"pong").await.unwrap();
    near.read_exact(&mut received).await.unwrap();
    assert_eq!(&received, b"pong");
    (near, far)
}

#[tokio::test]
async fn tcp_carries_bytes_both_ways() {
    for (bound, target) in [
        ("tcp://127.0.0.1:*", None),
        ("tcp://[::1]:0", None),
        ("tcp://*:*", None),
        ("tcp://*:*", Some("tcp://127.0.0.1:PORT")),
        ("tcp://[::]:0", None),
        ("tcp://[::]:0", Some("tcp://127.0.0.1:PORT")),
        ("tcp://lo:0", Some("tcp://127.0.0.1:PORT")),
        ("tcp://localhost:0", Some("tcp://127.0.0.1:PORT")),
        ("tcp://127.0.0.1:0", Some("tcp://localhost:PORT")),
    ] {
        if bound != "tcp://lo:0" || cfg!(target_os = "linux") {
            round_trip(bound, target).await;
        }
    }
}

#[tokio::test]
async fn link_local_address_keeps_its_zone() {
    let interfaces = if_addrs::get_if_addrs().unwrap();
    // A machine without any has nothing to show here.
    for interface in interfaces.iter().filter(|interface| !interface.is_loopback()) {
        if let IpAddr::V6(ip) = interface.ip()
            && ip.is_unicast_link_local()
        {
            round_trip(&format!("tcp://[{ip}%{}]:0", interface.name), None).await;
        }
    }
}

#[tokio::test]
async fn dial_tries_every_resolved_address() {
    // `localhost` is 127.0.0.1 and ::1 on most machines, in either order: whichever is bound is
    // found.
    let mut listener = listen("tcp://[::1]:0").await;
    let Endpoint::Tcp(local) = listener.local_endpoint().clone() else { panic!("not tcp") };
    let target = endpoint(&format!("tcp://localhost:{}", local.address().port()));
    match dial(&target, &TransportOptions::default()).await {
        Ok(_) => drop(accept(&mut listener).await),
        // Where it is 127.0.0.1 only, the error says that this was tried.
        Err(error) => assert!(error.to_string().contains("127.0.0.1:"), "{error}"),
    }
}

#[tokio::test]
async fn dial_error_names_endpoint_and_addresses() {
    // Bound and not listening: the port is taken, and connections to it are refused.
    let silent = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    silent.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    let port = silent.local_addr().unwrap().as_socket().unwrap().port();

    let target = endpoint(&format!("tcp://localhost:{port}"));
    let error = dial(&target, &TransportOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    let message = error.to_string();
    assert!(message.starts_with(&format!("cannot connect to {target}: ")), "{message}");
    assert!(message.contains(&format!("127.0.0.1:{port}: ")), "{message}");

    // The system's own errors are kept.
    let mut causes = std::iter::successors(error.source(), |&error| error.source());
    let of_the_system = causes.any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.raw_os_error().is_some())
    });
    assert!(of_the_system, "{error:?}");
}

#[tokio::test]
async fn unknown_host_is_not_found() {
    let target = endpoint("tcp://no-such-host.invalid:5555");
    let error = dial(&target, &TransportOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}");
}

#[tokio::test]
async fn dial_uses_the_source_address() {
    let free = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let mut listener = listen("tcp://127.0.0.1:0").await;
    let local = listener.local_endpoint().to_string();
    let target = local.trim_start_matches("tcp://");

    connect(&endpoint(&format!("tcp://127.0.0.1:{free};{target}"))).await;
    let peer = accept(&mut listener).await.peer_address().clone();
    assert_eq!(peer.to_string(), format!("127.0.0.1:{free}"));

    if cfg!(target_os = "linux") {
        connect(&endpoint(&format!("tcp://127.0.0.2:0;{target}"))).await;
        let peer = accept(&mut listener).await.peer_address().clone();
        assert!(peer.to_string().starts_with("127.0.0.2:"), "{peer}");
        connect(&endpoint(&format!("tcp://lo:0;{target}"))).await;
        accept(&mut listener).await;
    }

    let other_family = endpoint(&format!("tcp://[::1]:0;{target}"));
    let error = dial(&other_family, &TransportOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains("same family"), "{error}");
}

#[tokio::test]
async fn port_in_use_error_suggests_a_fix() {
    let listener = listen("tcp://127.0.0.1:0").await;
    let error = refused(&listener.local_endpoint().to_string()).await;
    assert!(matches!(error.kind(), BindErrorKind::InUse), "{error:?}");
    assert!(error.to_string().contains(&listener.local_endpoint().to_string()), "{error}");
    assert!(error.to_string().contains("port 0"), "{error}");
}

#[tokio::test]
async fn port_can_be_rebound_at_once() {
    let (near, far) = {
        let mut listener = listen("tcp://127.0.0.1:0").await;
        let local = listener.local_endpoint().clone();
        let near = connect(&local).await;
        let mut far = accept(&mut listener).await;
        drop(listener);
        far.shutdown().await.unwrap();
        listen(&local.to_string()).await;
        (near, far)
    };
    drop((near, far));
}

#[tokio::test]
async fn bind_errors_have_distinct_kinds() {
    assert!(matches!(refused("tcp://192.0.2.77:0").await.kind(), BindErrorKind::NotLocal));
    assert!(matches!(
        refused("tcp://no-such-host.invalid:0").await.kind(),
        BindErrorKind::NotFound
    ));
    assert!(matches!(
        refused("tcp://lo:0;127.0.0.1:0").await.kind(),
        BindErrorKind::InvalidEndpoint(_)
    ));
    assert!(matches!(refused("inproc://name").await.kind(), BindErrorKind::Unsupported));
}

#[tokio::test]
async fn tcp_self_connect_is_rejected() {
    let port = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let itself = endpoint(&format!("tcp://127.0.0.1:{port};127.0.0.1:{port}"));
    let error = dial(&itself, &TransportOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused, "{error}");
}

/// The addresses of [`listeners_on_one_port`], as a name resolves to them.
#[cfg(target_os = "linux")]
pub(crate) const TWO_ADDRESSES: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)), 0),
];

/// Listeners on one port of 127.0.0.1 and 127.0.0.2. Ports that another socket has on either address
/// are passed over, and held until both are bound so that none is tried twice.
#[cfg(target_os = "linux")]
pub(crate) fn listeners_on_one_port() -> ([StdListener; 2], u16) {
    let [one, other] = TWO_ADDRESSES;
    let mut passed_over = Vec::new();
    loop {
        let first = StdListener::bind(one).unwrap();
        let port = first.local_addr().unwrap().port();
        match StdListener::bind((other.ip(), port)) {
            Ok(second) => return ([first, second], port),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::AddrInUse, "{error}"),
        }
        passed_over.push(first);
    }
}

/// Fills the backlog of a listener, so that it answers no further attempt to connect.
#[cfg(target_os = "linux")]
fn fill_backlog(listener: &StdListener) -> Vec<Socket> {
    SockRef::from(listener).listen(0).unwrap();
    let address = listener.local_addr().unwrap().into();
    let waiting = (0..4).map(|_| {
        let stream = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        stream.set_nonblocking(true).unwrap();
        let _ = stream.connect(&address);
        stream
    });
    waiting.collect()
}

/// Within a connect timeout, each of the addresses has its share.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_silent_address_leaves_time_for_the_next() {
    let ([silent, _right], port) = listeners_on_one_port();
    let _waiting = fill_backlog(&silent);
    let mut options = TransportOptions::default();
    options.attempt.connect_timeout = Some(Duration::from_millis(600));
    let started = std::time::Instant::now();
    let target = endpoint(&format!("tcp://two:{port}"));
    let io = Resolving::to(TWO_ADDRESSES.into()).dial(&target, &options).await.unwrap();
    assert!(io.peer_address().to_string().starts_with("127.0.0.2:"));
    assert!(started.elapsed() < ADDRESS_TIMEOUT, "{:?}", started.elapsed());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_interface_without_address_is_named() {
    let addressed = if_addrs::get_if_addrs().unwrap();
    let interfaces = std::fs::read_dir("/sys/class/net").unwrap();
    let mut names = interfaces.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // A machine without any has nothing to show here.
    let Some(name) = names.find(|name| addressed.iter().all(|other| other.name != *name)) else {
        return;
    };
    let error = refused(&format!("tcp://{name}:0")).await;
    assert!(error.to_string().contains(&format!("{name:?} has no address")), "{error}");
}

#[tokio::test]
async fn a_zone_that_is_no_interface_is_named() {
    let error = dial(&endpoint("tcp://[fe80::1%nosuch0]:5555"), &TransportOptions::default()).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert!(error.to_string().contains("no network interface \"nosuch0\""), "{error}");
}

#[test]
fn no_free_port_is_not_one_in_use() {
    let taken = || io::Error::from(io::ErrorKind::AddrInUse);
    let error = BindError::from_io(&endpoint("tcp://127.0.0.1:*"), taken());
    assert!(matches!(error.kind(), BindErrorKind::NoFreePort), "{error}");
    assert!(error.to_string().contains("range of ephemeral ports"), "{error}");
    let error = BindError::from_io(&endpoint("tcp://*:5555"), taken());
    assert!(matches!(error.kind(), BindErrorKind::InUse), "{error}");
}

#[test]
fn a_bare_error_of_connecting_is_explained() {
    let error = io::Error::from(io::ErrorKind::AddrNotAvailable);
    let error = explain(error, "127.0.0.1:5555".parse().unwrap());
    assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
    assert!(error.to_string().contains("no free port, to connect from"), "{error}");
    let invalid = || io::Error::from(io::ErrorKind::InvalidInput);
    let error = explain(invalid(), "[fe80::1]:5555".parse().unwrap());
    assert!(error.to_string().contains("[fe80::1%eth0]"), "{error}");
    let error = explain(invalid(), "[fe80::1%3]:5555".parse().unwrap());
    assert!(!error.to_string().contains("zone"), "{error}");
}

#[tokio::test]
async fn a_source_of_another_machine_is_named() {
    let target = endpoint("tcp://192.0.2.77:0;127.0.0.1:5555");
    let error = dial(&target, &TransportOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains("cannot connect from 192.0.2.77:0"), "{error}");
}

/// As those of the peer's own name.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn every_address_of_a_proxy_is_tried() {
    let (listeners, port) = listeners_on_one_port();
    let [wrong, right] = listeners.map(|listener| {
        listener.set_nonblocking(true).unwrap();
        TcpListener::from_std(listener).unwrap()
    });
    tokio::spawn(async move { while wrong.accept().await.is_ok() {} });
    let proxy = tokio::spawn(async move {
        let (mut stream, _) = right.accept().await.unwrap();
        stream.read_exact(&mut [0; 3]).await.unwrap();
        stream.write_all(b"\x05\0").await.unwrap();
        stream.read_exact(&mut [0; 10]).await.unwrap();
        stream.write_all(b"\x05\0\0\x01\0\0\0\0\0\0").await.unwrap();
        stream
    });
    let socks_proxy = Some(Box::new(format!("two:{port}").parse().unwrap()));
    let options = TransportOptions { socks_proxy, ..TransportOptions::default() };
    let target = endpoint("tcp://10.1.2.3:5555");
    let io = Resolving::to(TWO_ADDRESSES.into()).dial(&target, &options).await.unwrap();
    assert!(io.peer_address().to_string().starts_with("127.0.0.2:"));
    assert!(io.handshake_began().is_some(), "its talk is a part of the handshake");
    drop(proxy.await.unwrap());
}
