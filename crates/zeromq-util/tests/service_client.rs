//! `service::client`: requests under way over one DEALER or REQ, each with its own reply.

#![allow(clippy::unwrap_used, reason = "a test may fail where something goes wrong")]

use std::time::Duration;

use futures_util::future::try_join_all;
use support::{ANY_PORT, RawPeer, disconnected, fast_reconnect, huge, is_pending, listen, within};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower::{Service, ServiceExt};
use zeromq_async::{
    CloseReport, DealerSocket, Endpoint, Frame, Message, ReconnectBackoff, RepSocket, ReqSocket,
    RouterSocket, SocketType,
};
use zeromq_util::service::{Client, RequestError, ResponseFuture, client, client_with_limit};

/// A client whose driver runs.
fn start(socket: impl Into<DealerSocket>) -> (Client, JoinHandle<CloseReport>) {
    let (client, driver) = client(socket);
    (client, tokio::spawn(driver.run()))
}

/// A client connected to a ROUTER.
async fn with_router() -> (Client, RouterSocket) {
    let (dealer, router) = (DealerSocket::new(), RouterSocket::new());
    dealer.connect(router.bind(ANY_PORT).await.unwrap()).unwrap();
    (start(dealer).0, router)
}

async fn ask(client: &mut Client, request: impl Into<Message>) -> ResponseFuture {
    within("the client to be ready", client.ready()).await.unwrap().call(request.into())
}

async fn outcome(reply: ResponseFuture) -> Result<Message, RequestError> {
    within("a reply", reply).await
}

async fn question(router: &mut RouterSocket) -> Message {
    within("a request", router.recv()).await.unwrap()
}

/// The same envelope with another body.
fn answer(mut request: Message, body: &str) -> Message {
    let frames = request.frame_count() - 1;
    let mut reply: Vec<Frame> = (0..frames).filter_map(|_| request.pop_front()).collect();
    reply.push(body.into());
    reply.into()
}

#[tokio::test]
async fn replies_in_any_order_match_their_requests() {
    let (client, mut router) = with_router().await;
    let asking = tokio::spawn(try_join_all(
        (0..100).map(|number| client.clone().oneshot(number.to_string().into())),
    ));
    let mut requests = Vec::new();
    for _ in 0..100 {
        requests.push(question(&mut router).await);
    }
    for request in requests.into_iter().rev() {
        let body = format!("reply to {}", request.last().unwrap());
        router.send(answer(request, &body)).await.unwrap();
    }
    let replies = within("all replies", asking).await.unwrap().unwrap();
    for (number, reply) in replies.iter().enumerate() {
        assert_eq!(*reply, format!("reply to {number}"));
    }
    assert_eq!((client.stats().replied, client.stats().in_flight), (100, 0));
}

#[tokio::test]
async fn request_and_reply_frames_are_preserved() {
    let (mut client, mut router) = with_router().await;
    let reply = ask(&mut client, Message::multipart(["", "a", ""])).await;
    let mut request = question(&mut router).await;
    assert_eq!(request.frames()[2..], ["", "", "a", ""].map(Frame::from));
    request.push_back("b");
    router.send(request).await.unwrap();
    assert_eq!(outcome(reply).await.unwrap(), Message::multipart(["", "a", "", "b"]));
}

/// An envelope with nothing behind it would be dropped as no request.
#[tokio::test]
async fn frameless_request_becomes_one_empty_frame() {
    let (mut client, mut router) = with_router().await;
    let reply = ask(&mut client, Message::from(Vec::<Frame>::new())).await;
    let request = question(&mut router).await;
    assert_eq!(request.frames()[2..], ["", ""].map(Frame::from));
    router.send(request).await.unwrap();
    assert_eq!(outcome(reply).await.unwrap().frames(), [Frame::new()]);
}

#[tokio::test]
async fn requests_rotate_over_all_servers() {
    let dealer = DealerSocket::new();
    let mut reps = [RepSocket::new(), RepSocket::new(), RepSocket::new()];
    for rep in &reps {
        dealer.connect(rep.bind(ANY_PORT).await.unwrap()).unwrap();
    }
    let (mut client, _) = start(dealer);
    let mut replies = Vec::new();
    for number in 0..6_u8 {
        replies.push(ask(&mut client, [number]).await);
    }
    for _ in 0..2 {
        for rep in &mut reps {
            let request = within("a request", rep.recv()).await.unwrap();
            rep.send(request).await.unwrap();
        }
    }
    for (number, reply) in (0..).zip(replies) {
        assert_eq!(outcome(reply).await.unwrap(), &[number]);
    }
}

