//! 28/REQREP, clause by clause: the visible behaviour of REQ, REP, DEALER and ROUTER. Clauses are
//! cited by socket, list and position.

use std::collections::HashSet;

use support::fixture::{
    bind_to_dealers, bind_to_peers, connect_to_peer, count_in_ten, send_unevenly,
};
use support::{
    ANY_PORT, HUGE, RawPeer, ReservedPort, disconnected, event, fast_reconnect,
    handshake_succeeded, huge, huge_frame, is_pending, listen, within,
};
use zeromq_async::{
    DealerSocket, DisconnectReason, HandshakeFailure, Message, RecvError, Rejected, RepSocket,
    ReqSocket, RouterSocket, SendErrorKind, SocketEvent, SocketType,
};

fn frames<const N: usize>(frames: [&str; N]) -> Message {
    Message::multipart(frames)
}

// ---- REQ ----

/// 28/REQREP: REQ, general 1.
#[tokio::test]
async fn req_general_1_talks_to_rep_and_router() {
    let (mut req, mut rep, mut router) = (ReqSocket::new(), RepSocket::new(), RouterSocket::new());
    req.connect(rep.bind(ANY_PORT).await.unwrap()).unwrap();
    req.connect(router.bind(ANY_PORT).await.unwrap()).unwrap();

    req.send("to rep").await.unwrap();
    assert_eq!(within("a request", rep.recv()).await.unwrap(), "to rep");
    rep.send("from rep").await.unwrap();
    assert_eq!(within("a reply", req.recv()).await.unwrap(), "from rep");

    req.send("to router").await.unwrap();
    let mut request = within("a request", router.recv()).await.unwrap();
    let routing_id = request.pop_front().unwrap();
    assert_eq!(request, frames(["", "to router"]));
    router.send(Message::multipart([routing_id, "".into(), "from router".into()])).await.unwrap();
    assert_eq!(within("a reply", req.recv()).await.unwrap(), "from router");
}

/// 28/REQREP: REQ, general 2.
#[tokio::test]
async fn req_general_2_alternates_send_and_receive() {
    let (mut req, mut rep) = (ReqSocket::new(), RepSocket::new());
    req.connect(rep.bind(ANY_PORT).await.unwrap()).unwrap();

    assert_eq!(req.recv().await, Err(RecvError::OutOfTurn));
    req.send("one").await.unwrap();
    let error = req.send("two").await.unwrap_err();
    assert_eq!(*error.kind(), SendErrorKind::OutOfTurn);
    assert_eq!(error.into_message(), Some("two".into()));
    assert_eq!(*req.try_send("two").unwrap_err().kind(), SendErrorKind::OutOfTurn);

    // The rejected attempts had no effect: one request, one reply.
    assert_eq!(within("the request", rep.recv()).await.unwrap(), "one");
    rep.send("reply").await.unwrap();
    assert_eq!(within("the reply", req.recv()).await.unwrap(), "reply");
    assert_eq!(req.recv().await, Err(RecvError::OutOfTurn));
    assert_eq!(rep.try_recv(), Err(RecvError::Empty));
}

/// 28/REQREP: REQ, format of request and reply.
#[tokio::test]
async fn req_format_is_delimiter_then_data() {
    let mut req = ReqSocket::new();
    let (mut peer, _) = connect_to_peer(&req, SocketType::Rep).await;

    req.send(frames(["a", "", "b"])).await.unwrap();
    assert_eq!(peer.recv().await, frames(["", "a", "", "b"]));
    peer.send(frames(["", "c", "", "d"])).await;
    assert_eq!(within("the reply", req.recv()).await.unwrap(), frames(["c", "", "d"]));
}

/// 28/REQREP: REQ, outgoing 1.
#[tokio::test]
async fn req_outgoing_1_delimiter_precedes_empty_body() {
    let mut req = ReqSocket::new();
    let (mut peer, _) = connect_to_peer(&req, SocketType::Rep).await;
    req.send(Message::new()).await.unwrap();
    assert_eq!(peer.recv().await, frames(["", ""]));
}

/// Neither a rejected request nor an earlier one is part of the next request.
#[tokio::test]
async fn refused_request_is_returned_unchanged() {
    for correlate in [false, true] {
        let mut req = ReqSocket::builder().correlate(correlate).build();
        let endpoint = req.bind(ANY_PORT).await.unwrap();
        let request = frames(["one", "two"]);
        for _ in 0..2 {
            let refused = req.try_send(request.clone()).unwrap_err();
            assert_eq!(refused.into_message(), Some(request.clone()));
        }
        let mut rep = RepSocket::new();
        rep.connect(endpoint).unwrap();
        for request in [request, "three".into(), frames(["four", "five", "six"])] {
            within("room", req.send(request.clone())).await.unwrap();
            assert_eq!(within("the request", rep.recv()).await.unwrap(), request);
            rep.send(request.clone()).await.unwrap();
            assert_eq!(within("the reply", req.recv()).await.unwrap(), request);
        }
    }
}

