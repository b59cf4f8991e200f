//! A runtime ends while sockets that were bound and connected on it live on.

use std::time::Duration;

use tokio::runtime::Builder;
use zeromq_async::{
    Context, DealerSocket, Endpoint, Events, PairSocket, PubSocket, PullSocket, PushSocket,
    Receives, RecvError, RepSocket, ReqSocket, RouterSocket, Sends, Socket, SocketEvent,
    SocketKind, SubSocket, XPubSocket, XSubSocket,
};

use crate::{
    Driven, ENDINGS, Ending, FLAVORS, Flavor, any_endpoint, context, runtime, text, until,
};
use support::{ANY_PORT, RawPeer, ReservedPort, fast_reconnect, huge, is_pending, listen, within};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Binds,
    Connects,
}

/// Every way in which the runtime of one of two peers may end.
fn cases() -> impl Iterator<Item = (Flavor, Ending, &'static str, Side)> {
    let sides = [Side::Binds, Side::Connects];
    FLAVORS.into_iter().flat_map(move |flavor| {
        ENDINGS.into_iter().flat_map(move |ending| {
            ["tcp", "ipc"].into_iter().flat_map(move |transport| {
                sides.into_iter().map(move |side| (flavor, ending, transport, side))
            })
        })
    })
}

/// Connects a socket on the runtime that ends with a socket on this runtime.
async fn join<A: SocketKind, B: SocketKind>(
    ending: &Driven,
    (mine, side): (&Socket<A>, Side),
    theirs: &Socket<B>,
    transport: &str,
) -> Endpoint {
    let handle = mine.handle().clone();
    let at = any_endpoint(transport);
    let endpoint = match side {
        Side::Binds => {
            let bound = on(ending, async move { handle.bind(at.as_str()).await.unwrap() }).await;
            theirs.connect(&bound).unwrap();
            bound
        }
        Side::Connects => {
            let bound = theirs.bind(at.as_str()).await.unwrap();
            let to = bound.clone();
            on(ending, async move { handle.connect(to).unwrap() }).await;
            bound
        }
    };
    within("a peer", mine.wait_for_peers(1)).await;
    within("a peer", theirs.wait_for_peers(1)).await;
    endpoint
}

async fn on<T: Send + 'static>(
    driven: &Driven,
    future: impl Future<Output = T> + Send + 'static,
) -> T {
    within("the other runtime", driven.handle.spawn(future)).await.unwrap()
}

async fn end(driven: Driven, ending: Ending) {
    tokio::task::spawn_blocking(move || driven.end(ending)).await.unwrap();
}

fn is_disconnected(event: &SocketEvent) -> bool {
    matches!(event, SocketEvent::Disconnected { .. })
}

#[test]
fn end_of_runtime_is_told_to_both_peers() {
    runtime().block_on(async {
        for (flavor, how, transport, side) in cases() {
            let case = format!("{flavor:?} {how:?} {transport} {side:?}");
            let ending = Driven::new(flavor);
            let mut mine = DealerSocket::builder_in(&context()).build();
            let theirs = DealerSocket::builder_in(&context()).build();
            let (mut events, mut their_events) = (mine.events(), theirs.events());
            join(&ending, (&mine, side), &theirs, transport).await;
            end(ending, how).await;

            let last = |event: &SocketEvent| match side {
                Side::Binds => matches!(event, SocketEvent::ListenerClosed { .. }),
                Side::Connects => matches!(event, SocketEvent::ConnectStopped { .. }),
            };
            let mut seen = until(&mut events, &case, is_disconnected).await;
            assert!(text(&seen).contains("RuntimeEnded"), "{case}: {}", text(&seen));
            if !seen.iter().any(last) {
                seen.extend(until(&mut events, &case, last).await);
            }
            until(&mut their_events, &case, is_disconnected).await;

            assert!(mine.stats().peers.is_empty(), "{case}");
            assert!(is_pending(mine.wait_for_peers(1)), "{case}");
            assert!(mine.try_send("no peer").is_err(), "{case}");
            within("a flush", mine.flush()).await.unwrap();
            within("the socket to close", mine.close()).await;
        }
    });
}

