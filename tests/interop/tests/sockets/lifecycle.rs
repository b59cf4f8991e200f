//! Peers that start late, stop and return, and sockets that are closed with unsent messages.

use std::time::Duration;

use interop::{
    Attach, Directory, End, IPC, ReservedPort, Setup, TCP, disconnected, event, handshake, libzmq,
    recv, send, within,
};
use libzmq_peer::SocketKind::{self, Dealer, Pull, Push, Rep, Req, Router, Sub, Xpub};
use libzmq_peer::{EventKind, Opt, Peer};
use zeromq_async::{
    DealerSocket, DetachError, DisconnectReason, Message, PullSocket, PushSocket, RecvError,
    RepSocket, ReqSocket, SendErrorKind, SocketEvent, SubSocket, XPubSocket,
};

/// One socket connects and sends first. The other binds later.
#[tokio::test]
async fn connect_may_precede_bind() {
    for (early, late) in [(Push, Pull), (Dealer, Router), (Req, Rep), (Sub, Xpub)] {
        for ours_is_early in [true, false] {
            let (port, directory) = (ReservedPort::new(), Directory::new());
            for endpoint in [port.endpoint(), directory.endpoint()] {
                let cell = format!("{early:?}, ours: {ours_is_early}, at {endpoint}");
                let place = Attach::Connect(&endpoint);
                let (mut early_end, _) = end(early, ours_is_early, place).await;
                if early != Sub {
                    early_end.send(&cell, vec![b"early".to_vec()]).await;
                }
                early_end.connect_failed().await;
                let place = Attach::Bind(&endpoint);
                let (mut late_end, _) = end(late, !ours_is_early, place).await;
                let arrived = late_end.recv(&cell).await;
                let last = arrived.last().expect("a frame");
                assert_eq!(last[..], *if early == Sub { &b"\x01"[..] } else { b"early" }, "{cell}");
                if late != Pull {
                    let answer = if late == Xpub { vec![b"answer".to_vec()] } else { arrived };
                    late_end.send(&cell, answer.clone()).await;
                    let received = early_end.recv(&cell).await;
                    assert_eq!(received.last(), answer.last(), "{cell}");
                }
            }
        }
    }
}

async fn end(kind: SocketKind, ours: bool, place: Attach<'_>) -> (End, String) {
    let setup = Setup::new(kind);
    if ours { End::ours(setup, place).await } else { End::theirs(setup, place) }
}

fn bound(kind: SocketKind, endpoint: String) -> Peer {
    libzmq(kind, move |socket| socket.bind(&endpoint))
}

fn connected(kind: SocketKind, endpoint: impl ToString) -> Peer {
    let endpoint = endpoint.to_string();
    libzmq(kind, move |socket| socket.connect(&endpoint))
}

#[tokio::test]
async fn our_push_resumes_with_restarted_pull() {
    let (port, directory) = (ReservedPort::new(), Directory::new());
    for endpoint in [port.endpoint(), directory.endpoint()] {
        let mut push = PushSocket::new();
        let mut events = push.events();
        push.connect(endpoint.as_str()).unwrap();
        for round in 0..3 {
            // Queued without a peer.
            for number in 0..100 {
                send(&mut push, format!("{round} {number}")).await;
            }
            let pull = bound(Pull, endpoint.clone());
            for number in 100..200 {
                send(&mut push, format!("{round} {number}")).await;
            }
            for number in 0..200 {
                let expected = format!("{round} {number}");
                assert_eq!(pull.recv().await.unwrap(), [expected.as_bytes()], "{endpoint}");
            }
            pull.stop().await.unwrap();
            let reason = disconnected(&mut events).await;
            assert!(matches!(reason, DisconnectReason::PeerClosed), "{reason}");
        }
    }
}