/// A REQ has one request under way; made a client it has as many as asked for.
#[tokio::test]
async fn req_client_pipelines_requests() {
    let (req, mut router) = (ReqSocket::new(), RouterSocket::new());
    req.connect(router.bind(ANY_PORT).await.unwrap()).unwrap();
    let (mut client, _) = start(req);
    let (first, second) = (ask(&mut client, "1").await, ask(&mut client, "2").await);
    let (one, two) = (question(&mut router).await, question(&mut router).await);
    router.send(two).await.unwrap();
    router.send(one).await.unwrap();
    assert_eq!(outcome(first).await.unwrap(), "1");
    assert_eq!(outcome(second).await.unwrap(), "2");
}

#[tokio::test]
async fn late_reply_matches_no_other_request() {
    let (mut client, mut router) = with_router().await;
    let given_up = ask(&mut client, "first").await;
    let first = question(&mut router).await;
    drop(given_up);
    assert_eq!((client.stats().given_up, client.stats().in_flight), (1, 0));

    let waiting = ask(&mut client, "second").await;
    let second = question(&mut router).await;
    router.send(answer(first.clone(), "late")).await.unwrap();
    router.send(answer(second, "in time")).await.unwrap();
    assert_eq!(outcome(waiting).await.unwrap(), "in time");
    assert_eq!((client.stats().late, client.stats().unmatched), (1, 0));
}

#[tokio::test]
async fn second_reply_counts_as_late() {
    let (mut client, mut router) = with_router().await;
    let waiting = ask(&mut client, "question").await;
    let request = question(&mut router).await;
    router.send(request.clone()).await.unwrap();
    router.send(request).await.unwrap();
    outcome(waiting).await.unwrap();
    let last = ask(&mut client, "last").await;
    let request = question(&mut router).await;
    router.send(request).await.unwrap();
    outcome(last).await.unwrap();
    assert_eq!((client.stats().replied, client.stats().late), (2, 1));
}

