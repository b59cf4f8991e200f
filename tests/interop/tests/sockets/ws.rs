//! Over WebSocket: heartbeats, restarts, paths and order, with libzmq on either side.

use std::time::Duration;

use interop::{
    ReservedPort, WS, disconnected, event, handshake, handshake_failure, libzmq, recv, send, within,
};
use libzmq_peer::SocketKind::{Dealer, Pull, Push, Sub};
use libzmq_peer::{EventKind, Opt};
use tokio::time::timeout;
use zeromq_async::{
    DealerSocket, DisconnectReason, PubSocket, PullSocket, PushSocket, ReconnectBackoff,
    SocketEvent,
};

const INTERVAL: Duration = Duration::from_millis(50);

/// Long, so that a busy machine is not taken for a dead peer.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Many intervals.
const IDLE: Duration = Duration::from_millis(1000);

fn ms(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).expect("short")
}

#[tokio::test]
async fn idle_ws_connections_stay_up() {
    for (ours, theirs) in [(true, true), (true, false), (false, true)] {
        let what = format!("ours asks: {ours}, libzmq asks: {theirs}");
        let peer = libzmq(Dealer, move |socket| {
            if theirs {
                socket.set_i32(Opt::HEARTBEAT_IVL, ms(INTERVAL))?;
                socket.set_i32(Opt::HEARTBEAT_TIMEOUT, ms(TIMEOUT))?;
            }
            socket.bind(WS)
        });
        let builder = DealerSocket::builder();
        let mut dealer = match ours {
            true => builder.heartbeat_interval(INTERVAL).heartbeat_timeout(TIMEOUT).build(),
            false => builder.build(),
        };
        let mut events = dealer.events();
        dealer.connect(peer.endpoint()).unwrap();
        handshake(&mut events).await;
        let ended = timeout(IDLE, disconnected(&mut events)).await;
        assert!(ended.is_err(), "{what}: {:?}", ended.map(|reason| reason.to_string()));
        send(&mut dealer, "still here").await;
        assert_eq!(peer.recv().await.unwrap(), [b"still here"], "{what}");
        peer.send(["here too"]).await.unwrap();
        assert_eq!(recv(&mut dealer, &what).await, "here too");
    }
}

/// libzmq answers every PING, so only a peer that cannot is given up.
#[tokio::test]
async fn libzmq_answers_pings_in_a_shorter_timeout() {
    let peer = libzmq(Dealer, |socket| socket.bind(WS));
    let dealer = DealerSocket::builder()
        .heartbeat_interval(INTERVAL)
        .heartbeat_timeout(INTERVAL * 100)
        .build();
    let mut events = dealer.events();
    dealer.connect(peer.endpoint()).unwrap();
    handshake(&mut events).await;
    let ended = timeout(INTERVAL * 120, disconnected(&mut events)).await;
    assert!(ended.is_err(), "{:?}", ended.map(|reason| reason.to_string()));
}

#[tokio::test]
async fn bound_libzmq_may_restart() {
    let port = ReservedPort::new();
    let endpoint = port.endpoint().replace("tcp:", "ws:");
    let reconnect = ReconnectBackoff::new(Duration::from_millis(5));
    let mut push = PushSocket::builder().reconnect(reconnect).build();
    push.connect(&endpoint).unwrap();
    for number in 0..3_u8 {
        let at = endpoint.clone();
        let pull = libzmq(Pull, move |socket| socket.bind(&at));
        send(&mut push, vec![number]).await;
        assert_eq!(pull.recv().await.unwrap(), [[number]]);
        let mut events = push.events();
        drop(pull);
        let reason = disconnected(&mut events).await;
        assert!(!matches!(reason, DisconnectReason::Protocol(_)), "{reason}");
    }
}

#[tokio::test]
async fn bound_socket_of_ours_may_restart() {
    let mut pull = PullSocket::new();
    let endpoint = pull.bind(WS).await.unwrap().to_string();
    let at = endpoint.clone();
    let push = libzmq(Push, move |socket| {
        socket.set_i32(Opt::RECONNECT_IVL, 5)?;
        socket.connect(&at)
    });
    for number in 0..3_u8 {
        push.send([[number]]).await.unwrap();
        assert_eq!(recv(&mut pull, "a message").await, &[number]);
        let ended = push.event(EventKind::DISCONNECTED);
        pull.close().await;
        within("libzmq to notice", ended).await.unwrap();
        pull = PullSocket::new();
        pull.bind(&endpoint).await.unwrap();
        within("libzmq to return", push.event(EventKind::HANDSHAKE_SUCCEEDED)).await.unwrap();
    }
}

