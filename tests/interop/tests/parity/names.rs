//! Routing ids and metadata.

use interop::{Frames, ReservedPort, TCP, event, recv, send, within};
use libzmq_peer::{Opt, Peer, Socket, SocketKind};
use zeromq_async::{
    ConnectErrorKind, Message, PullSocket, PushSocket, Rejected, RouterSocket, SocketEvent,
};

use crate::connected;

/// `ZMQ_METADATA`: libzmq finds this library's properties with `zmq_msg_gets`, and the reverse.
#[tokio::test]
async fn application_metadata_passes_both_ways() {
    let pull = interop::libzmq(SocketKind::Pull, |socket| socket.bind(TCP));
    let builder = PushSocket::builder().metadata("X-Region", "north").unwrap();
    let mut push = builder.metadata("X-Empty", "").unwrap().build();
    push.connect(pull.endpoint()).unwrap();
    send(&mut push, "ours").await;
    let told = pull.run(|socket| {
        let message = socket.recv_msg()?;
        Ok(["X-Region", "X-Empty", "X-Other", "Socket-Type"].map(|name| message.property(name)))
    });
    let told = within("libzmq to receive", told).await.unwrap();
    let expected = [Some("north"), Some(""), None, Some("PUSH")];
    assert_eq!(told.each_ref().map(Option::as_deref), expected);

    let mut pull = PullSocket::new();
    let endpoint = pull.bind(TCP).await.unwrap().to_string();
    let push = connected(SocketKind::Push, &endpoint, |socket| {
        socket.set_bytes(Opt::METADATA, b"X-Region:south")?;
        // The first value stays.
        socket.set_bytes(Opt::METADATA, b"X-Region:elsewhere")?;
        assert!(socket.set_bytes(Opt::METADATA, b"Region:nowhere").is_err());
        Ok(())
    });
    push.send(["theirs"]).await.unwrap();
    let (_, peer) = within("a message", pull.recv_from()).await.unwrap();
    assert_eq!(peer.info().metadata().get("X-Region").unwrap(), "south");
    assert!(PullSocket::builder().metadata("Region", "nowhere").is_err());
}

/// A ROUTER of each library, connected to this endpoint under this routing id.
struct Routers {
    ours: RouterSocket,
    theirs: Peer,
}

impl Routers {
    async fn connected(to: [&str; 2], name: &'static str) -> Self {
        let ours = RouterSocket::builder().mandatory(true).build();
        ours.connect_named(to[0], name).expect("connecting");
        let to = to[1].to_owned();
        let theirs = interop::libzmq(SocketKind::Router, move |socket: &Socket| {
            socket.set_i32(Opt::ROUTER_MANDATORY, 1)?;
            socket.set_bytes(Opt::CONNECT_ROUTING_ID, name.as_bytes())?;
            socket.connect(&to)
        });
        Self { ours, theirs }
    }

    async fn send(&mut self, message: [&'static str; 2]) {
        send(&mut self.ours, Message::multipart(message)).await;
        self.theirs.send(message).await.expect("a message that is sent");
    }

    async fn recv(&mut self) -> [Frames; 2] {
        let ours = interop::frames(&recv(&mut self.ours, "a message").await);
        [ours, self.theirs.recv().await.expect("a message")]
    }
}

/// `ZMQ_CONNECT_ROUTING_ID`: before the peer is connected, and for any routing id that it
/// announces.
#[tokio::test]
async fn connecting_router_names_its_peer() {
    let ports = [ReservedPort::new(), ReservedPort::new()];
    let at = ports.each_ref().map(ReservedPort::endpoint);
    let mut routers = Routers::connected([&at[0], &at[1]], "given").await;
    routers.send(["given", "before you were there"]).await;
    let peers = at.map(|at| {
        interop::libzmq(SocketKind::Dealer, move |socket| {
            socket.set_bytes(Opt::ROUTING_ID, b"announced")?;
            socket.bind(&at)
        })
    });
    for peer in &peers {
        assert_eq!(peer.recv().await.unwrap(), [b"before you were there"]);
        peer.send(["here"]).await.unwrap();
    }
    let here = vec![b"given".to_vec(), b"here".to_vec()];
    assert_eq!(routers.recv().await, [here.clone(), here]);
    let unknown = routers.ours.send(Message::multipart(["announced", "?"])).await;
    unknown.expect_err("an unknown routing id");
    routers.theirs.send(["announced", "?"]).await.expect_err("nor here");
}

/// libzmq aborts the program if a routing id is assigned twice.
#[tokio::test]
async fn taken_routing_id_cannot_be_given() {
    let router = RouterSocket::new();
    for place in ["tcp://127.0.0.1:9", "inproc://somewhere"] {
        router.connect_named(place, place).unwrap();
        let error = router.connect_named("tcp://127.0.0.1:10", place).unwrap_err();
        let taken = Rejected::RoutingIdTaken(place.as_bytes().into());
        assert_eq!(error.kind(), &ConnectErrorKind::Rejected(taken));
        router.disconnect(place).unwrap();
    }
    let error = router.connect_named("tcp://127.0.0.1:9", "\0zero").unwrap_err();
    assert!(matches!(error.kind(), ConnectErrorKind::InvalidRoutingId(_)), "{error}");
}

/// 28/REQREP: a connecting ROUTER keeps queueing for an absent peer, under the id that the peer
/// announced or was assigned.
#[tokio::test]
async fn router_queues_for_reconnecting_peer() {
    for announced in ["", "announced"] {
        let ports = [ReservedPort::new(), ReservedPort::new()];
        let bound = |port: &ReservedPort| {
            let at = port.endpoint();
            interop::libzmq(SocketKind::Dealer, move |socket| {
                if !announced.is_empty() {
                    socket.set_bytes(Opt::ROUTING_ID, announced.as_bytes())?;
                }
                socket.bind(&at)
            })
        };
        let peers = [bound(&ports[0]), bound(&ports[1])];
        let mut ours = RouterSocket::builder().mandatory(true).build();
        let mut events = ours.events();
        ours.connect(peers[0].endpoint()).unwrap();
        let at = peers[1].endpoint().to_owned();
        let theirs = interop::libzmq(SocketKind::Router, move |socket| {
            socket.set_i32(Opt::ROUTER_MANDATORY, 1)?;
            socket.connect(&at)
        });
        for peer in &peers {
            peer.send(["hello"]).await.unwrap();
        }
        let our_id = recv(&mut ours, "hello").await.pop_front().unwrap();
        let their_id = theirs.recv().await.unwrap().remove(0);
        for peer in peers {
            peer.stop().await.unwrap();
        }
        event(&mut events, "the end of the connection", |event| {
            matches!(event, SocketEvent::Disconnected { .. }).then_some(())
        })
        .await;
        theirs.event(libzmq_peer::EventKind::DISCONNECTED).await.unwrap();
        send(&mut ours, Message::multipart([our_id.clone(), "kept".into()])).await;
        theirs.send([&their_id[..], b"kept"]).await.unwrap();
        let peers = [bound(&ports[0]), bound(&ports[1])];
        for peer in &peers {
            assert_eq!(peer.recv().await.unwrap(), [b"kept"], "{announced:?}");
            peer.send(["again"]).await.unwrap();
        }
        assert_eq!(recv(&mut ours, "a message").await.pop_front().unwrap(), our_id);
        assert_eq!(theirs.recv().await.unwrap()[0], their_id);
    }
}
