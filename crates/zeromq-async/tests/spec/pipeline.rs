//! 30/PIPELINE, clause by clause: the visible behaviour of PUSH and PULL. Clauses are cited by
//! socket, list and position.

use support::fixture::{bind_to_peers, connect_to_peer};
use support::{
    ANY_PORT, RawPeer, ReservedPort, disconnected, fast_reconnect, huge, is_pending, listen, within,
};
use zeromq_async::{Context, Message, PullSocket, PushSocket, SendErrorKind, SocketType};

fn frames<const N: usize>(frames: [&str; N]) -> Message {
    Message::multipart(frames)
}

// ---- PUSH ----

/// 30/PIPELINE: PUSH, general 1 and 2.
#[tokio::test]
async fn push_general_1_and_2_sends_to_pull_unchanged() {
    let mut push = PushSocket::new();
    let (mut peer, _) = connect_to_peer(&push, SocketType::Pull).await;
    for message in [frames([""]), frames(["", ""]), frames(["a", "", "b"]), frames(["\u{1}"])] {
        push.send(message.clone()).await.unwrap();
        assert_eq!(peer.recv().await, message);
    }
}

/// 30/PIPELINE: PUSH, general 3: each peer has a queue of its own.
#[tokio::test]
async fn push_general_3_slow_peer_blocks_no_other() {
    let mut push = PushSocket::builder().send_high_water_mark(2).build();
    let endpoint = push.bind(ANY_PORT).await.unwrap();
    let mut slow = RawPeer::connect(&endpoint, SocketType::Pull).await;
    push.wait_for_peers(1).await;
    push.send(huge(1)).await.unwrap();
    push.send("slow's too").await.unwrap();
    let mut quick = RawPeer::connect(&endpoint, SocketType::Pull).await;
    push.wait_for_peers(2).await;
    for number in 0..10 {
        within("room at the quick peer", push.send(format!("{number}"))).await.unwrap();
        assert_eq!(quick.recv().await, format!("{number}"));
    }
    assert_eq!(slow.recv().await, huge(1));
    assert_eq!(slow.recv().await, "slow's too");
}

/// 30/PIPELINE: PUSH, general 4: before the first connection.
#[tokio::test]
async fn push_general_4_queues_from_connect_on() {
    let port = ReservedPort::new();
    let mut push = PushSocket::builder().reconnect(fast_reconnect()).build();
    push.connect(port.endpoint()).unwrap();
    for number in 0..10 {
        push.try_send(format!("{number}")).unwrap();
    }
    let mut pull = PullSocket::new();
    pull.bind(port.endpoint()).await.unwrap();
    for number in 0..10 {
        let received = within("what waited for the peer", pull.recv()).await.unwrap();
        assert_eq!(received, format!("{number}"));
    }
}

/// 30/PIPELINE: PUSH, general 4: across lost connections, in order, each message once.
#[tokio::test]
async fn push_general_4_queue_survives_reconnect() {
    let (listener, endpoint) = listen().await;
    let mut push = PushSocket::builder().reconnect(fast_reconnect()).build();
    let mut events = push.events();
    push.connect(&endpoint).unwrap();
    for round in 0..3 {
        let mut peer = RawPeer::accept(&listener, SocketType::Pull).await;
        if round > 0 {
            assert_eq!(peer.recv().await, huge(round));
            assert_eq!(peer.recv().await, format!("between {round}"));
        }
        push.send(format!("over {round}")).await.unwrap();
        assert_eq!(peer.recv().await, format!("over {round}"));
        // A partially written message is sent completely over the next connection.
        push.send(huge(round + 1)).await.unwrap();
        peer.reset();
        assert_eq!(disconnected(&mut events).await, 1);
        push.send(format!("between {}", round + 1)).await.unwrap();
    }
}

/// 30/PIPELINE: PUSH, general 5.
#[tokio::test]
async fn push_general_5_binding_side_drops_queue() {
    let mut push = PushSocket::new();
    let mut events = push.events();
    let endpoint = push.bind(ANY_PORT).await.unwrap();
    let peer = RawPeer::connect(&endpoint, SocketType::Pull).await;
    push.wait_for_peers(1).await;
    push.send(huge(1)).await.unwrap();
    push.send("old").await.unwrap();
    drop(peer);
    assert_eq!(disconnected(&mut events).await, 2);
    assert!(is_pending(push.send("no peer")), "the queue of the peer that left is still there");
    let mut peer = RawPeer::connect(&endpoint, SocketType::Pull).await;
    within("a peer", push.send("new")).await.unwrap();
    assert_eq!(peer.recv().await, "new");
}

/// 30/PIPELINE: PUSH, outgoing 1 and 2: all have room.
#[tokio::test]
async fn push_outgoing_2_sends_round_robin() {
    let mut push = PushSocket::new();
    let mut pulls = Vec::new();
    for _ in 0..4 {
        let pull = PullSocket::new();
        push.connect(pull.bind(ANY_PORT).await.unwrap()).unwrap();
        pulls.push(pull);
    }
    for number in 0..40 {
        push.send(format!("{number}")).await.unwrap();
    }
    for (first, pull) in pulls.iter_mut().enumerate() {
        for number in (first..40).step_by(4) {
            let received = within("this peer's share", pull.recv()).await.unwrap();
            assert_eq!(received, format!("{number}"));
        }
    }
}

