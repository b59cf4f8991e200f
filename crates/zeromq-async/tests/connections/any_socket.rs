//! Sockets with a type that is chosen at run time.

use std::future::poll_fn;

use futures_util::{SinkExt, StreamExt};
use support::{ANY_PORT, HUGE, RawPeer, huge_frame, is_pending, within};
use zeromq_async::{
    AnySocket, Message, OptionError, PeerSocket, PushSocket, RadioSocket, RecvError, RouterSocket,
    SendErrorKind, SocketType, SubscriptionNotices, Unsupported,
};

fn any(socket_type: SocketType) -> AnySocket {
    AnySocket::new(socket_type).unwrap()
}

/// Two connected sockets.
async fn connected(bound: AnySocket, other: AnySocket) -> (AnySocket, AnySocket) {
    other.connect(bound.bind(ANY_PORT).await.unwrap()).unwrap();
    tokio::join!(bound.wait_for_peers(1), other.wait_for_peers(1));
    (bound, other)
}

async fn recv(socket: &mut AnySocket) -> Message {
    within("a message", socket.recv()).await.unwrap()
}

#[test]
fn every_type_is_made() {
    for socket_type in SocketType::ALL {
        assert_eq!(any(socket_type).kind(), socket_type);
        assert_eq!(AnySocket::builder(socket_type).unwrap().kind(), socket_type);
    }
}

#[tokio::test]
async fn wrong_direction_names_type_and_peer() {
    for (socket_type, told) in [
        (SocketType::Pull, "a PULL socket does not send; its peers do, with a PUSH socket"),
        (SocketType::Sub, "a SUB socket does not send; its peers do, with a PUB socket"),
        (SocketType::Gather, "a GATHER socket does not send; its peers do, with a SCATTER socket"),
        (SocketType::Dish, "a DISH socket does not send; its peers do, with a RADIO socket"),
    ] {
        let mut socket = any(socket_type);
        let error = socket.send("back").await.unwrap_err();
        assert_eq!(*error.kind(), SendErrorKind::DoesNotSend(socket_type));
        assert_eq!(error.to_string(), told);
        assert_eq!(error.into_message().unwrap(), "back");
        assert_eq!(socket.try_send("back").unwrap_err().into_message().unwrap(), "back");
        assert_eq!(SinkExt::feed(&mut socket, "x".into()).await.unwrap_err().to_string(), told);
    }
    for (socket_type, told) in [
        (SocketType::Push, "a PUSH socket does not receive; its peers do, with a PULL socket"),
        (SocketType::Pub, "a PUB socket does not receive; its peers do, with a SUB socket"),
        (SocketType::Radio, "a RADIO socket does not receive; its peers do, with a DISH socket"),
    ] {
        let mut socket = any(socket_type);
        let error = RecvError::DoesNotReceive(socket_type);
        assert_eq!(error.to_string(), told);
        assert_eq!(socket.recv().await, Err(error.clone()));
        assert_eq!(socket.recv_from().await.unwrap_err(), error);
        assert_eq!(socket.try_recv(), Err(error.clone()));
        assert_eq!(socket.next().await, Some(Err(error)));
    }
}

#[test]
fn directions_and_options_agree() {
    for socket_type in SocketType::ALL {
        let builder = || AnySocket::builder(socket_type).unwrap();
        assert_eq!(builder().send_high_water_mark(1).is_ok(), socket_type.sends());
        assert_eq!(builder().receive_high_water_mark(1).is_ok(), socket_type.receives());
        let mut socket = builder().build();
        let sends = !matches!(
            socket.try_send("x").map_err(|error| error.kind().clone()),
            Err(SendErrorKind::DoesNotSend(_))
        );
        assert_eq!(sends, socket_type.sends(), "{socket_type}");
        let receives = !matches!(socket.try_recv(), Err(RecvError::DoesNotReceive(_)));
        assert_eq!(receives, socket_type.receives(), "{socket_type}");
    }
}

#[test]
fn missing_option_names_types_that_have_it() {
    let builder = || AnySocket::builder(SocketType::Pull).unwrap();
    let told = |error: Unsupported| error.to_string();
    let error = builder().mandatory(true).map_err(told).unwrap_err();
    assert_eq!(error, "PULL sockets have no `mandatory`: ROUTER has it");
    let error = builder().probe_router(true).map_err(told).unwrap_err();
    assert_eq!(error, "PULL sockets have no `probe_router`: DEALER, REQ and ROUTER have it");
    let error = builder().routing_id("me").unwrap_err();
    assert!(matches!(error, OptionError::Unsupported(_)), "{error}");
    let error = AnySocket::new(SocketType::Pull).unwrap().unsubscribe("a").map_err(told);
    assert_eq!(error.unwrap_err(), "PULL sockets have no `unsubscribe`: SUB and XSUB have it");
}

