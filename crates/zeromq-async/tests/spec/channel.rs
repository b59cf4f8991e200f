//! 52/CHANNEL, clause by clause: the visible behaviour of CHANNEL. Clauses are cited by list and
//! position. That it is used by many tasks at a time is shown in `tests/shared`, and that messages of
//! several frames do not compile in `tests/compile_errors.rs`.

use support::{
    ANY_PORT, RawPeer, disconnected, event, fast_reconnect, handshake_succeeded, is_pending,
    listen, within,
};
use zeromq_async::{
    ChannelSocket, Frame, HandshakeFailure, Rejected, SendErrorKind, SocketEvent, SocketType,
};

use crate::one_frame::{BODIES, huge, places};

/// 52/CHANNEL: general 1: a second peer is rejected, the first is not affected, and the place is free
/// when it has left.
#[tokio::test]
async fn channel_general_1_has_one_peer() {
    let bound = ChannelSocket::new();
    let mut events = bound.events();
    let endpoint = bound.bind(ANY_PORT).await.unwrap();
    let first = ChannelSocket::new();
    first.connect(&endpoint).unwrap();
    handshake_succeeded(&mut events).await;
    let second = ChannelSocket::builder().reconnect(fast_reconnect()).build();
    second.connect(&endpoint).unwrap();
    let reason = event(&mut events, "the second peer to be rejected", |event| match event {
        SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
        _ => None,
    })
    .await;
    assert!(matches!(reason, HandshakeFailure::Rejected(Rejected::Occupied)), "{reason:?}");
    first.send("ping").await.unwrap();
    assert_eq!(within("a message", bound.recv()).await.unwrap(), "ping");
    first.close().await;
    second.send("now I").await.unwrap();
    assert_eq!(within("a message", bound.recv()).await.unwrap(), "now I");
}

/// 52/CHANNEL: general 1, over inproc.
#[tokio::test]
async fn channel_general_1_second_inproc_peer_rejected() {
    let (bound, first, second) = (ChannelSocket::new(), ChannelSocket::new(), ChannelSocket::new());
    let mut events = second.events();
    bound.bind("inproc://channel-one-peer").await.unwrap();
    first.connect("inproc://channel-one-peer").unwrap();
    second.connect("inproc://channel-one-peer").unwrap();
    let reason = event(&mut events, "a rejection", |event| match event {
        SocketEvent::Rejected { reason, .. } => Some(reason),
        _ => None,
    })
    .await;
    assert_eq!(reason, Rejected::Occupied);
}

/// 52/CHANNEL: general 2 to 4: both ways in any order, unchanged.
#[tokio::test]
async fn channel_general_2_to_4_talks_unchanged() {
    for place in places() {
        let (one, other) = (ChannelSocket::new(), ChannelSocket::new());
        other.connect(one.bind(place.as_str()).await.unwrap()).unwrap();
        for body in BODIES {
            within("a peer", one.send(body)).await.unwrap();
            other.send(body).await.unwrap();
        }
        for body in BODIES {
            assert_eq!(within("a message", one.recv()).await.unwrap(), body);
            assert_eq!(within("a message", other.recv()).await.unwrap(), body);
        }
    }
}

/// 52/CHANNEL: general 5: before the connection and across lost ones.
#[tokio::test]
async fn channel_general_5_queue_survives_reconnect() {
    let (listener, endpoint) = listen().await;
    let channel = ChannelSocket::builder().reconnect(fast_reconnect()).build();
    let mut events = channel.events();
    channel.connect(&endpoint).unwrap();
    for round in 0..3 {
        channel.send(format!("{round}")).await.unwrap();
        let mut peer = RawPeer::accept(&listener, SocketType::Channel).await;
        assert_eq!(peer.recv().await, format!("{round}"));
        drop(peer);
        disconnected(&mut events).await;
    }
}

/// 52/CHANNEL: general 6.
#[tokio::test]
async fn channel_general_6_binding_side_drops_queue() {
    let channel = ChannelSocket::new();
    let mut events = channel.events();
    let endpoint = channel.bind(ANY_PORT).await.unwrap();
    let peer = RawPeer::connect(&endpoint, SocketType::Channel).await;
    channel.wait_for_peers(1).await;
    channel.send(huge(1)).await.unwrap();
    drop(peer);
    assert_eq!(disconnected(&mut events).await, 1);
    let mut peer = RawPeer::connect(&endpoint, SocketType::Channel).await;
    within("a peer", channel.send("new")).await.unwrap();
    assert_eq!(peer.recv().await, "new");
}

/// 52/CHANNEL: general 7, outgoing 1 to 4.
#[tokio::test]
async fn channel_outgoing_1_to_4_blocks_without_room() {
    let channel = ChannelSocket::builder().send_high_water_mark(1).build();
    let endpoint = channel.bind(ANY_PORT).await.unwrap();
    assert!(is_pending(channel.send("no peer")));
    assert_eq!(*channel.try_send("no peer").unwrap_err().kind(), SendErrorKind::Full);
    let mut peer = RawPeer::connect(&endpoint, SocketType::Channel).await;
    channel.wait_for_peers(1).await;
    channel.send(huge(1)).await.unwrap();
    assert!(is_pending(channel.send("full")));
    let (received, sent) = tokio::join!(peer.recv(), within("room", channel.send("then")));
    assert_eq!(received.first().unwrap()[..], huge(1)[..]);
    sent.unwrap();
    assert_eq!(peer.recv().await, "then");
}

/// 52/CHANNEL: incoming 3.
#[tokio::test]
async fn channel_incoming_3_drops_multipart() {
    let channel = ChannelSocket::new();
    let endpoint = channel.bind(ANY_PORT).await.unwrap();
    let mut peer = RawPeer::connect(&endpoint, SocketType::Channel).await;
    peer.send(zeromq_async::Message::multipart(["two", "frames"])).await;
    peer.send("one frame").await;
    let frame: Frame = within("a message", channel.recv()).await.unwrap();
    assert_eq!(frame, "one frame");
    assert_eq!(channel.stats().discarded.malformed, 1);
}
