//! Every future can be dropped at every await: no message is lost or duplicated, and order is kept.
//!
//! Futures are polled a few times and dropped, or raced against tickers, on one thread and on
//! several, over tcp and inproc.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use support::{RawPeer, ReservedPort, event, fast_reconnect, huge, is_pending, listen, within};
use tokio::runtime::{Builder, Runtime};
use zeromq_async::{
    BindErrorKind, Context, DealerSocket, DetachError, Endpoint, Message, PairSocket, PubSocket,
    PullSocket, PushSocket, Receives, RecvError, RepSocket, ReqSocket, RouterSocket, SendErrorKind,
    Sends, Socket, SocketEvent, SocketType, SubSocket, XPubSocket, XSubSocket,
};

/// Polls a future up to `polls` times, each time after it was woken, and drops it.
async fn cancel_after_polls<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// The transport between the two sockets of a test.
#[derive(Debug, Clone)]
struct Transport {
    context: Context,
    endpoint: &'static str,
}

impl Transport {
    async fn join<A: zeromq_async::SocketKind, B: zeromq_async::SocketKind>(
        &self,
        bound: &Socket<A>,
        connecting: &Socket<B>,
    ) {
        let endpoint: Endpoint = bound.bind(self.endpoint).await.unwrap();
        connecting.connect(endpoint).unwrap();
        within("the sockets to meet", async {
            tokio::join!(bound.wait_for_peers(1), connecting.wait_for_peers(1));
        })
        .await;
    }
}

fn runtimes() -> [Runtime; 2] {
    let mut one = Builder::new_current_thread();
    let mut several = Builder::new_multi_thread();
    [one.enable_all().build().unwrap(), several.worker_threads(2).enable_all().build().unwrap()]
}

/// Runs the test on one thread and on several, over tcp and inproc.
fn everywhere<F: Future<Output = ()> + Send + 'static>(test: impl Fn(Transport) -> F) {
    for runtime in runtimes() {
        for endpoint in ["tcp://127.0.0.1:*", "inproc://cancel"] {
            let place = Transport { context: Context::new(), endpoint };
            let test = test(place);
            // Runs in a spawned task, as most code does.
            runtime.block_on(async { tokio::spawn(test).await }).unwrap();
        }
    }
}

const MESSAGES: usize = 2000;

fn numbered(number: usize) -> Message {
    Message::multipart(["m".to_owned(), number.to_string()])
}

fn number_of(message: &Message) -> usize {
    message.last().and_then(|frame| frame.to_str().ok()).unwrap().parse().unwrap()
}

/// Receives until `count` messages have arrived, with cancellations in between.
async fn receive_with_cancellations<P: Receives>(
    socket: &mut Socket<P>,
    count: usize,
) -> Vec<usize> {
    let mut received = Vec::with_capacity(count);
    let mut polls = 0;
    let mut interval = tokio::time::interval(Duration::from_millis(1));
    let receiving = async {
        while received.len() < count {
            polls = (polls + 1) % 6;
            let message = match polls {
                // Races the future against a ticker and drops the slower one.
                4 => tokio::select! {
                    message = socket.recv() => Some(message),
                    () = tokio::task::yield_now() => None,
                },
                5 => tokio::select! {
                    message = socket.recv() => Some(message),
                    _ = interval.tick() => None,
                },
                // Drops the future after this number of polls, possibly none.
                polls => cancel_after_polls(polls, socket.recv()).await,
            };
            match message {
                Some(message) => received.push(number_of(&message.unwrap())),
                None => tokio::task::yield_now().await,
            }
        }
    };
    within("all messages to be received", receiving).await;
    received
}

/// Sends numbers, with cancellations in between. It repeats a number until its future completes, so
/// each number arrives once if a dropped future sends nothing.
async fn send_with_cancellations<P: Sends>(
    socket: &mut Socket<P>,
    count: usize,
    message: impl Fn(usize) -> Message,
) {
    let mut polls = 0;
    let mut interval = tokio::time::interval(Duration::from_millis(1));
    let sending = async {
        for number in 0..count {
            loop {
                polls = (polls + 1) % 6;
                let sent = match polls {
                    4 => tokio::select! {
                        sent = socket.send(message(number)) => Some(sent),
                        () = tokio::task::yield_now() => None,
                    },
                    5 => tokio::select! {
                        sent = socket.send(message(number)) => Some(sent),
                        _ = interval.tick() => None,
                    },
                    polls => cancel_after_polls(polls, socket.send(message(number))).await,
                };
                match sent {
                    Some(sent) => break sent.unwrap(),
                    None => tokio::task::yield_now().await,
                }
            }
        }
    };
    within("all messages to be sent", sending).await;
}

