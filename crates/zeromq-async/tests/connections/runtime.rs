//! Sockets and tasks of a runtime: sockets move between threads, need no thread of their own, and
//! yield to other tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use support::{ANY_PORT, ReservedPort, within};
use zeromq_async::{
    CloseReport, Context, DealerSocket, Endpoint, Events, HighWaterMark, Message, PairSocket,
    PubSocket, PullSocket, PushSocket, Receiver, RecvError, RepSocket, ReqSocket, RouterSocket,
    SendError, Sender, SocketBuilder, SocketEvent, SocketHandle, SubSocket, XPubSocket, XSubSocket,
};

fn is_send<T: Send + 'static>() {}
fn is_sync<T: Sync + 'static>() {}
fn future_is_send<T: Send>(_: &T) {}

#[test]
fn public_types_are_send_and_sync() {
    is_send::<ReqSocket>();
    is_send::<RepSocket>();
    is_send::<DealerSocket>();
    is_send::<RouterSocket>();
    is_send::<PubSocket>();
    is_send::<SubSocket>();
    is_send::<XPubSocket>();
    is_send::<XSubSocket>();
    is_send::<PushSocket>();
    is_send::<PullSocket>();
    is_send::<PairSocket>();
    is_sync::<zeromq_async::ClientSocket>();
    is_sync::<zeromq_async::ServerSocket>();
    is_sync::<zeromq_async::ScatterSocket>();
    is_sync::<zeromq_async::GatherSocket>();
    is_sync::<zeromq_async::PeerSocket>();
    is_sync::<zeromq_async::ChannelSocket>();
    is_send::<zeromq_async::ServerSocket>();
    is_send::<Sender<zeromq_async::Dealer>>();
    is_send::<Receiver<zeromq_async::Dealer>>();
    is_send::<SocketBuilder<zeromq_async::Req>>();
    is_send::<Events>();
    is_send::<SocketEvent>();
    is_send::<SendError>();
    is_send::<RecvError>();
    is_send::<CloseReport>();
    is_send::<Message>();
    is_send::<Endpoint>();
    is_send::<Context>();
    is_sync::<Context>();
    is_send::<SocketHandle>();
    is_sync::<SocketHandle>();
    is_sync::<Message>();
}

#[test]
fn public_futures_are_send() {
    let mut pair = PairSocket::new();
    future_is_send(&pair.bind("inproc://x"));
    future_is_send(&pair.unbind("inproc://x"));
    future_is_send(&pair.wait_for_peers(1));
    future_is_send(&pair.ready());
    future_is_send(&pair.send("x"));
    future_is_send(&pair.flush());
    future_is_send(&pair.recv());
    future_is_send(&pair.events().next());
    future_is_send(&pair.close());
    future_is_send(&Context::new().shutdown());
}