/// 30/PIPELINE: PUSH, outgoing 1: a full queue is skipped.
#[tokio::test]
async fn push_outgoing_1_skips_full_peers() {
    let context = Context::new();
    let mut push = PushSocket::builder_in(&context).send_high_water_mark(1).build();
    let small = PullSocket::builder_in(&context).receive_high_water_mark(1);
    let large = PullSocket::builder_in(&context).receive_high_water_mark(5);
    let (mut small, mut large) = (small.build(), large.build());
    small.bind("inproc://small").await.unwrap();
    large.bind("inproc://large").await.unwrap();
    push.connect("inproc://small").unwrap();
    push.connect("inproc://large").unwrap();
    for number in 0..8 {
        push.try_send(format!("{number}")).unwrap();
    }
    assert_eq!(*push.try_send("too many").unwrap_err().kind(), SendErrorKind::Full);
    for number in [0, 2] {
        assert_eq!(small.try_recv().unwrap(), format!("{number}"));
    }
    for number in [1, 3, 4, 5, 6, 7] {
        assert_eq!(large.try_recv().unwrap(), format!("{number}"));
    }
}

/// 30/PIPELINE: PUSH, outgoing 3, 4 and 5.
#[tokio::test]
async fn push_outgoing_3_to_5_blocks_without_room() {
    let mut push = PushSocket::builder().send_high_water_mark(1).build();
    let endpoint = push.bind(ANY_PORT).await.unwrap();
    assert!(is_pending(push.send("no peer")));
    let error = push.try_send("no peer").unwrap_err();
    assert_eq!(*error.kind(), SendErrorKind::Full);
    assert_eq!(error.into_message(), Some("no peer".into()));

    let mut peer = RawPeer::connect(&endpoint, SocketType::Pull).await;
    push.wait_for_peers(1).await;
    push.send(huge(1)).await.unwrap();
    assert!(is_pending(push.send("full")));
    let (received, sent) = tokio::join!(peer.recv(), within("room", push.send("then")));
    assert_eq!(received, huge(1));
    sent.unwrap();
    assert_eq!(peer.recv().await, "then");
}

// ---- PULL ----

/// 30/PIPELINE: PULL, general 1 and 2, incoming 2.
#[tokio::test]
async fn pull_general_1_and_2_receives_unchanged() {
    let mut pull = PullSocket::new();
    let [mut peer] = bind_to_peers(&pull, [SocketType::Push]).await;
    for message in [frames([""]), frames(["", ""]), frames(["a", "", "b"]), frames(["\u{1}"])] {
        peer.send(message.clone()).await;
        assert_eq!(within("a message", pull.recv()).await.unwrap(), message);
    }
}

/// 30/PIPELINE: PULL, general 3: a full queue stops its own peer only.
#[tokio::test]
async fn pull_general_3_has_a_queue_per_peer() {
    let mut pull = PullSocket::builder().receive_high_water_mark(2).build();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let mut full = RawPeer::connect(&endpoint, SocketType::Push).await;
    for number in 0..10 {
        full.send(format!("full {number}")).await;
    }
    let mut other = RawPeer::connect(&endpoint, SocketType::Push).await;
    other.send("other").await;
    other.sync().await;
    let mut received = Vec::new();
    for _ in 0..11 {
        received.push(within("a message", pull.recv()).await.unwrap());
    }
    assert!(received[..3].contains(&"other".into()), "it waited: {received:?}");
    received.retain(|message| *message != "other");
    let expected: Vec<Message> = (0..10).map(|number| format!("full {number}").into()).collect();
    assert_eq!(received, expected);
}

/// 30/PIPELINE: PULL, general 4: arrived messages outlive the connection.
#[tokio::test]
async fn pull_general_4_connecting_side_keeps_queue() {
    let mut pull = PullSocket::builder().reconnect(fast_reconnect()).build();
    let mut events = pull.events();
    let (mut peer, listener) = connect_to_peer(&pull, SocketType::Push).await;
    peer.send("before").await;
    peer.sync().await;
    drop(peer);
    disconnected(&mut events).await;
    let mut peer = RawPeer::accept(&listener, SocketType::Push).await;
    peer.send("after").await;
    assert_eq!(within("a message", pull.recv()).await.unwrap(), "before");
    assert_eq!(within("a message", pull.recv()).await.unwrap(), "after");
}

/// 30/PIPELINE: PULL, general 5 discards arrived messages with the peer. They are kept, as libzmq
/// keeps them: a sender whose message was sent may close at once.
#[tokio::test]
async fn pull_general_5_receives_from_gone_peer() {
    let mut pull = PullSocket::new();
    let mut events = pull.events();
    let [mut peer] = bind_to_peers(&pull, [SocketType::Push]).await;
    for number in 0..100 {
        peer.send(format!("{number}")).await;
    }
    drop(peer);
    disconnected(&mut events).await;
    for number in 0..100 {
        let received = within("what had arrived", pull.recv()).await.unwrap();
        assert_eq!(received, format!("{number}"));
    }
}

/// 30/PIPELINE: PULL, incoming 1.
#[tokio::test]
async fn pull_incoming_1_receives_fairly() {
    let mut pull = PullSocket::new();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let mut peers = Vec::new();
    for count in [100, 7, 7, 3] {
        let mut peer = RawPeer::connect(&endpoint, SocketType::Push).await;
        for _ in 0..count {
            peer.send(format!("peer {}", peers.len())).await;
        }
        peer.sync().await;
        peers.push(peer);
    }
    let mut counts = [0; 4];
    for _ in 0..12 {
        let message = within("a message", pull.recv()).await.unwrap();
        let place = (0..4).find(|peer| message == format!("peer {peer}"));
        counts[place.expect("a peer's message")] += 1;
    }
    assert_eq!(counts, [3, 3, 3, 3], "of the first twelve messages");
}