/// 28/REQREP: REQ, outgoing 2.
#[tokio::test]
async fn req_outgoing_2_sends_round_robin() {
    let mut req = ReqSocket::new();
    let mut reps = Vec::new();
    for _ in 0..3 {
        let rep = RepSocket::new();
        req.connect(rep.bind(ANY_PORT).await.unwrap()).unwrap();
        reps.push(rep);
    }
    for round in 0..4 {
        for rep in &mut reps {
            req.send(format!("request {round}")).await.unwrap();
            let request = within("a request at the next peer", rep.recv()).await;
            assert_eq!(request.unwrap(), format!("request {round}"));
            rep.send("reply").await.unwrap();
            within("a reply", req.recv()).await.unwrap();
        }
    }
}

/// 28/REQREP: REQ, outgoing 3.
#[tokio::test]
async fn req_outgoing_3_blocks_without_a_peer() {
    let (mut req, mut rep) = (ReqSocket::new(), RepSocket::new());
    let endpoint = req.bind(ANY_PORT).await.unwrap();
    assert!(is_pending(req.send("no peer")));
    let error = req.try_send("no peer").unwrap_err();
    assert_eq!(*error.kind(), SendErrorKind::Full);

    rep.connect(endpoint).unwrap();
    within("a peer to send to", req.send("one peer")).await.unwrap();
    assert_eq!(within("the request", rep.recv()).await.unwrap(), "one peer");
}

/// 28/REQREP: REQ, outgoing 4.
#[tokio::test]
async fn req_outgoing_4_keeps_request_until_connected() {
    let port = ReservedPort::new();
    let mut req = ReqSocket::builder().reconnect(fast_reconnect()).build();
    let mut events = req.events();
    req.connect(port.endpoint()).unwrap();
    req.send("early").await.unwrap();
    event(&mut events, "a refused connection", |event| {
        matches!(event, SocketEvent::ConnectFailed { .. }).then_some(())
    })
    .await;

    let mut rep = RepSocket::new();
    rep.bind(port.endpoint()).await.unwrap();
    assert_eq!(within("the early request", rep.recv()).await.unwrap(), "early");
    rep.send("late").await.unwrap();
    assert_eq!(within("its reply", req.recv()).await.unwrap(), "late");
}

/// 28/REQREP: REQ, incoming 1 and 2.
#[tokio::test]
async fn req_incoming_1_and_2_accepts_only_asked_peer() {
    let mut req = ReqSocket::new();
    let endpoint = req.bind(ANY_PORT).await.unwrap();
    let mut asked = RawPeer::connect(&endpoint, SocketType::Rep).await;
    req.wait_for_peers(1).await;
    req.send("question").await.unwrap();
    assert_eq!(asked.recv().await, frames(["", "question"]));

    let mut other = RawPeer::connect(&endpoint, SocketType::Rep).await;
    other.send(frames(["", "not asked"])).await;
    other.sync().await;
    assert!(is_pending(req.recv()), "a message of a peer that was not asked was taken for a reply");

    asked.send(frames(["", "answer"])).await;
    assert_eq!(within("the reply", req.recv()).await.unwrap(), "answer");
    // The message of the other peer is discarded, also for a later request.
    req.send("next").await.unwrap();
    assert_eq!(other.recv().await, frames(["", "next"]));
    assert!(is_pending(req.recv()), "an old message was taken for a reply");
}

/// 28/REQREP: REQ, incoming 2: also if it is that peer's turn later.
#[tokio::test]
async fn req_incoming_2_discards_earlier_messages() {
    let mut req = ReqSocket::new();
    let endpoint = req.bind(ANY_PORT).await.unwrap();
    let mut first = RawPeer::connect(&endpoint, SocketType::Rep).await;
    req.wait_for_peers(1).await;
    req.send("question").await.unwrap();
    first.recv().await;
    first.send(frames(["", "answer"])).await;
    first.sync().await;
    let mut second = RawPeer::connect(&endpoint, SocketType::Rep).await;
    second.send(frames(["", "unasked"])).await;
    second.sync().await;
    assert_eq!(within("the reply", req.recv()).await.unwrap(), "answer");

    req.send("next").await.unwrap();
    assert_eq!(second.recv().await, frames(["", "next"]));
    second.send(frames(["", "next answer"])).await;
    assert_eq!(within("the reply", req.recv()).await.unwrap(), "next answer");
}

