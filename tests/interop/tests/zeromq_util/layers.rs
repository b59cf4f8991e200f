//! Layers around sockets that speak to libzmq: five on each type of socket change nothing, and
//! those for a pattern do what they are for.

use std::fmt::{Debug, Display};
use std::time::Duration;

use futures_util::{Sink, Stream};
use interop::{Frames, TCP, frames, libzmq, within};
use libzmq_peer::SocketKind::{self, Dealer, Pair, Pull, Push, Rep, Req, Router, Sub, Xpub, Xsub};
use libzmq_peer::{Opt, Peer};
use tower::ServiceBuilder;
use zeromq_async::{
    DealerSocket, Message, PairSocket, PubSocket, PullSocket, PushSocket, RecvError, RepSocket,
    ReqSocket, RouterSocket, Socket, SocketKind as Kind, SubSocket, XPubSocket, XSubSocket,
};
use zeromq_util::layer::{
    CircuitBreaker, CircuitBreakerLayer, ConcurrencyLimit, ConcurrencyLimitLayer, DropOldest,
    DropOldestLayer, KeepLatestLayer, Rate, RateLimit, RateLimitLayer, RecvExt, RetryLayer,
    SendExt, TraceContext, TraceContextLayer, TraceParent, WithLayer,
};

type Stack<S> = CircuitBreaker<
    RateLimit<ConcurrencyLimit<DropOldest<TraceContext<S, fn() -> Option<TraceParent>>>>>,
>;

/// Five layers that leave messages as they are.
fn stacked<S>(socket: S) -> Stack<S> {
    let many = Rate::per(Duration::from_secs(1)).messages(1_000_000).bytes(u32::MAX);
    let no_context: fn() -> Option<TraceParent> = || None;
    ServiceBuilder::new()
        .layer(CircuitBreakerLayer::on_send(1, Duration::from_secs(60)))
        .layer(RateLimitLayer::new().send(many).recv(many))
        .layer(ConcurrencyLimitLayer::new(1_000_000))
        .layer(DropOldestLayer::new(1000))
        .layer(TraceContextLayer::new(no_context))
        .service(socket)
}

#[tokio::test]
async fn five_layers_around_req() {
    let (socket, rep) = pair_with(ReqSocket::new(), Rep).await;
    let mut req = stacked(socket);
    for body in bodies() {
        there(&mut req, &rep, &body, &body).await;
        back(&mut req, &rep, &body, &body).await;
    }
}

#[tokio::test]
async fn five_layers_around_rep() {
    let (socket, req) = pair_with(RepSocket::new(), Req).await;
    let mut rep = stacked(socket);
    for body in bodies() {
        back(&mut rep, &req, &body, &body).await;
        there(&mut rep, &req, &body, &body).await;
    }
}

#[tokio::test]
async fn five_layers_around_dealer() {
    let (socket, rep) = pair_with(DealerSocket::new(), Rep).await;
    let mut dealer = stacked(socket);
    for body in bodies() {
        there(&mut dealer, &rep, &behind(&[b""], &body), &body).await;
        back(&mut dealer, &rep, &body, &behind(&[b""], &body)).await;
    }
}

#[tokio::test]
async fn five_layers_around_router() {
    let router = RouterSocket::new();
    let endpoint = router.bind(TCP).await.unwrap().to_string();
    let dealer = libzmq(Dealer, move |socket| {
        socket.set_bytes(Opt::ROUTING_ID, b"theirs")?;
        socket.connect(&endpoint)
    });
    let mut router = stacked(router);
    for body in bodies() {
        back(&mut router, &dealer, &body, &behind(&[b"theirs"], &body)).await;
        there(&mut router, &dealer, &behind(&[b"theirs"], &body), &body).await;
    }
}

#[tokio::test]
async fn five_layers_around_pub() {
    let (socket, sub) = pair_with(PubSocket::new(), Sub).await;
    let mut publisher = stacked(socket);
    begin(&mut publisher, &sub).await;
    for body in bodies() {
        there(&mut publisher, &sub, &body, &body).await;
    }
}

#[tokio::test]
async fn five_layers_around_xpub() {
    let (socket, sub) = pair_with(XPubSocket::new(), Xsub).await;
    let mut publisher = stacked(socket);
    back(&mut publisher, &sub, &vec![vec![1]], &vec![vec![1]]).await;
    for body in bodies() {
        there(&mut publisher, &sub, &body, &body).await;
        back(&mut publisher, &sub, &body, &body).await;
    }
}

#[tokio::test]
async fn five_layers_around_sub() {
    let (socket, publisher) = pair_with(SubSocket::builder().subscribe("").build(), Xpub).await;
    let mut sub = stacked(socket);
    assert_eq!(publisher.recv().await.unwrap(), [[1]], "the subscription");
    for body in bodies() {
        back(&mut sub, &publisher, &body, &body).await;
    }
}

