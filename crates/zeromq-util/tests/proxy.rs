//! The proxy: what passes, what waits, and who steers.

#![allow(clippy::unwrap_used, reason = "a test may fail where something goes wrong")]

use std::time::Duration;

use futures_util::poll;
use support::{ANY_PORT, is_pending, within};
use tokio::task::{JoinHandle, yield_now};
use zeromq_async::{
    DealerSocket, Endpoint, Message, PairSocket, PubSocket, PullSocket, PushSocket, Receives,
    RecvError, RepSocket, ReqSocket, RouterSocket, Sends, Socket, SocketKind, SubSocket,
    XPubSocket,
};
use zeromq_util::proxy::{
    End, EndStatistics, Proxy, ProxyEnd, ProxyError, ProxyHandle, ProxySide, ProxyStatistics,
};

type Running = JoinHandle<Result<ProxyStatistics, ProxyError>>;

async fn bound<P: SocketKind>() -> (Socket<P>, Endpoint) {
    let socket = Socket::new();
    let endpoint = socket.bind(ANY_PORT).await.unwrap();
    (socket, endpoint)
}

async fn connected<P: SocketKind>(endpoint: &Endpoint) -> Socket<P> {
    let socket = Socket::new();
    socket.connect(endpoint).unwrap();
    socket
}

fn start<F, B>(front: F, back: B) -> (ProxyHandle, Running)
where
    F: ProxyEnd + Send + 'static,
    B: ProxyEnd + Send + 'static,
{
    let mut proxy = Proxy::new(front, back);
    (proxy.handle(), tokio::spawn(async move { proxy.run().await }))
}

fn start_one_way(front: PullSocket, back: PushSocket) -> (ProxyHandle, Running) {
    start(End::receive_only(front), End::send_only(back))
}

async fn send<P: Sends>(socket: &mut Socket<P>, message: impl Into<Message>) {
    within("a message to be sent", socket.send(message)).await.unwrap();
}

async fn recv<P: Receives>(socket: &mut Socket<P>) -> Message {
    within("a message", socket.recv()).await.unwrap()
}

async fn end(handle: &ProxyHandle, running: Running) -> ProxyStatistics {
    handle.terminate();
    within("the proxy to end", running).await.unwrap().unwrap()
}

/// A PULL in front and a PUSH behind, and what is connected to them.
async fn streamer() -> (PushSocket, PullSocket, PushSocket, PullSocket) {
    let (front, to_front) = bound().await;
    let (back, to_back) = bound().await;
    (connected(&to_front).await, front, back, connected(&to_back).await)
}