/// Messages in the kernel's buffers are lost when the peer dies. None is truncated, duplicated or
/// reordered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dying_libzmq_pull_tears_no_message() {
    const BODY: usize = 100_000;
    let port = ReservedPort::new();
    let mut push = PushSocket::builder().send_high_water_mark(20).linger(Duration::ZERO).build();
    push.connect(port.endpoint()).unwrap();
    let sending = tokio::spawn(async move {
        for number in 0_u32.. {
            let mark = number.to_be_bytes();
            let message = Message::multipart([mark.to_vec(), vec![mark[3]; BODY], mark.to_vec()]);
            if push.send(message).await.is_err() {
                return;
            }
        }
    });
    let mut next = 0;
    for life in 0..10 {
        let pull = bound(Pull, port.endpoint());
        for _ in 0..20 + life {
            let message = pull.recv().await.unwrap();
            let [mark, body, again] = &message[..] else { panic!("{} frames", message.len()) };
            let number = u32::from_be_bytes(mark[..].try_into().unwrap());
            assert!(number >= next, "{number} came after {next}");
            assert!(mark == again && *body == vec![mark[3]; BODY], "message {number} is torn");
            next = number + 1;
        }
        // Closed at any point of a message.
        pull.stop().await.unwrap();
    }
    sending.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dying_libzmq_push_tears_no_message() {
    const BODY: usize = 100_000;
    let mut pull = PullSocket::new();
    let mut events = pull.events();
    let endpoint = pull.bind(TCP).await.unwrap().to_string();
    for life in 0..10_u8 {
        let push = connected(Push, &endpoint);
        let sent = push.run(move |socket| {
            for number in 0..40_u8 {
                socket.send(&[vec![life, number], vec![number; BODY], vec![life, number]])?;
            }
            Ok(())
        });
        sent.await.unwrap();
        handshake(&mut events).await;
        // Without linger, it closes wherever it is.
        push.stop().await.unwrap();
        disconnected(&mut events).await;
        let mut next = 0;
        while let Ok(message) = pull.try_recv() {
            let message = interop::frames(&message);
            let [mark, body, again] = &message[..] else { panic!("{} frames", message.len()) };
            assert!(mark[..] == [life, next], "{mark:?} came for {:?}", [life, next]);
            assert!(mark == again && *body == vec![next; BODY], "{mark:?} is torn");
            next += 1;
        }
    }
}

#[tokio::test]
async fn our_dealer_resumes_with_restarted_router() {
    let port = ReservedPort::new();
    let mut dealer = DealerSocket::builder().routing_id("dealer").unwrap().build();
    let mut events = dealer.events();
    dealer.connect(port.endpoint()).unwrap();
    for round in ["one", "two", "three"] {
        send(&mut dealer, round).await;
        let router = bound(Router, port.endpoint());
        assert_eq!(router.recv().await.unwrap(), [b"dealer", round.as_bytes()]);
        router.send(["dealer", round]).await.unwrap();
        assert_eq!(recv(&mut dealer, "the answer").await, round);
        router.stop().await.unwrap();
        disconnected(&mut events).await;
    }
}

#[tokio::test]
async fn our_req_resumes_with_restarted_rep() {
    let port = ReservedPort::new();
    let mut req = ReqSocket::new();
    req.connect(port.endpoint()).unwrap();
    for round in ["one", "two"] {
        // Without a peer, the request waits.
        send(&mut req, round).await;
        let rep = bound(Rep, port.endpoint());
        assert_eq!(rep.recv().await.unwrap(), [round.as_bytes()]);
        rep.send([round]).await.unwrap();
        assert_eq!(recv(&mut req, "the reply").await, round);

        // If the peer took the request and never replies, `recv` fails.
        send(&mut req, "for nothing").await;
        assert_eq!(rep.recv().await.unwrap(), [b"for nothing"]);
        rep.stop().await.unwrap();
        let lost = within("the loss of the reply", req.recv()).await;
        assert_eq!(lost, Err(RecvError::ReplyLost));
    }
}