/// 28/REQREP: REQ, format: a message without a delimiter and data is not a reply.
#[tokio::test]
async fn req_format_discards_reply_without_delimiter() {
    let mut req = ReqSocket::new();
    let (mut peer, _) = connect_to_peer(&req, SocketType::Rep).await;
    req.send("question").await.unwrap();
    peer.recv().await;
    peer.send("no delimiter").await;
    peer.send(frames(["", "answer"])).await;
    assert_eq!(within("the reply", req.recv()).await.unwrap(), "answer");
}

/// Beyond 28/REQREP, in which a REQ that lost its peer waits for ever.
#[tokio::test]
async fn req_fails_when_its_peer_leaves() {
    let mut req = ReqSocket::builder().reconnect(fast_reconnect()).build();
    let (mut peer, listener) = connect_to_peer(&req, SocketType::Rep).await;
    req.send("question").await.unwrap();
    peer.recv().await;
    drop(peer);
    let lost = within("word that the peer is gone", req.recv()).await;
    assert_eq!(lost, Err(RecvError::ReplyLost));

    req.send("again").await.unwrap();
    let mut peer = RawPeer::accept(&listener, SocketType::Rep).await;
    assert_eq!(peer.recv().await, frames(["", "again"]));
}

/// The same if the peer had a part of the request only, and no connection follows.
#[tokio::test]
async fn req_fails_when_accepted_peer_leaves() {
    let mut req = ReqSocket::new();
    let [peer] = bind_to_peers(&req, [SocketType::Rep]).await;
    req.send(huge(1)).await.unwrap();
    drop(peer);
    let lost = within("word that the peer is gone", req.recv()).await;
    assert_eq!(lost, Err(RecvError::ReplyLost));
}

/// The same if the application disconnects the peer.
#[tokio::test]
async fn req_fails_when_its_endpoint_is_removed() {
    let port = ReservedPort::new();
    let mut req = ReqSocket::builder().linger(std::time::Duration::ZERO).build();
    req.connect(port.endpoint()).unwrap();
    req.send("question").await.unwrap();
    req.disconnect(port.endpoint()).unwrap();
    let lost = within("word that the peer is gone", req.recv()).await;
    assert_eq!(lost, Err(RecvError::ReplyLost));
}

// ---- REP ----

/// 28/REQREP: REP, general 1.
#[tokio::test]
async fn rep_general_1_serves_req_and_dealer() {
    let mut rep = RepSocket::new();
    let endpoint = rep.bind(ANY_PORT).await.unwrap();
    let (mut req, mut dealer) = (ReqSocket::new(), DealerSocket::new());
    req.connect(&endpoint).unwrap();
    dealer.connect(&endpoint).unwrap();

    req.send("from req").await.unwrap();
    assert_eq!(within("a request", rep.recv()).await.unwrap(), "from req");
    rep.send("to req").await.unwrap();
    assert_eq!(within("a reply", req.recv()).await.unwrap(), "to req");

    dealer.send(frames(["", "from dealer"])).await.unwrap();
    assert_eq!(within("a request", rep.recv()).await.unwrap(), "from dealer");
    rep.send("to dealer").await.unwrap();
    assert_eq!(within("a reply", dealer.recv()).await.unwrap(), frames(["", "to dealer"]));
}

/// 28/REQREP: REP, general 3, and outgoing 1.
#[tokio::test]
async fn rep_general_3_alternates_receive_and_send() {
    let mut rep = RepSocket::new();
    let [mut peer] = bind_to_peers(&rep, [SocketType::Req]).await;

    let error = rep.send("too early").await.unwrap_err();
    assert_eq!(*error.kind(), SendErrorKind::OutOfTurn);
    assert_eq!(error.into_message(), Some("too early".into()));
    peer.send(frames(["", "one"])).await;
    peer.send(frames(["", "two"])).await;
    assert_eq!(within("a request", rep.recv()).await.unwrap(), "one");
    assert_eq!(rep.recv().await, Err(RecvError::OutOfTurn));
    rep.send("reply one").await.unwrap();
    let error = rep.send("again").await.unwrap_err();
    assert_eq!(*error.kind(), SendErrorKind::OutOfTurn);
    assert_eq!(within("a request", rep.recv()).await.unwrap(), "two");
    rep.send("reply two").await.unwrap();

    assert_eq!(peer.recv().await, frames(["", "reply one"]));
    assert_eq!(peer.recv().await, frames(["", "reply two"]));
}

