//! Tasks that wait to receive or send: which is woken, and what happens when it goes away.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use futures_util::{SinkExt, Stream, StreamExt};
use support::{ANY_PORT, huge_frame, is_pending, within};
use zeromq_async::{
    ChannelSocket, ClientSocket, GatherSocket, RecvError, ScatterSocket, SendErrorKind,
    ServerSocket,
};

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Woken {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

fn poll<F: Future>(future: Pin<&mut F>, woken: &Arc<Woken>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(woken.clone())))
}

/// Two sockets within the process, where each send wakes the receiver at once.
async fn pipeline(name: &str) -> (ScatterSocket, GatherSocket) {
    let (scatter, gather) = (ScatterSocket::new(), GatherSocket::new());
    scatter.connect(gather.bind(name).await.unwrap()).unwrap();
    (scatter, gather)
}

#[tokio::test]
async fn receivers_are_served_in_order() {
    let (scatter, gather) = pipeline("inproc://served-in-order").await;
    let clone = gather.clone();
    let (mut one, mut two, mut three) =
        (pin!(gather.recv()), pin!(clone.recv()), pin!(gather.recv()));
    let woken = [(); 3].map(|()| Arc::new(Woken::default()));
    assert!(poll(one.as_mut(), &woken[0]).is_pending());
    assert!(poll(two.as_mut(), &woken[1]).is_pending());
    assert!(poll(three.as_mut(), &woken[2]).is_pending());
    // Looking again does not cost the place.
    assert!(poll(one.as_mut(), &woken[0]).is_pending());

    scatter.send("1").await.unwrap();
    assert_eq!([0, 1, 2].map(|task| woken[task].count()), [1, 0, 0]);
    assert_eq!(poll(one, &woken[0]), Poll::Ready(Ok("1".into())));
    // There is no more, so no other task was woken.
    assert_eq!([0, 1, 2].map(|task| woken[task].count()), [1, 0, 0]);

    scatter.send("2").await.unwrap();
    scatter.send("3").await.unwrap();
    assert_eq!([0, 1, 2].map(|task| woken[task].count()), [1, 1, 0]);
    assert_eq!(poll(two, &woken[1]), Poll::Ready(Ok("2".into())));
    let stats = gather.stats();
    assert_eq!((stats.taken, stats.unread), (2, 1), "a message that is there is not received");
    assert_eq!([0, 1, 2].map(|task| woken[task].count()), [1, 1, 1]);
    assert_eq!(poll(three, &woken[2]), Poll::Ready(Ok("3".into())));
}

/// A task that is woken and then gives up wakes the next one.
#[tokio::test]
async fn dropped_turn_goes_to_the_next() {
    let (scatter, gather) = pipeline("inproc://dropped-turn").await;
    let mut one = Box::pin(gather.recv());
    let mut two = pin!(gather.recv());
    let woken = [(); 2].map(|()| Arc::new(Woken::default()));
    assert!(poll(one.as_mut(), &woken[0]).is_pending());
    assert!(poll(two.as_mut(), &woken[1]).is_pending());
    scatter.send("hello").await.unwrap();
    assert_eq!([0, 1].map(|task| woken[task].count()), [1, 0]);
    drop(one);
    assert_eq!(woken[1].count(), 1);
    assert_eq!(poll(two, &woken[1]), Poll::Ready(Ok("hello".into())));
}

/// A task that gives up before it is woken leaves the others in place.
#[tokio::test]
async fn dropped_wait_leaves_others_waiting() {
    let (scatter, gather) = pipeline("inproc://dropped-wait").await;
    let mut one = Box::pin(gather.recv());
    let mut two = pin!(gather.recv());
    let woken = [(); 2].map(|()| Arc::new(Woken::default()));
    assert!(poll(one.as_mut(), &woken[0]).is_pending());
    assert!(poll(two.as_mut(), &woken[1]).is_pending());
    drop(one);
    assert_eq!(woken[1].count(), 0);
    scatter.send("hello").await.unwrap();
    assert_eq!(woken[1].count(), 1);
    assert_eq!(poll(two, &woken[1]), Poll::Ready(Ok("hello".into())));
}

/// A stream that was polled once and is never polled again holds up no task.
#[tokio::test]
async fn idle_stream_holds_up_no_receiver() {
    let (scatter, gather) = pipeline("inproc://idle-stream").await;
    let mut stream = gather.clone();
    let woken = [(); 2].map(|()| Arc::new(Woken::default()));
    let idle = Waker::from(woken[0].clone());
    assert!(Pin::new(&mut stream).poll_next(&mut Context::from_waker(&idle)).is_pending());
    let mut receiving = pin!(gather.recv());
    assert!(poll(receiving.as_mut(), &woken[1]).is_pending());
    scatter.send("hello").await.unwrap();
    assert_eq!([0, 1].map(|task| woken[task].count()), [1, 1]);
    assert_eq!(poll(receiving, &woken[1]), Poll::Ready(Ok("hello".into())));
    scatter.send("world").await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), "world");
}