#[tokio::test]
async fn requests_and_replies_pass() {
    let (mut rep, mut req) = connected(any(SocketType::Rep), any(SocketType::Req)).await;
    assert_eq!(req.recv().await, Err(RecvError::OutOfTurn));
    req.send("question").await.unwrap();
    let (request, peer) = within("the request", rep.recv_from()).await.unwrap();
    assert_eq!((request, peer.info().socket_type()), ("question".into(), SocketType::Req));
    rep.send("answer").await.unwrap();
    assert_eq!(recv(&mut req).await, "answer");
}

#[tokio::test]
async fn options_reach_the_socket() {
    let dealer = AnySocket::builder(SocketType::Dealer).unwrap().routing_id("me").unwrap();
    let (mut router, mut dealer) = connected(any(SocketType::Router), dealer.build()).await;
    dealer.send("hello").await.unwrap();
    assert_eq!(recv(&mut router).await, Message::multipart(["me", "hello"]));

    let router = AnySocket::builder(SocketType::Router).unwrap().mandatory(true).unwrap();
    let error = router.build().send(Message::multipart(["none", "x"])).await.unwrap_err();
    assert_eq!(*error.kind(), SendErrorKind::Unroutable("none".into()));
}

#[tokio::test]
async fn subscriptions_come_and_go() {
    let xpub = AnySocket::builder(SocketType::XPub).unwrap().notices(SubscriptionNotices::All);
    let sub = AnySocket::builder(SocketType::Sub).unwrap().subscribe("a").unwrap().build();
    let (mut xpub, mut sub) = connected(xpub.unwrap().build(), sub).await;
    assert_eq!(recv(&mut xpub).await, "\u{1}a");
    sub.subscribe("b").unwrap();
    assert_eq!(recv(&mut xpub).await, "\u{1}b");
    sub.unsubscribe("a").unwrap();
    assert_eq!(recv(&mut xpub).await, "\u{0}a");
    xpub.send("a message").await.unwrap();
    xpub.send("b message").await.unwrap();
    assert_eq!(recv(&mut sub).await, "b message");
}

#[tokio::test]
async fn sink_and_stream_carry_messages() {
    let (mut pull, mut push) = connected(any(SocketType::Pull), any(SocketType::Push)).await;
    SinkExt::send(&mut push, "flushed".into()).await.unwrap();
    assert_eq!(push.stats().queued, 0);
    assert_eq!(within("a message", pull.next()).await.unwrap().unwrap(), "flushed");
    pull.handle().close().await;
    assert_eq!(pull.next().await, None);
}

#[tokio::test]
async fn halves_work_in_two_tasks() {
    let (one, other) = connected(any(SocketType::Pair), any(SocketType::Pair)).await;
    let (mut sender, receiver) = one.split();
    let (mut echo, mut requests) = other.split();
    tokio::spawn(async move {
        while let Ok(request) = requests.recv().await {
            echo.send(request).await.unwrap();
        }
    });
    let received = tokio::spawn(receiver.take(100).collect::<Vec<_>>());
    for number in 0..100 {
        sender.send(format!("{number}")).await.unwrap();
    }
    let received = within("the echoes", received).await.unwrap();
    let expected: Vec<_> = (0..100).map(|number| Ok(format!("{number}").into())).collect();
    assert_eq!(received, expected);
}

#[tokio::test]
async fn dropped_futures_lose_nothing() {
    let mut push = any(SocketType::Push);
    assert!(is_pending(push.send("never sent")));
    let (mut pull, mut push) = connected(any(SocketType::Pull), push).await;
    assert!(is_pending(pull.recv()));
    push.send("sent").await.unwrap();
    assert_eq!(recv(&mut pull).await, "sent");
}

#[tokio::test]
async fn typed_sockets_convert_both_ways() {
    let (mut pull, push) = connected(any(SocketType::Pull), PushSocket::new().into()).await;
    let mut push = PushSocket::try_from(push).unwrap();
    push.send("typed").await.unwrap();
    assert_eq!(recv(&mut pull).await, "typed");
    let error = RouterSocket::try_from(pull).unwrap_err();
    assert_eq!(error.expected(), SocketType::Router);
    push.send("still there").await.unwrap();
    assert_eq!(recv(&mut error.into_socket()).await, "still there");
}