#[test]
fn req_hears_that_its_reply_is_lost() {
    runtime().block_on(async {
        for (flavor, how, transport, side) in cases() {
            let ending = Driven::new(flavor);
            let (mut req, mut rep) = (ReqSocket::new(), RepSocket::new());
            join(&ending, (&req, side), &rep, transport).await;
            req.send("a request").await.unwrap();
            assert_eq!(within("the request", rep.recv()).await.unwrap(), "a request");
            let receiving = tokio::spawn(async move { req.recv().await });
            end(ending, how).await;
            let reply = within("word of the reply", receiving).await.unwrap();
            assert_eq!(reply.unwrap_err(), RecvError::ReplyLost);
        }
    });
}

#[test]
fn req_works_over_two_runtimes() {
    let serving = runtime();
    let endpoint = serving.block_on(async {
        let mut rep = RepSocket::new();
        let endpoint = rep.bind(ANY_PORT).await.unwrap();
        tokio::spawn(async move {
            while let Ok(request) = rep.recv().await {
                let _ = rep.send(request).await;
            }
        });
        endpoint
    });
    let mut req = ReqSocket::new();
    for number in ["1", "2", "3"] {
        runtime().block_on(async {
            req.connect(&endpoint).unwrap();
            within("a peer", req.send(number)).await.unwrap();
            assert_eq!(within("a reply", req.recv()).await.unwrap(), number);
        });
    }
}

#[test]
fn unsent_messages_are_reported() {
    runtime().block_on(async {
        for flavor in FLAVORS {
            let ending = Driven::new(flavor);
            let (listener, endpoint) = listen().await;
            let mut push = PushSocket::builder().keep_unsent(100).build();
            let mut events = push.events();
            let handle = push.handle().clone();
            on(&ending, async move { handle.connect(endpoint).unwrap() }).await;
            let _slow = RawPeer::accept(&listener, zeromq_async::SocketType::Pull).await;
            for mark in 0..3 {
                push.send(huge(mark)).await.unwrap();
            }
            end(ending, Ending::Drop).await;
            let seen = until(&mut events, "the end", is_disconnected).await;
            let Some(SocketEvent::Disconnected { unsent, kept, .. }) = seen.last() else {
                panic!()
            };
            assert_eq!((*unsent, *kept), (3, false));
            assert_eq!(push.stats().lost, 3);
            assert_eq!(push.stats().queued, 0);
            let report = within("the socket to close", push.close()).await;
            assert_eq!(report.unsent, 3);
            assert_eq!(report.into_unsent().count(), 3);
        }
    });
}

#[test]
fn attempts_to_connect_end_with_the_runtime() {
    runtime().block_on(async {
        for flavor in FLAVORS {
            let ending = Driven::new(flavor);
            let port = ReservedPort::new();
            let mut push = PushSocket::builder().reconnect(fast_reconnect()).build();
            let mut events = push.events();
            let (handle, to) = (push.handle().clone(), port.endpoint());
            on(&ending, async move { handle.connect(to).unwrap() }).await;
            push.send("for the next").await.unwrap();
            end(ending, Ending::Drop).await;
            let stopped = |event: &SocketEvent| matches!(event, SocketEvent::ConnectStopped { .. });
            until(&mut events, "the end of attempts", stopped).await;
            assert_eq!(push.stats().lost, 1);

            push.connect(port.endpoint()).unwrap();
            let mut pull = PullSocket::new();
            pull.bind(port.endpoint()).await.unwrap();
            push.send("now").await.unwrap();
            assert_eq!(within("a message", pull.recv()).await.unwrap(), "now");
        }
    });
}

#[test]
fn pending_handshakes_end_with_the_runtime() {
    runtime().block_on(async {
        for flavor in FLAVORS {
            let ending = Driven::new(flavor);
            let pull = PullSocket::new();
            let mut events = pull.events();
            let handle = pull.handle().clone();
            let bound = on(&ending, async move { handle.bind(ANY_PORT).await.unwrap() }).await;
            let _silent = tokio::net::TcpStream::connect(support::address(&bound)).await.unwrap();
            let accepted = |event: &SocketEvent| matches!(event, SocketEvent::Accepted { .. });
            until(&mut events, "a connection", accepted).await;
            end(ending, Ending::ShutdownBackground).await;
            let failed = |event: &SocketEvent| matches!(event, SocketEvent::HandshakeFailed { .. });
            let seen = until(&mut events, "the end of the handshake", failed).await;
            assert!(text(&seen).contains("RuntimeEnded"), "{}", text(&seen));
        }
    });
}