/// Ids can be guessed: any peer might answer what another was asked.
#[tokio::test]
async fn reply_from_wrong_peer_is_discarded() {
    let dealer = DealerSocket::new();
    let endpoint = dealer.bind(ANY_PORT).await.unwrap();
    let (mut honest, mut other) = (RouterSocket::new(), DealerSocket::new());
    honest.connect(&endpoint).unwrap();
    dealer.wait_for_peers(1).await;
    let (mut client, _) = start(dealer);
    let waiting = ask(&mut client, "question").await;
    let request = question(&mut honest).await;

    other.connect(&endpoint).unwrap();
    let mut forged = request.clone();
    forged.pop_front(); // a DEALER needs no routing id
    for message in [forged.clone(), Message::from("nonsense"), forged] {
        other.send(message).await.unwrap();
    }
    within("three messages", async {
        while client.stats().unmatched < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    honest.send(answer(request, "genuine")).await.unwrap();
    assert_eq!(outcome(waiting).await.unwrap(), "genuine");
}

#[tokio::test]
async fn requests_in_flight_are_limited() {
    let dealer = DealerSocket::new();
    dealer.connect("inproc://service-limit").unwrap();
    let (mut client, _driver) = client_with_limit(dealer, 2);
    let first = ask(&mut client, "1").await;
    let _second = ask(&mut client, "2").await;
    let mut another = client.clone();
    assert!(is_pending(another.ready()));
    assert!(is_pending(client.ready()));
    drop(first);
    within("a place", another.ready()).await.unwrap();
    assert!(is_pending(client.ready()), "to be ready takes a place");
    drop(another);
    within("the place of a client that is gone", client.ready()).await.unwrap();
}

#[tokio::test]
async fn call_without_ready_fails_at_the_limit() {
    let dealer = DealerSocket::new();
    dealer.connect("inproc://service-out-of-turn").unwrap();
    let (mut client, _driver) = client_with_limit(dealer, 1);
    let _first = client.call("without asking, while there is room".into());
    let refused = outcome(client.call("too many".into())).await.unwrap_err();
    assert_eq!(refused, RequestError::NotReady { limit: 1 });
}

#[tokio::test]
async fn client_is_ready_when_a_server_has_room() {
    let dealer = DealerSocket::builder().send_high_water_mark(1).build();
    let (mut client, _driver) = client(dealer);
    assert!(is_pending(client.ready()), "there is no server");
    client.handle().connect("inproc://service-room").unwrap();
    let _first = ask(&mut client, "fills the queue").await;
    assert!(is_pending(client.ready()), "the queue is full");
    let mut rep = RepSocket::builder().build();
    rep.bind("inproc://service-room").await.unwrap();
    within("the first request", rep.recv()).await.unwrap();
    within("room", client.ready()).await.unwrap();
}

/// Two clients were told that there is room for one more. Neither request is lost.
#[tokio::test]
async fn request_on_full_queue_is_sent_later() {
    let dealer = DealerSocket::builder().send_high_water_mark(1).build();
    dealer.connect("inproc://service-full").unwrap();
    let (mut one, _) = start(dealer);
    let mut other = one.clone();
    one.ready().await.unwrap();
    other.ready().await.unwrap();
    let first = tokio::spawn(one.call("1".into()));
    let second = tokio::spawn(other.call("2".into()));
    let mut rep = RepSocket::builder().receive_high_water_mark(1).build();
    rep.bind("inproc://service-full").await.unwrap();
    for _ in 0..2 {
        let request = within("a request", rep.recv()).await.unwrap();
        rep.send(request).await.unwrap();
    }
    assert_eq!(within("a reply", first).await.unwrap().unwrap(), "1");
    assert_eq!(within("a reply", second).await.unwrap().unwrap(), "2");
}

fn lost(result: Result<Message, RequestError>) -> Option<Endpoint> {
    match result {
        Err(RequestError::PeerLost { endpoint, .. }) => endpoint,
        other => panic!("not lost: {other:?}"),
    }
}

#[tokio::test]
async fn request_fails_when_its_server_leaves() {
    for endpoint in [ANY_PORT, "inproc://service-gone"] {
        let (dealer, mut rep) = (DealerSocket::new(), RepSocket::new());
        let endpoint = rep.bind(endpoint).await.unwrap();
        dealer.connect(&endpoint).unwrap();
        let (mut client, _) = start(dealer);
        let waiting = ask(&mut client, "question").await;
        within("the request", rep.recv()).await.unwrap();
        rep.close().await;
        assert_eq!(lost(outcome(waiting).await), Some(endpoint));
        assert_eq!((client.stats().lost, client.stats().in_flight), (1, 0));
    }
}

#[tokio::test]
async fn request_fails_when_accepted_server_leaves() {
    let (dealer, mut rep) = (DealerSocket::new(), RepSocket::new());
    rep.connect(dealer.bind(ANY_PORT).await.unwrap()).unwrap();
    dealer.wait_for_peers(1).await;
    let (mut client, _) = start(dealer);
    let read = ask(&mut client, "question").await;
    within("the request", rep.recv()).await.unwrap();
    // More than the kernel takes: its queue goes with the peer.
    let unread = ask(&mut client, huge(1)).await;
    rep.close().await;
    lost(outcome(read).await);
    lost(outcome(unread).await);
    assert!(is_pending(client.ready()), "no server is left");
}

/// What was not yet written is not lost with the connection: it goes over the next.
#[tokio::test]
async fn queued_request_survives_reconnect() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let soon = ReconnectBackoff::new(Duration::from_millis(1));
    let dealer = DealerSocket::builder().reconnect(soon).build();
    dealer.connect(format!("tcp://{}", listener.local_addr().unwrap())).unwrap();
    let mut server = RawPeer::accept(&listener, SocketType::Rep).await;
    let (mut client, _) = start(dealer);
    let read = ask(&mut client, "read").await;
    assert_eq!(*server.recv().await.last().unwrap(), "read");
    let waiting = ask(&mut client, huge(1)).await;
    server.reset();
    lost(outcome(read).await);

    let mut server = RawPeer::accept(&listener, SocketType::Rep).await;
    let request = server.recv().await;
    server.send(answer(request, "well received")).await;
    assert_eq!(outcome(waiting).await.unwrap(), "well received");
}

#[tokio::test]
async fn request_fails_without_reconnect() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dealer = DealerSocket::builder().no_reconnect().build();
    let endpoint: Endpoint = format!("tcp://{}", listener.local_addr().unwrap()).parse().unwrap();
    dealer.connect(&endpoint).unwrap();
    let server = RawPeer::accept(&listener, SocketType::Rep).await;
    let (mut client, _) = start(dealer);
    let waiting = ask(&mut client, huge(1)).await;
    server.reset();
    assert_eq!(lost(outcome(waiting).await), Some(endpoint));
}