#[tokio::test]
async fn endpoints_are_detached() {
    let (bound, other) = (any(SocketType::Pull), any(SocketType::Push));
    let endpoint = bound.bind(ANY_PORT).await.unwrap();
    other.connect(&endpoint).unwrap();
    assert_eq!(bound.last_endpoint(), other.last_endpoint());
    other.disconnect(&endpoint).unwrap();
    bound.unbind(&endpoint).await.unwrap();
    assert!(bound.unbind(&endpoint).await.is_err());
    assert_eq!(other.close().await.unsent, 0);
}

/// A routing id in 4 bytes and a body.
fn to(id: &[u8], body: &str) -> Message {
    Message::multipart([id, body.as_bytes()])
}

#[tokio::test]
async fn server_and_peer_address_by_routing_id() {
    for (bound, other) in
        [(SocketType::Server, SocketType::Client), (SocketType::Peer, SocketType::Peer)]
    {
        let (mut server, mut client) = match other {
            SocketType::Client => connected(any(bound), any(other)).await,
            _ => {
                let (bound, other) = (any(bound), PeerSocket::new());
                let endpoint = bound.bind(ANY_PORT).await.unwrap();
                let id = other.connect_peer(endpoint).unwrap();
                other.send_to(id, "question").await.unwrap();
                (bound, other.into())
            }
        };
        if other == SocketType::Client {
            client.send("question").await.unwrap();
        }
        let (mut request, peer) = within("a request", server.recv_from()).await.unwrap();
        assert_eq!(peer.info().socket_type(), other);
        let id = request.pop_front().unwrap();
        assert_eq!((id.len(), request), (4, "question".into()));
        server.send(to(&id, "answer")).await.unwrap();
        assert_eq!(recv(&mut client).await.last().unwrap(), "answer");

        let error = server.send(to(&[9, 9, 9, 9], "nobody")).await.unwrap_err();
        assert!(matches!(error.kind(), SendErrorKind::NoRoute(_)), "{error}");
        assert_eq!(error.into_message().unwrap(), to(&[9, 9, 9, 9], "nobody"));
    }
}

#[tokio::test]
async fn messages_of_wrong_form_come_back() {
    let two = Message::multipart(["two", "frames"]);
    for (socket_type, message, told) in [
        (
            SocketType::Client,
            two.clone(),
            "a message sent with CLIENT has one frame, and this one has 2",
        ),
        (
            SocketType::Scatter,
            two.clone(),
            "a message sent with SCATTER has one frame, and this one has 2",
        ),
        (SocketType::Server, two.clone(), "a message sent with SERVER has two frames, the routing"),
        (SocketType::Peer, "one".into(), "a message sent with PEER has two frames, the routing id"),
        (SocketType::Server, to(&[0; 4], "x"), "a message sent with SERVER has two frames, the"),
        (SocketType::Radio, "one".into(), "a message sent with RADIO has two frames, a group"),
        (SocketType::Radio, to(b"a\0", "x"), "the name of a group contains no zero byte"),
        (SocketType::Dgram, two.clone(), "a message sent with DGRAM has two frames, an address"),
    ] {
        let mut socket = any(socket_type);
        let error = socket.send(message.clone()).await.unwrap_err();
        assert!(error.to_string().starts_with(told), "{error}");
        assert_eq!(error.into_message().unwrap(), message);
        let error = socket.try_send(message.clone()).unwrap_err();
        assert_eq!(error.into_message().unwrap(), message);
    }
}

#[tokio::test]
async fn groups_are_joined_and_left() {
    let (radio, mut dish) = connected(any(SocketType::Radio), any(SocketType::Dish)).await;
    dish.join("news").unwrap();
    dish.join("sport").unwrap();
    dish.leave("news").unwrap();
    let radio = RadioSocket::try_from(radio).unwrap();
    within("the group", radio.wait_for_members("sport", 1)).await;
    let mut radio = AnySocket::from(radio);
    radio.send(to(b"news", "left")).await.unwrap();
    radio.send(to(b"sport", "goal")).await.unwrap();
    assert_eq!(recv(&mut dish).await, to(b"sport", "goal"));
    let error = radio.join("news").unwrap_err();
    assert_eq!(error.to_string(), "RADIO sockets have no `join`: DISH has it");
}

#[tokio::test]
async fn dgram_echoes_to_the_sender() {
    let (one, mut other) = (any(SocketType::Dgram), any(SocketType::Dgram));
    let mut one = one;
    let endpoints = [
        one.bind("udp://127.0.0.1:*").await.unwrap(),
        other.bind("udp://127.0.0.1:*").await.unwrap(),
    ];
    let [one_address, other_address] =
        endpoints.map(|endpoint| endpoint.to_string().replace("udp://", ""));
    one.send(Message::multipart([&other_address, "ping"])).await.unwrap();
    let ping = recv(&mut other).await;
    assert_eq!(ping, Message::multipart([&one_address, "ping"]));
    other.send(ping).await.unwrap();
    assert_eq!(recv(&mut one).await, Message::multipart([&other_address, "ping"]));
}

