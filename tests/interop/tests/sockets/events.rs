//! Events on each side for new, incompatible and misbehaving peers, while valid peers are served.

use std::time::Duration;

use interop::{
    IPC, RawListener, RawPeer, TCP, command, disconnected, event, handshake, handshake_failure,
    libzmq, message, recv, send, within,
};
use libzmq_peer::SocketKind::{self, Pair, Pub, Pull, Push, Rep, Req};
use libzmq_peer::{EventKind, Opt, Peer, curve_keypair};
use zeromq_async::{
    DisconnectReason, Events, HandshakeFailure, PairSocket, ProtocolError, PullSocket, PushSocket,
    Rejected, RepSocket, ReqSocket, SocketEvent, SocketType,
};

fn connected(kind: SocketKind, endpoint: impl ToString) -> Peer {
    let endpoint = endpoint.to_string();
    libzmq(kind, move |socket| socket.connect(&endpoint))
}

#[tokio::test]
async fn both_sides_report_handshake_success() {
    for place in [TCP, IPC] {
        let pull = PullSocket::new();
        let mut events = pull.events();
        let bound = pull.bind(place).await.unwrap();
        let push = libzmq(Push, {
            let endpoint = bound.to_string();
            move |socket| socket.connect(&endpoint)
        });
        let listening = event(&mut events, "our listener", |event| match event {
            SocketEvent::Listening { endpoint, .. } => Some(endpoint.clone()),
            _ => None,
        });
        assert_eq!(listening.await, bound);
        let accepted = event(&mut events, "an accepted connection", |event| match event {
            SocketEvent::Accepted { endpoint, .. } => Some(endpoint.clone()),
            _ => None,
        });
        assert_eq!(accepted.await, bound);
        let (_, info) = handshake(&mut events).await;
        assert_eq!((info.socket_type(), info.version()), (SocketType::Push, (3, 1)));
        assert_eq!(info.mechanism().to_string(), "NULL");
        push.event(EventKind::CONNECTED).await.unwrap();
        push.event(EventKind::HANDSHAKE_SUCCEEDED).await.unwrap();

        let pull = libzmq(Pull, move |socket| socket.bind(place));
        let push = PushSocket::new();
        let mut events = push.events();
        push.connect(pull.endpoint()).unwrap();
        event(&mut events, "our connection", |event| {
            matches!(event, SocketEvent::Connected { .. }).then_some(())
        })
        .await;
        let (_, info) = handshake(&mut events).await;
        assert_eq!((info.socket_type(), info.version()), (SocketType::Pull, (3, 1)));
        pull.event(EventKind::ACCEPTED).await.unwrap();
        pull.event(EventKind::HANDSHAKE_SUCCEEDED).await.unwrap();
        within("our PUSH to close", push.close()).await;
        pull.event(EventKind::DISCONNECTED).await.unwrap();
        event(&mut events, "our disconnection", |event| match event {
            SocketEvent::Disconnected { reason: DisconnectReason::Closed, unsent: 0, .. } => {
                Some(())
            }
            _ => None,
        })
        .await;
        while within("the end of the events", events.next()).await.is_some() {}
    }
}

/// The text of the incompatibility.
///
/// `None` if libzmq was faster: it closes as soon as it detects the incompatibility, sometimes
/// before it has sent its own type.
async fn mismatch(events: &mut Events) -> Option<String> {
    match handshake_failure(events).await {
        HandshakeFailure::Protocol(error @ ProtocolError::Incompatible(_)) => {
            Some(error.to_string())
        }
        HandshakeFailure::PeerClosed | HandshakeFailure::Io(_) => None,
        other => panic!("{other:?}"),
    }
}

/// The result at a connecting socket: it retries if libzmq was faster.
async fn mismatch_at_last(events: &mut Events) -> String {
    loop {
        if let Some(told) = mismatch(events).await {
            return told;
        }
    }
}

#[tokio::test]
async fn both_sides_report_incompatible_types() {
    // The connecting socket of this library.
    let publisher = libzmq(Pub, |socket| socket.bind(TCP));
    let req = ReqSocket::new();
    let mut events = req.events();
    req.connect(publisher.endpoint()).unwrap();
    assert_eq!(mismatch_at_last(&mut events).await, "a REQ socket cannot talk to a PUB socket");
    publisher.event(EventKind::DISCONNECTED).await.unwrap();

    // The bound socket of this library serves another peer. libzmq does not reconnect after this.
    let mut rep = RepSocket::new();
    let mut events = rep.events();
    let endpoint = rep.bind(TCP).await.unwrap();
    let good = connected(Req, &endpoint);
    serve(&mut rep, &good).await;
    let bad = connected(Push, &endpoint);
    if let Some(told) = mismatch(&mut events).await {
        assert_eq!(told, "a REP socket cannot talk to a PUSH socket");
    }
    bad.event(EventKind::DISCONNECTED).await.unwrap();
    serve(&mut rep, &good).await;
}

