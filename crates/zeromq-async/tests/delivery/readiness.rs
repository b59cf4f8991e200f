//! Readiness to receive: it leaves the message in the queue, for every socket type.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::FutureExt;
use support::{ANY_PORT, is_pending, within};
use tokio::task::yield_now;
use zeromq_async::{
    DealerSocket, Message, PairSocket, PullSocket, PushSocket, Receives, RecvError, RepSocket,
    ReqSocket, RouterSocket, SendErrorKind, Sends, Socket, SubSocket, SubscriptionNotices,
    XPubSocket, XSubSocket,
};

/// Endpoints for two sockets: a free port and an unused inproc name.
fn endpoints() -> [String; 2] {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    [ANY_PORT.to_owned(), format!("inproc://readiness-{number}")]
}

/// Counts the wake-ups of its task.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

async fn join<A: Sends, B: Receives>(place: &str, from: &Socket<A>, to: &Socket<B>) {
    from.connect(to.bind(place).await.unwrap()).unwrap();
    within("the peers", async { tokio::join!(from.wait_for_peers(1), to.wait_for_peers(1)) }).await;
}

/// Sends a message and sees it twice before receiving it.
async fn send_and_peek<A: Sends, B: Receives>(
    from: &mut Socket<A>,
    to: &mut Socket<B>,
    sent: Message,
    received: Message,
) {
    assert!(is_pending(to.ready_recv()));
    from.send(sent).await.unwrap();
    for _ in 0..2 {
        within("a message", to.ready_recv()).await.unwrap();
    }
    let (message, peer) = to.try_recv_from().unwrap();
    assert_eq!(message, received);
    assert_eq!(peer.id(), to.stats().peers[0].peer);
    assert_eq!(to.stats().received, 1);
    assert!(is_pending(to.ready_recv()));
    assert_eq!(to.try_recv(), Err(RecvError::Empty));
}

#[tokio::test]
async fn a_seen_message_stays_until_received() {
    for place in endpoints() {
        let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
        join(&place, &push, &pull).await;
        send_and_peek(&mut push, &mut pull, "one".into(), "one".into()).await;
    }
    for place in endpoints() {
        let (mut one, mut other) = (PairSocket::new(), PairSocket::new());
        join(&place, &one, &other).await;
        send_and_peek(&mut one, &mut other, "one".into(), "one".into()).await;
    }
    for place in endpoints() {
        let mut dealer = DealerSocket::builder().routing_id("me").unwrap().build();
        let mut router = RouterSocket::new();
        join(&place, &dealer, &router).await;
        let received = Message::multipart(["me", "one"]);
        send_and_peek(&mut dealer, &mut router, "one".into(), received).await;
    }
    for place in endpoints() {
        let (mut xsub, mut xpub) = (XSubSocket::new(), XPubSocket::new());
        join(&place, &xsub, &xpub).await;
        send_and_peek(&mut xsub, &mut xpub, "\u{1}a".into(), "\u{1}a".into()).await;
    }
}

#[tokio::test]
async fn a_sub_is_ready_for_its_topics_alone() {
    for place in endpoints() {
        let mut xpub = XPubSocket::builder().notices(SubscriptionNotices::All).build();
        let mut sub = SubSocket::builder().subscribe("a").build();
        // Like a publisher that sends everything.
        sub.connect(xpub.bind(&*place).await.unwrap()).unwrap();
        within("the subscription", xpub.recv()).await.unwrap();
        xpub.subscribe_last_peer("");
        xpub.send("b").await.unwrap();
        xpub.send("a").await.unwrap();
        within("a message", sub.ready_recv()).await.unwrap();
        assert_eq!(sub.stats().discarded.filtered, 1);
        sub.unsubscribe("a");
        assert_eq!(sub.try_recv().unwrap(), "a", "the peeked message");
    }
}

#[tokio::test]
async fn a_rep_has_its_turn_when_it_receives() {
    for place in endpoints() {
        let (mut req, mut rep) = (ReqSocket::new(), RepSocket::new());
        join(&place, &req, &rep).await;
        assert_eq!(within("a refusal", req.ready_recv()).await, Err(RecvError::OutOfTurn));
        req.send("question").await.unwrap();
        within("a request", rep.ready_recv()).await.unwrap();
        assert_eq!(*rep.try_send("early").unwrap_err().kind(), SendErrorKind::OutOfTurn);
        assert_eq!(rep.try_recv().unwrap(), "question");
        assert_eq!(rep.ready_recv().await, Err(RecvError::OutOfTurn));
        rep.send("answer").await.unwrap();

        within("a reply", req.ready_recv()).await.unwrap();
        assert_eq!(*req.try_send("early").unwrap_err().kind(), SendErrorKind::OutOfTurn);
        let (reply, peer) = req.try_recv_from().unwrap();
        assert_eq!((&reply, peer.id()), (&Message::from("answer"), req.stats().peers[0].peer));
        req.send("another").await.unwrap();
        assert_eq!(within("a request", rep.recv()).await.unwrap(), "another");
    }
}