/// One exchange with every socket type.
async fn exchange() {
    let (mut req, mut rep) = (ReqSocket::new(), RepSocket::new());
    req.connect(rep.bind(ANY_PORT).await.unwrap()).unwrap();
    let serving = tokio::spawn(async move {
        let request = rep.recv().await.unwrap();
        rep.send(request).await.unwrap();
        rep.close().await
    });
    req.send("echo").await.unwrap();
    assert_eq!(within("a reply", req.recv()).await.unwrap(), "echo");
    assert_eq!(within("REP to close", serving).await.unwrap().unsent, 0);

    let (mut dealer, mut router) = (DealerSocket::new(), RouterSocket::new());
    dealer.connect(router.bind(ANY_PORT).await.unwrap()).unwrap();
    let serving = tokio::spawn(async move {
        let request = router.recv().await.unwrap();
        router.send(request).await.unwrap();
        router.close().await
    });
    dealer.send("echo").await.unwrap();
    assert_eq!(within("a reply", dealer.recv()).await.unwrap(), "echo");
    assert_eq!(within("ROUTER to close", serving).await.unwrap().unsent, 0);

    let (mut xpub, mut xsub) = (XPubSocket::new(), XSubSocket::new());
    xsub.connect(xpub.bind(ANY_PORT).await.unwrap()).unwrap();
    xsub.send("\u{1}t").await.unwrap();
    assert_eq!(within("a subscription", xpub.recv()).await.unwrap(), "\u{1}t");
    xpub.send("t").await.unwrap();
    assert_eq!(within("a message", xsub.recv()).await.unwrap(), "t");

    let (mut publisher, mut sub) = (PubSocket::new(), SubSocket::builder().subscribe("").build());
    sub.connect(publisher.bind(ANY_PORT).await.unwrap()).unwrap();
    let publishing = tokio::spawn(async move {
        loop {
            publisher.send("news").await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(within("a message", sub.recv()).await.unwrap(), "news");
    publishing.abort();

    let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    push.connect(pull.bind(ANY_PORT).await.unwrap()).unwrap();
    SinkExt::send(&mut push, Message::from("as a sink")).await.unwrap();
    let received = within("a message", StreamExt::next(&mut pull)).await;
    assert_eq!(received.unwrap().unwrap(), "as a sink");

    let (mut one, mut other) = (PairSocket::new(), PairSocket::new());
    one.connect(other.bind(ANY_PORT).await.unwrap()).unwrap();
    one.send("ping").await.unwrap();
    assert_eq!(within("a message", other.recv()).await.unwrap(), "ping");
}

#[test]
fn sockets_work_on_one_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(exchange());
}

#[test]
fn sockets_work_on_several_threads() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(exchange());
}

#[test]
fn socket_works_across_runtimes() {
    let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().unwrap()
    };
    let (one, other) = (runtime(), runtime());
    let endpoint = one.block_on(pull.bind(ANY_PORT)).unwrap();
    other.block_on(async { push.connect(&endpoint) }).unwrap();
    let sending = std::thread::spawn(move || {
        other.block_on(async {
            for number in 0..1000 {
                push.send(format!("{number}")).await.unwrap();
            }
            push.close().await
        })
    });
    one.block_on(async {
        for number in 0..1000 {
            let received = within("a message", pull.recv()).await.unwrap();
            assert_eq!(received, format!("{number}"));
        }
    });
    assert_eq!(sending.join().unwrap().unsent, 0);
}