/// 28/REQREP: REP, incoming 1.
#[tokio::test]
async fn rep_incoming_1_receives_fairly() {
    let mut rep = RepSocket::new();
    let [mut eager, mut modest] =
        bind_to_peers(&rep, [SocketType::Dealer, SocketType::Dealer]).await;
    for number in 0..50 {
        eager.send(frames(["", &format!("eager {number}")])).await;
    }
    for number in 0..5 {
        modest.send(frames(["", &format!("modest {number}")])).await;
    }
    eager.sync().await;
    modest.sync().await;

    let mut served = Vec::new();
    for _ in 0..10 {
        served.push(within("a request", rep.recv()).await.unwrap());
        rep.send("reply").await.unwrap();
    }
    for number in 0..5 {
        assert!(served.contains(&format!("modest {number}").into()), "{number} in {served:?}");
        assert!(served.contains(&format!("eager {number}").into()), "{number} in {served:?}");
    }
}

/// 28/REQREP: REP, general 2, format, incoming 2 and 3, outgoing 2.
#[tokio::test]
async fn rep_incoming_2_and_3_restores_the_envelope() {
    let mut rep = RepSocket::new();
    let [mut peer] = bind_to_peers(&rep, [SocketType::Dealer]).await;

    peer.send(frames(["near", "far", "", "a", "", "b"])).await;
    assert_eq!(within("a request", rep.recv()).await.unwrap(), frames(["a", "", "b"]));
    rep.send(frames(["c", "", "d"])).await.unwrap();
    assert_eq!(peer.recv().await, frames(["near", "far", "", "c", "", "d"]));

    // Zero address frames are an envelope too.
    peer.send(frames(["", "bare"])).await;
    assert_eq!(within("a request", rep.recv()).await.unwrap(), "bare");
    rep.send("reply").await.unwrap();
    assert_eq!(peer.recv().await, frames(["", "reply"]));
}

/// 28/REQREP: REP, format: a message without a delimiter, or without data after it, is no request.
#[tokio::test]
async fn rep_format_discards_malformed_requests() {
    let mut rep = RepSocket::new();
    let [mut peer] = bind_to_peers(&rep, [SocketType::Dealer]).await;
    peer.send(frames(["no", "delimiter"])).await;
    peer.send(frames(["no data", ""])).await;
    peer.send(frames(["", "good"])).await;
    assert_eq!(within("the good request", rep.recv()).await.unwrap(), "good");
    rep.send("reply").await.unwrap();
    assert_eq!(peer.recv().await, frames(["", "reply"]));
}

/// 28/REQREP: REP, outgoing 3.
#[tokio::test]
async fn rep_outgoing_3_replies_to_the_asking_peer() {
    let mut rep = RepSocket::new();
    let endpoint = rep.bind(ANY_PORT).await.unwrap();
    let mut peers = Vec::new();
    for _ in 0..5 {
        peers.push(RawPeer::connect(&endpoint, SocketType::Req).await);
    }
    for asking in [3, 0, 4, 4, 1, 2, 0] {
        peers[asking].send(frames(["", &format!("from {asking}")])).await;
        within("a request", rep.recv()).await.unwrap();
        rep.send(format!("to {asking}")).await.unwrap();
        assert_eq!(peers[asking].recv().await, frames(["", &format!("to {asking}")]));
    }
}

/// 28/REQREP: REP, outgoing 4.
#[tokio::test]
async fn rep_outgoing_4_discards_reply_to_gone_peer() {
    let mut rep = RepSocket::new();
    let mut events = rep.events();
    let endpoint = rep.bind(ANY_PORT).await.unwrap();
    let mut peer = RawPeer::connect(&endpoint, SocketType::Req).await;
    peer.send(frames(["", "question"])).await;
    within("a request", rep.recv()).await.unwrap();
    drop(peer);
    disconnected(&mut events).await;
    rep.send("to nobody").await.unwrap();

    // The REP serves the next peer, which receives its own reply only.
    let mut peer = RawPeer::connect(&endpoint, SocketType::Req).await;
    peer.send(frames(["", "next"])).await;
    assert_eq!(within("the next request", rep.recv()).await.unwrap(), "next");
    rep.send("reply").await.unwrap();
    assert_eq!(peer.recv().await, frames(["", "reply"]));
}

/// 28/REQREP: REP, outgoing 5.
#[tokio::test]
async fn rep_outgoing_5_never_blocks_on_slow_peer() {
    let mut rep = RepSocket::builder().send_high_water_mark(1).build();
    let [mut peer] = bind_to_peers(&rep, [SocketType::Dealer]).await;
    for _ in 0..4 {
        peer.send(frames(["", "question"])).await;
        within("a request", rep.recv()).await.unwrap();
        assert!(!is_pending(rep.send(huge(1))), "the reply waits for its peer");
    }
    // One reply was queued. The others are dropped.
    assert_eq!(peer.recv().await.size(), HUGE);
    peer.send(frames(["", "last"])).await;
    within("a request", rep.recv()).await.unwrap();
    rep.send("reply").await.unwrap();
    assert_eq!(peer.recv().await, frames(["", "reply"]));
}