#[tokio::test]
async fn our_sub_resubscribes_at_restarted_xpub() {
    let port = ReservedPort::new();
    let mut sub = SubSocket::builder().subscribe("a").subscribe("a").build();
    let mut events = sub.events();
    sub.connect(port.endpoint()).unwrap();
    for (topic, next) in [("a", "b"), ("b", "c"), ("c", "d")] {
        let xpub = bound(Xpub, port.endpoint());
        assert_eq!(xpub.recv().await.unwrap(), [[b"\x01", topic.as_bytes()].concat()]);
        xpub.send(["none of these"]).await.unwrap();
        xpub.send([topic, "news"]).await.unwrap();
        assert_eq!(recv(&mut sub, topic).await, Message::multipart([topic, "news"]));
        xpub.stop().await.unwrap();
        disconnected(&mut events).await;
        // Without a publisher: the next one receives the current subscriptions, once.
        sub.subscribe(next);
        sub.unsubscribe(topic);
        sub.unsubscribe(topic);
    }
    let xpub = bound(Xpub, port.endpoint());
    assert_eq!(xpub.recv().await.unwrap(), [b"\x01d"]);
    sub.unsubscribe("d");
    assert_eq!(xpub.recv().await.unwrap(), [b"\0d"], "and nothing between");
}

#[tokio::test]
async fn libzmq_push_resumes_with_restarted_pull() {
    let port = ReservedPort::new();
    let push = connected(Push, port.endpoint());
    for round in 0..3 {
        for number in 0..100 {
            push.send([format!("{round} {number}")]).await.unwrap();
        }
        let mut pull = PullSocket::new();
        pull.bind(port.endpoint()).await.unwrap();
        for number in 0..100 {
            let expected = format!("{round} {number}");
            assert_eq!(recv(&mut pull, &expected).await, expected.as_str());
        }
        within("our PULL to close", pull.close()).await;
        push.event(EventKind::DISCONNECTED).await.unwrap();
    }
}

#[tokio::test]
async fn libzmq_req_resumes_with_restarted_rep() {
    let port = ReservedPort::new();
    let req = connected(Req, port.endpoint());
    for round in ["one", "two", "three"] {
        req.send([round]).await.unwrap();
        let mut rep = RepSocket::new();
        rep.bind(port.endpoint()).await.unwrap();
        assert_eq!(recv(&mut rep, round).await, round);
        send(&mut rep, round).await;
        // The reply is being sent when the socket closes: it is written first.
        within("our REP to close", rep.close()).await;
        assert_eq!(req.recv().await.unwrap(), [round.as_bytes()]);
        req.event(EventKind::DISCONNECTED).await.unwrap();
    }
}

#[tokio::test]
async fn our_rep_survives_an_impatient_libzmq_req() {
    let mut rep = RepSocket::new();
    let mut events = rep.events();
    let endpoint = rep.bind(TCP).await.unwrap();
    for _ in 0..3 {
        let impatient = connected(Req, &endpoint);
        impatient.send(["question"]).await.unwrap();
        assert_eq!(recv(&mut rep, "a question").await, "question");
        impatient.stop().await.unwrap();
        disconnected(&mut events).await;
        send(&mut rep, "an answer without a receiver").await;
        let patient = connected(Req, &endpoint);
        patient.send(["question"]).await.unwrap();
        assert_eq!(recv(&mut rep, "a question").await, "question");
        send(&mut rep, "answer").await;
        assert_eq!(patient.recv().await.unwrap(), [b"answer"]);
        patient.stop().await.unwrap();
        disconnected(&mut events).await;
    }
}

#[tokio::test]
async fn libzmq_sub_resubscribes_at_restarted_xpub() {
    let port = ReservedPort::new();
    let endpoint = port.endpoint();
    let sub = libzmq(Sub, move |socket| {
        socket.set_bytes(Opt::SUBSCRIBE, b"news")?;
        socket.connect(&endpoint)
    });
    for round in ["news one", "news two", "news three"] {
        let mut xpub = XPubSocket::new();
        xpub.bind(port.endpoint()).await.unwrap();
        let heard = sub.recv(); // libzmq subscribes again only while it is called
        assert_eq!(recv(&mut xpub, "the subscription").await, "\x01news");
        send(&mut xpub, "other").await;
        send(&mut xpub, round).await;
        assert_eq!(heard.await.unwrap(), [round.as_bytes()]);
        within("our XPUB to close", xpub.close()).await;
        sub.event(EventKind::DISCONNECTED).await.unwrap();
    }
}

