use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, TcpListener as StdListener};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::error::BindError;
use crate::transport::tests::{accept, connect, dial, endpoint, listen, refused};

/// Binds, connects to what was bound (or to `target`), and sends something each way.
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
async fn a_link_local_address_has_a_zone() {
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
async fn a_name_is_dialled_at_all_its_addresses() {
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
async fn a_failed_attempt_names_the_endpoint_and_each_address() {
    // Bound and not listening: nobody else can take the port while nobody answers at it.
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
async fn an_unknown_name_is_not_found() {
    let target = endpoint("tcp://no-such-host.invalid:5555");
    let error = dial(&target, &TransportOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}");
}

#[tokio::test]
async fn a_connection_comes_from_the_source_asked_for() {
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
async fn a_port_in_use_says_what_to_do() {
    let listener = listen("tcp://127.0.0.1:0").await;
    let error = refused(&listener.local_endpoint().to_string()).await;
    assert!(matches!(error, BindError::InUse { .. }), "{error:?}");
    assert!(error.to_string().contains(&listener.local_endpoint().to_string()), "{error}");
    assert!(error.to_string().contains("port 0"), "{error}");
}

#[tokio::test]
async fn a_port_is_free_again_at_once() {
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
async fn bind_errors_are_told_apart() {
    assert!(matches!(refused("tcp://192.0.2.77:0").await, BindError::NotLocal { .. }));
    assert!(matches!(refused("tcp://no-such-host.invalid:0").await, BindError::NotFound { .. }));
    assert!(matches!(refused("tcp://lo:0;127.0.0.1:0").await, BindError::InvalidEndpoint(_)));
    assert!(matches!(refused("inproc://name").await, BindError::Unsupported { .. }));
}

#[tokio::test]
async fn a_socket_does_not_connect_to_itself() {
    let port = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let itself = endpoint(&format!("tcp://127.0.0.1:{port};127.0.0.1:{port}"));
    let error = dial(&itself, &TransportOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused, "{error}");
}