// ---- DEALER ----

/// 28/REQREP: DEALER, general 2, and incoming 2.
#[tokio::test]
async fn dealer_general_2_leaves_messages_unchanged() {
    let mut dealer = DealerSocket::new();
    let (mut peer, _) = connect_to_peer(&dealer, SocketType::Router).await;
    for message in [frames([""]), frames(["", ""]), frames(["a", "", "b"]), frames(["\0\u{1}"])] {
        dealer.send(message.clone()).await.unwrap();
        assert_eq!(peer.recv().await, message);
        peer.send(message.clone()).await;
        assert_eq!(within("a message", dealer.recv()).await.unwrap(), message);
    }
}

/// 28/REQREP: DEALER, general 3.
#[tokio::test]
async fn dealer_general_3_has_a_queue_per_direction() {
    let mut dealer = DealerSocket::builder().send_high_water_mark(1).build();
    let [mut peer] = bind_to_peers(&dealer, [SocketType::Router]).await;
    dealer.send(huge(1)).await.unwrap();
    assert_eq!(*dealer.try_send("more").unwrap_err().kind(), SendErrorKind::Full);
    peer.send("one").await;
    peer.send("two").await;
    assert_eq!(within("a message", dealer.recv()).await.unwrap(), "one");
    assert_eq!(within("a message", dealer.recv()).await.unwrap(), "two");
    assert_eq!(peer.recv().await.size(), HUGE);
}

/// 28/REQREP: DEALER, general 4.
#[tokio::test]
async fn dealer_general_4_connecting_side_keeps_queue() {
    let (listener, endpoint) = listen().await;
    let mut dealer = DealerSocket::builder().reconnect(fast_reconnect()).build();
    let mut events = dealer.events();
    dealer.connect(&endpoint).unwrap();
    dealer.send("before").await.unwrap();
    let mut peer = RawPeer::accept(&listener, SocketType::Router).await;
    assert_eq!(peer.recv().await, "before");
    drop(peer);
    disconnected(&mut events).await;
    for message in ["between 1", "between 2"] {
        dealer.send(message).await.unwrap();
    }
    let mut peer = RawPeer::accept(&listener, SocketType::Router).await;
    assert_eq!(peer.recv().await, "between 1");
    assert_eq!(peer.recv().await, "between 2");
}

/// 28/REQREP: DEALER, general 4: a message that a lost connection had not taken completely goes to
/// the next.
#[tokio::test]
async fn dealer_general_4_resends_partly_written() {
    let mut dealer = DealerSocket::builder().reconnect(fast_reconnect()).build();
    let mut events = dealer.events();
    let (peer, listener) = connect_to_peer(&dealer, SocketType::Router).await;
    dealer.send(huge(7)).await.unwrap();
    dealer.send("behind").await.unwrap();
    peer.reset();
    assert_eq!(disconnected(&mut events).await, 2);
    let mut peer = RawPeer::accept(&listener, SocketType::Router).await;
    assert_eq!(peer.recv().await, huge(7));
    assert_eq!(peer.recv().await, "behind");
}

/// 28/REQREP: DEALER, general 5.
#[tokio::test]
async fn dealer_general_5_binding_side_drops_queue() {
    let mut dealer = DealerSocket::new();
    let mut events = dealer.events();
    let endpoint = dealer.bind(ANY_PORT).await.unwrap();
    let peer = RawPeer::connect(&endpoint, SocketType::Router).await;
    dealer.wait_for_peers(1).await;
    dealer.send(huge(1)).await.unwrap();
    dealer.send("old").await.unwrap();
    drop(peer);
    assert_eq!(disconnected(&mut events).await, 2);
    assert!(is_pending(dealer.send("no peer")), "the queue of the peer that left is still there");

    let mut peer = RawPeer::connect(&endpoint, SocketType::Router).await;
    within("a peer", dealer.send("new")).await.unwrap();
    assert_eq!(peer.recv().await, "new");
}

/// 28/REQREP: DEALER, outgoing 1 and 2.
#[tokio::test]
async fn dealer_outgoing_1_and_2_sends_round_robin() {
    let mut dealer = DealerSocket::builder().send_high_water_mark(2).build();
    let ports = [ReservedPort::new(), ReservedPort::new(), ReservedPort::new()];
    dealer.connect(ports[0].endpoint()).unwrap();
    dealer.try_send("a").unwrap();
    dealer.try_send("b").unwrap();
    // The first queue is full from here on, and the others take turns without it.
    dealer.connect(ports[1].endpoint()).unwrap();
    dealer.connect(ports[2].endpoint()).unwrap();
    for message in ["c", "d", "e", "f"] {
        dealer.try_send(message).unwrap();
    }
    assert_eq!(*dealer.try_send("g").unwrap_err().kind(), SendErrorKind::Full);

    for (port, expected) in ports.iter().zip([["a", "b"], ["c", "e"], ["d", "f"]]) {
        let mut rep = RouterSocket::new();
        rep.bind(port.endpoint()).await.unwrap();
        for body in expected {
            let received = within("the queued message", rep.recv()).await.unwrap();
            assert_eq!(received.last().unwrap(), body);
        }
    }
}