#[tokio::test]
async fn our_push_flushes_before_disconnect() {
    for place in [TCP, IPC] {
        let pull = bound(Pull, place.into());
        let mut push = PushSocket::new();
        push.connect(pull.endpoint()).unwrap();
        for number in 0..500_u32 {
            send(&mut push, number.to_be_bytes()).await;
        }
        push.disconnect(pull.endpoint()).unwrap();
        for number in 0..500_u32 {
            assert_eq!(pull.recv().await.unwrap(), [number.to_be_bytes()]);
        }
        pull.event(EventKind::DISCONNECTED).await.unwrap();
        let refused = push.try_send("no peer").unwrap_err();
        assert_eq!(*refused.kind(), SendErrorKind::Full);
        let again = push.disconnect(pull.endpoint());
        assert!(matches!(again, Err(DetachError::NotAttached(_))), "{again:?}");

        push.connect(pull.endpoint()).unwrap();
        send(&mut push, "back").await;
        assert_eq!(pull.recv().await.unwrap(), [b"back"]);
    }
}

#[tokio::test]
async fn our_pull_keeps_messages_after_disconnect() {
    let push = bound(Push, TCP.into());
    let mut pull = PullSocket::new();
    let mut events = pull.events();
    pull.connect(push.endpoint()).unwrap();
    handshake(&mut events).await;
    push.send(["one"]).await.unwrap();
    push.send(["two"]).await.unwrap();
    assert_eq!(recv(&mut pull, "one").await, "one");
    pull.disconnect(push.endpoint()).unwrap();
    push.event(EventKind::DISCONNECTED).await.unwrap();
    disconnected(&mut events).await;
    // "two" may still have been in flight. If it arrived, it arrived once.
    if let Ok(message) = pull.try_recv() {
        assert_eq!(message, "two");
        assert_eq!(pull.try_recv(), Err(RecvError::Empty));
    }
}

#[tokio::test]
async fn unbound_pull_keeps_its_peers() {
    let port = ReservedPort::new();
    let mut pull = PullSocket::new();
    let mut events = pull.events();
    pull.bind(port.endpoint()).await.unwrap();
    let old = connected(Push, port.endpoint());
    handshake(&mut events).await;
    pull.stop_accepting(port.endpoint()).await.unwrap();
    event(&mut events, "the listener to close", |event| {
        matches!(event, SocketEvent::ListenerClosed { .. }).then_some(())
    })
    .await;

    let new = connected(Push, port.endpoint());
    new.event(EventKind::CONNECT_RETRIED).await.unwrap();
    new.send(["new"]).await.unwrap();
    old.send(["old"]).await.unwrap();
    assert_eq!(recv(&mut pull, "the peer that stayed").await, "old");

    pull.bind(port.endpoint()).await.unwrap();
    assert_eq!(recv(&mut pull, "the peer that waited").await, "new");
}

#[tokio::test]
async fn libzmq_disconnect_is_reported() {
    let mut push = PushSocket::new();
    let mut events = push.events();
    let endpoint = push.bind(TCP).await.unwrap().to_string();
    let pull = connected(Pull, &endpoint);
    send(&mut push, "one").await;
    assert_eq!(pull.recv().await.unwrap(), [b"one"]);
    pull.run(move |socket| socket.disconnect(&endpoint)).await.unwrap();
    let _waiting = pull.recv(); // libzmq disconnects only while it is called
    let reason = disconnected(&mut events).await;
    assert!(matches!(reason, DisconnectReason::PeerClosed), "{reason}");
}

const KIB: usize = 1024;

fn numbered(number: u32) -> Vec<u8> {
    let mut message = number.to_be_bytes().to_vec();
    message.resize(KIB, 0);
    message
}

/// A PULL with minimal queues and buffers.
fn slow_pull() -> Peer {
    libzmq(Pull, |socket| {
        socket.set_i32(Opt::RCVHWM, 10)?;
        socket.set_i32(Opt::RCVBUF, 4096)?;
        socket.bind(TCP)
    })
}