/// Runs `work` on one thread beside a task that counts its polls. Returns the count.
async fn polls_of_other_task(work: impl Future<Output = ()>) -> u64 {
    let turns = Arc::new(AtomicU64::new(0));
    let counter = turns.clone();
    let counting = tokio::spawn(async move {
        loop {
            counter.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    tokio::task::yield_now().await;
    let before = turns.load(Ordering::Relaxed);
    work.await;
    let after = turns.load(Ordering::Relaxed);
    counting.abort();
    after - before
}

/// Enough work to notice a task that never yields.
const MANY: usize = 150_000;

#[tokio::test]
async fn sending_task_yields_to_others() {
    let port = ReservedPort::new();
    let mut push = PushSocket::builder()
        .send_high_water_mark(HighWaterMark::Unlimited)
        .linger(Duration::ZERO)
        .build();
    push.connect(port.endpoint()).unwrap();
    let turns = polls_of_other_task(async {
        for _ in 0..MANY {
            push.send("x").await.unwrap();
        }
    })
    .await;
    assert!(turns >= 3, "{turns} turns");
}

#[tokio::test]
async fn peerless_sending_task_yields_to_others() {
    let mut publisher = PubSocket::new();
    let mut router = RouterSocket::new();
    let mut xsub = XSubSocket::new();
    let turns = polls_of_other_task(async {
        for _ in 0..MANY {
            publisher.send("x").await.unwrap();
        }
    })
    .await;
    assert!(turns >= 3, "PUB: {turns} turns");
    let turns = polls_of_other_task(async {
        for _ in 0..MANY {
            router.send(Message::multipart(["unknown", "x"])).await.unwrap();
        }
    })
    .await;
    assert!(turns >= 3, "ROUTER: {turns} turns");
    let turns = polls_of_other_task(async {
        for _ in 0..MANY {
            xsub.send("x").await.unwrap();
        }
    })
    .await;
    assert!(turns >= 3, "XSUB: {turns} turns");
}

#[tokio::test]
async fn receiving_task_yields_to_others() {
    let context = Context::new();
    let mark = HighWaterMark::Unlimited;
    let mut push = PushSocket::builder_in(&context).send_high_water_mark(mark).build();
    let mut pull = PullSocket::builder_in(&context).receive_high_water_mark(mark).build();
    pull.bind("inproc://busy").await.unwrap();
    push.connect("inproc://busy").unwrap();
    for _ in 0..MANY {
        push.try_send("x").unwrap();
    }
    let turns = polls_of_other_task(async {
        for _ in 0..MANY {
            pull.recv().await.unwrap();
        }
    })
    .await;
    assert!(turns >= 3, "{turns} turns");
}

/// Messages that a SUB filters out are work too, though the application sees none of them.
#[tokio::test]
async fn filtering_task_yields_to_others() {
    let context = Context::new();
    let mark = HighWaterMark::Unlimited;
    let mut publisher = PubSocket::builder_in(&context).send_high_water_mark(mark).build();
    let sub = SubSocket::builder_in(&context).receive_high_water_mark(mark).subscribe("");
    let mut sub = sub.build();
    publisher.bind("inproc://busy").await.unwrap();
    sub.connect("inproc://busy").unwrap();
    for _ in 0..MANY {
        publisher.try_send("x").unwrap();
    }
    sub.subscribe("end");
    publisher.try_send("end").unwrap();
    sub.unsubscribe("");
    let turns = polls_of_other_task(async {
        assert_eq!(sub.recv().await.unwrap(), "end");
    })
    .await;
    assert!(turns >= 3, "{turns} turns");
}

/// A sender whose peer has a full queue waits without polling.
#[tokio::test]
async fn waiting_sender_is_not_polled() {
    let port = ReservedPort::new();
    let mut push = PushSocket::builder().send_high_water_mark(1).linger(Duration::ZERO).build();
    push.connect(port.endpoint()).unwrap();
    push.send("fits").await.unwrap();
    let polls = Arc::new(AtomicU64::new(0));
    let (count, done) = (polls.clone(), Arc::new(AtomicBool::new(false)));
    let finished = done.clone();
    let sending = tokio::spawn(async move {
        let mut send = Box::pin(push.send("waits"));
        std::future::poll_fn(|cx| {
            count.fetch_add(1, Ordering::Relaxed);
            send.as_mut().poll(cx)
        })
        .await
        .unwrap();
        finished.store(true, Ordering::Relaxed);
    });
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert!(!done.load(Ordering::Relaxed));
    assert_eq!(polls.load(Ordering::Relaxed), 1, "polled though nothing has changed");
    sending.abort();
}

/// A runtime that is not driven stalls the connections that belong to it, and no others.
#[tokio::test(flavor = "multi_thread")]
async fn stopped_runtime_blocks_only_its_own_peers() {
    let (mut still, mut driven) = (SubSocket::new(), SubSocket::new());
    let (first, second) = (bind(&mut still).await, bind(&mut driven).await);
    let publisher = PubSocket::new();
    let (stopped, publisher) = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            publisher.connect(first).unwrap();
            publisher.wait_for_subscribers("", 1).await;
        });
        (runtime, publisher)
    })
    .await
    .unwrap();
    let mut publisher = publisher;
    publisher.connect(second).unwrap();
    publisher.wait_for_subscribers("", 2).await;
    for number in ["1", "2", "3"] {
        publisher.send(number).await.unwrap();
    }
    for number in ["1", "2", "3"] {
        assert_eq!(within("what the runtime that runs has", driven.recv()).await.unwrap(), number);
    }
    stopped.shutdown_background();
}

async fn bind(socket: &mut SubSocket) -> Endpoint {
    socket.subscribe("");
    socket.bind(ANY_PORT).await.unwrap()
}
