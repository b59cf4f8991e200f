//! 31/EXPAIR, clause by clause: the visible behaviour of PAIR. Clauses are cited by list and
//! position.

use std::time::Duration;

use support::fixture::{bind_to_peers, connect_to_peer};
use support::{
    ANY_PORT, RawPeer, ReservedPort, disconnected, event, fast_reconnect, handshake_succeeded,
    huge, is_pending, listen, within,
};
use zeromq_async::{
    ConnectErrorKind, Context, DisconnectReason, HandshakeFailure, Message, PairSocket, Rejected,
    SendErrorKind, SocketEvent, SocketType,
};

fn frames<const N: usize>(frames: [&str; N]) -> Message {
    Message::multipart(frames)
}

/// 31/EXPAIR: general 1: a second peer is rejected, and both sides are told.
#[tokio::test]
async fn pair_general_1_second_peer_is_rejected() {
    let mut bound = PairSocket::new();
    let mut events = bound.events();
    let endpoint = bound.bind(ANY_PORT).await.unwrap();
    let mut first = PairSocket::new();
    first.connect(&endpoint).unwrap();
    handshake_succeeded(&mut events).await;

    let second = PairSocket::builder().no_reconnect().build();
    let mut second_events = second.events();
    second.connect(&endpoint).unwrap();
    let reason = event(&mut events, "the second peer to be turned away", |event| match event {
        SocketEvent::HandshakeFailed { reason, endpoint: at, .. } if at == endpoint => Some(reason),
        _ => None,
    })
    .await;
    assert!(matches!(reason, HandshakeFailure::Rejected(Rejected::Occupied)), "{reason:?}");
    assert_eq!(reason.to_string(), "the socket has its one peer already");
    event(&mut second_events, "the second peer to hear of it", |event| match event {
        SocketEvent::HandshakeFailed { .. }
        | SocketEvent::Disconnected { reason: DisconnectReason::PeerClosed, .. } => Some(()),
        _ => None,
    })
    .await;

    // The two connected sockets are unaffected.
    first.send("ping").await.unwrap();
    assert_eq!(within("a message", bound.recv()).await.unwrap(), "ping");
    bound.send("pong").await.unwrap();
    assert_eq!(within("a message", first.recv()).await.unwrap(), "pong");
}

/// 31/EXPAIR: general 1, over inproc.
#[tokio::test]
async fn pair_general_1_second_inproc_peer_rejected() {
    let context = Context::new();
    let pair = || PairSocket::builder_in(&context).build();
    let (mut bound, mut first, second) = (pair(), pair(), pair());
    let (mut events, mut second_events) = (bound.events(), second.events());
    bound.bind("inproc://pair").await.unwrap();
    first.connect("inproc://pair").unwrap();
    second.connect("inproc://pair").unwrap();
    for events in [&mut events, &mut second_events] {
        let reason = event(events, "word of the rejection", |event| match event {
            SocketEvent::Rejected { reason, .. } => Some(reason),
            _ => None,
        })
        .await;
        assert_eq!(reason, Rejected::Occupied);
    }
    first.send("ping").await.unwrap();
    assert_eq!(within("a message", bound.recv()).await.unwrap(), "ping");
}

/// 31/EXPAIR: general 1: a connecting socket has one peer and accepts no other.
#[tokio::test]
async fn pair_general_1_cannot_connect_twice() {
    let ports = [ReservedPort::new(), ReservedPort::new()];
    let pair = PairSocket::new();
    pair.connect(ports[0].endpoint()).unwrap();
    let error = pair.connect(ports[1].endpoint()).unwrap_err();
    assert_eq!(error.kind(), &ConnectErrorKind::Rejected(Rejected::Occupied));
    assert!(error.to_string().contains(&ports[1].endpoint().to_string()), "{error}");

    // After it disconnects its peer, it accepts another.
    pair.disconnect(ports[0].endpoint()).unwrap();
    let connect = async {
        while pair.connect(ports[1].endpoint()).is_err() {
            tokio::task::yield_now().await;
        }
    };
    within("the place of the peer to be free", connect).await;
}

/// The same with an unbound inproc name.
#[tokio::test]
async fn pair_general_1_can_connect_after_disconnect() {
    let context = Context::new();
    let mut pair = PairSocket::builder_in(&context).build();
    pair.connect("inproc://disconnected").unwrap();
    pair.disconnect("inproc://disconnected").unwrap();
    pair.connect("inproc://connected").unwrap();

    let mut other = PairSocket::builder_in(&context).build();
    other.bind("inproc://disconnected").await.unwrap();
    assert!(is_pending(other.send("no peer")), "a disconnected name is connected");
    other.bind("inproc://connected").await.unwrap();
    within("a peer", other.send("connected")).await.unwrap();
    assert_eq!(within("a message", pair.recv()).await.unwrap(), "connected");
}

/// 31/EXPAIR: general 1: after the peer has left, another may connect.
#[tokio::test]
async fn pair_general_1_accepts_next_peer_after_first() {
    let mut bound = PairSocket::new();
    let mut events = bound.events();
    let endpoint = bound.bind(ANY_PORT).await.unwrap();
    for number in 0..3 {
        let mut peer = RawPeer::connect(&endpoint, SocketType::Pair).await;
        handshake_succeeded(&mut events).await;
        peer.send(format!("{number}")).await;
        let received = within("a message", bound.recv()).await.unwrap();
        assert_eq!(received, format!("{number}"));
        bound.send("back").await.unwrap();
        assert_eq!(peer.recv().await, "back");
        drop(peer);
        disconnected(&mut events).await;
    }
}

