//! Order, routing and backpressure: the rules of the socket types, and the options that change
//! them.

use std::collections::HashSet;

use interop::{
    Attach, End, Frames, ReservedPort, Setup, TCP, disconnected, frames, handshake,
    handshake_failure, libzmq, recv, send, within,
};
use libzmq_peer::SocketKind::{self, Dealer, Pull, Push, Rep, Req, Router, Sub};
use libzmq_peer::{EventKind, Opt, Peer, errno};
use zeromq_async::{
    DealerSocket, HandshakeFailure, Message, PubSocket, PullSocket, PushSocket, Rejected,
    RepSocket, ReqSocket, RouterSocket, SendErrorKind,
};

fn bound(kind: SocketKind) -> Peer {
    libzmq(kind, |socket| socket.bind(TCP))
}

fn connected(kind: SocketKind, endpoint: impl ToString) -> Peer {
    let endpoint = endpoint.to_string();
    libzmq(kind, move |socket| socket.connect(&endpoint))
}

/// A peer that announces a routing id.
fn named(kind: SocketKind, routing_id: &'static str, endpoint: impl ToString) -> Peer {
    let endpoint = endpoint.to_string();
    libzmq(kind, move |socket| {
        socket.set_bytes(Opt::ROUTING_ID, routing_id.as_bytes())?;
        socket.connect(&endpoint)
    })
}

#[tokio::test]
async fn our_push_rotates_over_libzmq_pulls() {
    let pulls = [bound(Pull), bound(Pull), bound(Pull)];
    let mut push = PushSocket::new();
    for pull in &pulls {
        push.connect(pull.endpoint()).unwrap();
    }
    for number in 0..30_u8 {
        send(&mut push, [number]).await;
    }
    for number in 0..30_u8 {
        let pull = &pulls[usize::from(number % 3)];
        assert_eq!(pull.recv().await.unwrap(), [[number]]);
    }
}

#[tokio::test]
async fn our_dealer_rotates_over_libzmq_peers() {
    let [rep, router, peer] = [bound(Rep), bound(Router), bound(Dealer)];
    let mut dealer = DealerSocket::new();
    for peer in [&rep, &router, &peer] {
        dealer.connect(peer.endpoint()).unwrap();
    }
    for _ in 0..3 {
        for _ in 0..3 {
            send(&mut dealer, Message::multipart(["", "question"])).await;
        }
        assert_eq!(rep.recv().await.unwrap(), [b"question"]);
        assert_eq!(router.recv().await.unwrap()[1..], [&b""[..], b"question"]);
        assert_eq!(peer.recv().await.unwrap(), [&b""[..], b"question"]);
        rep.send(["answer"]).await.unwrap();
        assert_eq!(recv(&mut dealer, "the answer").await, Message::multipart(["", "answer"]));
    }
}

#[tokio::test]
async fn our_req_rotates_over_libzmq_reps() {
    let reps = [bound(Rep), bound(Rep)];
    let mut req = ReqSocket::new();
    for rep in &reps {
        req.connect(rep.endpoint()).unwrap();
    }
    for number in 0..6_u8 {
        send(&mut req, [number]).await;
        let out_of_turn = req.try_send("again").unwrap_err();
        assert_eq!(*out_of_turn.kind(), SendErrorKind::OutOfTurn);
        let rep = &reps[usize::from(number % 2)];
        assert_eq!(rep.recv().await.unwrap(), [[number]]);
        rep.send([[number]]).await.unwrap();
        assert_eq!(recv(&mut req, "the reply").await, &[number]);
    }
}

