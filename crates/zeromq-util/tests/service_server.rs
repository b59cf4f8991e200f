//! `service::serve`: a tower service behind a ROUTER or a REP.

#![allow(clippy::unwrap_used, reason = "a test may fail where something goes wrong")]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Ready, pending, ready};
use support::{ANY_PORT, within};
use tokio::sync::{Barrier, Notify, mpsc, oneshot};
use tokio::task::JoinHandle;
use tower::{Service, service_fn};
use zeromq_async::{
    DealerSocket, Endpoint, Frame, Message, Rep, RepSocket, ReqSocket, Router, RouterSocket,
    Socket, SocketHandle,
};
use zeromq_util::service::{Answers, Overload, ServeError, ServeReport, serve};

type Served<E> = JoinHandle<Result<ServeReport, ServeError<E>>>;

async fn bind<P: Answers>() -> (Socket<P>, Endpoint) {
    let socket = Socket::new();
    let endpoint = socket.bind(ANY_PORT).await.unwrap();
    (socket, endpoint)
}

async fn dealer(endpoint: &Endpoint) -> DealerSocket {
    let dealer = DealerSocket::new();
    dealer.connect(endpoint).unwrap();
    dealer
}

async fn ask(dealer: &mut DealerSocket, question: &str) {
    within("a request to be sent", dealer.send(Message::multipart(["", question]))).await.unwrap();
}

async fn reply(dealer: &mut DealerSocket) -> String {
    let mut reply = within("a reply", dealer.recv()).await.unwrap();
    assert!(reply.pop_front().unwrap().is_empty());
    reply.to_string()
}

async fn end<E: std::fmt::Debug>(handle: &SocketHandle, served: Served<E>) -> ServeReport {
    handle.close().await;
    within("the server to end", served).await.unwrap().unwrap()
}

/// Answers each request when the test says so: gives them out with the way to answer.
fn by_hand() -> (
    impl Service<Message, Response = Message, Error = Infallible, Future: Send> + Send + 'static,
    mpsc::UnboundedReceiver<(Message, oneshot::Sender<Message>)>,
) {
    let (taken, requests) = mpsc::unbounded_channel();
    let service = service_fn(move |request: Message| {
        let (answer, answered) = oneshot::channel();
        taken.send((request, answer)).unwrap();
        async move { Ok(answered.await.unwrap()) }
    });
    (service, requests)
}

#[tokio::test]
async fn router_requests_are_served_concurrently() {
    let (router, endpoint) = bind::<Router>().await;
    let barrier = Arc::new(Barrier::new(20));
    let meets = service_fn(move |request: Message| {
        let barrier = barrier.clone();
        async move {
            barrier.wait().await; // passes when all twenty are here
            Ok::<_, Infallible>(request)
        }
    });
    tokio::spawn(serve(router, meets).run());
    let mut dealer = dealer(&endpoint).await;
    for _ in 0..20 {
        ask(&mut dealer, "together").await;
    }
    for _ in 0..20 {
        assert_eq!(reply(&mut dealer).await, "together");
    }
}

#[tokio::test]
async fn replies_in_any_order_reach_their_clients() {
    let (router, endpoint) = bind::<Router>().await;
    let (service, mut requests) = by_hand();
    tokio::spawn(serve(router, service).run());
    let mut askers = Vec::new();
    for name in ["a", "b", "c"] {
        let mut req = ReqSocket::new();
        req.connect(&endpoint).unwrap();
        req.send(name).await.unwrap();
        askers.push((name, req));
    }
    let mut taken = Vec::new();
    for _ in 0..3 {
        taken.push(within("a request", requests.recv()).await.unwrap());
    }
    for (request, answer) in taken.into_iter().rev() {
        answer.send(Message::multipart([request.to_string(), "!".to_owned()])).unwrap();
    }
    for (name, mut req) in askers {
        let reply = within("a reply", req.recv()).await.unwrap();
        assert_eq!(reply, Message::multipart([name, "!"]));
    }
}

#[tokio::test]
async fn concurrent_requests_are_limited() {
    let (router, endpoint) = bind::<Router>().await;
    let (service, mut requests) = by_hand();
    tokio::spawn(serve(router, service).max_in_flight(2).run());
    let mut dealer = dealer(&endpoint).await;
    for number in 0..4 {
        ask(&mut dealer, &number.to_string()).await;
    }
    let (first, answer) = within("a request", requests.recv()).await.unwrap();
    let second = within("a request", requests.recv()).await.unwrap();
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    assert!(requests.try_recv().is_err(), "a third was taken");
    answer.send(first).unwrap();
    within("the third", requests.recv()).await.unwrap();
    drop(second);
}