/// 28/REQREP: DEALER, outgoing 3, 4 and 5.
#[tokio::test]
async fn dealer_outgoing_3_to_5_blocks_without_room() {
    let mut dealer = DealerSocket::builder().send_high_water_mark(1).build();
    let endpoint = dealer.bind(ANY_PORT).await.unwrap();
    assert!(is_pending(dealer.send("no peer")));
    let error = dealer.try_send("no peer").unwrap_err();
    assert_eq!(error.into_message(), Some("no peer".into()));

    let mut peer = RawPeer::connect(&endpoint, SocketType::Router).await;
    dealer.wait_for_peers(1).await;
    dealer.send(huge(1)).await.unwrap();
    assert!(is_pending(dealer.send("full")));
    let error = dealer.try_send("full").unwrap_err();
    assert_eq!(error.into_message(), Some("full".into()));

    let (received, sent) = tokio::join!(peer.recv(), within("room", dealer.send("then")));
    assert_eq!(received, huge(1));
    sent.unwrap();
    assert_eq!(peer.recv().await, "then");
}

/// 28/REQREP: DEALER, incoming 1.
#[tokio::test]
async fn dealer_incoming_1_receives_fairly() {
    let mut dealer = DealerSocket::new();
    let [mut eager, mut modest] =
        bind_to_peers(&dealer, [SocketType::Router, SocketType::Router]).await;
    send_unevenly((&mut eager, "eager"), (&mut modest, "modest")).await;
    let modest = count_in_ten(&mut dealer, "modest").await;
    assert_eq!(modest, 5, "of the first ten messages, half are each peer's");
}

// ---- ROUTER ----

/// 28/REQREP: ROUTER, general 1.
#[tokio::test]
async fn router_general_1_talks_to_all_peer_types() {
    let mut router = RouterSocket::builder().routing_id("me").unwrap().build();
    let endpoint = router.bind(ANY_PORT).await.unwrap();

    let mut req = ReqSocket::builder().routing_id("req").unwrap().build();
    req.connect(&endpoint).unwrap();
    req.send("1").await.unwrap();
    let request = within("a message", router.recv()).await.unwrap();
    assert_eq!(request, frames(["req", "", "1"]));
    router.send(frames(["req", "", "2"])).await.unwrap();
    assert_eq!(within("a reply", req.recv()).await.unwrap(), "2");

    let mut dealer = DealerSocket::builder().routing_id("dealer").unwrap().build();
    dealer.connect(&endpoint).unwrap();
    dealer.send("1").await.unwrap();
    assert_eq!(within("a message", router.recv()).await.unwrap(), frames(["dealer", "1"]));
    router.send(frames(["dealer", "2"])).await.unwrap();
    assert_eq!(within("a message", dealer.recv()).await.unwrap(), "2");

    let mut other = RouterSocket::builder().routing_id("other").unwrap().build();
    other.connect(&endpoint).unwrap();
    other.wait_for_peers(1).await;
    other.send(frames(["me", "1"])).await.unwrap();
    assert_eq!(within("a message", router.recv()).await.unwrap(), frames(["other", "1"]));
    router.send(frames(["other", "2"])).await.unwrap();
    assert_eq!(within("a message", other.recv()).await.unwrap(), frames(["me", "2"]));
}

/// 28/REQREP: ROUTER, general 3.
#[tokio::test]
async fn router_general_3_connecting_side_keeps_queue() {
    let mut router = RouterSocket::builder().reconnect(fast_reconnect()).build();
    let (mut peer, listener) = connect_to_peer(&router, SocketType::Dealer).await;
    peer.send("hello").await;
    let hello = within("a message", router.recv()).await.unwrap();
    let routing_id = hello.first().unwrap().clone();
    router.send(Message::multipart([routing_id.clone(), huge_frame()])).await.unwrap();
    router.send(Message::multipart([routing_id, "behind".into()])).await.unwrap();
    peer.reset();

    let mut peer = RawPeer::accept(&listener, SocketType::Dealer).await;
    assert_eq!(peer.recv().await.size(), HUGE);
    assert_eq!(peer.recv().await, "behind");
}