/// 10 messages of 64 KiB from each of two peers are certainly queued when neither peer can send
/// more.
#[tokio::test]
async fn our_pull_and_router_receive_fairly() {
    for (ours, theirs) in [(Pull, Push), (Router, Dealer)] {
        let mut pull = PullSocket::builder().receive_high_water_mark(10).build();
        let mut router = RouterSocket::builder().receive_high_water_mark(10).build();
        let endpoint = match ours {
            Pull => pull.bind(TCP).await.unwrap(),
            _ => router.bind(TCP).await.unwrap(),
        };
        let peers = ["one", "two"].map(|id| (id, named(theirs, id, &endpoint)));
        for (id, peer) in &peers {
            let body = [id.as_bytes(), &[0; 65_536]].concat();
            let filled = peer.run(move |socket| {
                socket.set_i32(Opt::SNDTIMEO, 300)?;
                while socket.send(&[&body]).is_ok() {}
                Ok(())
            });
            filled.await.unwrap();
        }
        let mut senders = Vec::new();
        for number in 0..20 {
            let what = format!("{ours:?}: message {number}");
            let message = match ours {
                Pull => recv(&mut pull, what).await,
                _ => recv(&mut router, what).await,
            };
            senders.push(message.last().expect("a frame")[..3].to_vec());
        }
        for pair in senders.chunks(2) {
            assert_ne!(pair[0], pair[1], "{ours:?} does not take in turn: {senders:?}");
        }
    }
}

#[tokio::test]
async fn our_router_reaches_each_libzmq_dealer() {
    let mut router = RouterSocket::new();
    let endpoint = router.bind(TCP).await.unwrap();
    let longest: &'static str = Box::leak("x".repeat(255).into_boxed_str());
    let mut dealers: Vec<(Peer, Option<&str>)> = Vec::new();
    for id in ["a", "worker-7", longest] {
        dealers.push((named(Dealer, id, &endpoint), Some(id)));
    }
    for _ in 0..3 {
        dealers.push((connected(Dealer, &endpoint), None));
    }
    let mut ids = HashSet::new();
    for (number, (dealer, chosen)) in dealers.iter().enumerate() {
        dealer.send([format!("from {number}")]).await.unwrap();
        let message = frames(&recv(&mut router, "a dealer's message").await);
        let [id, body] = &message[..] else { panic!("{message:?}") };
        assert_eq!(*body, format!("from {number}").as_bytes());
        match chosen {
            Some(chosen) => assert_eq!(id, chosen.as_bytes()),
            None => assert_eq!((id.len(), id[0]), (5, 0), "{id:?}"),
        }
        assert!(ids.insert(id.clone()), "{id:?} is there already");
        send(&mut router, Message::multipart([id.clone(), b"to you".to_vec()])).await;
    }
    for (dealer, _) in &dealers {
        assert_eq!(dealer.recv().await.unwrap(), [b"to you"]);
    }
}

/// Each side in the role of each.
#[tokio::test]
async fn probe_announces_silent_peer_to_router() {
    for kind in [Dealer, Req, Router] {
        for ours_probes in [true, false] {
            let setup = Setup { routing_id: Some("prober"), probe: true, ..Setup::new(kind) };
            let cell = format!("{kind:?}, ours probes: {ours_probes}");
            let router = Setup::new(Router);
            let (mut router, mut prober) = if ours_probes {
                let (router, endpoint) = End::theirs(router, Attach::Bind(TCP));
                (router, End::ours(setup, Attach::Connect(&endpoint)).await.0)
            } else {
                let (router, endpoint) = End::ours(router, Attach::Bind(TCP)).await;
                (router, End::theirs(setup, Attach::Connect(&endpoint)).0)
            };
            assert_eq!(router.recv(&cell).await, [&b"prober"[..], b""], "{cell}");
            if kind == Dealer {
                router.send(&cell, vec![b"prober".to_vec(), b"hello".to_vec()]).await;
                assert_eq!(prober.recv(&cell).await, [b"hello"], "{cell}");
            }
        }
    }
}