/// An incompatible peer that waits for the reason learns it.
#[tokio::test]
async fn incompatible_peer_is_sent_the_reason() {
    let rep = RepSocket::new();
    let mut events = rep.events();
    let endpoint = rep.bind(TCP).await.unwrap().to_string();
    let mut bad = RawPeer::connect(&endpoint).await;
    bad.handshake(1, "PUSH").await;
    let reason = "a REP socket cannot talk to a PUSH socket";
    let mut error = vec![u8::try_from(reason.len()).unwrap()];
    error.extend_from_slice(reason.as_bytes());
    bad.expect(&command("ERROR", &error)).await;
    assert_eq!(mismatch(&mut events).await.as_deref(), Some(reason));
    assert_eq!(bad.read_to_end().await, b"");
}

/// One request and its reply.
async fn serve(rep: &mut RepSocket, req: &Peer) {
    req.send(["question"]).await.expect("the good peer sends");
    let question = recv(rep, "the good peer's question").await;
    assert_eq!(question, "question");
    send(rep, question).await;
    assert_eq!(req.recv().await.expect("the good peer is answered"), [b"question"]);
}

const MECHANISM_MISMATCH: u32 = 0x1100_0002;

/// A libzmq socket with a mechanism, bound or connected.
fn secured(kind: SocketKind, mechanism: &'static str, connects_to: Option<String>) -> Peer {
    libzmq(kind, move |socket| {
        let (public, secret) = curve_keypair()?;
        match (mechanism, &connects_to) {
            ("PLAIN", None) => socket.set_i32(Opt::PLAIN_SERVER, 1)?,
            ("PLAIN", Some(_)) => {
                socket.set_str(Opt::PLAIN_USERNAME, Some("user"))?;
                socket.set_str(Opt::PLAIN_PASSWORD, Some("password"))?;
            }
            (_, None) => {
                socket.set_i32(Opt::CURVE_SERVER, 1)?;
                socket.set_str(Opt::CURVE_SECRETKEY, Some(&secret))?;
            }
            (_, Some(_)) => {
                socket.set_str(Opt::CURVE_SERVERKEY, Some(&public))?;
                socket.set_str(Opt::CURVE_PUBLICKEY, Some(&public))?;
                socket.set_str(Opt::CURVE_SECRETKEY, Some(&secret))?;
            }
        }
        match &connects_to {
            Some(endpoint) => socket.connect(endpoint),
            None => socket.bind(TCP).map(drop),
        }
    })
}

#[tokio::test]
async fn both_sides_name_the_other_mechanism() {
    for mechanism in ["PLAIN", "CURVE"] {
        let expected =
            format!("peer wants the {mechanism} security mechanism, this side is set to NULL");

        let rep = secured(Rep, mechanism, None);
        let req = ReqSocket::new();
        let mut events = req.events();
        req.connect(rep.endpoint()).unwrap();
        assert_eq!(mismatch_at_last(&mut events).await, expected);
        let told = rep.event(EventKind::HANDSHAKE_FAILED_PROTOCOL).await.unwrap();
        assert_eq!(told.value, MECHANISM_MISMATCH);

        let mut rep = RepSocket::new();
        let mut events = rep.events();
        let endpoint = rep.bind(TCP).await.unwrap().to_string();
        let good = connected(Req, &endpoint);
        serve(&mut rep, &good).await;
        let bad = secured(Req, mechanism, Some(endpoint));
        if let Some(told) = mismatch(&mut events).await {
            assert_eq!(told, expected);
        }
        let told = bad.event(EventKind::HANDSHAKE_FAILED_PROTOCOL).await.unwrap();
        assert_eq!(told.value, MECHANISM_MISMATCH);
        serve(&mut rep, &good).await;
    }
}

