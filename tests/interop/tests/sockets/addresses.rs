//! Bind, unbind and disconnect, side by side with libzmq.

use interop::{
    ReservedPort, TCP, disconnected, event, handshake, libzmq, recv, while_called, within,
};
use libzmq_peer::SocketKind::{Pull, Push, Rep, Router};
use libzmq_peer::{Context, Opt, Peer, errno};
use zeromq_async::{DealerSocket, DetachError, Endpoint, PullSocket, PushSocket, SocketEvent};

/// `addresses::unbind_closes_accepted_connections` shows the same for a ROUTER of this library.
#[tokio::test]
async fn a_libzmq_router_that_unbinds_has_no_route() {
    let router = libzmq(Router, |socket| {
        socket.set_i32(Opt::ROUTER_MANDATORY, 1)?;
        socket.bind(TCP)
    });
    let mut dealer = DealerSocket::builder().routing_id("ours").unwrap().build();
    let mut events = dealer.events();
    dealer.connect(router.endpoint()).unwrap();
    handshake(&mut events).await;
    router.send(["ours", "the last"]).await.unwrap();
    assert_eq!(recv(&mut dealer, "the last message").await, "the last");
    let endpoint = router.endpoint().to_owned();
    router.run(move |socket| socket.unbind(&endpoint)).await.unwrap();
    let unroutable = async {
        // libzmq disconnects only during a call.
        while router.send(["ours", "too late"]).await.is_ok() {}
        router.send(["ours", "too late"]).await.unwrap_err()
    };
    let error = within("the ROUTER to have no route", unroutable).await;
    assert_eq!(error.errno(), Some(errno::EHOSTUNREACH));
    disconnected(&mut events).await;
}

/// (bound, unbound, whether libzmq finds it, whether this library finds it)
///
/// libzmq resolves the address as one to connect to, so it finds neither `*` nor an interface.
const NAMES: [(&str, &str, bool, bool); 12] = [
    ("tcp://127.0.0.1:*", "tcp://127.0.0.1:*", false, false),
    ("tcp://127.0.0.1:*", "tcp://127.0.0.1:0", false, false),
    ("tcp://*:*", "tcp://*:*", false, false),
    ("tcp://127.0.0.1:*", "tcp://127.0.0.1:PORT", true, true),
    ("tcp://localhost:*", "tcp://localhost:PORT", true, true),
    ("tcp://localhost:*", "tcp://127.0.0.1:PORT", true, true),
    ("tcp://127.0.0.1:*", "tcp://localhost:PORT", true, true),
    ("tcp://*:*", "tcp://*:PORT", false, true),
    ("tcp://*:*", "tcp://0.0.0.0:PORT", true, true),
    ("tcp://lo:*", "tcp://lo:PORT", false, true),
    ("tcp://127.0.0.1:*", "tcp://127.0.0.2:PORT", false, false),
    ("ipc://*", "ipc://*", false, false),
];

#[cfg(target_os = "linux")] // for the interface's name
#[tokio::test]
async fn both_unbind_by_nearly_the_same_names() {
    for (bound, unbound, by_libzmq, by_ours) in NAMES {
        let theirs = libzmq(Pull, move |socket| socket.bind(bound));
        let name = at_port_of(unbound, theirs.endpoint());
        let result = theirs.run(move |socket| socket.unbind(&name)).await;
        let code = result.err().and_then(|error| error.errno());
        assert_eq!(code, (!by_libzmq).then_some(errno::ENOENT), "libzmq: {bound}, {unbound}");

        let ours = PullSocket::new();
        let endpoint = ours.bind(bound).await.unwrap();
        let result = ours.unbind(at_port_of(unbound, &endpoint.to_string())).await;
        let is_missing = matches!(result, Err(DetachError::NotAttached(_)));
        assert_eq!(is_missing, !by_ours, "ours: {bound}, {unbound}: {result:?}");
    }
}

fn at_port_of(name: &str, endpoint: &str) -> String {
    let port = endpoint.rsplit_once(':').map_or("", |(_, port)| port);
    name.replace("PORT", port)
}

#[tokio::test]
async fn both_disconnect_all_of_an_endpoint() {
    let port = ReservedPort::new();
    let pull = PullSocket::new();
    let mut events = pull.events();
    pull.bind(port.endpoint()).await.unwrap();
    let endpoint: Endpoint = port.endpoint().parse().unwrap();

    let to = port.endpoint().to_owned();
    let theirs = libzmq(Push, move |socket| socket.connect(&to).and_then(|()| socket.connect(&to)));
    handshake(&mut events).await;
    handshake(&mut events).await;
    let to = port.endpoint().to_owned();
    let result = theirs.run(move |socket| {
        socket.disconnect(&to)?;
        socket.disconnect(&to)
    });
    assert_eq!(result.await.unwrap_err().errno(), Some(errno::ENOENT));
    while_called(&theirs, async {
        disconnected(&mut events).await;
        disconnected(&mut events).await;
    })
    .await;

    let ours = PushSocket::new();
    ours.connect(&endpoint).unwrap();
    ours.connect(&endpoint).unwrap();
    handshake(&mut events).await;
    handshake(&mut events).await;
    ours.disconnect(&endpoint).unwrap();
    assert!(ours.disconnect(&endpoint).is_err());
    disconnected(&mut events).await;
    disconnected(&mut events).await;
}

/// Like `addresses::unbind_keeps_inproc_peers` of this library.
#[tokio::test]
async fn libzmq_keeps_inproc_peers_when_it_unbinds() {
    let context = Context::new().unwrap();
    let pull = Peer::spawn_in(&context, Pull, |socket| socket.bind("inproc://name")).unwrap();
    let push = Peer::spawn_in(&context, Push, |socket| socket.connect("inproc://name")).unwrap();
    push.send(["before"]).await.unwrap();
    assert_eq!(pull.recv().await.unwrap(), [b"before"]);
    pull.run(|socket| socket.unbind("inproc://name")).await.unwrap();
    push.send(["behind"]).await.unwrap();
    assert_eq!(pull.recv().await.unwrap(), [b"behind"]);
}

/// libzmq does not check the socket types over inproc. This library rejects such a pair on both
/// sides.
#[tokio::test]
async fn libzmq_joins_incompatible_types_over_inproc() {
    let context = Context::new().unwrap();
    let _rep = Peer::spawn_in(&context, Rep, |socket| socket.bind("inproc://wrong")).unwrap();
    let push = Peer::spawn_in(&context, Push, |socket| socket.connect("inproc://wrong")).unwrap();
    push.send(["to a REP"]).await.unwrap();
}

/// libzmq has one function for both. Here each has its own.
#[tokio::test]
async fn libzmq_unbinds_with_disconnect() {
    let theirs = libzmq(Pull, |socket| socket.bind(TCP));
    let endpoint = theirs.endpoint().to_owned();
    theirs.run(move |socket| socket.disconnect(&endpoint)).await.unwrap();

    let ours = PullSocket::new();
    let mut events = ours.events();
    let endpoint = ours.bind(TCP).await.unwrap();
    assert!(ours.disconnect(&endpoint).is_err());
    ours.unbind(&endpoint).await.unwrap();
    event(&mut events, "the listener to close", |event| {
        matches!(event, SocketEvent::ListenerClosed { .. }).then_some(())
    })
    .await;
}