/// A driver that could not run for long has not heard everything; who is still there still answers.
#[tokio::test]
async fn missed_events_fail_only_lost_requests() {
    let (dealer, mut stays) = (DealerSocket::new(), RouterSocket::new());
    dealer.connect(stays.bind(ANY_PORT).await.unwrap()).unwrap();
    dealer.wait_for_peers(1).await;
    let (mut client, driver) = client(dealer);
    let kept = ask(&mut client, "to one that stays").await;
    let request = question(&mut stays).await;
    // More news than the driver's stream holds.
    for _ in 0..600 {
        let passing = client.handle().bind("inproc://service-passing").await.unwrap();
        client.handle().unbind(&passing).await.unwrap();
    }
    let driving = tokio::spawn(driver.run());
    for turn in 0..100 {
        if turn % 50 == 49 {
            client.handle().bind(ANY_PORT).await.unwrap();
        }
        tokio::task::yield_now().await;
    }
    stays.send(request).await.unwrap();
    assert_eq!(outcome(kept).await.unwrap(), "to one that stays");
    driving.abort();
}

/// The reply is here before the news that its sender has gone, whichever the driver hears of first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reply_counts_if_server_leaves_after_it() {
    for round in 0..500 {
        let (dealer, mut router) = (DealerSocket::new(), RouterSocket::new());
        let endpoint = format!("inproc://service-right-behind-{round}");
        dealer.connect(router.bind(&endpoint).await.unwrap()).unwrap();
        let (mut client, _) = start(dealer);
        let mut waiting = Vec::new();
        for _ in 0..5 {
            waiting.push(ask(&mut client, "question").await);
        }
        let mut requests = Vec::new();
        for _ in 0..5 {
            requests.push(question(&mut router).await);
        }
        for request in requests {
            router.try_send(request).unwrap();
        }
        router.close().await;
        within("all replies", try_join_all(waiting)).await.unwrap();
    }
}

#[tokio::test]
async fn closing_the_socket_fails_open_requests() {
    let (mut client, _router) = with_router().await;
    let waiting = ask(&mut client, "question").await;
    client.handle().close().await;
    assert_eq!(outcome(waiting).await, Err(RequestError::Closed));
    assert_eq!(client.ready().await.unwrap_err(), RequestError::Closed);
}

#[tokio::test]
async fn dropped_driver_fails_all_waiters() {
    let dealer = DealerSocket::builder().send_high_water_mark(1).build();
    dealer.connect("inproc://service-unattended").unwrap();
    let (mut client, driver) = client(dealer);
    let waiting = ask(&mut client, "fills the queue").await;
    let mut another = client.clone();
    let for_room = tokio::spawn(async move { another.ready().await.map(drop) });
    let driving = tokio::spawn(driver.run());
    tokio::task::yield_now().await;
    driving.abort();
    let unattended = Err(RequestError::Unattended);
    assert_eq!(outcome(waiting).await, unattended.clone());
    assert_eq!(within("who waits for room", for_room).await.unwrap(), unattended.map(drop));
}

/// The driver ends when nobody can ask or waits any more, and not before.
#[tokio::test]
async fn driver_runs_until_the_last_reply() {
    let (dealer, mut router) = (DealerSocket::new(), RouterSocket::new());
    dealer.connect(router.bind(ANY_PORT).await.unwrap()).unwrap();
    let (mut client, driving) = start(dealer);
    let waiting = ask(&mut client, "question").await;
    drop(client);
    let request = question(&mut router).await;
    router.send(answer(request, "the last")).await.unwrap();
    assert_eq!(outcome(waiting).await.unwrap(), "the last");
    assert_eq!(within("the driver to end", driving).await.unwrap().unsent, 0);
}