/// Looks for a message from another thread when it is dropped.
struct LooksWhenDropped(GatherSocket, mpsc::Sender<RecvError>);

impl Wake for LooksWhenDropped {
    fn wake(self: Arc<Self>) {}
}

impl Drop for LooksWhenDropped {
    fn drop(&mut self) {
        let (gather, (looked, done)) = (self.0.clone(), mpsc::channel());
        thread::spawn(move || looked.send(gather.try_recv().unwrap_err()));
        self.1.send(done.recv_timeout(Duration::from_secs(60)).expect("a lock is held")).unwrap();
    }
}

/// The waker of a task can be the last owner of something that uses the socket.
#[tokio::test]
async fn wakers_are_dropped_without_a_lock() {
    let (scatter, gather) = pipeline("inproc://wakers-dropped").await;
    let (looked, looks) = mpsc::channel();
    let waker = || Waker::from(Arc::new(LooksWhenDropped(gather.clone(), looked.clone())));
    let (mut first, mut second) = (pin!(gather.recv()), pin!(gather.recv()));
    let mut idle = Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(&mut idle).is_pending());
    for _ in 0..2 {
        assert!(second.as_mut().poll(&mut Context::from_waker(&waker())).is_pending());
    }
    assert_eq!(looks.try_recv(), Ok(RecvError::Empty), "replaced");
    // Wakes the first, and the second is faster.
    scatter.send("hello").await.unwrap();
    assert_eq!(second.poll(&mut idle), Poll::Ready(Ok("hello".into())));
    assert_eq!(looks.try_recv(), Ok(RecvError::Empty), "no longer needed");
}

/// A look without waiting does not take the place of a task that waits.
#[tokio::test]
async fn try_recv_leaves_the_waiting_task_awake() {
    let (scatter, gather) = pipeline("inproc://try-recv-waits").await;
    let mut waiting = pin!(gather.recv());
    let woken = Arc::new(Woken::default());
    assert!(poll(waiting.as_mut(), &woken).is_pending());
    assert_eq!(gather.try_recv().unwrap_err(), RecvError::Empty);
    scatter.send("taken").await.unwrap();
    assert_eq!(woken.count(), 1);
    assert_eq!(gather.try_recv().unwrap(), "taken");
    assert!(poll(waiting.as_mut(), &woken).is_pending());
    scatter.send("received").await.unwrap();
    assert_eq!(woken.count(), 2);
    assert_eq!(poll(waiting, &woken), Poll::Ready(Ok("received".into())));
}

/// Tasks that wait to send through one reference are each woken when there is room, and dropping one of
/// them takes no waker from the others.
#[tokio::test]
async fn each_waiting_sender_is_woken() {
    let scatter = ScatterSocket::builder().send_high_water_mark(1).build();
    scatter.connect("inproc://waiting-senders").unwrap();
    scatter.send("queued").await.unwrap();
    let (mut one, mut two) = (pin!(scatter.send("one")), pin!(scatter.send("two")));
    let mut dropped = Box::pin(scatter.send("never sent"));
    let woken = [(); 3].map(|()| Arc::new(Woken::default()));
    assert!(poll(one.as_mut(), &woken[0]).is_pending());
    assert!(poll(dropped.as_mut(), &woken[2]).is_pending());
    assert!(poll(two.as_mut(), &woken[1]).is_pending());
    assert!(scatter.try_send("full").is_err());
    drop(dropped);

    let gather = GatherSocket::builder().receive_high_water_mark(10).build();
    gather.bind("inproc://waiting-senders").await.unwrap();
    assert!(woken[0].count() > 0 && woken[1].count() > 0, "not woken");
    assert!(poll(two, &woken[1]).is_ready());
    assert!(poll(one, &woken[0]).is_ready());
    for text in ["queued", "two", "one"] {
        assert_eq!(gather.try_recv().unwrap(), text);
    }
}

/// Each of two hundred tasks that wait learns of the end.
#[tokio::test]
async fn closing_ends_all_waiting_tasks() {
    let channel = ChannelSocket::new();
    let receiving: Vec<_> = (0..100)
        .map(|_| channel.clone())
        .map(|clone| tokio::spawn(async move { clone.recv().await }))
        .collect();
    let sending: Vec<_> = (0..100)
        .map(|_| channel.clone())
        .map(|clone| tokio::spawn(async move { clone.send("no peer").await }))
        .collect();
    tokio::task::yield_now().await;
    assert_eq!(within("closing", channel.close()).await.unsent, 0);
    for task in receiving {
        let received = within("a receiver to end", task).await.unwrap();
        assert_eq!(received.unwrap_err(), RecvError::Closed);
    }
    for task in sending {
        let error = within("a sender to end", task).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), &SendErrorKind::Closed);
        assert_eq!(error.into_frame().unwrap(), "no peer");
    }
}

