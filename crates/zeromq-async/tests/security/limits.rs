//! Limits of a peer's resources, before and after the handshake.

use std::time::Duration;

use support::hostile::{
    HostilePeer, command, greeting, handshake_failure, header, property, ready,
};
use support::{
    ANY_PORT, RawPeer, disconnected, event, fast_reconnect, handshake_succeeded, is_pending,
    listen, within,
};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use zeromq_async::{
    DisconnectReason, Displaced, Events, HandshakeFailure, LimitExceeded, ProtocolError, PubSocket,
    PullSocket, Rejected, SocketBuilder, SocketEvent, SocketType, SubSocket, SubscriptionsExceeded,
    XPubSocket,
};

type PullBuilder = SocketBuilder<zeromq_async::Pull>;

/// The reason for which a peer was disconnected.
async fn reason(events: &mut Events) -> ProtocolError {
    event(events, "a peer to be disconnected", |event| match event {
        SocketEvent::Disconnected { reason: DisconnectReason::Protocol(error), .. } => Some(error),
        SocketEvent::Disconnected { reason, .. } => panic!("{reason}"),
        _ => None,
    })
    .await
}

/// The reason for which a socket rejects a NULL peer that sends these bytes after its greeting.
async fn rejection_reason(builder: PullBuilder, bytes: &[u8]) -> HandshakeFailure {
    let pull = builder.build();
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_PORT).await.expect("a free port");
    let bytes = [&greeting(1, "NULL"), bytes].concat();
    let mut peer = HostilePeer::connect(&endpoint, &bytes).await;
    let reason = handshake_failure(&mut events, &peer).await;
    peer.closed().await;
    reason
}

/// The reason for which a socket disconnects a PUSH that sends these bytes.
async fn disconnect_reason(builder: PullBuilder, bytes: &[u8]) -> ProtocolError {
    let pull = builder.build();
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_PORT).await.expect("a free port");
    let mut peer = RawPeer::connect(&endpoint, SocketType::Push).await;
    peer.write_bytes(bytes).await;
    let error = reason(&mut events).await;
    peer.closed().await;
    error
}