#[tokio::test]
async fn five_layers_around_xsub() {
    let (socket, publisher) = pair_with(XSubSocket::new(), Xpub).await;
    let mut sub = stacked(socket);
    there(&mut sub, &publisher, &vec![vec![1]], &vec![vec![1]]).await;
    for body in bodies() {
        back(&mut sub, &publisher, &body, &body).await;
        there(&mut sub, &publisher, &body, &body).await;
    }
}

#[tokio::test]
async fn five_layers_around_push() {
    let (socket, pull) = pair_with(PushSocket::new(), Pull).await;
    let mut push = stacked(socket);
    for body in bodies() {
        there(&mut push, &pull, &body, &body).await;
    }
}

#[tokio::test]
async fn five_layers_around_pull() {
    let (socket, push) = pair_with(PullSocket::new(), Push).await;
    let mut pull = stacked(socket);
    for body in bodies() {
        back(&mut pull, &push, &body, &body).await;
    }
}

#[tokio::test]
async fn five_layers_around_pair() {
    let (socket, theirs) = pair_with(PairSocket::new(), Pair).await;
    let mut pair = stacked(socket);
    for body in bodies() {
        there(&mut pair, &theirs, &body, &body).await;
        back(&mut pair, &theirs, &body, &body).await;
    }
}

/// The guide's lazy pirate: whichever server is asked first, the one that answers is found.
#[tokio::test]
async fn request_is_retried_at_answering_libzmq_rep() {
    let [silent, rep] = [Rep, Rep].map(|kind| libzmq(kind, |socket| socket.bind(TCP)));
    let req = ReqSocket::builder().relaxed(true).correlate(true).build();
    let dealer = DealerSocket::new();
    for server in [&silent, &rep] {
        req.connect(server.endpoint()).unwrap();
        dealer.connect(server.endpoint()).unwrap();
    }
    within("both servers", async {
        req.wait_for_peers(2).await;
        dealer.wait_for_peers(2).await;
    })
    .await;
    let server = tokio::spawn(async move {
        while let Ok(request) = rep.recv().await {
            rep.send(request).await.unwrap();
        }
    });

    let layer = RetryLayer::new(Duration::from_millis(200)).attempts(20);
    let mut req = req.with_layer(layer);
    let mut dealer = dealer.with_layer(layer.correlate(true));
    for number in 0..4_u8 {
        req.send([number]).await.unwrap();
        assert_eq!(within("a reply to REQ", req.recv()).await.unwrap(), &[number]);
        dealer.send([number]).await.unwrap();
        assert_eq!(within("a reply to DEALER", dealer.recv()).await.unwrap(), &[number]);
    }
    server.abort();
}

#[tokio::test]
async fn libzmq_router_sees_limited_requests() {
    let (dealer, router) = pair_with(DealerSocket::new(), Router).await;
    let limit = ConcurrencyLimitLayer::new(3);
    let (sender, receiver) = dealer.split();
    let (mut sender, mut receiver) = (sender.with_layer(&limit), receiver.with_layer(&limit));
    let sending = tokio::spawn(async move {
        for number in 0..30_u8 {
            sender.send([number]).await.unwrap();
        }
    });
    let mut requests = Vec::new();
    for _ in 0..10 {
        for _ in 0..3 {
            requests.push(router.recv().await.unwrap());
        }
        let more = router.run(|socket| socket.recv_timeout(Duration::from_millis(5)));
        assert_eq!(more.await.unwrap(), None, "a fourth request");
        for request in requests.drain(..) {
            router.send(request).await.unwrap();
            within("a reply", receiver.recv()).await.unwrap();
        }
    }
    sending.await.unwrap();
}