#[tokio::test]
async fn second_libzmq_pair_is_rejected() {
    let mut pair = PairSocket::new();
    let mut events = pair.events();
    let endpoint = pair.bind(TCP).await.unwrap();
    let first = connected(Pair, &endpoint);
    handshake(&mut events).await;
    let second = connected(Pair, &endpoint);
    let failure = handshake_failure(&mut events).await;
    assert!(matches!(failure, HandshakeFailure::Rejected(Rejected::Occupied)), "{failure}");
    send(&mut pair, "for the first").await;
    assert_eq!(first.recv().await.unwrap(), [b"for the first"]);
    // The second peer has retried.
    first.stop().await.unwrap();
    handshake(&mut events).await;
    send(&mut pair, "for the second").await;
    assert_eq!(second.recv().await.unwrap(), [b"for the second"]);
}

/// Pseudorandom bytes, the same in every run.
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let bytes = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    });
    bytes.take(200).collect()
}

/// The outcomes of 40 connections that send garbage, at each stage of a connection.
#[tokio::test]
async fn garbage_peers_disturb_no_other_peer() {
    let mut rep = RepSocket::new();
    let mut events = rep.events();
    let endpoint = rep.bind(TCP).await.unwrap().to_string();
    let good = connected(Req, &endpoint);
    handshake(&mut events).await;
    for seed in 0..10 {
        for stage in 0..4 {
            let mut bad = RawPeer::connect(&endpoint).await;
            let mut bytes = noise(seed * 4 + stage);
            match stage {
                0 => {}
                1 => bytes[0] = 0xff,
                2 => bad.greet(1, "NULL").await,
                _ => {
                    bad.handshake(1, "REQ").await;
                    handshake(&mut events).await;
                }
            }
            bad.write(&bytes).await;
            // Some of the garbage may look like the beginning of a long frame.
            drop(bad);
            event(&mut events, format!("the end of {bytes:?}"), |event| match event {
                SocketEvent::HandshakeFailed { .. } if stage < 3 => Some(()),
                SocketEvent::Disconnected { .. } if stage == 3 => Some(()),
                _ => None,
            })
            .await;
            serve(&mut rep, &good).await;
        }
    }
}