#[tokio::test]
async fn served_path_is_the_only_one() {
    let mut pull = PullSocket::new();
    let mut events = pull.events();
    let endpoint = pull.bind("ws://127.0.0.1:*/feed").await.unwrap().to_string();
    let other = endpoint.replace("/feed", "/food");
    let lost = libzmq(Push, move |socket| socket.connect(&other));
    let reason = handshake_failure(&mut events).await;
    assert!(reason.to_string().contains("404"), "{reason}");
    within("libzmq's error", lost.event(EventKind::HANDSHAKE_FAILED_PROTOCOL)).await.unwrap();
    let push = libzmq(Push, move |socket| socket.connect(&endpoint));
    push.send(["found"]).await.unwrap();
    assert_eq!(recv(&mut pull, "a message").await, "found");
}

#[tokio::test]
async fn libzmq_serves_every_path() {
    let pull = libzmq(Pull, |socket| socket.bind(WS));
    let mut push = PushSocket::new();
    push.connect(format!("{}/any/path?and=query", pull.endpoint().trim_end_matches('/'))).unwrap();
    send(&mut push, "hello").await;
    assert_eq!(pull.recv().await.unwrap(), [b"hello"]);
}

#[tokio::test]
async fn many_ws_messages_stay_in_order() {
    const COUNT: u32 = 20_000;
    let dealer = DealerSocket::new();
    let endpoint = dealer.bind(WS).await.unwrap().to_string();
    let peer = libzmq(Dealer, move |socket| socket.connect(&endpoint));
    let echo = peer.run(|socket| {
        for _ in 0..COUNT {
            socket.send(&socket.recv()?)?;
        }
        Ok(())
    });
    let (sender, mut receiver) = dealer.split();
    let sending = tokio::spawn(async move {
        let mut sender = sender;
        for number in 0..COUNT {
            sender.send(&number.to_be_bytes()).await.unwrap();
        }
        sender
    });
    for number in 0..COUNT {
        let received = within("an echo", receiver.recv()).await.unwrap();
        assert_eq!(received, &number.to_be_bytes());
    }
    within("the echoes", echo).await.unwrap();
    drop(sending.await);
}

#[tokio::test]
async fn libzmq_subscribes_and_cancels_over_ws() {
    let mut publisher = PubSocket::new();
    let endpoint = publisher.bind(WS).await.unwrap().to_string();
    let subscriber = libzmq(Sub, move |socket| {
        socket.set_bytes(Opt::SUBSCRIBE, b"a")?;
        socket.set_bytes(Opt::SUBSCRIBE, b"b")?;
        socket.connect(&endpoint)
    });
    within("both", publisher.wait_for_subscribers("a", 1)).await;
    within("both", publisher.wait_for_subscribers("b", 1)).await;
    let cancel = subscriber.run(|socket| socket.set_bytes(Opt::UNSUBSCRIBE, b"a"));
    within("libzmq", cancel).await.unwrap();
    // The first messages may pass before the cancellation.
    let publishing = async {
        loop {
            for topic in ["a", "b", "c"] {
                send(&mut publisher, topic).await;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let receiving = async {
        let mut in_a_row = 0;
        while in_a_row < 10 {
            let received = subscriber.recv().await.unwrap();
            assert_ne!(received, [b"c"]);
            in_a_row = if received == [b"b"] { in_a_row + 1 } else { 0 };
        }
    };
    tokio::select! {
        () = publishing => {}
        () = async { within("ten of one topic", receiving).await } => {}
    }
}

#[tokio::test]
async fn libzmq_limit_ends_the_connection() {
    let pull = libzmq(Pull, |socket| {
        socket.set_i64(Opt::MAXMSGSIZE, 1000)?;
        socket.bind(WS)
    });
    let mut push = PushSocket::builder().resend_limit(1).build();
    let mut events = push.events();
    push.connect(pull.endpoint()).unwrap();
    send(&mut push, vec![0; 1001]).await;
    event(&mut events, "the end of the connection", |event| {
        matches!(event, SocketEvent::Disconnected { .. }).then_some(())
    })
    .await;
}