fn exceeded(reason: HandshakeFailure) -> LimitExceeded {
    match reason {
        HandshakeFailure::Protocol(ProtocolError::LimitExceeded(exceeded)) => exceeded,
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn handshake_timeout_covers_the_whole() {
    const LIMIT: Duration = Duration::from_secs(30);
    let pull = PullSocket::new();
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let mut peer = HostilePeer::connect(&endpoint, &[]).await;
    while !matches!(events.next().await, Some(SocketEvent::Accepted { .. })) {}
    let start = Instant::now();
    let trickle = tokio::spawn(async move {
        for (said, byte) in greeting(1, "NULL").into_iter().enumerate() {
            if peer.stream.write_all(&[byte]).await.is_err() {
                return said;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        panic!("the whole greeting was heard");
    });
    let reason = loop {
        if let Some(SocketEvent::HandshakeFailed { reason, .. }) = events.next().await {
            break reason;
        }
    };
    assert!(matches!(reason, HandshakeFailure::TimedOut(LIMIT)), "{reason}");
    let took = start.elapsed();
    assert!((LIMIT..LIMIT + Duration::from_secs(1)).contains(&took), "{took:?}");
    let said = trickle.await.unwrap();
    assert!(said >= 29, "it said {said} bytes, one a second");
}

#[tokio::test]
async fn metadata_size_limit_is_exact() {
    let data = property("Socket-Type", b"PUSH");
    let name = b"\x05READY".len();
    let builder = || PullSocket::builder().max_metadata_size(data.len() + 300);
    let limit = name + data.len() + 300;
    // The other possible command of the handshake is ERROR, which is smaller here.
    let reason = rejection_reason(builder(), &header(4, limit as u64 + 1)).await;
    let announced = limit as u64 + 1;
    assert_eq!(exceeded(reason), LimitExceeded::CommandSize { announced, limit });

    let pull = builder().build();
    let long = property("X-Long", &vec![0; 300 - b"\x06X-Long\0\0\0\0".len()]);
    let bytes = [greeting(1, "NULL"), command("READY", &[data.clone(), long].concat())].concat();
    let _peer = HostilePeer::connect(&pull.bind(ANY_PORT).await.unwrap(), &bytes).await;
    within("the peer", pull.wait_for_peers(1)).await;
}

#[tokio::test]
async fn handshake_size_limit_is_exact() {
    let bytes = [greeting(1, "NULL"), ready("PUSH")].concat();
    let (size, limit) = (bytes.len(), bytes.len() - 1);
    let reason =
        rejection_reason(PullSocket::builder().max_handshake_size(limit), &ready("PUSH")).await;
    let announced = size as u64;
    assert_eq!(exceeded(reason), LimitExceeded::HandshakeSize { announced, limit });

    let pull = PullSocket::builder().max_handshake_size(size).build();
    let _peer = HostilePeer::connect(&pull.bind(ANY_PORT).await.unwrap(), &bytes).await;
    within("the peer", pull.wait_for_peers(1)).await;
}

#[tokio::test]
async fn default_handshake_limit_is_64_kib() {
    let builder = PullSocket::builder().max_metadata_size(1 << 20).max_command_size(1 << 20);
    let reason = rejection_reason(builder, &header(4, 1 << 16)).await;
    let announced = 64 + 9 + (1 << 16);
    assert_eq!(exceeded(reason), LimitExceeded::HandshakeSize { announced, limit: 1 << 16 });
}

#[tokio::test]
async fn command_size_limit_is_exact() {
    let error =
        disconnect_reason(PullSocket::builder().max_command_size(300), &header(4, 301)).await;
    assert_eq!(error, LimitExceeded::CommandSize { announced: 301, limit: 300 }.into());
}

#[tokio::test]
async fn frame_count_limit_is_exact() {
    let builder = PullSocket::builder().max_frames_per_message(2);
    let error = disconnect_reason(builder, b"\x01\x01a\x01\x01b\x00\x01c").await;
    assert_eq!(error, LimitExceeded::FrameCount { limit: 2 }.into());
}

#[tokio::test]
async fn peer_count_limit_is_exact() {
    let pull = PullSocket::builder().max_peers(1).build();
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let first = RawPeer::connect(&endpoint, SocketType::Push).await;
    within("the first peer", pull.wait_for_peers(1)).await;
    let says = [greeting(1, "NULL"), ready("PUSH")].concat();
    let mut second = HostilePeer::connect(&endpoint, &says).await;
    let reason = handshake_failure(&mut events, &second).await;
    assert!(matches!(reason, HandshakeFailure::Rejected(Rejected::Full { limit: 1 })), "{reason}");
    second.closed().await;
    // Nor by connecting.
    let error = pull.connect("tcp://127.0.0.1:9").unwrap_err();
    assert!(error.to_string().contains("max_peers"), "{error}");
    // A leaving peer makes room again.
    drop(first);
    event(&mut events, "the first peer to go", |event| {
        matches!(event, SocketEvent::Disconnected { .. }).then_some(())
    })
    .await;
    let _third = RawPeer::connect(&endpoint, SocketType::Push).await;
    handshake_succeeded(&mut events).await;
}

#[tokio::test]
async fn excess_handshake_displaces_the_oldest() {
    let pull = PullSocket::builder().max_pending_handshakes(2).build();
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let mut first = HostilePeer::connect(&endpoint, b"\xff").await;
    let mut second = HostilePeer::connect(&endpoint, b"\xff").await;
    let mut third = HostilePeer::connect(&endpoint, &greeting(1, "NULL")).await;
    let reason = handshake_failure(&mut events, &first).await;
    let displaced =
        |reason| matches!(reason, HandshakeFailure::Displaced(Displaced::Listener { limit: 2 }));
    assert!(displaced(reason));
    first.closed().await;
    // A finished handshake makes room and displaces no other.
    third.write(&ready("PUSH")).await;
    within("the third peer", pull.wait_for_peers(1)).await;
    let _fourth = HostilePeer::connect(&endpoint, b"\xff").await;
    second.write(&greeting(1, "NULL")[1..]).await;
    second.write(&ready("PUSH")).await;
    within("the second peer", pull.wait_for_peers(2)).await;
}

#[tokio::test]
async fn busy_address_displaces_its_own_handshake() {
    let pull = PullSocket::builder().max_pending_handshakes_per_address(1).build();
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let first = HostilePeer::connect(&endpoint, b"\xff").await;
    let _second = HostilePeer::connect(&endpoint, b"\xff").await;
    let reason = handshake_failure(&mut events, &first).await;
    assert!(
        matches!(reason, HandshakeFailure::Displaced(Displaced::Address { limit: 1 })),
        "{reason}"
    );
}

/// Messages of an earlier connection count until they are received.
#[tokio::test]
async fn reconnected_peer_stays_within_its_mark() {
    let (listener, endpoint) = listen().await;
    let mut pull =
        PullSocket::builder().receive_high_water_mark(3).reconnect(fast_reconnect()).build();
    let mut events = pull.events();
    pull.connect(endpoint).unwrap();
    let mut first = RawPeer::accept(&listener, SocketType::Push).await;
    first.send("1").await;
    first.send("2").await;
    drop(first);
    disconnected(&mut events).await;
    let mut second = RawPeer::accept(&listener, SocketType::Push).await;
    second.send("3").await;
    second.send("4").await;
    within("three to be there", async {
        while pull.stats().received < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // The last message waits at the sender.
    assert_eq!(pull.stats().received, 3);
    for expected in ["1", "2", "3", "4"] {
        assert_eq!(within("a message", pull.recv()).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn gone_peer_counts_until_its_messages_are_read() {
    let mut pull = PullSocket::builder().max_peers(2).build();
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    for message in ["1", "2"] {
        let mut peer = RawPeer::connect(&endpoint, SocketType::Push).await;
        peer.send(message).await;
        drop(peer);
        disconnected(&mut events).await;
    }
    let says = [greeting(1, "NULL"), ready("PUSH")].concat();
    let third = HostilePeer::connect(&endpoint, &says).await;
    let reason = handshake_failure(&mut events, &third).await;
    assert!(matches!(reason, HandshakeFailure::Rejected(Rejected::Full { limit: 2 })), "{reason}");
    // A peer that left no message, or whose messages have been received, does not count.
    assert_eq!(within("a message", pull.recv()).await.unwrap(), "1");
    for _ in 0..3 {
        drop(RawPeer::connect(&endpoint, SocketType::Push).await);
        disconnected(&mut events).await;
    }
    let _fourth = RawPeer::connect(&endpoint, SocketType::Push).await;
    handshake_succeeded(&mut events).await;
    assert_eq!(within("a message", pull.recv()).await.unwrap(), "2");
}

/// Unread events are lost and counted, and take no memory.
#[tokio::test]
async fn missed_events_are_counted() {
    const MORE: usize = 10;
    let pull = PullSocket::new();
    let mut events = pull.events();
    for _ in 0..(1024 + MORE) / 2 {
        let endpoint = pull.bind("inproc://events").await.unwrap();
        pull.unbind(endpoint).await.unwrap();
    }
    for _ in 0..1024 {
        let event = within("an event", events.next()).await;
        assert!(!matches!(event, Some(SocketEvent::Missed { .. })), "{event:?}");
    }
    assert!(is_pending(events.next()), "there are no more");
    pull.bind("inproc://events").await.unwrap();
    let event = within("an event", events.next()).await;
    assert!(
        matches!(event, Some(SocketEvent::Missed { count }) if count == MORE as u64),
        "{event:?}"
    );
}

/// The reason for which a subscriber was disconnected.
async fn excess(events: &mut Events) -> SubscriptionsExceeded {
    event(events, "the subscriber to be disconnected", |event| match event {
        SocketEvent::Disconnected { reason: DisconnectReason::Subscriptions(why), .. } => Some(why),
        SocketEvent::Disconnected { reason, .. } => panic!("{reason}"),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn subscription_count_limit_is_exact() {
    let mut publisher = PubSocket::builder().max_subscriptions_per_peer(2).build();
    let mut events = publisher.events();
    let endpoint = publisher.bind(ANY_PORT).await.unwrap();
    let mut good = RawPeer::connect(&endpoint, SocketType::Sub).await;
    for topic in ["a", "b", "b", "a"] {
        good.subscribe(topic).await;
    }
    good.cancel("a").await;
    good.subscribe("c").await;
    good.sync().await;

    // As commands, and as messages of ZMTP 3.0.
    for third in [&command("SUBSCRIBE", b"c")[..], b"\x00\x02\x01c"] {
        let mut hostile = RawPeer::connect(&endpoint, SocketType::Sub).await;
        hostile.subscribe("a").await;
        hostile.subscribe("b").await;
        hostile.sync().await;
        hostile.write_bytes(third).await;
        assert_eq!(excess(&mut events).await, SubscriptionsExceeded::Count { limit: 2 });
        hostile.closed().await;
    }
    publisher.send("c").await.unwrap();
    assert_eq!(good.recv().await, "c");
}

#[tokio::test]
async fn subscription_byte_limit_is_exact() {
    let publisher = PubSocket::builder().max_subscription_bytes_per_peer(8).build();
    let mut events = publisher.events();
    let endpoint = publisher.bind(ANY_PORT).await.unwrap();
    let mut peer = RawPeer::connect(&endpoint, SocketType::Sub).await;
    for topic in ["12345", "", "678"] {
        peer.subscribe(topic).await;
    }
    peer.cancel("678").await;
    peer.subscribe("abc").await;
    peer.sync().await;
    peer.subscribe("d").await;
    assert_eq!(excess(&mut events).await, SubscriptionsExceeded::Bytes { limit: 8 });
}

#[tokio::test]
async fn xpub_unread_notice_limit_is_exact() {
    let mut publisher = XPubSocket::builder().max_subscriptions_per_peer(4).build();
    let mut events = publisher.events();
    let endpoint = publisher.bind(ANY_PORT).await.unwrap();
    let mut peer = RawPeer::connect(&endpoint, SocketType::Sub).await;
    // Received notices are not kept.
    for _ in 0..3 {
        for _ in 0..2 {
            peer.subscribe("a").await;
            peer.cancel("a").await;
        }
        peer.sync().await;
        for notice in [b"\x01a", b"\0a", b"\x01a", b"\0a"] {
            assert_eq!(within("a notice", publisher.recv()).await.unwrap(), notice);
        }
        assert!(is_pending(publisher.recv()), "there are no more");
    }
    for _ in 0..2 {
        peer.subscribe("a").await;
        peer.cancel("a").await;
    }
    peer.sync().await;
    peer.subscribe("a").await;
    assert_eq!(excess(&mut events).await, SubscriptionsExceeded::Unread { limit: 4 });
}

/// A few changes of long topics are as many bytes as many changes of short ones.
#[tokio::test]
async fn unread_changes_are_limited_in_bytes() {
    const TOPIC: usize = 60_000;
    let publisher = XPubSocket::builder().max_subscription_bytes_per_peer(3 * TOPIC).build();
    let mut events = publisher.events();
    let endpoint = publisher.bind(ANY_PORT).await.unwrap();
    let greeted = [greeting(1, "NULL"), ready("SUB")].concat();
    let mut peer = HostilePeer::connect(&endpoint, &greeted).await;
    for _ in 0..2 {
        peer.write(&command("SUBSCRIBE", &[b'x'; TOPIC])).await;
        peer.write(&command("CANCEL", &[b'x'; TOPIC])).await;
    }
    let limit = 3 * TOPIC;
    assert_eq!(excess(&mut events).await, SubscriptionsExceeded::UnreadBytes { limit });
    assert!(publisher.stats().unread <= 4);
}

/// Unread changes of peers that come and go are limited.
#[tokio::test]
async fn unread_changes_of_departed_are_limited() {
    const TOPIC: usize = 60_000;
    let publisher = XPubSocket::builder().max_subscription_bytes_per_peer(2 * TOPIC).build();
    let mut events = publisher.events();
    let endpoint = publisher.bind(ANY_PORT).await.unwrap();
    let hello = [greeting(1, "NULL"), ready("SUB"), command("SUBSCRIBE", &[b'x'; TOPIC])].concat();
    let mut refused = 0;
    for _ in 0..30 {
        let before = publisher.stats().unread;
        let peer = HostilePeer::connect(&endpoint, &hello).await;
        handshake_succeeded(&mut events).await;
        within("the change to be told or refused", async {
            while publisher.stats().unread == before && !publisher.stats().peers.is_empty() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        drop(peer);
        disconnected(&mut events).await;
        refused += u32::from(publisher.stats().unread == before);
    }
    assert!(refused >= 20, "{refused} of 30 were refused");
    // The last accepted peer may have left two changes when there was little room for one.
    assert!(publisher.stats().unread <= 4 * 2 + 2, "{:#?}", publisher.stats());

    // After the application has received them, other peers may subscribe again.
    let mut publisher = publisher;
    while publisher.try_recv().is_ok() {}
    let _peer = HostilePeer::connect(&endpoint, &hello).await;
    let change = within("the change", publisher.recv()).await.unwrap();
    assert_eq!(change.first().unwrap().len(), 1 + TOPIC);
}

#[tokio::test]
async fn inproc_subscriptions_are_unlimited() {
    let mut publisher = PubSocket::builder().max_subscriptions_per_peer(1).build();
    publisher.bind("inproc://unlimited").await.unwrap();
    let mut sub = SubSocket::builder().subscribe("a").subscribe("b").build();
    sub.connect("inproc://unlimited").unwrap();
    publisher.send("b").await.unwrap();
    assert_eq!(within("the message", sub.recv()).await.unwrap(), "b");
}

/// libzmq meets the limit of open files with an assertion in some places. Here the oldest pending
/// handshake gives its descriptor to the newcomer.
#[cfg(unix)]
#[test]
fn descriptor_shortage_displaces_a_handshake() {
    const NAME: &str = "limits::descriptor_shortage_displaces_a_handshake";
    if !support::own_process::enter(Some(64), NAME) {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let pull = PullSocket::new();
        let mut events = pull.events();
        let endpoint = pull.bind(ANY_PORT).await.unwrap();
        let newcomer = tokio::net::TcpSocket::new_v4().unwrap();
        let mut spare = std::fs::File::open("/dev/null").ok();
        // This process holds both ends of each connection. The last descriptor goes to the
        // connecting end, and the accepting end uses the spare one.
        let mut silent = Vec::new();
        let displaced = loop {
            match std::net::TcpStream::connect(support::address(&endpoint)) {
                Ok(stream) => silent.push(stream),
                Err(error) => {
                    assert!(spare.take().is_some(), "{error}");
                    continue;
                }
            }
            let fate = event(&mut events, "the connection to be accepted", |event| match event {
                SocketEvent::HandshakeFailed { reason, .. } => Some(Some(reason)),
                SocketEvent::Accepted { .. } => Some(None),
                _ => None,
            });
            if let Some(reason) = fate.await {
                break reason;
            }
        };
        assert!(
            matches!(displaced, HandshakeFailure::Displaced(Displaced::Descriptors)),
            "{displaced}"
        );
        let stream = newcomer.connect(support::address(&endpoint)).await.unwrap();
        let mut newcomer = HostilePeer { stream };
        newcomer.write(&[greeting(1, "NULL"), ready("PUSH")].concat()).await;
        within("the newcomer", pull.wait_for_peers(1)).await;
    });
}