/// 28/REQREP: ROUTER, general 4.
#[tokio::test]
async fn router_general_4_binding_side_drops_queue() {
    let mut router = RouterSocket::builder().mandatory(true).build();
    let mut events = router.events();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let peer = RawPeer::connect_as(&endpoint, SocketType::Dealer, "peer").await;
    handshake_succeeded(&mut events).await;
    router.send(Message::multipart(["peer".into(), huge_frame()])).await.unwrap();
    router.send(frames(["peer", "old"])).await.unwrap();
    drop(peer);
    assert_eq!(disconnected(&mut events).await, 2);
    let error = router.send(frames(["peer", "gone"])).await.unwrap_err();
    assert_eq!(*error.kind(), SendErrorKind::Unroutable("peer".into()));

    // The same routing id, and a new queue.
    let mut peer = RawPeer::connect_as(&endpoint, SocketType::Dealer, "peer").await;
    handshake_succeeded(&mut events).await;
    router.send(frames(["peer", "new"])).await.unwrap();
    assert_eq!(peer.recv().await, "new");
}

/// 28/REQREP: ROUTER, general 5: a unique id for each peer without one.
#[tokio::test]
async fn router_general_5_gives_unique_routing_ids() {
    let mut router = RouterSocket::new();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let mut peers = Vec::new();
    let mut ids = HashSet::new();
    for number in 0..20 {
        let mut peer = RawPeer::connect(&endpoint, SocketType::Dealer).await;
        peer.send(format!("peer {number}")).await;
        let message = within("a message", router.recv()).await.unwrap();
        let id = message.first().unwrap().clone();
        assert_eq!(id.first(), Some(&0), "an id no peer could choose: {id:?}");
        assert_eq!(id.len(), 5);
        assert!(ids.insert(id.clone()), "{id:?} names two peers");
        peers.push((id, peer));
    }
    for (number, (id, peer)) in peers.iter_mut().enumerate() {
        router.send(Message::multipart([id.clone(), format!("{number}").into()])).await.unwrap();
        assert_eq!(peer.recv().await, format!("{number}"));
    }
}

/// 28/REQREP: ROUTER, general 5: of two peers with the same id, the second is rejected.
#[tokio::test]
async fn router_general_5_duplicate_id_is_rejected() {
    let mut router = RouterSocket::new();
    let mut events = router.events();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let mut first = RawPeer::connect_as(&endpoint, SocketType::Dealer, "same").await;
    handshake_succeeded(&mut events).await;
    let mut second = RawPeer::connect_as(&endpoint, SocketType::Dealer, "same").await;
    let reason = event(&mut events, "the second peer to be turned away", |event| match event {
        SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
        _ => None,
    })
    .await;
    let HandshakeFailure::Rejected(Rejected::RoutingIdTaken(id)) = reason else {
        panic!("{reason:?}");
    };
    assert_eq!(*id, *b"same");
    second.closed().await;
    router.send(frames(["same", "to the first"])).await.unwrap();
    assert_eq!(first.recv().await, "to the first");
}

/// 28/REQREP: ROUTER, general 5, with handover: the second peer takes the id over.
#[tokio::test]
async fn router_general_5_handover_moves_the_id() {
    let mut router = RouterSocket::builder().handover(true).build();
    let mut events = router.events();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let mut first = RawPeer::connect_as(&endpoint, SocketType::Dealer, "same").await;
    handshake_succeeded(&mut events).await;
    let mut second = RawPeer::connect_as(&endpoint, SocketType::Dealer, "same").await;
    first.closed().await;
    drop(first);
    let reason = event(&mut events, "the first peer to end", |event| match event {
        SocketEvent::Disconnected { reason, .. } => Some(reason),
        _ => None,
    })
    .await;
    assert!(matches!(reason, DisconnectReason::Closed), "{reason:?}");
    router.send(frames(["same", "to the second"])).await.unwrap();
    assert_eq!(second.recv().await, "to the second");
}

/// 28/REQREP: ROUTER, general 6.
#[tokio::test]
async fn router_general_6_uses_the_announced_id() {
    let mut router = RouterSocket::new();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let longest = "x".repeat(255);
    for id in ["i", "a name", &longest] {
        let mut peer = RawPeer::connect_as(&endpoint, SocketType::Dealer, id).await;
        peer.send("hello").await;
        let message = within("a message", router.recv()).await.unwrap();
        assert_eq!(message, frames([id, "hello"]));
    }
}

/// 28/REQREP: ROUTER, general 6, from the other side: the announced id.
#[tokio::test]
async fn router_general_6_announces_its_routing_id() {
    let (listener, endpoint) = listen().await;
    let dealer = DealerSocket::builder().routing_id("me").unwrap().build();
    dealer.connect(&endpoint).unwrap();
    assert_eq!(RawPeer::accept(&listener, SocketType::Router).await.peer_routing_id(), "me");
    let nameless = DealerSocket::new();
    nameless.connect(&endpoint).unwrap();
    assert_eq!(RawPeer::accept(&listener, SocketType::Router).await.peer_routing_id(), "");
}