#[tokio::test]
async fn correlating_req_accepts_only_last_reply() {
    let router = bound(Router);
    let mut req = ReqSocket::builder().correlate(true).relaxed(true).build();
    req.connect(router.endpoint()).unwrap();
    let mut envelopes: Vec<Frames> = Vec::new();
    for request in ["one", "two", "three"] {
        send(&mut req, request).await;
        let mut message = router.recv().await.unwrap();
        assert_eq!(message.pop().unwrap(), request.as_bytes());
        let [_, number, delimiter] = &message[..] else { panic!("{message:?}") };
        assert_eq!((number.len(), delimiter.len()), (4, 0));
        envelopes.push(message);
    }
    let numbers: HashSet<_> = envelopes.iter().map(|envelope| &envelope[1]).collect();
    assert_eq!(numbers.len(), 3, "{numbers:?}");
    for (envelope, reply) in envelopes.iter().zip(["late one", "late two", "three"]) {
        router.send(reply_to(envelope, reply)).await.unwrap();
    }
    assert_eq!(recv(&mut req, "the reply to the last request").await, "three");
    // The rest is not taken for the reply to the next request either.
    router.send(reply_to(&envelopes[2], "three again")).await.unwrap();
    send(&mut req, "four").await;
    let mut envelope = router.recv().await.unwrap();
    envelope.pop();
    router.send(reply_to(&envelope, "four")).await.unwrap();
    assert_eq!(recv(&mut req, "the reply").await, "four");
}

fn reply_to(envelope: &[Vec<u8>], reply: &str) -> Frames {
    envelope.iter().cloned().chain([reply.into()]).collect()
}

#[tokio::test]
async fn request_id_of_libzmq_req_is_returned() {
    let mut router = RouterSocket::new();
    let endpoint = router.bind(TCP).await.unwrap().to_string();
    let req = libzmq(Req, move |socket| {
        socket.set_i32(Opt::REQ_CORRELATE, 1)?;
        socket.set_i32(Opt::REQ_RELAXED, 1)?;
        socket.connect(&endpoint)
    });
    let mut envelopes = Vec::new();
    for request in ["one", "two"] {
        req.send([request]).await.unwrap();
        let mut message = frames(&recv(&mut router, request).await);
        assert_eq!(message.pop().unwrap(), request.as_bytes());
        assert_eq!((message.len(), message[1].len(), message[2].len()), (3, 4, 0));
        envelopes.push(message);
    }
    for (envelope, reply) in envelopes.iter().zip(["late one", "two"]) {
        send(&mut router, Message::multipart(reply_to(envelope, reply))).await;
    }
    assert_eq!(req.recv().await.unwrap(), [b"two"]);

    let mut rep = RepSocket::new();
    let endpoint = rep.bind(TCP).await.unwrap().to_string();
    let req = libzmq(Req, move |socket| {
        socket.set_i32(Opt::REQ_CORRELATE, 1)?;
        socket.connect(&endpoint)
    });
    for request in ["one", "two"] {
        req.send([request, "more"]).await.unwrap();
        let received = recv(&mut rep, request).await;
        assert_eq!(received, Message::multipart([request, "more"]));
        send(&mut rep, received).await;
        assert_eq!(req.recv().await.unwrap(), [request.as_bytes(), b"more"]);
    }
}

#[tokio::test]
async fn only_relaxed_req_may_send_twice() {
    let rep = bound(Rep);
    let mut strict = ReqSocket::new();
    strict.connect(rep.endpoint()).unwrap();
    send(&mut strict, "one").await;
    let error = within("a refusal", strict.send("two")).await.unwrap_err();
    assert_eq!(*error.kind(), SendErrorKind::OutOfTurn);
    assert_eq!(error.into_message(), Some("two".into()), "the message comes back");

    let mut relaxed = ReqSocket::builder().relaxed(true).correlate(true).build();
    relaxed.connect(rep.endpoint()).unwrap();
    for request in ["one", "two"] {
        send(&mut relaxed, request).await;
    }
    for _ in 0..3 {
        let request = rep.recv().await.unwrap();
        rep.send(request).await.unwrap();
    }
    assert_eq!(recv(&mut strict, "the reply").await, "one");
    assert_eq!(recv(&mut relaxed, "the reply to the second").await, "two");
}