/// One socket sends and the other receives, both with cancellations.
async fn exchange_with_cancellations<S: Sends, R: Receives>(
    mut sender: Socket<S>,
    mut receiver: Socket<R>,
    message: impl Fn(usize) -> Message + Send + Sync + 'static,
) {
    let sending = tokio::spawn(async move {
        send_with_cancellations(&mut sender, MESSAGES, message).await;
        sender
    });
    let received = receive_with_cancellations(&mut receiver, MESSAGES).await;
    assert!(received.iter().copied().eq(0..MESSAGES), "{received:?}");
    let sender = within("the sender to end", sending).await.unwrap();
    assert_eq!(receiver.try_recv(), Err(RecvError::Empty), "something came twice");
    drop(sender);
}

#[test]
fn push_and_pull() {
    everywhere(|place| async move {
        let push = PushSocket::builder_in(&place.context).send_high_water_mark(3).build();
        let pull = PullSocket::builder_in(&place.context).receive_high_water_mark(3).build();
        place.join(&pull, &push).await;
        exchange_with_cancellations(push, pull, numbered).await;
    });
}

#[test]
fn dealer_to_router() {
    everywhere(|place| async move {
        let dealer = DealerSocket::builder_in(&place.context).send_high_water_mark(3).build();
        let router = RouterSocket::builder_in(&place.context).receive_high_water_mark(3).build();
        place.join(&router, &dealer).await;
        exchange_with_cancellations(dealer, router, numbered).await;
    });
}

#[test]
fn router_to_dealer() {
    everywhere(|place| async move {
        let router = RouterSocket::builder_in(&place.context).send_high_water_mark(3);
        let router = router.mandatory(true).build();
        let dealer = DealerSocket::builder_in(&place.context).receive_high_water_mark(3);
        let dealer = dealer.routing_id("dealer").unwrap().build();
        place.join(&router, &dealer).await;
        let routed = |number: usize| Message::multipart(["dealer".into(), number.to_string()]);
        exchange_with_cancellations(router, dealer, routed).await;
    });
}

#[test]
fn pair() {
    everywhere(|place| async move {
        let one = PairSocket::builder_in(&place.context).send_high_water_mark(3).build();
        let other = PairSocket::builder_in(&place.context).receive_high_water_mark(3).build();
        place.join(&one, &other).await;
        exchange_with_cancellations(one, other, numbered).await;
    });
}

#[test]
fn xpub_to_sub() {
    everywhere(|place| async move {
        let xpub = XPubSocket::builder_in(&place.context).send_high_water_mark(3).no_drop(true);
        let mut xpub = xpub.build();
        let sub = SubSocket::builder_in(&place.context).receive_high_water_mark(3).subscribe("m");
        let sub = sub.build();
        place.join(&xpub, &sub).await;
        within("the subscription", xpub.recv()).await.unwrap();
        exchange_with_cancellations(xpub, sub, numbered).await;
    });
}