/// Whatever is polled and dropped in between, each request that is kept gets its reply.
#[tokio::test]
async fn dropped_futures_affect_no_other_request() {
    let (mut client, mut router) = with_router().await;
    let serving = tokio::spawn(async move {
        while let Ok(request) = router.recv().await {
            router.send(request).await.unwrap();
        }
    });
    for round in 0..200_u32 {
        let mut dropped = ask(&mut client, "dropped").await;
        for _ in 0..round % 4 {
            let _ = futures_util::poll!(&mut dropped);
            tokio::task::yield_now().await;
        }
        drop(dropped);
        let kept = ask(&mut client, round.to_be_bytes()).await;
        assert_eq!(outcome(kept).await.unwrap(), &round.to_be_bytes());
    }
    let stats = client.stats();
    assert_eq!(stats.in_flight, 0);
    assert_eq!(stats.unmatched, 0);
    assert!(stats.given_up > 0 && stats.replied >= 200, "{stats:?}");
    serving.abort();
}

/// Clones wait for the same room, each in a task of its own, and one of them gives up before.
#[tokio::test]
async fn every_waiting_clone_sees_new_server() {
    let router = RouterSocket::new();
    let bound = router.bind("tcp://127.0.0.1:0").await.unwrap();
    let (client, _driver) = client(DealerSocket::new());
    let mut waiting: Vec<_> = (0..3)
        .map(|_| {
            let mut client = client.clone();
            tokio::spawn(async move { client.ready().await.map(drop) })
        })
        .collect();
    // In a single thread they have all begun to wait after this.
    tokio::task::yield_now().await;
    waiting.remove(1).abort();
    client.handle().connect(bound).unwrap();
    for ready in waiting {
        let ready = tokio::time::timeout(Duration::from_secs(10), ready).await;
        ready.expect("it hears of the server").unwrap().unwrap();
    }
}

/// Only what had been sent when the connection ended is lost with it, whenever the driver hears.
#[tokio::test]
async fn requests_behind_a_loss_are_safe() {
    let (listener, endpoint) = listen().await;
    let dealer = DealerSocket::builder().reconnect(fast_reconnect()).build();
    dealer.connect(&endpoint).unwrap();
    let mut server = RawPeer::accept(&listener, SocketType::Rep).await;
    let (mut client, driver) = client(dealer);
    let mut events = client.handle().events();
    let read = ask(&mut client, "read").await;
    assert_eq!(*server.recv().await.last().unwrap(), "read");
    server.reset();
    assert_eq!(disconnected(&mut events).await, 0);

    let written = ask(&mut client, "written").await;
    let mut server = RawPeer::accept(&listener, SocketType::Rep).await;
    let request = server.recv().await;
    let waiting = ask(&mut client, huge(1)).await;
    // The driver has heard of nothing so far.
    tokio::spawn(driver.run());
    lost(outcome(read).await);
    server.send(answer(request, "well received")).await;
    assert_eq!(outcome(written).await.unwrap(), "well received");
    let request = server.recv().await;
    server.send(answer(request, "this too")).await;
    assert_eq!(outcome(waiting).await.unwrap(), "this too");
    assert_eq!((client.stats().lost, client.stats().replied), (1, 2));
}

/// Messages that the socket sent before it became a client are none of its requests.
#[tokio::test]
async fn what_was_sent_before_counts_for_no_request() {
    let (listener, endpoint) = listen().await;
    let mut dealer = DealerSocket::builder().reconnect(fast_reconnect()).build();
    dealer.connect(&endpoint).unwrap();
    let mut server = RawPeer::accept(&listener, SocketType::Rep).await;
    for text in ["one", "two"] {
        dealer.send(text).await.unwrap();
        assert_eq!(server.recv().await, text);
    }
    let (mut client, driver) = client(dealer);
    tokio::spawn(driver.run());
    let read = ask(&mut client, "read").await;
    assert_eq!(*server.recv().await.last().unwrap(), "read");
    let waiting = ask(&mut client, huge(1)).await;
    server.reset();
    lost(outcome(read).await);
    let mut server = RawPeer::accept(&listener, SocketType::Rep).await;
    let request = server.recv().await;
    server.send(answer(request, "well received")).await;
    assert_eq!(outcome(waiting).await.unwrap(), "well received");
}