/// 31/EXPAIR: general 1: a rejected peer retries and is accepted later.
#[tokio::test]
async fn pair_general_1_rejected_peer_reconnects() {
    let bound = PairSocket::new();
    let mut events = bound.events();
    let endpoint = bound.bind(ANY_PORT).await.unwrap();
    let first = RawPeer::connect(&endpoint, SocketType::Pair).await;
    handshake_succeeded(&mut events).await;
    let second = PairSocket::builder().reconnect(fast_reconnect()).build();
    second.connect(&endpoint).unwrap();
    event(&mut events, "the second peer to be turned away", |event| {
        matches!(event, SocketEvent::HandshakeFailed { .. }).then_some(())
    })
    .await;
    drop(first);
    handshake_succeeded(&mut events).await;
}

/// 31/EXPAIR: general 2.
#[tokio::test]
async fn pair_general_2_leaves_messages_unchanged() {
    let mut pair = PairSocket::new();
    let (mut peer, _) = connect_to_peer(&pair, SocketType::Pair).await;
    for message in [frames([""]), frames(["", ""]), frames(["a", "", "b"]), frames(["\u{1}"])] {
        pair.send(message.clone()).await.unwrap();
        assert_eq!(peer.recv().await, message);
        peer.send(message.clone()).await;
        assert_eq!(within("a message", pair.recv()).await.unwrap(), message);
    }
}

/// 31/EXPAIR: general 3.
#[tokio::test]
async fn pair_general_3_has_a_queue_per_direction() {
    let mut pair = PairSocket::builder().send_high_water_mark(1).build();
    let [mut peer] = bind_to_peers(&pair, [SocketType::Pair]).await;
    pair.send(huge(1)).await.unwrap();
    assert_eq!(*pair.try_send("more").unwrap_err().kind(), SendErrorKind::Full);
    peer.send("in").await;
    assert_eq!(within("a message", pair.recv()).await.unwrap(), "in");
    assert_eq!(peer.recv().await, huge(1));
}

/// 31/EXPAIR: general 4.
#[tokio::test]
async fn pair_general_4_connecting_side_keeps_queue() {
    let (listener, endpoint) = listen().await;
    let mut pair = PairSocket::builder().reconnect(fast_reconnect()).build();
    let mut events = pair.events();
    pair.connect(&endpoint).unwrap();
    pair.send("early").await.unwrap();
    let mut peer = RawPeer::accept(&listener, SocketType::Pair).await;
    assert_eq!(peer.recv().await, "early");
    pair.send(huge(1)).await.unwrap();
    pair.send("behind").await.unwrap();
    peer.reset();
    assert_eq!(disconnected(&mut events).await, 2);
    let mut peer = RawPeer::accept(&listener, SocketType::Pair).await;
    assert_eq!(peer.recv().await, huge(1));
    assert_eq!(peer.recv().await, "behind");
}

/// 31/EXPAIR: general 5.
#[tokio::test]
async fn pair_general_5_binding_side_drops_queue() {
    let mut pair = PairSocket::new();
    let mut events = pair.events();
    let endpoint = pair.bind(ANY_PORT).await.unwrap();
    let peer = RawPeer::connect(&endpoint, SocketType::Pair).await;
    pair.wait_for_peers(1).await;
    pair.send(huge(1)).await.unwrap();
    pair.send("old").await.unwrap();
    drop(peer);
    assert_eq!(disconnected(&mut events).await, 2);
    assert!(is_pending(pair.send("no peer")), "the queue of the peer that left is still there");
    let mut peer = RawPeer::connect(&endpoint, SocketType::Pair).await;
    within("a peer", pair.send("new")).await.unwrap();
    assert_eq!(peer.recv().await, "new");
}

/// 31/EXPAIR: outgoing 1 to 4.
#[tokio::test]
async fn pair_outgoing_1_to_4_blocks_on_full_peer() {
    let mut pair = PairSocket::builder().send_high_water_mark(1).build();
    let endpoint = pair.bind(ANY_PORT).await.unwrap();
    assert!(is_pending(pair.send("no peer")));
    let error = pair.try_send("no peer").unwrap_err();
    assert_eq!(error.into_message(), Some("no peer".into()));

    let mut peer = RawPeer::connect(&endpoint, SocketType::Pair).await;
    pair.wait_for_peers(1).await;
    pair.send(huge(1)).await.unwrap();
    assert!(is_pending(pair.send("full")));
    let (received, sent) = tokio::join!(peer.recv(), within("room", pair.send("then")));
    assert_eq!(received, huge(1));
    sent.unwrap();
    assert_eq!(peer.recv().await, "then");
}

/// 31/EXPAIR: incoming 1 and 2: from its one peer, in order.
#[tokio::test(start_paused = true)]
async fn pair_incoming_1_and_2_receives_in_order() {
    let context = Context::new();
    let pair = || PairSocket::builder_in(&context).build();
    let (mut one, mut other) = (pair(), pair());
    one.bind("inproc://pair").await.unwrap();
    other.connect("inproc://pair").unwrap();
    let nothing = tokio::time::timeout(Duration::from_secs(3600), one.recv()).await;
    assert!(nothing.is_err(), "received an unsent message");
    for number in 0..100 {
        other.send(format!("{number}")).await.unwrap();
    }
    for number in 0..100 {
        assert_eq!(one.recv().await.unwrap(), format!("{number}"));
    }
}