#[tokio::test]
async fn a_relaxed_req_forgets_the_reply_it_saw() {
    let (mut req, mut rep) = (ReqSocket::builder().relaxed(true).build(), RepSocket::new());
    join(ANY_PORT, &req, &rep).await;
    for question in ["first", "second"] {
        req.send(question).await.unwrap();
        assert_eq!(within("a request", rep.recv()).await.unwrap(), question);
        rep.send(question).await.unwrap();
        within("a reply", req.ready_recv()).await.unwrap();
    }
    assert_eq!(req.try_recv().unwrap(), "second");
    assert_eq!(req.stats().discarded.unasked, 1);
}

#[tokio::test]
async fn an_unreceived_message_counts_as_abandoned() {
    let (mut req, mut rep) = (ReqSocket::new(), RepSocket::new());
    join(ANY_PORT, &req, &rep).await;
    req.send("question").await.unwrap();
    within("a request", rep.ready_recv()).await.unwrap();
    let (_sender, receiver) = rep.split();
    let handle = receiver.handle().clone();
    drop(receiver);
    assert_eq!(handle.stats().discarded.abandoned, 1);
}

#[tokio::test]
async fn readiness_tells_the_end() {
    for place in endpoints() {
        let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
        join(&place, &push, &pull).await;
        push.send("last").await.unwrap();
        within("the message", pull.ready_recv()).await.unwrap();
        pull.handle().close().await;
        assert_eq!(pull.ready_recv().await, Ok(()));
        assert_eq!(pull.try_recv().unwrap(), "last");
        assert_eq!(pull.ready_recv().await, Err(RecvError::Closed));
    }
}

/// A readiness check must not replace the waker of the waiting task.
#[tokio::test]
async fn try_recv_leaves_the_waiting_task_be() {
    for place in endpoints() {
        let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
        join(&place, &push, &pull).await;
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let mut cx = Context::from_waker(&waker);
        assert!(pull.poll_recv_ready(&mut cx).is_pending());
        assert_eq!(pull.try_recv(), Err(RecvError::Empty));
        push.send("one").await.unwrap();
        within("a wake-up", async {
            while count.0.load(Ordering::SeqCst) == 0 {
                yield_now().await;
            }
        })
        .await;
        assert_eq!(pull.poll_recv_ready(&mut cx), Poll::Ready(Ok(())));
    }
}

/// The same for a REQ, which also waits for the loss of its peer.
#[tokio::test]
async fn try_recv_leaves_a_waiting_req_be() {
    let (mut req, rep) = (ReqSocket::builder().no_reconnect().build(), RepSocket::new());
    join(ANY_PORT, &req, &rep).await;
    req.send("question").await.unwrap();
    req.flush().await.unwrap();
    let count = Arc::new(Count::default());
    let waker = Waker::from(count.clone());
    let mut cx = Context::from_waker(&waker);
    assert!(req.poll_recv_from(&mut cx).is_pending());
    assert_eq!(req.try_recv(), Err(RecvError::Empty));
    rep.close().await;
    within("a wake-up", async {
        while count.0.load(Ordering::SeqCst) == 0 {
            yield_now().await;
        }
    })
    .await;
    assert_eq!(within("the loss", req.ready_recv()).await, Err(RecvError::ReplyLost));
}

/// Readiness is cancelled at every await and started again.
async fn loses_nothing(place: String) {
    let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    join(&place, &push, &pull).await;
    let sending = tokio::spawn(async move {
        for number in 0..COUNT {
            push.send(number.to_be_bytes()).await.unwrap();
            if number % 7 == 0 {
                yield_now().await;
            }
        }
        push.flush().await.unwrap();
        push
    });
    for number in 0..COUNT {
        within("a message", async {
            while pull.ready_recv().now_or_never().is_none() {
                yield_now().await;
            }
        })
        .await;
        assert_eq!(pull.try_recv().unwrap(), &number.to_be_bytes());
    }
    assert_eq!(pull.try_recv(), Err(RecvError::Empty));
    sending.await.unwrap();
}

const COUNT: u32 = 5000;

#[tokio::test]
async fn dropped_readiness_loses_nothing() {
    for place in endpoints() {
        loses_nothing(place).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_readiness_loses_nothing_on_threads() {
    for place in endpoints() {
        loses_nothing(place).await;
    }
}