/// Binds and connects on one runtime, which ends, and on the next one: messages pass on each.
async fn one_message<S: Sends, R: Receives>(
    binder: (&str, &Endpoint),
    mut sending: Socket<S>,
    mut receiving: Socket<R>,
    prepare: impl AsyncFn(&mut Socket<S>, &mut Socket<R>),
) {
    for round in 0..2 {
        let ending =
            Driven::new(if round == 0 { Flavor::MultiThread } else { Flavor::CurrentThread });
        let (one, other) = (sending.handle().clone(), receiving.handle().clone());
        let at = binder.1.clone();
        let (mut events, name) = (receiving.handle().events(), binder.0);
        on(&ending, async move {
            other.bind(&at).await.unwrap();
            one.connect(&at).unwrap();
            one.wait_for_peers(1).await;
            other.wait_for_peers(1).await;
        })
        .await;
        prepare(&mut sending, &mut receiving).await;
        within(name, async { sending.send(message(name)).await.unwrap() }).await;
        let received = within(name, receiving.recv()).await.unwrap();
        assert!(format!("{received:?}").contains("body"), "{name}: {received:?}");
        end(ending, Ending::Drop).await;
        until(&mut events, name, |event| matches!(event, SocketEvent::ListenerClosed { .. })).await;
        assert!(sending.stats().peers.is_empty(), "{name}");
        assert!(receiving.stats().peers.is_empty(), "{name}");
    }
}

fn message(name: &str) -> zeromq_async::Message {
    match name {
        "ROUTER" => zeromq_async::Message::multipart(["name", "body"]),
        _ => "body".into(),
    }
}

#[test]
fn every_type_moves_to_the_next_runtime() {
    runtime().block_on(async {
        let port = ReservedPort::new();
        let at = port.endpoint();
        let nothing = async |_: &mut _, _: &mut _| {};
        one_message(("PUSH", &at), PushSocket::new(), PullSocket::new(), nothing).await;
        let nothing = async |_: &mut _, _: &mut _| {};
        one_message(("PAIR", &at), PairSocket::new(), PairSocket::new(), nothing).await;
        let nothing = async |_: &mut _, _: &mut _| {};
        one_message(("DEALER", &at), DealerSocket::new(), RouterSocket::new(), nothing).await;
        let nothing = async |_: &mut _, _: &mut _| {};
        let named = DealerSocket::builder().routing_id("name").unwrap().build();
        one_message(("ROUTER", &at), RouterSocket::new(), named, nothing).await;
        let sub = SubSocket::builder().subscribe("").build();
        let subscribed = async |publisher: &mut PubSocket, _: &mut _| {
            publisher.wait_for_subscribers("", 1).await;
        };
        one_message(("PUB", &at), PubSocket::new(), sub, subscribed).await;
        let nothing = async |_: &mut _, _: &mut _| {};
        one_message(("XSUB", &at), XSubSocket::new(), XPubSocket::new(), nothing).await;
    });
}

#[test]
fn req_and_rep_move_to_the_next_runtime() {
    runtime().block_on(async {
        let port = ReservedPort::new();
        let (mut req, mut rep) = (ReqSocket::new(), RepSocket::new());
        let mut events: Events = rep.events();
        for flavor in FLAVORS {
            let ending = Driven::new(flavor);
            let (one, other, at) = (req.handle().clone(), rep.handle().clone(), port.endpoint());
            on(&ending, async move {
                other.bind(&at).await.unwrap();
                one.connect(&at).unwrap();
            })
            .await;
            within("a peer", req.send("request")).await.unwrap();
            assert_eq!(within("a request", rep.recv()).await.unwrap(), "request");
            rep.send("reply").await.unwrap();
            assert_eq!(within("a reply", req.recv()).await.unwrap(), "reply");
            end(ending, Ending::Drop).await;
            let closed = |event: &SocketEvent| matches!(event, SocketEvent::ListenerClosed { .. });
            until(&mut events, "the listener to close", closed).await;
        }
    });
}

