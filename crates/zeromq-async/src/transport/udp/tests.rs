use std::future::poll_fn;
use std::net::SocketAddr;

use socket2::SockRef;

use super::*;

fn endpoint(text: &str) -> Endpoint {
    text.parse().expect(text)
}

async fn bind(text: &str) -> UdpDatagrams {
    let bound = Udp.bind(&endpoint(text), &TransportOptions::default()).await;
    bound.unwrap_or_else(|error| panic!("{text}: {error}"))
}

async fn connect(endpoint: &Endpoint) -> UdpDatagrams {
    let connected = Udp.connect(endpoint, &TransportOptions::default()).await;
    connected.unwrap_or_else(|error| panic!("{endpoint}: {error}"))
}

async fn send(from: &mut UdpDatagrams, datagram: &[u8], to: Option<SocketAddr>) {
    poll_fn(|cx| from.poll_send(cx, datagram, to)).await.unwrap();
}

async fn recv(at: &mut UdpDatagrams) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0; 64];
    let (size, from) = poll_fn(|cx| at.poll_recv(cx, &mut buffer)).await.unwrap();
    (buffer[..size].to_vec(), from)
}

fn port(endpoint: &Endpoint) -> u16 {
    let Endpoint::Udp(udp) = endpoint else { panic!("{endpoint}") };
    udp.port()
}

#[tokio::test]
async fn unicast_datagrams_arrive() {
    for text in ["udp://127.0.0.1:*", "udp://[::1]:*", "udp://lo:*"] {
        let mut bound = bind(text).await;
        assert_ne!(port(bound.endpoint()), 0);
        let mut sender = connect(&bound.endpoint().clone()).await;
        send(&mut sender, b"hello", None).await;
        let (datagram, from) = recv(&mut bound).await;
        assert_eq!(datagram, b"hello");
        assert!(from.ip().is_loopback(), "{from}");
    }
}

/// As a DGRAM does.
#[tokio::test]
async fn bound_sockets_send_to_each_other() {
    let (mut one, mut other) = (bind("udp://127.0.0.1:*").await, bind("udp://*:*").await);
    let to: SocketAddr = ([127, 0, 0, 1], port(other.endpoint())).into();
    send(&mut one, b"ping", Some(to)).await;
    let (datagram, from) = recv(&mut other).await;
    assert_eq!((&datagram[..], from.port()), (&b"ping"[..], port(one.endpoint())));
    send(&mut other, b"", Some(from)).await;
    assert_eq!(recv(&mut one).await.0, b"");
}

/// Both groups are heard on this machine, and a unicast datagram comes to the port as well.
#[tokio::test]
async fn group_is_heard_alone() {
    let mut first = bind("udp://127.0.0.1;239.255.7.1:*").await;
    let port = port(first.endpoint());
    assert_eq!(first.endpoint().to_string(), format!("udp://127.0.0.1;239.255.7.1:{port}"));
    let mut second = bind(&format!("udp://lo;239.255.7.2:{port}")).await;
    let mut again = bind(&format!("udp://127.0.0.1;239.255.7.1:{port}")).await;

    for (to, datagram) in [
        ("udp://127.0.0.1;239.255.7.2", &b"second"[..]),
        ("udp://127.0.0.1", b"unicast"),
        ("udp://127.0.0.1;239.255.7.1", b"first"),
    ] {
        let mut sender = connect(&endpoint(&format!("{to}:{port}"))).await;
        send(&mut sender, datagram, None).await;
    }
    assert_eq!(recv(&mut first).await.0, b"first");
    assert_eq!(recv(&mut again).await.0, b"first");
    assert_eq!(recv(&mut second).await.0, b"second");
}

/// An interface for IPv6 groups. The loopback interface has no route for them on Linux.
fn interface_for_v6_groups() -> Option<String> {
    let interfaces = if_addrs::get_if_addrs().unwrap();
    let found = interfaces.into_iter().find(|interface| {
        interface.ip().is_ipv6() && !interface.is_loopback() && interface.index.is_some()
    });
    if found.is_none() {
        eprintln!("SKIPPED: no interface but the loopback one has an IPv6 address");
    }
    found.map(|interface| interface.name)
}

#[tokio::test]
async fn ipv6_group_is_heard_at_its_interface() {
    let Some(interface) = interface_for_v6_groups() else { return };
    let mut bound = bind(&format!("udp://{interface};[ff02::7:1]:*")).await;
    let mut sender = connect(&bound.endpoint().clone()).await;
    send(&mut sender, b"hello", None).await;
    assert_eq!(recv(&mut bound).await.0, b"hello");

    let zoned = format!("udp://[ff02::7:1%{interface}]:{}", port(bound.endpoint()));
    let mut zoned = connect(&endpoint(&zoned)).await;
    send(&mut zoned, b"zoned", None).await;
    assert_eq!(recv(&mut bound).await.0, b"zoned");
}

#[tokio::test]
async fn hops_and_loop_reach_the_socket() {
    let options = TransportOptions {
        multicast_hops: Some(7),
        multicast_loop: Some(false),
        ..TransportOptions::default()
    };
    let to = endpoint("udp://127.0.0.1;239.255.7.3:5555");
    let v4 = Udp.connect(&to, &options).await.unwrap();
    let v4 = SockRef::from(&v4.socket);
    assert_eq!(v4.multicast_ttl_v4().unwrap(), 7);
    assert!(!v4.multicast_loop_v4().unwrap());
    assert_eq!(v4.multicast_if_v4().unwrap(), std::net::Ipv4Addr::LOCALHOST);

    let v6 = Udp.connect(&endpoint("udp://lo;[ff02::7:3]:5555"), &options).await.unwrap();
    let v6 = SockRef::from(&v6.socket);
    assert_eq!(v6.multicast_hops_v6().unwrap(), 7);
    assert!(!v6.multicast_loop_v6().unwrap());
    assert_ne!(v6.multicast_if_v6().unwrap(), 0);

    let default = connect(&to).await;
    let default = SockRef::from(&default.socket);
    assert_eq!(default.multicast_ttl_v4().unwrap(), 1);
    assert!(default.multicast_loop_v4().unwrap());
}

#[tokio::test]
async fn udp_errors_have_kind_and_reason() {
    let taken = bind("udp://127.0.0.1:*").await;
    let options = TransportOptions::default();
    for (text, kind) in [
        (taken.endpoint().to_string().as_str(), io::ErrorKind::AddrInUse),
        ("udp://192.0.2.1:*", io::ErrorKind::AddrNotAvailable),
        ("udp://nosuchif0;239.255.7.1:*", io::ErrorKind::NotFound),
        ("udp://nosuchif0;[ff02::1]:*", io::ErrorKind::NotFound),
        ("udp://lo;localhost:*", io::ErrorKind::InvalidInput),
    ] {
        let error = Udp.bind(&endpoint(text), &options).await.expect_err(text);
        assert_eq!(error.kind(), kind, "{text}: {error}");
    }
    let error = Udp.connect(&endpoint("tcp://127.0.0.1:5555"), &options).await.unwrap_err();
    assert!(error.to_string().contains("not a UDP address"), "{error}");
}