#[tokio::test]
async fn garbage_from_listener_is_retried() {
    let listener = RawListener::bind().await;
    let mut push = PushSocket::new();
    let mut events = push.events();
    push.connect(listener.endpoint()).unwrap();
    send(&mut push, "kept").await;
    let mut bad = listener.accept().await;
    bad.write(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let failure = handshake_failure(&mut events).await;
    assert!(matches!(failure, HandshakeFailure::Protocol(_)), "{failure:?}");
    let mut good = listener.accept().await;
    good.handshake(1, "PULL").await;
    good.expect(&message(b"kept")).await;
}

#[tokio::test]
async fn silent_peers_time_out_and_block_no_one() {
    let limit = Duration::from_millis(300);
    let mut rep = RepSocket::builder().handshake_timeout(limit).build();
    let mut events = rep.events();
    let endpoint = rep.bind(TCP).await.unwrap().to_string();
    let mut silent = Vec::new();
    for half in 0..50 {
        let mut peer = RawPeer::connect(&endpoint).await;
        match half % 3 {
            0 => {}
            1 => peer.write(b"\xff\0\0\0\0\0\0\0\0\x7f\x03").await,
            _ => peer.greet(1, "NULL").await,
        }
        silent.push(peer);
    }
    let good = connected(Req, &endpoint);
    serve(&mut rep, &good).await;
    for _ in &silent {
        let failure = handshake_failure(&mut events).await;
        assert!(
            matches!(failure, HandshakeFailure::TimedOut(after) if after == limit),
            "{failure:?}"
        );
    }
    for mut peer in silent {
        peer.read_to_end().await;
    }
    serve(&mut rep, &good).await;
}

#[tokio::test]
async fn silent_listener_is_retried() {
    let listener = RawListener::bind().await;
    let limit = Duration::from_millis(100);
    let mut push = PushSocket::builder().handshake_timeout(limit).build();
    let mut events = push.events();
    push.connect(listener.endpoint()).unwrap();
    send(&mut push, "kept").await;
    let _silent = listener.accept().await;
    let failure = handshake_failure(&mut events).await;
    assert!(matches!(failure, HandshakeFailure::TimedOut(_)), "{failure:?}");
    let mut good = listener.accept().await;
    good.handshake(1, "PULL").await;
    good.expect(&message(b"kept")).await;
}

/// A PULL with a size limit, and a libzmq peer that respects it.
async fn limited(bytes: u64) -> (PullSocket, Events, String, Peer) {
    let pull = PullSocket::builder().max_message_size(bytes).build();
    let mut events = pull.events();
    let endpoint = pull.bind(TCP).await.expect("bound").to_string();
    let good = connected(Push, &endpoint);
    handshake(&mut events).await;
    (pull, events, endpoint, good)
}

#[tokio::test]
async fn oversized_libzmq_message_ends_one_peer() {
    let (mut pull, mut events, endpoint, good) = limited(1000).await;
    let cases = [vec![vec![0; 1001]], vec![vec![0; 600], vec![0; 401]], vec![vec![0; 1_000_000]]];
    for oversized in cases {
        let bad = connected(Push, &endpoint);
        handshake(&mut events).await;
        bad.send([vec![1; 1000]]).await.unwrap();
        assert!(recv(&mut pull, "the allowed message").await == *vec![1; 1000]);
        bad.send(oversized).await.unwrap();
        let reason = disconnected(&mut events).await;
        assert!(
            matches!(reason, DisconnectReason::Protocol(ProtocolError::LimitExceeded(_))),
            "{reason}"
        );
        assert!(reason.to_string().ends_with("and 1000 are allowed"), "{reason}");
        bad.event(EventKind::DISCONNECTED).await.unwrap();
        good.send(["good"]).await.unwrap();
        assert_eq!(recv(&mut pull, "the good peer").await, "good");
        // libzmq reconnects and may continue.
        bad.send(["better"]).await.unwrap();
        assert_eq!(recv(&mut pull, "the bad peer, come back").await, "better");
        handshake(&mut events).await;
    }
}

/// With and without a limit on messages.
#[tokio::test]
async fn excessive_lengths_are_rejected_at_once() {
    for limit in [None, Some(1000)] {
        let builder = PullSocket::builder();
        let mut pull = match limit {
            Some(limit) => builder.max_message_size(limit).build(),
            None => builder.build(),
        };
        let mut events = pull.events();
        let endpoint = pull.bind(TCP).await.unwrap().to_string();
        let good = connected(Push, &endpoint);
        handshake(&mut events).await;
        let headers: [&[u8]; 4] = [
            b"\x02\x80\0\0\0\0\0\0\0",
            b"\x03\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x06\x80\0\0\0\0\0\0\0",
            b"\x06\0\0\0\0\x7f\xff\xff\xff",
        ];
        for header in headers {
            let mut bad = RawPeer::connect(&endpoint).await;
            bad.handshake(1, "PUSH").await;
            handshake(&mut events).await;
            bad.write(header).await;
            let reason = disconnected(&mut events).await;
            assert!(matches!(reason, DisconnectReason::Protocol(_)), "{header:?}: {reason:?}");
            bad.read_to_end().await;
            good.send(["good"]).await.unwrap();
            assert_eq!(recv(&mut pull, "the good peer").await, "good");
        }
        // This frame could be valid: it is an error only when memory ends, and no memory is taken
        // for it.
        let mut bad = RawPeer::connect(&endpoint).await;
        bad.handshake(1, "PUSH").await;
        handshake(&mut events).await;
        bad.write(b"\x02\x7f\xff\xff\xff\xff\xff\xff\xffand so on").await;
        good.send(["good"]).await.unwrap();
        assert_eq!(recv(&mut pull, "the good peer").await, "good");
        drop(bad);
        let reason = disconnected(&mut events).await;
        match limit {
            None => assert!(matches!(reason, DisconnectReason::PeerClosed), "{reason:?}"),
            Some(_) => assert!(matches!(reason, DisconnectReason::Protocol(_)), "{reason:?}"),
        }
    }
}

#[tokio::test]
async fn refusal_keeps_peer_reason_and_is_final() {
    let listener = RawListener::bind().await;
    let push = PushSocket::new();
    let mut events = push.events();
    push.connect(listener.endpoint()).unwrap();
    let mut peer = listener.accept().await;
    peer.greet(1, "NULL").await;
    peer.write(&command("ERROR", b"\x07go away")).await;
    match handshake_failure(&mut events).await {
        HandshakeFailure::Protocol(ProtocolError::Refused { reason }) => {
            assert_eq!(reason, "go away");
        }
        other => panic!("{other:?}"),
    }
    event(&mut events, "the end of the attempts", |event| {
        matches!(event, SocketEvent::ConnectStopped { .. }).then_some(())
    })
    .await;
}