#[test]
fn pub_to_sub() {
    everywhere(|place| async move {
        let publisher = PubSocket::builder_in(&place.context).send_high_water_mark(3).no_drop(true);
        let mut publisher = publisher.build();
        let sub = SubSocket::builder_in(&place.context).receive_high_water_mark(3).subscribe("");
        let mut sub = sub.build();
        place.join(&publisher, &sub).await;
        // A PUB is not notified of a subscription, so the test waits for its effect.
        let probing = async {
            loop {
                publisher.send("probe").await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = probing => unreachable!("it never ends"),
            probe = within("the subscription to take effect", sub.recv()) => probe.unwrap(),
        };
        let (last, ()) = tokio::join!(publisher.send("last probe"), async {
            while sub.recv().await.unwrap() != "last probe" {}
        });
        last.unwrap();
        exchange_with_cancellations(publisher, sub, numbered).await;
    });
}

#[test]
fn xsub_to_xpub() {
    everywhere(|place| async move {
        // An XSUB with full queues drops messages. These marks are large enough that no queue is
        // full.
        let xsub = XSubSocket::builder_in(&place.context).send_high_water_mark(MESSAGES).build();
        let xpub = XPubSocket::builder_in(&place.context).build();
        place.join(&xpub, &xsub).await;
        exchange_with_cancellations(xsub, xpub, numbered).await;
    });
}

#[test]
fn xpub_to_xsub() {
    everywhere(|place| async move {
        let xpub = XPubSocket::builder_in(&place.context).send_high_water_mark(3).no_drop(true);
        let mut xpub = xpub.build();
        let xsub = XSubSocket::builder_in(&place.context).receive_high_water_mark(3).subscribe("");
        let xsub = xsub.build();
        place.join(&xpub, &xsub).await;
        within("the subscription", xpub.recv()).await.unwrap();
        exchange_with_cancellations(xpub, xsub, numbered).await;
    });
}

#[test]
fn req_and_rep() {
    everywhere(|place| async move {
        const ROUNDS: usize = 300;
        let mut req = ReqSocket::builder_in(&place.context).build();
        let mut rep = RepSocket::builder_in(&place.context).build();
        place.join(&rep, &req).await;
        let serving = tokio::spawn(async move {
            for round in 0..ROUNDS {
                assert_eq!(receive_with_cancellations(&mut rep, 1).await, [round]);
                send_with_cancellations(&mut rep, 1, |_| numbered(round)).await;
            }
            assert!(is_pending(rep.recv()), "a request came twice");
            rep
        });
        for round in 0..ROUNDS {
            send_with_cancellations(&mut req, 1, |_| numbered(round)).await;
            assert_eq!(receive_with_cancellations(&mut req, 1).await, [round]);
        }
        within("the server to end", serving).await.unwrap();
    });
}

/// A REQ whose send is cancelled for lack of room may send again.
#[test]
fn req_that_waits_for_a_peer() {
    everywhere(|place| async move {
        let mut req = ReqSocket::builder_in(&place.context).build();
        let mut rep = RepSocket::builder_in(&place.context).build();
        let endpoint = req.bind(place.endpoint).await.unwrap();
        for polls in 0..3 {
            let sent = tokio::select! {
                sent = cancel_after_polls(polls, req.send("given up")) => sent.is_some(),
                () = tokio::task::yield_now() => false,
            };
            assert!(!sent, "sent without a peer");
        }
        assert_eq!(req.recv().await, Err(RecvError::OutOfTurn));
        rep.connect(endpoint).unwrap();
        within("a peer", req.send("sent")).await.unwrap();
        assert_eq!(within("the request", rep.recv()).await.unwrap(), "sent");
        rep.send("reply").await.unwrap();
        assert_eq!(within("the reply", req.recv()).await.unwrap(), "reply");
    });
}

/// Several senders of one socket, all with cancellations: the messages of each arrive once and in
/// order.
#[test]
fn clones_of_a_sender() {
    everywhere(|place| async move {
        const SENDERS: usize = 4;
        const EACH: usize = 300;
        let push = PushSocket::builder_in(&place.context).send_high_water_mark(2).build();
        let mut pull = PullSocket::builder_in(&place.context).receive_high_water_mark(2).build();
        place.join(&pull, &push).await;
        for name in 0..SENDERS {
            let mut sender = push.sender();
            tokio::spawn(async move {
                for number in 0..EACH {
                    let message = Message::multipart([name.to_string(), number.to_string()]);
                    let mut polls = 0;
                    while cancel_after_polls(polls, sender.send(message.clone())).await.is_none() {
                        polls = (polls + 1) % 3;
                        tokio::task::yield_now().await;
                    }
                }
            });
        }
        let mut next = [0; SENDERS];
        for _ in 0..SENDERS * EACH {
            let message = within("a message", pull.recv()).await.unwrap();
            let name: usize = message.first().unwrap().to_str().unwrap().parse().unwrap();
            assert_eq!(number_of(&message), next[name], "from sender {name}");
            next[name] += 1;
        }
        assert!(is_pending(pull.recv()), "a message came twice");
    });
}

/// A cancelled `ready` reserves nothing. After a completed `ready` the socket accepts a message.
#[test]
fn ready() {
    everywhere(|place| async move {
        let mut push = PushSocket::builder_in(&place.context).send_high_water_mark(2).build();
        let mut pull = PullSocket::builder_in(&place.context).receive_high_water_mark(2).build();
        place.join(&pull, &push).await;
        let sending = tokio::spawn(async move {
            for number in 0..MESSAGES {
                let mut polls = 0;
                while cancel_after_polls(polls, push.ready()).await.is_none() {
                    polls = (polls + 1) % 3;
                    tokio::task::yield_now().await;
                }
                push.try_send(numbered(number)).expect("it was ready");
            }
            push
        });
        let received = receive_with_cancellations(&mut pull, MESSAGES).await;
        assert!(received.into_iter().eq(0..MESSAGES));
        within("the sender to end", sending).await.unwrap();
    });
}

#[test]
fn flush() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let (listener, endpoint) = listen().await;
            let mut push = PushSocket::new();
            push.connect(&endpoint).unwrap();
            let mut peer = RawPeer::accept(&listener, SocketType::Pull).await;
            push.wait_for_peers(1).await;
            for round in 0..3 {
                push.send(huge(round)).await.unwrap();
                push.send("behind").await.unwrap();
                for polls in 0..2 {
                    let flushed = cancel_after_polls(polls, push.flush()).await;
                    assert!(flushed.is_none(), "flushed to a peer that does not read");
                }
                let (flushed, received) = tokio::join!(within("a flush", push.flush()), async {
                    (peer.recv().await, peer.recv().await)
                });
                flushed.unwrap();
                assert_eq!(received, (huge(round), "behind".into()));
            }
        });
    }
}