/// Peers that send and send what nobody asked for, faster than it can be received.
async fn flood(client: &Client) -> Vec<JoinHandle<()>> {
    let endpoint = client.handle().bind(ANY_PORT).await.unwrap();
    let mut floods = Vec::new();
    for _ in 0..8 {
        let mut junk = RawPeer::connect(&endpoint, SocketType::Dealer).await;
        let bytes = junk.encode("junk").repeat(10_000);
        floods.push(tokio::spawn(async move {
            loop {
                junk.write_bytes(&bytes).await;
            }
        }));
    }
    within("the flood", async {
        while client.stats().unmatched < 50_000 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    floods
}

#[tokio::test]
async fn peer_lost_is_told_under_a_flood() {
    let (dealer, mut rep) = (DealerSocket::new(), RepSocket::new());
    let endpoint = rep.bind(ANY_PORT).await.unwrap();
    dealer.connect(&endpoint).unwrap();
    let (mut client, _) = start(dealer);
    let waiting = ask(&mut client, "question").await;
    within("the request", rep.recv()).await.unwrap();
    let floods = flood(&client).await;
    rep.close().await;
    assert_eq!(lost(outcome(waiting).await), Some(endpoint));
    floods.iter().for_each(JoinHandle::abort);
}

#[tokio::test]
async fn driver_ends_under_a_flood() {
    let (client, driving) = start(DealerSocket::new());
    let floods = flood(&client).await;
    drop(client);
    within("the driver to end", driving).await.unwrap();
    floods.iter().for_each(JoinHandle::abort);
}

#[tokio::test]
async fn cancelled_ready_keeps_no_place() {
    let dealer = DealerSocket::new();
    dealer.connect("inproc://service-cancelled-ready").unwrap();
    let (mut client, driver) = client_with_limit(dealer, 1);
    tokio::spawn(driver.run());
    let under_way = ask(&mut client, "1").await;
    let mut kept: Vec<_> = (0..3).map(|_| client.clone()).collect();
    for kept in &mut kept {
        assert!(is_pending(kept.ready()));
    }
    let mut another = client.clone();
    let waiting =
        tokio::spawn(async move { another.ready().await.map(|client| client.call("2".into())) });
    tokio::task::yield_now().await;
    drop(under_way);
    let under_way = within("a place", waiting).await.unwrap().unwrap();
    // Nor does who comes later, or one that had given up before.
    drop(under_way);
    drop(ask(&mut client, "3").await);
    drop(ask(&mut kept[0], "4").await);
    assert_eq!(client.stats().given_up, 4);
}

/// To wait for a server with room is to hold nothing.
#[tokio::test]
async fn waiting_for_room_keeps_no_place() {
    let dealer = DealerSocket::builder().send_high_water_mark(1).build();
    let (mut client, driver) = client_with_limit(dealer, 1);
    tokio::spawn(driver.run());
    let mut kept = client.clone();
    assert!(is_pending(kept.ready()), "there is no server");
    client.handle().connect("inproc://service-room-only").unwrap();
    let _under_way = ask(&mut client, "1").await;
    drop(kept);
}

/// Who waits for a place is told as well that there will be none.
#[tokio::test]
async fn who_waits_for_a_place_hears_of_the_end() {
    let dealer = DealerSocket::new();
    dealer.connect("inproc://service-place-end").unwrap();
    let (mut client, driver) = client_with_limit(dealer, 1);
    let driving = tokio::spawn(driver.run());
    let _under_way = ask(&mut client, "1").await;
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let mut client = client.clone();
            tokio::spawn(async move { client.ready().await.map(drop) })
        })
        .collect();
    tokio::task::yield_now().await;
    driving.abort();
    for waiting in waiting {
        let ended = within("the end", waiting).await.unwrap();
        assert_eq!(ended, Err(RequestError::Unattended));
    }
}

/// Far more requests than places, from clones that come and go: each has its turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_clones_let_others_proceed() {
    let (dealer, mut router) = (DealerSocket::new(), RouterSocket::new());
    dealer.connect(router.bind(ANY_PORT).await.unwrap()).unwrap();
    let (client, driver) = client_with_limit(dealer, 2);
    tokio::spawn(driver.run());
    let serving = tokio::spawn(async move {
        while let Ok(request) = router.recv().await {
            router.send(request).await.unwrap();
        }
    });
    let asking = (0..16_u32).map(|number| {
        let mut client = client.clone();
        tokio::spawn(async move {
            for round in 0..50 {
                if (number + round) % 3 == 0 {
                    let _ = is_pending(client.clone().ready());
                    let _ = tokio::time::timeout(Duration::ZERO, client.ready()).await;
                }
                outcome(ask(&mut client, round.to_be_bytes()).await).await.unwrap();
            }
        })
    });
    for asking in asking.collect::<Vec<_>>() {
        asking.await.unwrap();
    }
    serving.abort();
}