#[tokio::test]
async fn mandatory_router_reports_missing_peer() {
    let mut ours = RouterSocket::builder().mandatory(true).build();
    let endpoint = ours.bind(TCP).await.unwrap();
    let theirs = libzmq(Router, |socket| {
        socket.set_i32(Opt::ROUTER_MANDATORY, 1)?;
        socket.bind(TCP)
    });
    let error = within("a refusal", ours.send(Message::multipart(["x", "body"]))).await;
    let error = error.unwrap_err();
    assert_eq!(*error.kind(), SendErrorKind::Unroutable("x".into()));
    assert_eq!(error.into_message(), Some(Message::multipart(["x", "body"])));
    let error = theirs.send(["x", "body"]).await.unwrap_err();
    assert_eq!(error.errno(), Some(errno::EHOSTUNREACH));

    let dealer = named(Dealer, "x", &endpoint);
    within("the dealer", ours.wait_for_peers(1)).await;
    send(&mut ours, Message::multipart(["x", "body"])).await;
    assert_eq!(dealer.recv().await.unwrap(), [b"body"]);

    let mut events = ours.events();
    dealer.stop().await.unwrap();
    disconnected(&mut events).await;
    let error = within("a refusal", ours.send(Message::multipart(["x", "body"]))).await;
    assert_eq!(*error.unwrap_err().kind(), SendErrorKind::Unroutable("x".into()));
}

#[tokio::test]
async fn plain_router_drops_unroutable_messages() {
    let mut ours = RouterSocket::new();
    let endpoint = ours.bind(TCP).await.unwrap();
    let dealer = named(Dealer, "x", &endpoint);
    within("the dealer", ours.wait_for_peers(1)).await;
    for id in ["nobody", "x"] {
        send(&mut ours, Message::multipart([id, "body"])).await;
    }
    assert_eq!(dealer.recv().await.unwrap(), [b"body"]);
    let error = within("a refusal", ours.send("no routing id")).await.unwrap_err();
    assert_eq!(*error.kind(), SendErrorKind::NoRoutingId);
}