#[test]
fn halves_hear_of_the_end_of_the_runtime() {
    runtime().block_on(async {
        let ending = Driven::new(Flavor::MultiThread);
        let (mine, theirs) = (DealerSocket::new(), DealerSocket::new());
        join(&ending, (&mine, Side::Connects), &theirs, "tcp").await;
        let handle = mine.handle().clone();
        let (mut sender, mut receiver) = mine.split();
        let receiving = tokio::spawn(async move { receiver.recv().await });
        end(ending, Ending::Drop).await;
        within("a flush", sender.flush()).await.unwrap();
        assert!(sender.try_send("no peer").is_err());
        within("the socket to close", handle.close()).await;
        let received = within("the receiver to hear", receiving).await.unwrap();
        assert_eq!(received.unwrap_err(), RecvError::Closed);
    });
}

#[test]
fn one_runtime_of_two_ends() {
    runtime().block_on(async {
        let ending = Driven::new(Flavor::MultiThread);
        let port = ReservedPort::new();
        let mut push = PushSocket::builder().reconnect(fast_reconnect()).build();
        let mut other = PullSocket::new();
        push.connect(other.bind(ANY_PORT).await.unwrap()).unwrap();
        within("a peer", push.wait_for_peers(1)).await;
        let (handle, to) = (push.handle().clone(), port.endpoint());
        on(&ending, async move { handle.connect(to).unwrap() }).await;
        for _ in 0..2 {
            push.send("one each").await.unwrap();
        }
        assert_eq!(within("a message", other.recv()).await.unwrap(), "one each");
        end(ending, Ending::Drop).await;
        // The endpoint stays bound if the socket still lives.
        let mut pull = PullSocket::new();
        pull.bind(port.endpoint()).await.unwrap();
        assert_eq!(within("what has waited", pull.recv()).await.unwrap(), "one each");
    });
}

#[test]
fn inproc_peers_need_no_runtime() {
    let context: Context = context();
    let mut push = PushSocket::builder_in(&context).build();
    let mut pull = PullSocket::builder_in(&context).build();
    runtime().block_on(async {
        pull.bind("inproc://outlives").await.unwrap();
        push.connect("inproc://outlives").unwrap();
    });
    push.try_send("still here").unwrap();
    assert_eq!(pull.try_recv().unwrap(), "still here");
    runtime().block_on(async {
        push.send("and here").await.unwrap();
        assert_eq!(within("a message", pull.recv()).await.unwrap(), "and here");
        within("the socket to close", push.close()).await;
    });
}

#[test]
fn drops_are_told_after_the_runtime_has_ended() {
    let publisher = PubSocket::new();
    let first = runtime();
    let mut events = first.block_on(async { publisher.events() });
    drop(first);
    let mut publisher = publisher;
    runtime().block_on(async {
        publisher.bind(ANY_PORT).await.unwrap();
        publisher.send("no peer").await.unwrap();
        let dropping = |event: &SocketEvent| matches!(event, SocketEvent::Dropping { .. });
        until(&mut events, "word of the drop", dropping).await;
    });
}

#[test]
fn close_waits_no_longer_than_the_runtime_lives() {
    let ending = Driven::new(Flavor::MultiThread);
    let port = ReservedPort::new();
    let mut push = PushSocket::builder().linger_forever().build();
    let to = port.endpoint();
    let closing = runtime();
    let handle = push.handle().clone();
    ending.run(async move { handle.connect(to).unwrap() });
    push.try_send("no peer").unwrap();
    let closed = closing.spawn(push.close());
    closing.block_on(async {
        tokio::task::yield_now().await;
        end(ending, Ending::Drop).await;
        assert_eq!(within("the socket to close", closed).await.unwrap().unsent, 1);
    });
}

#[test]
fn undriven_runtime_does_not_hold_up_a_close() {
    let standing = Builder::new_current_thread().enable_all().build().unwrap();
    let (context, port) = (Context::new(), ReservedPort::new());
    for mark in 0..2 {
        let pull = PullSocket::builder_in(&context).build();
        let mut push = PushSocket::builder_in(&context).linger(Duration::from_secs(1)).build();
        standing.block_on(async {
            pull.bind(port.endpoint()).await.unwrap();
            push.connect(port.endpoint()).unwrap();
            within("a peer", push.wait_for_peers(1)).await;
        });
        push.try_send(huge(mark)).unwrap();
        let closing = Builder::new_current_thread().enable_all().start_paused(true).build();
        closing.unwrap().block_on(async {
            // The address is free for the next round, though the task of the listener is not
            // driven.
            drop(pull);
            assert_eq!(push.close().await.unsent, 1);
        });
    }
}
