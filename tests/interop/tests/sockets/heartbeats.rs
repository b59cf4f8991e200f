//! Heartbeats: sent, answered and missed.

use std::time::{Duration, Instant};

use interop::{
    RawListener, RawPeer, TCP, command, disconnected, handshake, libzmq, message, recv, send,
};
use libzmq_peer::SocketKind::{Dealer, Pull};
use libzmq_peer::{EventKind, Opt};
use tokio::time::{sleep, timeout};
use zeromq_async::{DealerSocket, DisconnectReason, Events, PullSocket, SocketEvent};

const INTERVAL: Duration = Duration::from_millis(50);

/// Long, so that a busy machine is not taken for a dead peer, and much shorter than [`IDLE`].
const TIMEOUT: Duration = Duration::from_millis(800);

/// Many intervals, and longer than the timeout of a peer that does not answer.
const IDLE: Duration = Duration::from_millis(1500);

/// The tolerated delay on a busy machine.
const SLACK: Duration = Duration::from_secs(3);

fn with_heartbeats() -> DealerSocket {
    DealerSocket::builder().heartbeat_interval(INTERVAL).heartbeat_timeout(TIMEOUT).build()
}

/// Checks that an idle connection had no event.
async fn stays_up(events: &mut Events, what: &str) {
    let ended = timeout(IDLE, disconnected(events)).await;
    assert!(ended.is_err(), "{what}: {:?}", ended.map(|reason| reason.to_string()));
}

#[tokio::test]
async fn idle_libzmq_connections_stay_up() {
    let ms = |duration: Duration| i32::try_from(duration.as_millis()).expect("short");
    let cases = [(true, true), (true, false), (false, true)].map(|(ours, theirs)| async move {
        let what = format!("ours asks: {ours}, libzmq asks: {theirs}");
        let peer = libzmq(Dealer, move |socket| {
            if theirs {
                socket.set_i32(Opt::HEARTBEAT_IVL, ms(INTERVAL))?;
                socket.set_i32(Opt::HEARTBEAT_TIMEOUT, ms(TIMEOUT))?;
                socket.set_i32(Opt::HEARTBEAT_TTL, ms(TIMEOUT))?;
            }
            socket.bind(TCP)
        });
        let mut dealer = if ours { with_heartbeats() } else { DealerSocket::new() };
        let mut events = dealer.events();
        dealer.connect(peer.endpoint()).unwrap();
        handshake(&mut events).await;
        stays_up(&mut events, &what).await;
        let ended = peer.event(EventKind::DISCONNECTED);
        send(&mut dealer, "still here").await;
        assert_eq!(peer.recv().await.unwrap(), [b"still here"], "{what}");
        peer.send(["here too"]).await.unwrap();
        assert_eq!(recv(&mut dealer, &what).await, "here too");
        let ended = timeout(Duration::ZERO, ended).await;
        assert!(ended.is_err(), "{what}: libzmq has ended the connection");
    });
    let [one, two, three] = cases;
    tokio::join!(one, two, three);
}

/// A peer that is silent after its handshake.
#[tokio::test]
async fn silent_peer_is_dropped_and_reconnected() {
    let listener = RawListener::bind().await;
    let dealer = with_heartbeats();
    let mut events = dealer.events();
    dealer.connect(listener.endpoint()).unwrap();
    let mut silent = listener.accept().await;
    silent.handshake(1, "DEALER").await;
    handshake(&mut events).await;
    let ready = Instant::now();
    assert!(matches!(disconnected(&mut events).await, DisconnectReason::HeartbeatTimedOut));
    let given_up = ready.elapsed();
    assert!(given_up >= TIMEOUT, "after {given_up:?} already");
    assert!(given_up <= INTERVAL + TIMEOUT + SLACK, "after {given_up:?} only");
    let mut next = listener.accept().await;
    next.handshake(1, "DEALER").await;
    handshake(&mut events).await;
}

#[tokio::test]
async fn silent_accepted_peer_is_dropped() {
    let mut pull =
        PullSocket::builder().heartbeat_interval(INTERVAL).heartbeat_timeout(TIMEOUT).build();
    let mut events = pull.events();
    let endpoint = pull.bind(TCP).await.unwrap().to_string();
    let to = endpoint.clone();
    let push = libzmq(libzmq_peer::SocketKind::Push, move |socket| socket.connect(&to));
    let (good, _) = handshake(&mut events).await;
    let mut silent = RawPeer::connect(&endpoint).await;
    silent.handshake(1, "PUSH").await;
    let (bad, _) = handshake(&mut events).await;
    let given_up =
        interop::event(&mut events, "the silent peer to be given up", |event| match event {
            SocketEvent::Disconnected { peer, .. } => Some(*peer),
            _ => None,
        });
    let given_up = given_up.await;
    assert_eq!((given_up, given_up == good), (bad, false));
    stays_up(&mut events, "the other peer").await;
    push.send(["still here"]).await.unwrap();
    assert_eq!(recv(&mut pull, "the peer that answers").await, "still here");
}