/// One dealer does not read. A mandatory router waits for it and serves the other meanwhile.
#[tokio::test]
async fn mandatory_router_waits_for_full_peer() {
    let mut router = RouterSocket::builder().mandatory(true).send_high_water_mark(2).build();
    let endpoint = router.bind(TCP).await.unwrap();
    let to = endpoint.to_string();
    let slow = libzmq(Dealer, move |socket| {
        socket.set_bytes(Opt::ROUTING_ID, b"slow")?;
        socket.set_i32(Opt::RCVHWM, 2)?;
        socket.set_i32(Opt::RCVBUF, 4096)?;
        socket.connect(&to)
    });
    let quick = named(Dealer, "quick", &endpoint);
    within("both dealers", router.wait_for_peers(2)).await;
    let to_slow = |number: u32| {
        let body = [&number.to_be_bytes()[..], &[0; 65_536]].concat();
        Message::multipart([b"slow".to_vec(), body])
    };
    let mut sent = 0;
    let refused = loop {
        match router.try_send(to_slow(sent)) {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
        assert!(sent < 10_000, "there is always room for a peer that does not read");
    };
    assert_eq!(*refused.kind(), SendErrorKind::Full);
    assert_eq!(refused.into_message(), Some(to_slow(sent)), "the message comes back");
    router.try_send(Message::multipart(["quick", "body"])).expect("room for another peer");
    assert_eq!(quick.recv().await.unwrap(), [b"body"]);

    let reading = async {
        for number in 0..=sent {
            let message = slow.recv().await.unwrap();
            assert_eq!(message[0][..4], number.to_be_bytes());
        }
    };
    let writing = send(&mut router, to_slow(sent));
    within("the slow peer to read all", async { tokio::join!(reading, writing) }).await;
}

#[tokio::test]
async fn duplicate_libzmq_dealer_is_rejected() {
    let mut router = RouterSocket::new();
    let mut events = router.events();
    let endpoint = router.bind(TCP).await.unwrap();
    let first = named(Dealer, "x", &endpoint);
    handshake(&mut events).await;
    let second = named(Dealer, "x", &endpoint);
    let failure = handshake_failure(&mut events).await;
    assert!(
        matches!(&failure, HandshakeFailure::Rejected(Rejected::RoutingIdTaken(id)) if **id == *b"x"),
        "{failure}"
    );
    send(&mut router, Message::multipart(["x", "body"])).await;
    assert_eq!(first.recv().await.unwrap(), [b"body"]);
    // The name is free after the first peer has left, and the second has retried.
    first.stop().await.unwrap();
    handshake(&mut events).await;
    send(&mut router, Message::multipart(["x", "body"])).await;
    assert_eq!(second.recv().await.unwrap(), [b"body"]);
}

#[tokio::test]
async fn handover_to_second_libzmq_dealer() {
    let mut router = RouterSocket::builder().handover(true).build();
    let mut events = router.events();
    let endpoint = router.bind(TCP).await.unwrap().to_string();
    let dealer = || {
        let endpoint = endpoint.clone();
        libzmq(Dealer, move |socket| {
            socket.set_bytes(Opt::ROUTING_ID, b"x")?;
            // Otherwise the first peer would reconnect and take the name again, and so on.
            socket.set_i32(Opt::RECONNECT_IVL, -1)?;
            socket.connect(&endpoint)
        })
    };
    let first = dealer();
    let (first_id, _) = handshake(&mut events).await;
    send(&mut router, Message::multipart(["x", "to the first"])).await;
    let second = dealer();
    let (second_id, _) = handshake(&mut events).await;
    assert_ne!(first_id, second_id);
    send(&mut router, Message::multipart(["x", "to the second"])).await;
    assert_eq!(first.recv().await.unwrap(), [b"to the first"]);
    assert_eq!(second.recv().await.unwrap(), [b"to the second"]);
    first.event(EventKind::DISCONNECTED).await.unwrap();
    second.send(["hello"]).await.unwrap();
    assert_eq!(recv(&mut router, "the second").await, Message::multipart(["x", "hello"]));
}

/// libzmq keeps the connection of the first peer open and does not read from it.
#[tokio::test]
async fn libzmq_router_hands_over_to_our_dealer() {
    let router = libzmq(Router, |socket| {
        socket.set_i32(Opt::ROUTER_HANDOVER, 1)?;
        socket.bind(TCP)
    });
    let dealer = || DealerSocket::builder().routing_id("x").unwrap().build();
    let (mut first, mut second) = (dealer(), dealer());
    first.connect(router.endpoint()).unwrap();
    send(&mut first, "one").await;
    assert_eq!(router.recv().await.unwrap(), [b"x", &b"one"[..]]);
    second.connect(router.endpoint()).unwrap();
    send(&mut second, "two").await;
    assert_eq!(router.recv().await.unwrap(), [b"x", &b"two"[..]]);
    router.send(["x", "body"]).await.unwrap();
    assert_eq!(recv(&mut second, "the answer").await, "body");
}

#[tokio::test]
async fn many_frame_messages_pass_whole() {
    let peer = bound(Dealer);
    let mut dealer = DealerSocket::new();
    dealer.connect(peer.endpoint()).unwrap();
    for count in [2, 100, 10_000_u32] {
        let message: Frames = (0..count).map(|frame| frame.to_be_bytes().to_vec()).collect();
        send(&mut dealer, Message::multipart(message.clone())).await;
        let received = peer.recv().await.unwrap();
        assert!(received == message, "{} of {count} frames", received.len());
        peer.send(received).await.unwrap();
        let received = frames(&recv(&mut dealer, "it to come back").await);
        assert!(received == message, "{} of {count} frames came back", received.len());
    }
}

/// This library and libzmq, side by side.
#[tokio::test]
async fn unconnected_push_queues_exactly_its_mark() {
    let port = ReservedPort::new();
    for mark in [None, Some(1), Some(7)] {
        let builder = PushSocket::builder();
        let mut ours = match mark {
            Some(mark) => builder.send_high_water_mark(mark).build(),
            None => builder.build(),
        };
        ours.connect(port.endpoint()).unwrap();
        let mut taken = 0;
        let refused = loop {
            match ours.try_send(Message::multipart(["two", "frames"])) {
                Ok(()) => taken += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(*refused.kind(), SendErrorKind::Full);

        let endpoint = port.endpoint();
        let theirs = libzmq(Push, move |socket| {
            if let Some(mark) = mark {
                socket.set_i32(Opt::SNDHWM, i32::try_from(mark).expect("a small number"))?;
            }
            socket.connect(&endpoint)
        });
        let by_libzmq = theirs.run(|socket| {
            let mut taken = 0;
            while socket.try_send(&["two", "frames"])? {
                taken += 1;
            }
            Ok(taken)
        });
        assert_eq!(taken, mark.unwrap_or(1000));
        assert_eq!(by_libzmq.await.unwrap(), taken, "as libzmq");
    }
}

#[tokio::test]
async fn conflating_socket_keeps_the_last_message() {
    // When a libzmq PULL connects, the PUSH of this library has the last message only.
    let port = ReservedPort::new();
    let mut push = PushSocket::builder().conflate(true).build();
    push.connect(port.endpoint()).unwrap();
    for number in 0..100_u8 {
        send(&mut push, [number]).await;
    }
    let endpoint = port.endpoint();
    let pull = libzmq(Pull, move |socket| socket.bind(&endpoint));
    assert_eq!(pull.recv().await.unwrap(), [[99]]);
    send(&mut push, "end").await;
    assert_eq!(pull.recv().await.unwrap(), [b"end"], "and nothing between");

    // The same for the PULL of this library after a libzmq PUSH has left.
    let mut pull = PullSocket::builder().conflate(true).build();
    let mut events = pull.events();
    let endpoint = pull.bind(TCP).await.unwrap().to_string();
    let push = libzmq(Push, move |socket| {
        socket.set_i32(Opt::LINGER, -1)?;
        socket.connect(&endpoint)
    });
    for number in 0..100_u8 {
        push.send([[number]]).await.unwrap();
    }
    push.stop().await.unwrap();
    disconnected(&mut events).await;
    assert_eq!(recv(&mut pull, "the last message").await, &[99]);
    assert!(pull.try_recv().is_err(), "there is one message");
}

/// 29/PUBSUB: a subscriber that does not read does not affect the others.
#[tokio::test]
async fn our_pub_drops_only_for_slow_libzmq_sub() {
    const COUNT: u32 = 500;
    let mut publisher = PubSocket::builder().send_high_water_mark(10).build();
    let endpoint = publisher.bind(TCP).await.unwrap().to_string();
    let subscribe = || {
        let endpoint = endpoint.clone();
        libzmq(Sub, move |socket| {
            socket.set_i32(Opt::RCVHWM, 10)?;
            socket.set_i32(Opt::RCVBUF, 4096)?;
            socket.set_bytes(Opt::SUBSCRIBE, b"")?;
            socket.connect(&endpoint)
        })
    };
    let (slow, quick) = (subscribe(), subscribe());
    for sub in [&slow, &quick] {
        interop::publish_until_received(&mut publisher, "begin", sub.recv()).await;
    }
    let begun = |message: &Frames| message == &[b"begin"];
    let numbered = |number: u32| [&number.to_be_bytes()[..], &[0; 65_536]].concat();
    for number in 0..COUNT {
        send(&mut publisher, numbered(number)).await;
        let mut message = quick.recv().await.unwrap();
        while begun(&message) {
            message = quick.recv().await.unwrap();
        }
        assert!(message == [numbered(number)], "the quick one misses {number}");
    }
    // The slow subscriber has the messages that fitted, whole, in order, and without duplicates.
    let reading = async {
        let (mut received, mut next) = (0, 0);
        loop {
            let message = slow.recv().await.unwrap();
            if message == [b"end"] {
                return received;
            }
            if !begun(&message) {
                let number = u32::from_be_bytes(message[0][..4].try_into().unwrap());
                assert!(number >= next && message == [numbered(number)], "{number} after {next}");
                (received, next) = (received + 1, number + 1);
            }
        }
    };
    let ending = async {
        loop {
            send(&mut publisher, "end").await;
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    let received = within("the slow one to get the end", async {
        tokio::select! {
            received = reading => received,
            () = ending => unreachable!("it does not end"),
        }
    });
    let received = received.await;
    assert!((10..COUNT).contains(&received), "it has {received} of {COUNT}");
}