#[tokio::test]
async fn overload_answer_is_sent_at_once() {
    let (router, endpoint) = bind::<Router>().await;
    let handle = router.handle().clone();
    let (service, mut requests) = by_hand();
    let busy = Overload::Answer("busy".into());
    let served = tokio::spawn(serve(router, service).max_in_flight(1).overload(busy).run());
    let mut dealer = dealer(&endpoint).await;
    ask(&mut dealer, "first").await;
    let (first, answer) = within("a request", requests.recv()).await.unwrap();
    ask(&mut dealer, "second").await;
    assert_eq!(reply(&mut dealer).await, "busy");
    answer.send(first).unwrap();
    assert_eq!(reply(&mut dealer).await, "first");
    ask(&mut dealer, "third").await;
    let (third, answer) = within("a request", requests.recv()).await.unwrap();
    answer.send(third).unwrap();
    assert_eq!(reply(&mut dealer).await, "third");
    let report = end(&handle, served).await;
    assert_eq!((report.answered, report.shed), (2, 1));
}

#[tokio::test]
async fn overload_drop_discards_requests() {
    let (router, endpoint) = bind::<Router>().await;
    let handle = router.handle().clone();
    let (service, mut requests) = by_hand();
    let serving = serve(router, service).max_in_flight(1).overload(Overload::Drop);
    let served = tokio::spawn(serving.run());
    let mut dealer = dealer(&endpoint).await;
    ask(&mut dealer, "served").await;
    let (request, answer) = within("a request", requests.recv()).await.unwrap();
    for _ in 0..3 {
        ask(&mut dealer, "dropped").await;
    }
    within("four messages at the server", async {
        while handle.stats().received < 4 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    answer.send(request).unwrap();
    assert_eq!(reply(&mut dealer).await, "served");
    let report = end(&handle, served).await;
    assert_eq!((report.answered, report.shed, report.untaken), (1, 3, 0));
}

/// A service with nothing to do and never ready is an overloaded one.
#[tokio::test]
async fn requests_are_shed_until_service_is_ready() {
    struct NeverReady;
    impl Service<Message> for NeverReady {
        type Response = Message;
        type Error = Infallible;
        type Future = BoxFuture<'static, Result<Message, Infallible>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Pending
        }
        fn call(&mut self, _: Message) -> Self::Future {
            panic!("it was not ready")
        }
    }
    let busy = || Overload::Answer("busy".into());
    let (router, endpoint) = bind::<Router>().await;
    tokio::spawn(serve(router, NeverReady).overload(busy()).run());
    let mut dealer = dealer(&endpoint).await;
    ask(&mut dealer, "question").await;
    assert_eq!(reply(&mut dealer).await, "busy");

    let (rep, endpoint) = bind::<Rep>().await;
    tokio::spawn(serve(rep, NeverReady).overload(busy()).run());
    let mut req = ReqSocket::new();
    req.connect(endpoint).unwrap();
    for _ in 0..2 {
        req.send("question").await.unwrap();
        assert_eq!(within("a reply", req.recv()).await.unwrap(), "busy");
    }
}

/// Panics in `call` and in its future, and fails, by what is asked.
async fn moody(request: Message) -> Result<Message, std::fmt::Error> {
    match request.to_str().unwrap() {
        "panic" => panic!("as asked"),
        "fail" => Err(std::fmt::Error),
        _ => Ok(request),
    }
}

fn moody_service()
-> impl Service<Message, Response = Message, Error = std::fmt::Error, Future: Send> + Send + 'static
{
    service_fn(|request: Message| {
        assert!(request != "panic at once", "as asked");
        moody(request)
    })
}

#[tokio::test]
async fn panic_fails_only_its_own_request() {
    let (router, endpoint) = bind::<Router>().await;
    let handle = router.handle().clone();
    let served = tokio::spawn(serve(router, moody_service()).run());
    let mut dealer = dealer(&endpoint).await;
    for question in ["one", "panic", "two", "panic at once", "fail", "three"] {
        ask(&mut dealer, question).await;
    }
    for answer in ["one", "two", "three"] {
        assert_eq!(reply(&mut dealer).await, answer);
    }
    let report = end(&handle, served).await;
    assert_eq!((report.answered, report.panicked, report.failed), (3, 2, 1));
}

#[tokio::test]
async fn failure_answer_is_sent_to_the_client() {
    let (router, endpoint) = bind::<Router>().await;
    tokio::spawn(serve(router, moody_service()).failure_answer("sorry").run());
    let mut dealer = dealer(&endpoint).await;
    for question in ["panic", "panic at once", "fail"] {
        ask(&mut dealer, question).await;
        assert_eq!(reply(&mut dealer).await, "sorry");
    }
}

#[tokio::test]
async fn rep_continues_after_unanswered_request() {
    let (rep, endpoint) = bind::<Rep>().await;
    let handle = rep.handle().clone();
    let served = tokio::spawn(serve(rep, moody_service()).run());
    let mut req = ReqSocket::builder().relaxed(true).correlate(true).build();
    req.connect(&endpoint).unwrap();
    for question in ["panic", "fail", "panic at once", "well"] {
        req.send(question).await.unwrap();
    }
    assert_eq!(within("a reply", req.recv()).await.unwrap(), "well");
    let report = end(&handle, served).await;
    assert_eq!((report.answered, report.panicked, report.failed), (1, 2, 1));
}

#[tokio::test]
async fn malformed_requests_are_dropped_and_counted() {
    let (router, endpoint) = bind::<Router>().await;
    let handle = router.handle().clone();
    let served = tokio::spawn(serve(router, moody_service()).run());
    let mut dealer = dealer(&endpoint).await;
    for message in [vec!["no delimiter"], vec!["id", ""], vec![""]] {
        dealer.send(Message::multipart(message)).await.unwrap();
    }
    dealer.send(Message::multipart(["an", "envelope", "", "a", "", "body"])).await.unwrap();
    let reply = within("the reply", dealer.recv()).await.unwrap();
    assert_eq!(reply, Message::multipart(["an", "envelope", "", "a", "", "body"]));
    let report = end(&handle, served).await;
    assert_eq!((report.answered, report.malformed), (1, 3));
}

#[tokio::test]
async fn reply_to_gone_peer_is_counted() {
    let (router, endpoint) = bind::<Router>().await;
    let handle = router.handle().clone();
    let (service, mut requests) = by_hand();
    let served = tokio::spawn(serve(router, service).run());
    let mut dealer = dealer(&endpoint).await;
    ask(&mut dealer, "question").await;
    let (request, answer) = within("a request", requests.recv()).await.unwrap();
    let mut events = handle.events();
    dealer.close().await;
    support::disconnected(&mut events).await;
    answer.send(request).unwrap();
    while !served.is_finished() && handle.stats().dropped.unroutable == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(end(&handle, served).await.undelivered, 1);
}

/// What a test says when a server is to stop.
fn stop() -> (Arc<Notify>, impl Future<Output = ()> + Send + 'static) {
    let stop = Arc::new(Notify::new());
    let stopped = stop.clone();
    (stop, async move { stopped.notified().await })
}

async fn received(handle: &SocketHandle, messages: u64) {
    within("messages at the server", async {
        while handle.stats().received < messages {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn to_stop_is_to_finish_what_has_arrived() {
    async fn stops<P: Answers>() {
        let (socket, endpoint) = bind::<P>().await;
        let (service, mut requests) = by_hand();
        let (stop, stopped) = stop();
        let handle = socket.handle().clone();
        let served = tokio::spawn(serve(socket, service).max_in_flight(2).run_until(stopped));
        let mut dealer = dealer(&endpoint).await;
        for question in ["1", "2", "3", "4", "5"] {
            ask(&mut dealer, question).await;
        }
        received(&handle, 5).await;
        stop.notify_one();
        for _ in 0..5 {
            let (request, answer) = within("a request", requests.recv()).await.unwrap();
            answer.send(request).unwrap();
        }
        for answer in ["1", "2", "3", "4", "5"] {
            assert_eq!(reply(&mut dealer).await, answer);
        }
        let report = within("the server to end", served).await.unwrap().unwrap();
        assert_eq!((report.answered, report.untaken, report.abandoned), (5, 0, 0));
        assert_eq!(report.unsent, 0);
    }
    stops::<Router>().await;
    stops::<Rep>().await;
}

#[tokio::test]
async fn what_has_arrived_can_be_left() {
    let (router, endpoint) = bind::<Router>().await;
    let (service, mut requests) = by_hand();
    let (stop, stopped) = stop();
    let handle = router.handle().clone();
    let server = serve(router, service).max_in_flight(2).serve_received(false);
    let served = tokio::spawn(server.run_until(stopped));
    let mut dealer = dealer(&endpoint).await;
    for question in ["1", "2", "3"] {
        ask(&mut dealer, question).await;
    }
    let mut taken = Vec::new();
    for _ in 0..2 {
        taken.push(within("a request", requests.recv()).await.unwrap());
    }
    received(&handle, 3).await;
    stop.notify_one();
    tokio::task::yield_now().await;
    for (request, answer) in taken {
        answer.send(request).unwrap();
    }
    for answer in ["1", "2"] {
        assert_eq!(reply(&mut dealer).await, answer);
    }
    let report = within("the server to end", served).await.unwrap().unwrap();
    assert_eq!((report.answered, report.untaken, report.abandoned), (2, 1, 0));
    assert!(requests.recv().await.is_none(), "the third was taken");
}

/// What had arrived is answered, and who goes on asking does not keep the server from ending.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_does_not_keep_the_server_from_ending() {
    let (router, endpoint) = bind::<Router>().await;
    let (stop, stopped) = stop();
    let handle = router.handle().clone();
    let echo = service_fn(|request: Message| async { Ok::<_, Infallible>(request) });
    let served = tokio::spawn(serve(router, echo).run_until(stopped));
    let mut floods = Vec::new();
    for _ in 0..8 {
        let (mut sender, mut receiver) = self::dealer(&endpoint).await.split();
        floods.push(tokio::spawn(async move {
            while sender.send(Message::multipart(["", "flood"])).await.is_ok() {}
        }));
        floods.push(tokio::spawn(async move { while receiver.recv().await.is_ok() {} }));
    }
    received(&handle, 20_000).await;
    stop.notify_one();
    let report = within("the server to end", served).await.unwrap().unwrap();
    assert!(report.answered > 0 && report.abandoned == 0, "{report:?}");
    floods.iter().for_each(JoinHandle::abort);
}

#[tokio::test]
async fn a_peer_that_has_gone_had_its_requests_served() {
    let (router, endpoint) = bind::<Router>().await;
    let (service, mut requests) = by_hand();
    let (stop, stopped) = stop();
    let handle = router.handle().clone();
    let mut events = handle.events();
    let served = tokio::spawn(serve(router, service).max_in_flight(1).run_until(stopped));
    let mut dealer = dealer(&endpoint).await;
    for question in ["1", "2", "3"] {
        ask(&mut dealer, question).await;
    }
    received(&handle, 3).await;
    dealer.close().await;
    support::disconnected(&mut events).await;
    stop.notify_one();
    for question in ["1", "2", "3"] {
        let (request, answer) = within("a request", requests.recv()).await.unwrap();
        assert_eq!(request, question);
        answer.send(request).unwrap();
    }
    let report = within("the server to end", served).await.unwrap().unwrap();
    assert_eq!((report.answered, report.untaken, report.undelivered), (3, 0, 3));
}

#[tokio::test]
async fn requests_while_stopping_get_the_answer() {
    let (router, endpoint) = bind::<Router>().await;
    let (service, mut requests) = by_hand();
    let stop = Arc::new(Notify::new());
    let stopped = {
        let stop = stop.clone();
        async move { stop.notified().await }
    };
    let closing = Overload::Answer("closing".into());
    let served = tokio::spawn(serve(router, service).overload(closing).run_until(stopped));
    let mut dealer = dealer(&endpoint).await;
    ask(&mut dealer, "in time").await;
    let (request, answer) = within("a request", requests.recv()).await.unwrap();
    stop.notify_one();
    tokio::task::yield_now().await;
    ask(&mut dealer, "too late").await;
    assert_eq!(reply(&mut dealer).await, "closing");
    answer.send(request).unwrap();
    assert_eq!(reply(&mut dealer).await, "in time");
    let report = within("the server to end", served).await.unwrap().unwrap();
    assert_eq!((report.answered, report.shed), (1, 1));
}

/// Which is to say that there is no limit.
#[tokio::test]
async fn maximal_drain_time_means_no_limit() {
    let (router, _) = bind::<Router>().await;
    let server = serve(router, moody_service()).drain_within(Duration::MAX);
    let report = within("the server to end", server.run_until(async {})).await.unwrap();
    assert_eq!(report, ServeReport::default());
}

/// An envelope with nothing behind it would be dropped by who asked.
#[tokio::test]
async fn frameless_reply_becomes_one_empty_frame() {
    async fn asks<P: Answers>(nothing: Message, failure: Message, question: &str) {
        let (socket, endpoint) = bind::<P>().await;
        let service = service_fn(move |request: Message| {
            let reply = nothing.clone();
            async move { if request == "fail" { Err(std::fmt::Error) } else { Ok(reply) } }
        });
        let server = serve(socket, service).failure_answer(failure);
        tokio::spawn(server.run());
        let mut req = ReqSocket::new();
        req.connect(endpoint).unwrap();
        req.send(question).await.unwrap();
        let reply = within("a reply", req.recv()).await.unwrap();
        assert_eq!(reply.frames(), [Frame::new()]);
    }
    let nothing = || Message::from(Vec::<Frame>::new());
    for question in ["well", "fail"] {
        asks::<Router>(nothing(), nothing(), question).await;
        asks::<Rep>(nothing(), nothing(), question).await;
    }
}

#[tokio::test(start_paused = true)]
async fn drain_timeout_abandons_slow_request() {
    let router = RouterSocket::new();
    let endpoint = router.bind("inproc://service-drain").await.unwrap();
    let taken = Arc::new(Notify::new());
    let forever = {
        let taken = taken.clone();
        service_fn(move |_: Message| {
            taken.notify_one();
            pending::<Result<Message, Infallible>>()
        })
    };
    let server = serve(router, forever).drain_within(Duration::from_secs(5));
    let stop = async move { taken.notified().await };
    let served = tokio::spawn(server.run_until(stop));
    let mut dealer = DealerSocket::new();
    dealer.connect(endpoint).unwrap();
    let before = tokio::time::Instant::now();
    ask(&mut dealer, "for ever").await;
    let report = within("the server to end", served).await.unwrap().unwrap();
    assert_eq!(before.elapsed().as_secs(), 5);
    assert_eq!((report.answered, report.abandoned), (0, 1));
}

#[tokio::test]
async fn broken_service_ends_server_after_drain() {
    /// Takes two requests, answers them when both are here, and is broken then.
    struct Two(Arc<AtomicUsize>, Arc<Barrier>);
    impl Service<Message> for Two {
        type Response = Message;
        type Error = std::fmt::Error;
        type Future = BoxFuture<'static, Result<Message, std::fmt::Error>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), std::fmt::Error>> {
            let served = self.0.load(Ordering::Relaxed);
            Poll::Ready(if served < 2 { Ok(()) } else { Err(std::fmt::Error) })
        }
        fn call(&mut self, request: Message) -> Self::Future {
            self.0.fetch_add(1, Ordering::Relaxed);
            let barrier = self.1.clone();
            Box::pin(async move {
                barrier.wait().await;
                Ok(request)
            })
        }
    }
    let (router, endpoint) = bind::<Router>().await;
    let both = Arc::new(Barrier::new(2));
    let served = tokio::spawn(serve(router, Two(Arc::default(), both)).run());
    let mut dealer = dealer(&endpoint).await;
    for _ in 0..2 {
        ask(&mut dealer, "question").await;
    }
    for _ in 0..2 {
        assert_eq!(reply(&mut dealer).await, "question");
    }
    ask(&mut dealer, "one too many").await;
    let error = within("the server to end", served).await.unwrap().unwrap_err();
    assert_eq!((error.source, error.report.answered), (std::fmt::Error, 2));
    assert_eq!(error.report.untaken, 1);
}

/// Not ready until told.
struct Late(Option<oneshot::Receiver<()>>);

impl Service<Message> for Late {
    type Response = Message;
    type Error = Infallible;
    type Future = Ready<Result<Message, Infallible>>;
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if let Some(told) = &mut self.0 {
            std::task::ready!(told.poll_unpin(cx)).unwrap();
            self.0 = None;
        }
        Poll::Ready(Ok(()))
    }
    fn call(&mut self, request: Message) -> Self::Future {
        ready(Ok(request))
    }
}

/// And those behind it stay in the queue.
#[tokio::test]
async fn request_waits_for_service_readiness() {
    async fn waits<P: Answers>() {
        let (socket, endpoint) = bind::<P>().await;
        let (tell, told) = oneshot::channel();
        let handle = socket.handle().clone();
        tokio::spawn(serve(socket, Late(Some(told))).run());
        let mut dealer = dealer(&endpoint).await;
        for question in ["1", "2"] {
            ask(&mut dealer, question).await;
        }
        within("one of them to be taken", async {
            while handle.stats().taken < 1 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(handle.stats().taken, 1);
        tell.send(()).unwrap();
        for question in ["1", "2"] {
            assert_eq!(reply(&mut dealer).await, question);
        }
    }
    waits::<Router>().await;
    waits::<Rep>().await;
}

/// As long as the time to end lasts.
#[tokio::test]
async fn waiting_request_is_untaken_at_stop() {
    async fn stops<P: Answers>() {
        let (socket, endpoint) = bind::<P>().await;
        let handle = socket.handle().clone();
        let (_tell, told) = oneshot::channel();
        let mut dealer = dealer(&endpoint).await;
        ask(&mut dealer, "question").await;
        let taken = async {
            while handle.stats().taken < 1 {
                tokio::task::yield_now().await;
            }
        };
        let server = serve(socket, Late(Some(told))).drain_within(Duration::from_millis(20));
        let report = within("the server to end", server.run_until(taken)).await.unwrap();
        assert_eq!((report.answered, report.untaken, report.abandoned), (0, 1, 0));
    }
    stops::<Router>().await;
    stops::<Rep>().await;
}

#[tokio::test]
async fn stop_serves_a_waiting_request() {
    async fn stops<P: Answers>() {
        let (socket, endpoint) = bind::<P>().await;
        let handle = socket.handle().clone();
        let (tell, told) = oneshot::channel();
        let mut dealer = dealer(&endpoint).await;
        for question in ["1", "2"] {
            ask(&mut dealer, question).await;
        }
        received(&handle, 2).await;
        let taken = async move {
            while handle.stats().taken < 1 {
                tokio::task::yield_now().await;
            }
            tell.send(()).unwrap();
        };
        let serving = serve(socket, Late(Some(told))).run_until(taken);
        let report = within("the server to end", serving).await.unwrap();
        assert_eq!((report.answered, report.untaken, report.unsent), (2, 0, 0));
        for question in ["1", "2"] {
            assert_eq!(reply(&mut dealer).await, question);
        }
    }
    stops::<Router>().await;
    stops::<Rep>().await;
}

/// Answers, and panics when it is dropped.
struct PanicsInDrop(Message, bool);

impl Future for PanicsInDrop {
    type Output = Result<Message, Infallible>;

    fn poll(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(self.0 != "panic twice", "as asked");
        if self.0 == "wait" { Poll::Pending } else { Poll::Ready(Ok(self.0.clone())) }
    }
}

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        assert!(!self.1, "as asked");
    }
}

#[tokio::test]
async fn a_panic_in_a_drop_costs_nobody_anything() {
    let (router, endpoint) = bind::<Router>().await;
    let (stop, stopped) = stop();
    let service = service_fn(|request: Message| {
        let panics = request != "well";
        PanicsInDrop(request, panics)
    });
    let server = serve(router, service).failure_answer("sorry").drain_within(Duration::ZERO);
    let served = tokio::spawn(server.run_until(stopped));
    let mut dealer = dealer(&endpoint).await;
    for question in ["well", "panic in the drop", "panic twice", "wait", "well"] {
        ask(&mut dealer, question).await;
    }
    let mut replies = Vec::new();
    for _ in 0..4 {
        replies.push(reply(&mut dealer).await);
    }
    replies.sort();
    assert_eq!(replies, ["panic in the drop", "sorry", "well", "well"]);
    stop.notify_one();
    let report = within("the server to end", served).await.unwrap().unwrap();
    assert_eq!((report.answered, report.panicked, report.abandoned), (3, 1, 1));
}

#[tokio::test]
async fn rep_serves_one_request_at_a_time() {
    let (rep, endpoint): (RepSocket, _) = bind().await;
    let handle = rep.handle().clone();
    let (service, mut requests) = by_hand();
    let served = tokio::spawn(serve(rep, service).run());
    let mut dealer = dealer(&endpoint).await;
    ask(&mut dealer, "one").await;
    ask(&mut dealer, "two").await;
    for expected in ["one", "two"] {
        let (request, answer) = within("a request", requests.recv()).await.unwrap();
        assert_eq!(request, expected);
        assert!(requests.try_recv().is_err());
        answer.send(request).unwrap();
        assert_eq!(reply(&mut dealer).await, expected);
    }
    assert_eq!(end(&handle, served).await.answered, 2);
}