/// What has arrived can be received after the socket was closed, and then every receiver ends.
#[tokio::test]
async fn closed_socket_gives_what_has_arrived() {
    let (scatter, gather) = pipeline("inproc://closed-gives").await;
    for text in ["1", "2"] {
        scatter.send(text).await.unwrap();
    }
    gather.clone().close().await;
    assert_eq!(gather.recv().await.unwrap(), "1");
    assert_eq!(gather.recv().await.unwrap(), "2");
    assert_eq!(gather.recv().await.unwrap_err(), RecvError::Closed);
    assert!(gather.clone().next().await.is_none());
}

/// The last clone ends the socket, and the peers of its endpoint.
#[tokio::test]
async fn dropping_the_last_clone_ends_the_socket() {
    let server = ServerSocket::new();
    let endpoint = server.bind(ANY_PORT).await.unwrap();
    let clone = server.clone();
    drop(server);
    let client = ClientSocket::new();
    client.connect(&endpoint).unwrap();
    client.send("hello").await.unwrap();
    assert_eq!(within("a request", clone.recv()).await.unwrap().1, "hello");
    drop(clone);
    ServerSocket::new().bind(&endpoint).await.unwrap();
}

/// A peer that does not read holds up the messages for it, and no others.
#[tokio::test]
async fn full_peer_holds_up_no_other() {
    let server = ServerSocket::builder().send_high_water_mark(1).build();
    let endpoint = server.bind(ANY_PORT).await.unwrap();
    let mut slow = support::RawPeer::connect(&endpoint, zeromq_async::SocketType::Client).await;
    slow.send("slow").await;
    let (to_slow, _) = server.recv().await.unwrap();
    let client = ClientSocket::new();
    client.connect(&endpoint).unwrap();
    client.send("quick").await.unwrap();
    let (to_quick, _) = server.recv().await.unwrap();

    while server.try_send_to(to_slow, huge_frame()).is_ok() {}
    // The same handle has just met the full queue.
    within("the other queue", server.send_to(to_quick, "first")).await.unwrap();
    assert_eq!(within("a reply", client.recv()).await.unwrap(), "first");
    let waiting = server.clone();
    let waiting = tokio::spawn(async move { waiting.send_to(to_slow, "the last").await });
    assert!(is_pending(server.send_to(to_slow, "never sent")));
    for _ in 0..1000 {
        server.send_to(to_quick, "quick").await.unwrap();
        assert_eq!(within("a reply", client.recv()).await.unwrap(), "quick");
    }
    assert!(!waiting.is_finished());
    drop(slow);
    let error = within("the peer to leave", waiting).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), &SendErrorKind::NoRoute(to_slow));
    assert_eq!(error.into_frame().unwrap(), "the last");
}

/// Each clone is a `Sink` with its own place for a message, which is counted where it is dropped.
#[tokio::test]
async fn each_clone_is_a_sink_of_its_own() {
    let scatter = ScatterSocket::builder().send_high_water_mark(1).build();
    scatter.connect("inproc://shared-sinks").unwrap();
    let (mut one, mut two) = (scatter.clone(), scatter.clone());
    SinkExt::feed(&mut one, "queued".into()).await.unwrap();
    assert!(is_pending(SinkExt::feed(&mut two, "waits".into())));
    // Without `poll_ready`, as a message that another sender was faster with.
    Pin::new(&mut two).start_send_unpin("waits".into()).unwrap();
    assert_eq!(scatter.stats().queued, 2);
    let gather = GatherSocket::builder().receive_high_water_mark(1).build();
    gather.bind("inproc://shared-sinks").await.unwrap();
    assert_eq!(gather.recv().await.unwrap(), "queued");
    SinkExt::close(&mut two).await.unwrap();
    assert_eq!(gather.recv().await.unwrap(), "waits");
    let error = two.send("closed").await.unwrap_err();
    assert_eq!(error.kind(), &SendErrorKind::Closed);
    scatter.send("open").await.unwrap();
    assert_eq!(gather.recv().await.unwrap(), "open");
}

#[tokio::test]
async fn server_streams_and_sinks_pairs() {
    let (client, server) = (ClientSocket::new(), ServerSocket::new());
    client.connect(server.bind(ANY_PORT).await.unwrap()).unwrap();
    let requests = server.clone().map(|request| Ok(request.unwrap()));
    let echo = tokio::spawn(requests.forward(server));
    for text in ["one", "two"] {
        client.send(text).await.unwrap();
        assert_eq!(within("an echo", client.recv()).await.unwrap(), text);
    }
    echo.abort();
}