#[test]
fn wait_for_peers() {
    everywhere(|place| async move {
        let pull = PullSocket::builder_in(&place.context).build();
        let endpoint = pull.bind(place.endpoint).await.unwrap();
        let mut pushes = Vec::new();
        for count in 1..=3 {
            for polls in 0..2 {
                let come = cancel_after_polls(polls, pull.wait_for_peers(count)).await;
                assert!(come.is_none(), "{count} peers, and {} were made", pushes.len());
            }
            let push = PushSocket::builder_in(&place.context).build();
            push.connect(&endpoint).unwrap();
            pushes.push(push);
            within("the peers", pull.wait_for_peers(count)).await;
        }
    });
}

/// A cancelled bind leaves the address and the name free.
#[test]
fn bind() {
    for runtime in runtimes() {
        runtime.block_on(async {
            for polls in 0..4 {
                let port = ReservedPort::new();
                // A name lookup is pending, so that bind waits.
                let endpoint = port.endpoint().to_string().replace("127.0.0.1", "localhost");
                let socket = PullSocket::new();
                let bound = cancel_after_polls(polls, socket.bind(&endpoint)).await;
                match bound {
                    None => {
                        let other = PullSocket::new();
                        other.bind(port.endpoint()).await.expect("a free address");
                        assert_eq!(socket.last_endpoint(), None);
                    }
                    Some(bound) => {
                        let bound = bound.unwrap();
                        let error = PullSocket::new().bind(&bound).await.unwrap_err();
                        assert!(matches!(error.kind(), BindErrorKind::InUse), "{error:?}");
                        socket.unbind(&bound).await.unwrap();
                    }
                }
            }
        });
    }
}

/// A cancelled unbind still unbinds the endpoint, unless it was never polled.
#[test]
fn unbind() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let port = ReservedPort::new();
            let (socket, other) = (PullSocket::new(), PullSocket::new());
            let mut events = socket.events();
            socket.bind(port.endpoint()).await.unwrap();
            drop(socket.unbind(port.endpoint()));
            let error = other.bind(port.endpoint()).await.unwrap_err();
            assert!(matches!(error.kind(), BindErrorKind::InUse), "{error:?}");

            cancel_after_polls(1, socket.unbind(port.endpoint())).await;
            let error = socket.unbind(port.endpoint()).await.unwrap_err();
            assert!(matches!(error, DetachError::NotAttached(_)), "{error:?}");
            event(&mut events, "the endpoint to be unbound", |event| {
                matches!(event, SocketEvent::ListenerClosed { .. }).then_some(())
            })
            .await;
            other.bind(port.endpoint()).await.expect("an address that is free again");
        });
    }
}

/// A cancelled close continues, and sent messages arrive.
#[test]
fn close() {
    for runtime in runtimes() {
        runtime.block_on(async {
            for polls in 0..4 {
                let port = ReservedPort::new();
                let mut push = PushSocket::builder().reconnect(fast_reconnect()).build();
                push.connect(port.endpoint()).unwrap();
                for number in 0..100 {
                    push.send(numbered(number)).await.unwrap();
                }
                let handle = push.handle().clone();
                let closed = tokio::select! {
                    closed = cancel_after_polls(polls, handle.close()) => closed,
                    () = tokio::task::yield_now() => None,
                };
                assert!(closed.is_none(), "closed before all was sent");
                if polls > 0 {
                    // The handle reports that the socket accepts no message.
                    let error = push.try_send("late").unwrap_err();
                    assert_eq!(*error.kind(), SendErrorKind::Closed);
                }
                drop((push, handle));
                let mut pull = PullSocket::new();
                pull.bind(port.endpoint()).await.unwrap();
                let received = receive_with_cancellations(&mut pull, 100).await;
                assert!(received.into_iter().eq(0..100));
            }
        });
    }
}

/// Cancelling loses no event either.
#[test]
fn events() {
    everywhere(|place| async move {
        let pull = PullSocket::builder_in(&place.context).build();
        let mut events = pull.events();
        assert!(cancel_after_polls(1, events.next()).await.is_none());
        pull.bind(place.endpoint).await.unwrap();
        assert!(cancel_after_polls(0, events.next()).await.is_none());
        let first = within("an event", events.next()).await;
        assert!(matches!(first, Some(SocketEvent::Listening { .. })), "{first:?}");
    });
}