#[tokio::test]
async fn queue_proxy_routes_requests_and_replies() {
    let (front, to_front) = bound::<zeromq_async::Router>().await;
    let (back, to_back) = bound::<zeromq_async::Dealer>().await;
    let (handle, running) = start(front, back);
    for _ in 0..2 {
        let mut rep: RepSocket = connected(&to_back).await;
        tokio::spawn(async move {
            while let Ok(request) = rep.recv().await {
                rep.send(request).await.unwrap();
            }
        });
    }
    let clients = (0..5_u32).map(|client| {
        let to_front = to_front.clone();
        tokio::spawn(async move {
            let mut req: ReqSocket = connected(&to_front).await;
            for number in 0..50_u32 {
                let question = Message::multipart([client.to_be_bytes(), number.to_be_bytes()]);
                send(&mut req, question.clone()).await;
                assert_eq!(recv(&mut req).await, question);
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    let statistics = end(&handle, running).await;
    for side in [statistics.front, statistics.back] {
        assert_eq!((side.received, side.sent), (250, 250));
        assert_eq!(side.received_bytes, side.sent_bytes);
    }
}

#[tokio::test]
async fn forwarder_passes_subscriptions_and_messages() {
    let (front, to_front) = bound::<zeromq_async::XSub>().await;
    let (back, to_back) = bound::<zeromq_async::XPub>().await;
    start(front, back);
    let mut publisher: XPubSocket = connected(&to_front).await;
    let mut sub = SubSocket::builder().subscribe("a").build();
    sub.connect(&to_back).unwrap();
    assert_eq!(recv(&mut publisher).await, "\u{1}a");
    for topic in ["b", "a1", "c", "a2"] {
        send(&mut publisher, topic).await;
    }
    assert_eq!(recv(&mut sub).await, "a1");
    assert_eq!(recv(&mut sub).await, "a2");
    assert_eq!(publisher.stats().dropped.unsubscribed, 2, "what nobody wants does not come here");
}

#[tokio::test]
async fn streamer_keeps_order_and_frames() {
    let (mut push, front, back, mut pull) = streamer().await;
    start_one_way(front, back);
    let sending = tokio::spawn(async move {
        for number in 0..20_000_u32 {
            let number = number.to_be_bytes();
            push.send(Message::multipart([&number[..], &[], &[7; 1000]])).await.unwrap();
        }
        push
    });
    for number in 0..20_000_u32 {
        let message = recv(&mut pull).await;
        assert_eq!(message.frame_count(), 3);
        assert_eq!(*message.first().unwrap(), number.to_be_bytes()[..]);
    }
    sending.await.unwrap();
}

/// Nothing is read while the other side has no room: the sender itself comes to wait.
#[tokio::test]
async fn full_side_stops_reading_the_other() {
    let front = PullSocket::builder().receive_high_water_mark(10).build();
    let mut push = PushSocket::builder().send_high_water_mark(10).build();
    push.connect(front.bind("inproc://proxy-held-up").await.unwrap()).unwrap();
    let back = PushSocket::builder().send_high_water_mark(10).build();
    let back_handle = back.handle().clone();
    let (handle, _running) = start_one_way(front, back);
    let mut sent = 0;
    loop {
        yield_now().await;
        match push.try_send("waits") {
            Ok(()) => sent += 1,
            Err(_) => break,
        }
    }
    assert!(sent <= 20, "{sent} messages went where there is nobody");
    assert_eq!(handle.statistics().front.received, 0);

    let mut pull = PullSocket::new();
    pull.bind("inproc://proxy-room-at-last").await.unwrap();
    back_handle.connect("inproc://proxy-room-at-last").unwrap();
    for _ in 0..sent {
        assert_eq!(recv(&mut pull).await, "waits");
    }
}

#[tokio::test]
async fn paused_proxy_holds_messages() {
    let (mut push, front, back, mut pull) = streamer().await;
    let front_handle = front.handle().clone();
    let (handle, running) = start_one_way(front, back);
    send(&mut push, "before").await;
    assert_eq!(recv(&mut pull).await, "before");
    handle.pause();
    send(&mut push, "meanwhile").await;
    within("the message to be at the front", async {
        while front_handle.stats().received < 2 {
            yield_now().await;
        }
    })
    .await;
    for _ in 0..20 {
        yield_now().await;
    }
    assert!(is_pending(pull.recv()));
    assert_eq!(handle.statistics().front.received, 1);
    handle.resume();
    assert_eq!(recv(&mut pull).await, "meanwhile");
    assert_eq!(end(&handle, running).await.back.sent, 2);
}

/// However often and wherever it is stopped, what was read has been handed over.
#[tokio::test]
async fn restarted_proxy_loses_nothing() {
    let (mut push, front, back, mut pull) = streamer().await;
    let capture = PushSocket::new();
    let mut captured: PullSocket = connected(&capture.bind(ANY_PORT).await.unwrap()).await;
    let mut proxy = Proxy::one_way(front, back).capture(capture);
    let sending = tokio::spawn(async move {
        for number in 0..5_000_u32 {
            push.send(number.to_be_bytes()).await.unwrap();
        }
        push
    });
    let receiving = tokio::spawn(async move {
        for number in 0..5_000_u32 {
            assert_eq!(recv(&mut pull).await, &number.to_be_bytes());
            assert_eq!(recv(&mut captured).await, &number.to_be_bytes());
        }
    });
    within("everything to pass", async {
        let mut stops = 0;
        while !receiving.is_finished() {
            let mut running = Box::pin(proxy.run());
            for _ in 0..stops % 5 {
                assert!(poll!(&mut running).is_pending());
                yield_now().await;
            }
            drop(running);
            stops += 1;
            yield_now().await;
        }
    })
    .await;
    receiving.await.unwrap();
    sending.await.unwrap();
    proxy.handle().terminate();
    assert_eq!(proxy.run().await.unwrap().back.sent, 5_000);
}

#[tokio::test]
async fn ended_proxy_still_delivers_forwarded() {
    let (mut push, front, back, mut pull) = streamer().await;
    let mut proxy = Proxy::one_way(front, back);
    let handle = proxy.handle();
    for number in 0..500_u32 {
        send(&mut push, number.to_be_bytes()).await;
    }
    let stop = async {
        while handle.statistics().front.received < 100 {
            yield_now().await;
        }
        handle.terminate();
    };
    let (statistics, ()) =
        within("the proxy to end", async { tokio::join!(proxy.run(), stop) }).await;
    let forwarded = statistics.unwrap().front.received;
    let (_front, back, _) = proxy.into_ends();
    let back = back.into_parts().1.unwrap();
    assert_eq!(within("the back to close", back.close()).await.unsent, 0);
    for number in 0..u32::try_from(forwarded).unwrap() {
        assert_eq!(recv(&mut pull).await, &number.to_be_bytes());
    }
    assert!(is_pending(pull.recv()));
}

#[tokio::test]
async fn capture_gets_messages_both_ways() {
    let (front, to_front) = bound::<zeromq_async::Dealer>().await;
    let (back, to_back) = bound::<zeromq_async::Dealer>().await;
    let (capture, to_capture) = bound::<zeromq_async::Pub>().await;
    let mut sub = SubSocket::builder().subscribe("").build();
    sub.connect(&to_capture).unwrap();
    capture.wait_for_peers(1).await;
    let mut proxy = Proxy::new(front, back).capture(capture);
    tokio::spawn(async move { proxy.run().await });
    let (mut one, mut other): (DealerSocket, DealerSocket) =
        (connected(&to_front).await, connected(&to_back).await);
    // The first copies are dropped until the subscription is here.
    let mut number = 0_u32;
    while is_pending(sub.recv()) {
        number += 1;
        send(&mut one, number.to_be_bytes()).await;
        recv(&mut other).await;
        yield_now().await;
    }
    send(&mut other, Message::multipart(["back", "", "again"])).await;
    recv(&mut one).await;
    within("the last copy", async {
        while recv(&mut sub).await != Message::multipart(["back", "", "again"]) {}
    })
    .await;
}

#[tokio::test]
async fn full_capture_stops_the_proxy() {
    let (mut push, front, back, mut pull) = streamer().await;
    let (capture, to_capture) = bound::<zeromq_async::Push>().await;
    let mut proxy = Proxy::one_way(front, back).capture(capture);
    let handle = proxy.handle();
    tokio::spawn(async move { proxy.run().await });
    send(&mut push, "hello").await;
    for _ in 0..50 {
        yield_now().await;
    }
    assert_eq!(handle.statistics().front.received, 0);
    let mut copies: PullSocket = connected(&to_capture).await;
    assert_eq!(recv(&mut pull).await, "hello");
    assert_eq!(recv(&mut copies).await, "hello");
}

/// A hundred thousand messages wait on one side, and a word on the other.
#[tokio::test]
async fn stream_one_way_does_not_block_the_other() {
    const STREAM: u64 = 100_000;
    let pair = || PairSocket::builder().receive_high_water_mark(0).build();
    let (front, back, mut one, mut other) = (pair(), pair(), pair(), pair());
    one.connect(front.bind("inproc://proxy-stream").await.unwrap()).unwrap();
    other.connect(back.bind("inproc://proxy-word").await.unwrap()).unwrap();
    for _ in 0..STREAM {
        send(&mut one, "stream").await;
    }
    send(&mut other, "word").await;
    let (handle, running) = start(front, back);
    // In a task of its own: the test's is polled less often than tasks are.
    let looking = handle.clone();
    let passed = tokio::spawn(async move {
        assert_eq!(recv(&mut one).await, "word");
        looking.statistics().front.received
    });
    let passed = passed.await.unwrap();
    assert!(passed < STREAM / 2, "{passed} of the stream went first");
    for _ in 0..STREAM {
        assert_eq!(recv(&mut other).await, "stream");
    }
    assert_eq!(end(&handle, running).await.back.sent, STREAM);
}

#[tokio::test]
async fn rep_control_answers_libzmq_commands() {
    let (mut push, front, back, mut pull) = streamer().await;
    let (control, to_control) = bound::<zeromq_async::Rep>().await;
    let mut proxy = Proxy::one_way(front, back).control(control);
    let running = tokio::spawn(async move { proxy.run().await });
    let mut req: ReqSocket = connected(&to_control).await;
    let mut order = async |order: &str| {
        send(&mut req, order).await;
        recv(&mut req).await
    };

    assert_eq!(order("PAUSE").await, "");
    send(&mut push, "hello").await;
    assert_eq!(order("what is this?").await, "");
    assert!(is_pending(pull.recv()));
    assert_eq!(order("RESUME").await, "");
    assert_eq!(recv(&mut pull).await, "hello");

    let numbers = [1_u64, 5, 0, 0, 0, 0, 1, 5].map(u64::to_ne_bytes);
    assert_eq!(order("STATISTICS").await, Message::multipart(numbers));
    assert_eq!(order("TERMINATE").await, "");
    let statistics = within("the proxy to end", running).await.unwrap().unwrap();
    let mut expected = EndStatistics::default();
    (expected.received, expected.received_frames, expected.received_bytes) = (1, 1, 5);
    assert_eq!(statistics.front, expected);
}

#[tokio::test]
async fn pair_control_answers_only_statistics() {
    let (_push, front, back, _pull) = streamer().await;
    let (control, to_control) = bound::<zeromq_async::Pair>().await;
    let mut proxy = Proxy::one_way(front, back).control(control);
    let running = tokio::spawn(async move { proxy.run().await });
    let mut pair: PairSocket = connected(&to_control).await;
    for order in ["PAUSE", "nonsense", "RESUME", "STATISTICS"] {
        send(&mut pair, order).await;
    }
    assert_eq!(recv(&mut pair).await, ProxyStatistics::default().to_message());
    send(&mut pair, "TERMINATE").await;
    within("the proxy to end", running).await.unwrap().unwrap();
}

#[tokio::test]
async fn undeliverable_answer_keeps_proxy_running() {
    let (_push, front, back, _pull) = streamer().await;
    let control = RouterSocket::builder().mandatory(true).build();
    let to_control = control.bind(ANY_PORT).await.unwrap();
    let mut proxy = Proxy::one_way(front, back).control(control);
    let running = tokio::spawn(async move { proxy.run().await });
    let mut dealer: zeromq_async::DealerSocket = connected(&to_control).await;
    for order in ["STATISTICS", "TERMINATE"] {
        send(&mut dealer, order).await;
    }
    within("the proxy to end", running).await.unwrap().unwrap();
}

#[tokio::test]
async fn req_control_keeps_proxy_running() {
    let (mut push, front, back, mut pull) = streamer().await;
    let mut proxy = Proxy::one_way(front, back).control(ReqSocket::new());
    let handle = proxy.handle();
    let running = tokio::spawn(async move { proxy.run().await });
    send(&mut push, "hello").await;
    assert_eq!(recv(&mut pull).await, "hello");
    handle.terminate();
    within("the proxy to end", running).await.unwrap().unwrap();
}

/// libzmq's issue 1382.
#[tokio::test]
async fn proxy_terminates_with_full_backend() {
    let (mut push, front, _, _) = streamer().await;
    let (control, to_control) = bound::<zeromq_async::Rep>().await;
    let mut proxy = Proxy::one_way(front, PushSocket::new()).control(control);
    let running = tokio::spawn(async move { proxy.run().await });
    send(&mut push, "waits").await;
    let mut req: ReqSocket = connected(&to_control).await;
    send(&mut req, "TERMINATE").await;
    assert_eq!(recv(&mut req).await, "");
    within("the proxy to end", running).await.unwrap().unwrap();
}

#[tokio::test]
async fn sub_control_obeys_without_answers() {
    let (_push, front, back, _pull) = streamer().await;
    let control = SubSocket::builder().subscribe("").build();
    let mut publisher = XPubSocket::new();
    control.connect(publisher.bind(ANY_PORT).await.unwrap()).unwrap();
    let mut proxy = Proxy::one_way(front, back).control(End::receive_only(control));
    let running = tokio::spawn(async move { proxy.run().await });
    assert_eq!(recv(&mut publisher).await, "\u{1}");
    for order in ["STATISTICS", "TERMINATE"] {
        send(&mut publisher, order).await;
    }
    within("the proxy to end", running).await.unwrap().unwrap();
}

#[tokio::test]
async fn rep_req_proxy_passes_one_request_at_a_time() {
    for swapped in [false, true] {
        let (rep, to_rep) = bound::<zeromq_async::Rep>().await;
        let (req, to_req) = bound::<zeromq_async::Req>().await;
        if swapped {
            start(req, rep);
        } else {
            start(rep, req);
        }
        let (mut client, mut service): (ReqSocket, RepSocket) =
            (connected(&to_rep).await, connected(&to_req).await);
        for number in 0..20_u32 {
            send(&mut client, number.to_be_bytes()).await;
            let request = recv(&mut service).await;
            send(&mut service, request).await;
            assert_eq!(recv(&mut client).await, &number.to_be_bytes());
        }
    }
}

#[tokio::test]
async fn request_of_lost_service_goes_to_next() {
    let (rep, to_rep) = bound::<zeromq_async::Rep>().await;
    let (req, to_req) = bound::<zeromq_async::Req>().await;
    start(rep, req);
    let mut first: RepSocket = connected(&to_req).await;
    let mut client: ReqSocket = connected(&to_rep).await;
    send(&mut client, "hello").await;
    recv(&mut first).await;
    let mut second: RepSocket = connected(&to_req).await;
    second.wait_for_peers(1).await;
    first.close().await;
    assert_eq!(recv(&mut second).await, "hello");
    send(&mut second, "world").await;
    assert_eq!(recv(&mut client).await, "world");
}

/// As the subscriptions that reach an XPUB, where a PULL is behind it.
#[tokio::test]
async fn unsendable_messages_are_dropped_and_counted() {
    let (front, to_front) = bound::<zeromq_async::XPub>().await;
    let (back, to_back) = bound::<zeromq_async::Pull>().await;
    let (handle, running) = start(front, End::receive_only(back));
    let mut sub = SubSocket::builder().subscribe("").build();
    sub.connect(&to_front).unwrap();
    within("the subscription", async {
        while handle.statistics().dropped == 0 {
            yield_now().await;
        }
    })
    .await;
    let mut push: PushSocket = connected(&to_back).await;
    send(&mut push, "news").await;
    assert_eq!(recv(&mut sub).await, "news");
    assert_eq!(end(&handle, running).await.dropped, 1);
}

#[tokio::test]
async fn unroutable_message_keeps_proxy_running() {
    let front = RouterSocket::builder().mandatory(true).build();
    let to_front = front.bind(ANY_PORT).await.unwrap();
    let (back, to_back) = bound::<zeromq_async::Dealer>().await;
    let (handle, running) = start(front, back);
    let mut service: DealerSocket = connected(&to_back).await;
    send(&mut service, Message::multipart(["nobody", "hello"])).await;
    send(&mut service, "no id at all").await;
    let mut client = DealerSocket::builder().routing_id("me").unwrap().build();
    client.connect(&to_front).unwrap();
    send(&mut client, "hello").await;
    let request = recv(&mut service).await;
    send(&mut service, request).await;
    assert_eq!(recv(&mut client).await, "hello");
    assert_eq!(end(&handle, running).await.dropped, 2);
}

#[tokio::test]
async fn closed_socket_ends_proxy_with_its_side() {
    let (_push, front, back, _pull) = streamer().await;
    let closing = back.handle().clone();
    let (_handle, running) = start_one_way(front, back);
    closing.close().await;
    let error = within("the proxy to end", running).await.unwrap().unwrap_err();
    assert_eq!(error.side(), ProxySide::Back);

    let (_push, front, back, _pull) = streamer().await;
    let closing = front.handle().clone();
    let (_handle, running) = start_one_way(front, back);
    closing.close().await;
    let error = within("the proxy to end", running).await.unwrap().unwrap_err();
    assert!(matches!(
        error,
        ProxyError::Receive { side: ProxySide::Front, source: RecvError::Closed }
    ));
}

#[tokio::test]
async fn parts_of_any_type_make_an_end() {
    let (mut push, front, back, mut pull) = streamer().await;
    let front = End::<_, PubSocket>::new(Some(front), None);
    let back = End::<SubSocket, _>::new(None, Some(back));
    start(front, back);
    send(&mut push, "hello").await;
    assert_eq!(recv(&mut pull).await, "hello");
}

/// A `Stream` that is not `Unpin`, and a `Sink` that is not, in a box or pinned in place.
#[tokio::test]
async fn pinned_ends_can_be_proxied() {
    let (mut push, front, back, mut pull) = streamer().await;
    let front = futures_util::stream::unfold(front, |mut front| async move {
        let received = front.recv().await;
        Some((received, front))
    });
    let back = futures_util::sink::unfold(back, |mut back, message: Message| async move {
        back.send(message).await?;
        Ok::<_, zeromq_async::SendError>(back)
    });
    let mut back = std::pin::pin!(back);
    let mut proxy = Proxy::one_way(Box::pin(front), back.as_mut());
    send(&mut push, "hello").await;
    let passes = async { assert_eq!(recv(&mut pull).await, "hello") };
    tokio::select! { () = passes => {}, ended = proxy.run() => panic!("{ended:?}") }
}

/// Nothing to do costs nothing: a proxy that waits is not polled.
#[tokio::test(start_paused = true)]
async fn idle_proxy_is_not_polled() {
    let front = PullSocket::new();
    front.bind("inproc://proxy-idle").await.unwrap();
    let (handle, running) = start_one_way(front, PushSocket::new());
    // Paused time goes on only while every task waits.
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(end(&handle, running).await, ProxyStatistics::default());
}

/// Always has a message, and spends the task's budget on each, as a flooded socket does.
struct Flood;

impl futures_util::Stream for Flood {
    type Item = Result<Message, zeromq_async::RecvError>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::ready!(tokio::task::coop::poll_proceed(cx)).made_progress();
        std::task::Poll::Ready(Some(Ok("flood".into())))
    }
}

/// A `Sink` that gives its messages to a channel, or to nobody.
fn sink(
    gives: Option<tokio::sync::mpsc::UnboundedSender<Message>>,
) -> impl futures_util::Sink<Message, Error = zeromq_async::SendError> + Unpin {
    Box::pin(futures_util::sink::unfold(gives, |gives, message| async move {
        if let Some(gives) = &gives {
            let _ = gives.send(message);
        }
        Ok(gives)
    }))
}

/// What is received on one side must not use up the time of the other.
#[tokio::test]
async fn a_flooded_direction_lets_the_other_pass() {
    for flooded_front in [true, false] {
        let (send, mut arriving) = tokio::sync::mpsc::unbounded_channel();
        let arriving =
            futures_util::stream::poll_fn(move |cx| arriving.poll_recv(cx).map(|m| m.map(Ok)));
        let (passed, mut passing) = tokio::sync::mpsc::unbounded_channel();
        let flooded = End::new(Some(Flood), Some(sink(Some(passed))));
        let other = End::new(Some(arriving), Some(sink(None)));
        send.send(Message::from("hello")).unwrap();
        let passes =
            async { assert_eq!(within("it to pass", passing.recv()).await.unwrap(), "hello") };
        if flooded_front {
            let mut proxy = Proxy::new(flooded, other);
            tokio::select! { biased; () = passes => {}, _ = proxy.run() => {} }
        } else {
            let mut proxy = Proxy::new(other, flooded);
            tokio::select! { biased; () = passes => {}, _ = proxy.run() => {} }
        }
    }
}

/// Nor may orders starve what passes, nor what passes the orders.
#[tokio::test]
async fn flooded_orders_let_messages_pass() {
    let (send, mut arriving) = tokio::sync::mpsc::unbounded_channel();
    let arriving =
        futures_util::stream::poll_fn(move |cx| arriving.poll_recv(cx).map(|m| m.map(Ok)));
    let (passed, mut passing) = tokio::sync::mpsc::unbounded_channel();
    let front = End::new(Some(arriving), Some(sink(None)));
    let back = End::new(None::<Flood>, Some(sink(Some(passed))));
    send.send(Message::from("hello")).unwrap();
    let mut proxy = Proxy::new(front, back).control(End::new(Some(Flood), Some(sink(None))));
    let passes = async { assert_eq!(within("it to pass", passing.recv()).await.unwrap(), "hello") };
    tokio::select! { biased; () = passes => {}, _ = proxy.run() => {} }
}