/// libzmq conflates single frames alone.
#[tokio::test]
async fn keep_latest_works_with_libzmq_publisher() {
    let (sub, publisher) = pair_with(SubSocket::builder().subscribe("").build(), Xpub).await;
    publisher.recv().await.unwrap();
    let topic = |message: &Message| message.first().cloned();
    for number in 0..100 {
        for city in ["lima", "oslo"] {
            publisher.send([city.to_owned(), number.to_string()]).await.unwrap();
        }
    }
    publisher.send(["the end", ""]).await.unwrap();
    within("all of them to arrive", async {
        while sub.stats().received < 201 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut sub = sub.with_layer(KeepLatestLayer::new(10, topic));
    for expected in [["lima", "99"], ["oslo", "99"], ["the end", ""]] {
        let latest = within("the latest", sub.recv()).await.unwrap();
        assert_eq!(latest, Message::multipart(expected));
    }
    assert_eq!(sub.replaced(), 198);
}

/// A subscriber that reads again after a pause gets what is new, and the last message in any case.
#[tokio::test]
async fn slow_libzmq_subscriber_gets_the_newest() {
    let publisher = PubSocket::builder().no_drop(true).send_high_water_mark(1).build();
    let endpoint = publisher.bind(TCP).await.unwrap().to_string();
    let sub = libzmq(Sub, move |socket| {
        socket.set_i32(Opt::RCVHWM, 1)?;
        socket.set_bytes(Opt::SUBSCRIBE, b"")?;
        socket.connect(&endpoint)
    });
    let mut publisher = publisher.with_layer(DropOldestLayer::new(10));
    begin(&mut publisher, &sub).await;

    // More than the kernel and both queues hold.
    let body = |number: u32| {
        let mut body = vec![0; 1 << 20];
        body[..4].copy_from_slice(&number.to_be_bytes());
        body
    };
    const MESSAGES: u32 = 100;
    for number in 0..MESSAGES {
        within("nobody", publisher.send(body(number))).await.unwrap();
    }
    assert!(publisher.dropped() > 0 && publisher.queued() == 10);
    let (mut count, mut last) = (0_u64, None);
    let reading = async {
        while last != Some(MESSAGES - 1) {
            let [message] = sub.recv().await.unwrap().try_into().unwrap();
            let number = u32::from_be_bytes(message[..4].try_into().unwrap());
            assert!(last < Some(number), "{number} after {last:?}");
            last = Some(number);
            count += 1;
        }
    };
    let (flushed, ()) =
        within("all to be read", async { tokio::join!(publisher.flush(), reading) }).await;
    flushed.unwrap();
    assert_eq!(count, u64::from(MESSAGES) - publisher.dropped());
}

/// A bound socket of ours, and one of libzmq's that is connected to it, and subscribed.
async fn pair_with<P: Kind>(ours: Socket<P>, theirs: SocketKind) -> (Socket<P>, Peer) {
    let endpoint = ours.bind(TCP).await.expect("bound").to_string();
    let peer = libzmq(theirs, move |socket| {
        if theirs == Sub {
            socket.set_bytes(Opt::SUBSCRIBE, b"")?;
        }
        socket.connect(&endpoint)?;
        if theirs == Xsub {
            socket.send(&[[1]])?;
        }
        Ok(())
    });
    within("the peer", ours.wait_for_peers(1)).await;
    (ours, peer)
}

/// Sends a message to libzmq.
async fn there<S>(socket: &mut S, peer: &Peer, sent: &Frames, expected: &Frames)
where
    S: Sink<Message, Error: Display> + Unpin,
{
    let message = Message::multipart(sent.iter().cloned());
    if let Err(error) = within("a message to be sent", socket.send(message)).await {
        panic!("sending: {error}");
    }
    assert!(peer.recv().await.expect("a message") == *expected, "{} frames there", sent.len());
}

/// Receives a message from libzmq.
async fn back<S, E>(socket: &mut S, peer: &Peer, sent: &Frames, expected: &Frames)
where
    S: Stream<Item = Result<Message, E>> + Unpin,
    E: From<RecvError> + Debug,
{
    peer.send(sent.clone()).await.expect("sent");
    let received = within("a message", socket.recv()).await.expect("a message");
    assert!(frames(&received) == *expected, "{} frames back", sent.len());
}

/// Publishes until libzmq's subscriber receives.
async fn begin<S>(publisher: &mut S, subscriber: &Peer)
where
    S: Sink<Message, Error: Debug> + Unpin,
{
    const BEGIN: &str = "begin";
    const END: &str = "end";
    let publishing = async {
        loop {
            publisher.send(BEGIN).await.expect("published");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        first = subscriber.recv() => assert_eq!(first.expect("a message"), [BEGIN.as_bytes()]),
        () = publishing => {}
    }
    publisher.send(END).await.expect("published");
    within("the end of the beginning", async {
        while subscriber.recv().await.expect("a message") != [END.as_bytes()] {}
    })
    .await;
}

/// The ends of short frames, and more than is read at once; alone and in threes. None begins like a
/// subscription.
fn bodies() -> impl Iterator<Item = Frames> {
    const SIZES: [usize; 6] = [1, 64, 255, 256, 8192, 100_000];
    let all = [1_u8, 3].into_iter().flat_map(|count| SIZES.map(|size| (count, size)));
    all.map(|(count, size)| (0..count).map(|frame| vec![frame + 2; size]).collect())
}

fn behind(envelope: &[&[u8]], body: &Frames) -> Frames {
    envelope.iter().map(|frame| frame.to_vec()).chain(body.iter().cloned()).collect()
}