/// Returns the number of arrived messages, which are the first sent ones, in order.
async fn count_messages(pull: &Peer, until: Option<u32>) -> u32 {
    let counting = pull.run(move |socket| {
        let mut count = 0;
        while until.is_none_or(|until| count < until) {
            // Longer than any pause below. If the connection does not end, silence is the end.
            let Some(message) = socket.recv_timeout(Duration::from_secs(2))? else { break };
            assert!(message == [numbered(count)], "message {count} is another");
            count += 1;
        }
        Ok(count)
    });
    counting.await.expect("a count")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn close_delivers_all_to_slow_libzmq_pull() {
    const COUNT: u32 = 10_000;
    for dropped in [false, true] {
        let pull = slow_pull();
        let mut push = PushSocket::builder().send_high_water_mark(COUNT as usize).build();
        let mut events = push.events();
        push.connect(pull.endpoint()).unwrap();
        for number in 0..COUNT {
            push.try_send(numbered(number)).expect("room for all");
        }
        handshake(&mut events).await;
        if dropped {
            drop(push);
            assert_eq!(count_messages(&pull, Some(COUNT)).await, COUNT);
        } else {
            let closing = tokio::spawn(push.close());
            assert_eq!(count_messages(&pull, Some(COUNT)).await, COUNT);
            let report = within("the socket to close", closing).await.unwrap();
            assert_eq!(report.unsent, 0);
        }
        pull.event(EventKind::DISCONNECTED).await.unwrap();
    }
}

#[tokio::test]
async fn close_without_peers_reports_unsent() {
    let port = ReservedPort::new();
    for linger in [Duration::ZERO, Duration::from_millis(50)] {
        let mut push = PushSocket::builder().linger(linger).build();
        push.connect(port.endpoint()).unwrap();
        for _ in 0..123 {
            send(&mut push, Message::multipart(["two", "frames"])).await;
        }
        assert_eq!(within("the socket to close", push.close()).await.unsent, 123, "{linger:?}");
    }
}

/// The arrived and the unsent messages are together all sent messages.
#[tokio::test]
async fn early_close_reports_unsent_exactly() {
    const COUNT: u32 = 10_000;
    let pull = slow_pull();
    let mut push = PushSocket::builder()
        .send_high_water_mark(COUNT as usize)
        .send_buffer(4096)
        .linger(Duration::from_millis(200))
        .build();
    let mut events = push.events();
    push.connect(pull.endpoint()).unwrap();
    handshake(&mut events).await;
    for number in 0..COUNT {
        send(&mut push, numbered(number)).await;
    }
    let report = within("the socket to close", push.close()).await;
    assert!(report.unsent > 0, "everything was sent to a peer that does not read");
    let received = count_messages(&pull, None).await;
    assert_eq!(received as usize + report.unsent, COUNT as usize);
}

#[tokio::test]
async fn immediate_push_skips_absent_peers() {
    let (dead, alive) = (ReservedPort::new(), bound(Pull, TCP.into()));
    let mut push = PushSocket::builder().immediate(true).build();
    push.connect(dead.endpoint()).unwrap();
    assert_eq!(*push.try_send("no peer").unwrap_err().kind(), SendErrorKind::Full);
    push.connect(alive.endpoint()).unwrap();
    for number in 0..10_u8 {
        send(&mut push, [number]).await;
    }
    for number in 0..10_u8 {
        assert_eq!(alive.recv().await.unwrap(), [[number]]);
    }

    // Without it, half of the messages wait for the absent peer.
    let mut push = PushSocket::new();
    push.connect(dead.endpoint()).unwrap();
    push.connect(alive.endpoint()).unwrap();
    for number in 0..10_u8 {
        send(&mut push, [number]).await;
    }
    for number in [1, 3, 5, 7, 9_u8] {
        assert_eq!(alive.recv().await.unwrap(), [[number]]);
    }
    let revived = bound(Pull, dead.endpoint());
    for number in [0, 2, 4, 6, 8_u8] {
        assert_eq!(revived.recv().await.unwrap(), [[number]]);
    }
}