/// 28/REQREP: ROUTER, incoming 1.
#[tokio::test]
async fn router_incoming_1_receives_fairly() {
    let mut router = RouterSocket::new();
    let [mut eager, mut modest] = bind_to_dealers(&router, ["eager", "modest"]).await;
    send_unevenly((&mut eager, "x"), (&mut modest, "x")).await;
    let modest = count_in_ten(&mut router, frames(["modest", "x"])).await;
    assert_eq!(modest, 5, "of the first ten messages, half are each peer's");
}

/// 28/REQREP: ROUTER, incoming 2 and 3.
#[tokio::test]
async fn router_incoming_2_and_3_prepends_the_id() {
    let mut router = RouterSocket::new();
    let [mut peer] = bind_to_dealers(&router, ["id"]).await;
    peer.send(frames(["", "a", ""])).await;
    let message = within("a message", router.recv()).await.unwrap();
    assert_eq!(message, frames(["id", "", "a", ""]));
}

/// 28/REQREP: ROUTER, outgoing 1 and 2.
#[tokio::test]
async fn router_outgoing_1_and_2_routes_by_id() {
    let mut router = RouterSocket::new();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let mut peers = Vec::new();
    for id in ["a", "b", "c"] {
        peers.push(RawPeer::connect_as(&endpoint, SocketType::Dealer, id).await);
    }
    router.wait_for_peers(3).await;
    for (number, id) in ["c", "a", "b", "a"].iter().enumerate() {
        router.send(frames([id, "", &format!("{number}")])).await.unwrap();
    }
    assert_eq!(peers[0].recv().await, frames(["", "1"]));
    assert_eq!(peers[0].recv().await, frames(["", "3"]));
    assert_eq!(peers[1].recv().await, frames(["", "2"]));
    assert_eq!(peers[2].recv().await, frames(["", "0"]));
}

/// 28/REQREP: ROUTER, outgoing 3, by default.
#[tokio::test]
async fn router_outgoing_3_drops_unroutable() {
    let mut router = RouterSocket::new();
    let [mut peer] = bind_to_dealers(&router, ["peer"]).await;
    router.send(frames(["no peer", "lost"])).await.unwrap();
    router.send(frames(["peer", "kept"])).await.unwrap();
    assert_eq!(peer.recv().await, "kept");
}

/// 28/REQREP: ROUTER, outgoing 3, as configured.
#[tokio::test]
async fn router_outgoing_3_mandatory_fails_or_blocks() {
    let mut router = RouterSocket::builder().mandatory(true).send_high_water_mark(1).build();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let error = router.send(frames(["peer", "lost"])).await.unwrap_err();
    assert_eq!(*error.kind(), SendErrorKind::Unroutable("peer".into()));
    assert_eq!(error.into_message(), Some(frames(["peer", "lost"])));

    let mut peer = RawPeer::connect_as(&endpoint, SocketType::Dealer, "peer").await;
    router.wait_for_peers(1).await;
    router.send(Message::multipart(["peer".into(), huge_frame()])).await.unwrap();
    let error = router.try_send(frames(["peer", "full"])).unwrap_err();
    assert_eq!(*error.kind(), SendErrorKind::Full);
    assert_eq!(error.into_message(), Some(frames(["peer", "full"])));
    let send = within("room for the peer", router.send(frames(["peer", "then"])));
    let (received, sent) = tokio::join!(peer.recv(), send);
    assert_eq!(received.size(), HUGE);
    sent.unwrap();
    assert_eq!(peer.recv().await, "then");
}

/// 28/REQREP: ROUTER, outgoing 4: a peer that does not read delays no other.
#[tokio::test]
async fn router_outgoing_4_never_blocks_on_slow_peer() {
    let mut router = RouterSocket::builder().send_high_water_mark(1).build();
    let [mut slow, mut quick] = bind_to_dealers(&router, ["slow", "quick"]).await;
    router.send(Message::multipart(["slow".into(), huge_frame()])).await.unwrap();
    for number in 0..3 {
        assert!(!is_pending(router.send(frames(["slow", "dropped"]))), "waits for the slow peer");
        router.send(frames(["quick", &format!("{number}")])).await.unwrap();
        assert_eq!(quick.recv().await, format!("{number}"));
    }
    // Messages for the full queue are lost for the slow peer only.
    assert_eq!(slow.recv().await.size(), HUGE);
    slow.sync().await;
    router.send(frames(["slow", "after"])).await.unwrap();
    assert_eq!(slow.recv().await, "after");
}