#[tokio::test]
async fn stream_passes_bytes() {
    let (one, other) = (any(SocketType::Stream), any(SocketType::Stream));
    let (mut one, mut other) = connected(one, other).await;
    let id = recv(&mut other).await.pop_front().unwrap(); // the notice of the connection
    other.send(Message::multipart([id, "bytes".into()])).await.unwrap();
    assert_eq!(recv(&mut one).await.last().unwrap(), "");
    assert_eq!(recv(&mut one).await.last().unwrap(), "bytes");
}

#[tokio::test]
async fn one_frame_types_pass_messages() {
    for (bound, other) in
        [(SocketType::Gather, SocketType::Scatter), (SocketType::Channel, SocketType::Channel)]
    {
        let (mut bound, other) = connected(any(bound), any(other)).await;
        let (mut sender, _receiver) = other.split();
        SinkExt::send(&mut sender, "one".into()).await.unwrap();
        sender.send("two").await.unwrap();
        assert_eq!(within("a message", bound.next()).await.unwrap().unwrap(), "one");
        assert_eq!(recv(&mut bound).await, "two");
        drop(sender);
    }
}

/// A message that waits in the `Sink` goes with the half that sends.
#[tokio::test]
async fn split_keeps_the_message_that_waits() {
    let scatter = AnySocket::builder(SocketType::Scatter).unwrap().send_high_water_mark(1).unwrap();
    let mut scatter = scatter.build();
    scatter.connect("inproc://split-waits").unwrap();
    scatter.send("queued").await.unwrap();
    // Without `poll_ready`, as a message that another sender was faster with.
    scatter.start_send_unpin("waits".into()).unwrap();
    let (mut sender, _receiver) = scatter.split();
    let mut gather = any(SocketType::Gather);
    gather.bind("inproc://split-waits").await.unwrap();
    within("a flush", sender.flush()).await.unwrap();
    assert_eq!(recv(&mut gather).await, "queued");
    assert_eq!(recv(&mut gather).await, "waits");
}

#[tokio::test]
async fn full_server_peer_gives_the_message_back() {
    let server = AnySocket::builder(SocketType::Server).unwrap().send_high_water_mark(1).unwrap();
    let mut server = server.build();
    let endpoint = server.bind(ANY_PORT).await.unwrap();
    let mut client = RawPeer::connect(&endpoint, SocketType::Client).await;
    client.send("hello").await;
    let id = recv(&mut server).await.pop_front().unwrap();
    let message = Message::multipart([id.clone(), huge_frame()]);
    server.send(message).await.unwrap();
    let error = server.try_send(to(&id, "full")).unwrap_err();
    assert_eq!(*error.kind(), SendErrorKind::Full);
    assert_eq!(error.into_message().unwrap(), to(&id, "full"));
    assert!(is_pending(server.send(to(&id, "full"))));
    let (huge, sent) = tokio::join!(client.recv(), within("room", server.send(to(&id, "then"))));
    assert_eq!(huge.size(), HUGE);
    sent.unwrap();
    assert_eq!(client.recv().await, "then");
}

/// A message that waits in the `Sink` and fails later comes back with its address.
#[tokio::test]
async fn failed_pending_message_is_whole() {
    let server = AnySocket::builder(SocketType::Server).unwrap().send_high_water_mark(1).unwrap();
    let mut server = server.build();
    let endpoint = server.bind(ANY_PORT).await.unwrap();
    for flushes in [false, true] {
        let mut client = RawPeer::connect(&endpoint, SocketType::Client).await;
        client.send("hello").await;
        let id = recv(&mut server).await.pop_front().unwrap();
        server.send(Message::multipart([id.clone(), huge_frame()])).await.unwrap();
        // Without `poll_ready`, as a message that another sender was faster with.
        server.start_send_unpin(to(&id, "waits")).unwrap();
        drop(client);
        let failed = async {
            match flushes {
                true => server.flush().await,
                false => poll_fn(|cx| server.poll_ready_unpin(cx)).await,
            }
        };
        let error = within("the peer to leave", failed).await.unwrap_err();
        assert!(matches!(error.kind(), SendErrorKind::NoRoute(_)), "{error}");
        assert_eq!(error.into_message().unwrap(), to(&id, "waits"));
    }
}