/// The exact bytes on the wire. Any answer keeps the connection.
#[tokio::test]
async fn our_ping_matches_37_zmtp() {
    let listener = RawListener::bind().await;
    let dealer = DealerSocket::builder()
        .heartbeat_interval(INTERVAL)
        .heartbeat_timeout(TIMEOUT)
        .heartbeat_ttl(Duration::from_millis(1500))
        .build();
    let mut events = dealer.events();
    dealer.connect(listener.endpoint()).unwrap();
    let mut peer = listener.accept().await;
    peer.handshake(1, "DEALER").await;
    let ready = Instant::now();
    while ready.elapsed() < IDLE {
        // A TTL of 1.5 s and no context.
        peer.expect(b"\x04\x07\x04PING\0\x0f").await;
        peer.write(&command("PONG", b"")).await;
    }
    // A message counts as an answer too.
    let ready = Instant::now();
    while ready.elapsed() < IDLE {
        peer.expect(b"\x04\x07\x04PING\0\x0f").await;
        peer.write(&message(b"alive")).await;
    }
    drop(peer);
    assert!(matches!(disconnected(&mut events).await, DisconnectReason::PeerClosed));
}

#[tokio::test]
async fn pong_echoes_the_ping_context() {
    let pull = PullSocket::new();
    let endpoint = pull.bind(TCP).await.unwrap().to_string();
    let mut peer = RawPeer::connect(&endpoint).await;
    peer.handshake(1, "PUSH").await;
    for context in [&b""[..], b"x", b"sixteen bytes.."] {
        peer.write(&command("PING", &[b"\0\0", context].concat())).await;
        peer.expect(&command("PONG", context)).await;
    }
}

/// The peer announces its TTL. Nothing is configured here.
#[tokio::test]
async fn peer_ttl_is_enforced() {
    let pull = PullSocket::new();
    let mut events = pull.events();
    let endpoint = pull.bind(TCP).await.unwrap().to_string();
    let mut peer = RawPeer::connect(&endpoint).await;
    peer.handshake(1, "PUSH").await;
    handshake(&mut events).await;
    peer.write(&command("PING", b"\0\x03context")).await;
    let asked = Instant::now();
    peer.expect(&command("PONG", b"context")).await;
    assert!(matches!(disconnected(&mut events).await, DisconnectReason::HeartbeatTimedOut));
    let given_up = asked.elapsed();
    assert!(given_up >= Duration::from_millis(250), "after {given_up:?} already");
    assert!(given_up <= Duration::from_millis(300) + SLACK, "after {given_up:?} only");
}

/// A busy receiver does not time its peer out, although the peer's answers are unread meanwhile.
#[tokio::test]
async fn libzmq_peer_stays_with_slow_receiver() {
    let mut pull = PullSocket::builder()
        .receive_high_water_mark(1)
        .heartbeat_interval(INTERVAL)
        .heartbeat_timeout(TIMEOUT)
        .build();
    let mut events = pull.events();
    let endpoint = pull.bind(TCP).await.unwrap().to_string();
    let push = libzmq(libzmq_peer::SocketKind::Push, move |socket| socket.connect(&endpoint));
    for number in 0..200_u8 {
        push.send([vec![number; 16_384]]).await.unwrap();
    }
    handshake(&mut events).await;
    stays_up(&mut events, "the receiver is busy").await;
    for number in 0..200_u8 {
        assert!(recv(&mut pull, "a message").await == *vec![number; 16_384], "{number}");
    }
    sleep(INTERVAL).await;
    stays_up(&mut events, "all is received").await;
}

#[tokio::test]
async fn libzmq_keeps_peer_answering_under_load() {
    let pull = libzmq(Pull, |socket| {
        socket.set_i32(Opt::HEARTBEAT_IVL, 50)?;
        socket.set_i32(Opt::HEARTBEAT_TIMEOUT, 800)?;
        socket.bind(TCP)
    });
    let mut push = zeromq_async::PushSocket::new();
    let mut events = push.events();
    push.connect(pull.endpoint()).unwrap();
    let begun = Instant::now();
    let mut sent = 0_u32;
    while begun.elapsed() < IDLE {
        send(&mut push, sent.to_be_bytes()).await;
        assert_eq!(pull.recv().await.unwrap(), [sent.to_be_bytes()]);
        sent += 1;
    }
    handshake(&mut events).await;
    let ended = timeout(Duration::ZERO, disconnected(&mut events)).await;
    assert!(ended.is_err(), "{:?}", ended.map(|reason| reason.to_string()));
}
