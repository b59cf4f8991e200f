//! NOISE on sockets: every pattern, authentication, and rejected fallbacks.

use std::time::Duration;

use support::fault::{Fault, Kind};
use support::relay::{Way, relay, unaltered};
use support::{
    ANY_PORT, ReservedPort, disconnected, event, fast_reconnect, handshake_succeeded, is_pending,
    within,
};
use zeromq_async::security::{
    Attempt, Credentials, Decision, DenyStatus, NoiseKeyPair, NoisePublicKey, generate_noise_keys,
};
use zeromq_async::{
    DealerSocket, DisconnectReason, Events, HandshakeFailure, MechanismName, Message, PairSocket,
    PeerIncompatible, PeerInfo, PeerUntrusted, ProtocolError, PubSocket, PullSocket, PushSocket,
    Receives, RepSocket, ReqSocket, RouterSocket, Sends, Socket, SocketBuilder, SocketEvent,
    SocketKind, SubSocket, XPubSocket, XSubSocket,
};
use zeromq_test::{Ending, Fault as Mishap};

/// The handshakes of NOISE.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Handshake {
    Ik,
    Xx,
}

impl Handshake {
    const ALL: [Self; 2] = [Self::Ik, Self::Xx];

    fn mechanism(self) -> MechanismName {
        match self {
            Self::Ik => MechanismName::NOISE_IK,
            Self::Xx => MechanismName::NOISE_XX,
        }
    }

    /// Makes the socket a client of the server with this key.
    fn client<P: SocketKind>(
        self,
        builder: SocketBuilder<P>,
        keys: &NoiseKeyPair,
        server: &NoisePublicKey,
    ) -> SocketBuilder<P> {
        let builder = builder.linger(Duration::ZERO).reconnect(fast_reconnect());
        match self {
            Self::Ik => builder.noise_client(keys.clone(), *server),
            Self::Xx => builder.noise_xx_client(keys.clone(), only(server)),
        }
    }

    /// Makes the socket a server of the client with this key.
    fn server<P: SocketKind>(
        self,
        builder: SocketBuilder<P>,
        keys: &NoiseKeyPair,
        client: &NoisePublicKey,
    ) -> SocketBuilder<P> {
        let builder = builder.linger(Duration::ZERO).reconnect(fast_reconnect());
        match self {
            Self::Ik => builder.noise_server(keys.clone(), only(client)),
            Self::Xx => builder.noise_xx_server(keys.clone(), only(client)),
        }
    }
}

/// Accepts the client with this key as "known".
fn only(key: &NoisePublicKey) -> impl zeromq_async::security::Authenticator + use<> {
    let known = Credentials::PublicKey(*key.as_bytes());
    move |attempt: Attempt| {
        assert_eq!(attempt.request.mechanism, MechanismName::NOISE);
        let decision = if attempt.request.credentials == known {
            Decision::allow_as("known")
        } else {
            Decision::Deny(DenyStatus::AuthenticationFailure)
        };
        async move { decision }
    }
}

/// How two sockets connect.
#[derive(Clone, Copy, Debug)]
struct Case {
    handshake: Handshake,
    first_is_server: bool,
    first_binds: bool,
}

impl Case {
    /// Each handshake with each side as the server, and both ways of binding.
    fn all() -> [Self; 4] {
        [
            (Handshake::Ik, true),
            (Handshake::Ik, false),
            (Handshake::Xx, true),
            (Handshake::Xx, false),
        ]
        .map(|(handshake, first_is_server)| Self {
            handshake,
            first_is_server,
            first_binds: handshake == Handshake::Ik,
        })
    }

    /// Builds two sockets and connects them.
    async fn connect_sockets<A: SocketKind, B: SocketKind>(
        self,
        first: SocketBuilder<A>,
        second: SocketBuilder<B>,
    ) -> (Socket<A>, Socket<B>) {
        let keys = [generate_noise_keys(), generate_noise_keys()];
        let [one, other] = &keys;
        let (first, second) = if self.first_is_server {
            (
                self.handshake.server(first, one, other.public_key()),
                self.handshake.client(second, other, one.public_key()),
            )
        } else {
            (
                self.handshake.client(first, one, other.public_key()),
                self.handshake.server(second, other, one.public_key()),
            )
        };
        let (first, second) = (first.build(), second.build());
        if self.first_binds {
            second.connect(first.bind(ANY_PORT).await.expect("a port")).expect("an endpoint");
        } else {
            first.connect(second.bind(ANY_PORT).await.expect("a port")).expect("an endpoint");
        }
        within("the first's peer", first.wait_for_peers(1)).await;
        within("the second's peer", second.wait_for_peers(1)).await;
        (first, second)
    }
}

/// Sizes around the limits of frames, inline bodies, shared bodies and records.
const SIZES: [usize; 12] = [0, 1, 64, 65, 255, 256, 8191, 8192, 65_518, 65_519, 65_520, 1 << 20];

fn body(size: usize) -> Vec<u8> {
    (2..=251).cycle().take(size).collect()
}

fn messages() -> impl Iterator<Item = Vec<Vec<u8>>> {
    let parts = vec![body(0), body(1), body(300), body(100_000), body(0)];
    SIZES.into_iter().map(|size| vec![body(size)]).chain([parts])
}

async fn send<P: Sends>(socket: &mut Socket<P>, message: &[Vec<u8>]) {
    let message = Message::multipart(message.iter().cloned());
    within("a message to be sent", socket.send(message)).await.expect("a peer");
}

async fn recv<P: Receives>(socket: &mut Socket<P>) -> Vec<Vec<u8>> {
    let message = within("a message", socket.recv()).await.expect("a message");
    message.frames().iter().map(|frame| frame.to_vec()).collect()
}

fn behind(envelope: &[&[u8]], message: &[Vec<u8>]) -> Vec<Vec<u8>> {
    envelope.iter().map(|frame| frame.to_vec()).chain(message.iter().cloned()).collect()
}

/// Sends all messages one way.
async fn pass<A: Sends, B: Receives>(from: &mut Socket<A>, to: &mut Socket<B>, case: Case) {
    for message in messages() {
        send(from, &message).await;
        assert!(recv(to).await == message, "{case:?}: {} bytes", message[0].len());
    }
}

#[tokio::test]
async fn push_to_pull_and_pair_to_pair() {
    for case in Case::all() {
        let (mut push, mut pull) =
            case.connect_sockets(PushSocket::builder(), PullSocket::builder()).await;
        pass(&mut push, &mut pull, case).await;
        let (mut one, mut other) =
            case.connect_sockets(PairSocket::builder(), PairSocket::builder()).await;
        pass(&mut one, &mut other, case).await;
        pass(&mut other, &mut one, case).await;
    }
}

#[tokio::test]
async fn req_to_rep_and_dealer_to_dealer() {
    for case in Case::all() {
        let (mut req, mut rep) =
            case.connect_sockets(ReqSocket::builder(), RepSocket::builder()).await;
        for message in messages() {
            send(&mut req, &message).await;
            assert!(recv(&mut rep).await == message, "{case:?}");
            send(&mut rep, &message).await;
            assert!(recv(&mut req).await == message, "{case:?}");
        }
        let builders = (DealerSocket::builder(), DealerSocket::builder());
        let (mut one, mut other) = case.connect_sockets(builders.0, builders.1).await;
        pass(&mut one, &mut other, case).await;
        pass(&mut other, &mut one, case).await;
    }
}

#[tokio::test]
async fn req_to_router_and_dealer_to_rep() {
    for case in Case::all() {
        let req = ReqSocket::builder().routing_id("req").unwrap();
        let (mut req, mut router) = case.connect_sockets(req, RouterSocket::builder()).await;
        let (mut dealer, mut rep) =
            case.connect_sockets(DealerSocket::builder(), RepSocket::builder()).await;
        for message in messages() {
            let enveloped = behind(&[b"req", b""], &message);
            send(&mut req, &message).await;
            assert!(recv(&mut router).await == enveloped, "{case:?}");
            send(&mut router, &enveloped).await;
            assert!(recv(&mut req).await == message, "{case:?}");

            let enveloped = behind(&[b""], &message);
            send(&mut dealer, &enveloped).await;
            assert!(recv(&mut rep).await == message, "{case:?}");
            send(&mut rep, &message).await;
            assert!(recv(&mut dealer).await == enveloped, "{case:?}");
        }
    }
}

#[tokio::test]
async fn dealer_to_router_and_router_to_router() {
    for case in Case::all() {
        let dealer = DealerSocket::builder().routing_id("dealer").unwrap();
        let (mut dealer, mut router) = case.connect_sockets(dealer, RouterSocket::builder()).await;
        let named_router = |name| RouterSocket::builder().routing_id(name).unwrap().mandatory(true);
        let (mut one, mut other) =
            case.connect_sockets(named_router("one"), named_router("other")).await;
        for message in messages() {
            let named = behind(&[b"dealer"], &message);
            send(&mut dealer, &message).await;
            assert!(recv(&mut router).await == named, "{case:?}");
            send(&mut router, &named).await;
            assert!(recv(&mut dealer).await == message, "{case:?}");

            send(&mut one, &behind(&[b"other"], &message)).await;
            assert!(recv(&mut other).await == behind(&[b"one"], &message), "{case:?}");
        }
    }
}

#[tokio::test]
async fn publishers_to_subscribers() {
    for case in Case::all() {
        let (mut xpub, mut xsub) =
            case.connect_sockets(XPubSocket::builder(), XSubSocket::builder()).await;
        send(&mut xsub, &[vec![1]]).await;
        assert_eq!(recv(&mut xpub).await, [[1]]);
        pass(&mut xpub, &mut xsub, case).await;
        pass(&mut xsub, &mut xpub, case).await; // upstream

        let sub = SubSocket::builder().subscribe("");
        let (mut xpub, mut sub) = case.connect_sockets(XPubSocket::builder(), sub).await;
        assert_eq!(recv(&mut xpub).await, [[1]]);
        pass(&mut xpub, &mut sub, case).await;
    }
}

/// A PUB is not notified of a subscription, so no subscriber receives what it publishes until then.
#[tokio::test]
async fn pub_to_sub_and_to_xsub() {
    for case in Case::all() {
        let sub = SubSocket::builder().subscribe("");
        let (mut publisher, mut sub) = case.connect_sockets(PubSocket::builder(), sub).await;
        publish_until_received(&mut publisher, &mut sub).await;
        pass(&mut publisher, &mut sub, case).await;

        let (mut publisher, mut xsub) =
            case.connect_sockets(PubSocket::builder(), XSubSocket::builder()).await;
        send(&mut xsub, &[vec![1]]).await;
        publish_until_received(&mut publisher, &mut xsub).await;
        pass(&mut publisher, &mut xsub, case).await;
    }
}

/// Publishes until the subscriber receives.
async fn publish_until_received<A: Sends, B: Receives>(
    publisher: &mut Socket<A>,
    subscriber: &mut Socket<B>,
) {
    let publishing = async {
        loop {
            publisher.send("begin").await.expect("a PUB sends");
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        first = recv(subscriber) => assert_eq!(first, [b"begin"]),
        () = publishing => {}
    }
    publisher.send("end").await.expect("a PUB sends");
    while recv(subscriber).await != [b"end"] {}
}

#[tokio::test]
async fn subscriptions_are_resent_on_reconnect() {
    for handshake in Handshake::ALL {
        let (server, client) = (generate_noise_keys(), generate_noise_keys());
        let builder = handshake.server(XPubSocket::builder(), &server, client.public_key());
        let mut xpub = builder.build();
        let builder = handshake.client(SubSocket::builder(), &client, server.public_key());
        let mut sub = builder.subscribe("a").build();
        let relay = relay(&xpub.bind(ANY_PORT).await.unwrap(), |_| unaltered()).await;
        sub.connect(relay.endpoint()).unwrap();
        assert_eq!(recv(&mut xpub).await, [b"\x01a"]);
        sub.subscribe("b");
        assert_eq!(recv(&mut xpub).await, [b"\x01b"]);
        sub.unsubscribe("a");
        assert_eq!(recv(&mut xpub).await, [b"\x00a"]);
        for topic in ["a1", "b1"] {
            xpub.send(topic).await.unwrap();
        }
        assert_eq!(recv(&mut sub).await, [b"b1"]);
        relay.end(Ending::Cut);
        assert_eq!(recv(&mut xpub).await, [b"\x00b"], "the end of the connection");
        assert_eq!(recv(&mut xpub).await, [b"\x01b"], "the next connection");
        xpub.send("b2").await.unwrap();
        assert_eq!(recv(&mut sub).await, [b"b2"]);
    }
}

#[tokio::test]
async fn reconnect_uses_new_session_keys() {
    for handshake in Handshake::ALL {
        let (server, client) = (generate_noise_keys(), generate_noise_keys());
        let builder = handshake.server(PullSocket::builder(), &server, client.public_key());
        let mut pull = builder.build();
        let builder = handshake.client(PushSocket::builder(), &client, server.public_key());
        let mut push = builder.build();
        let (mut pulls, mut pushes) = (pull.events(), push.events());
        let relay = relay(&pull.bind(ANY_PORT).await.unwrap(), |_| unaltered()).await;
        push.connect(relay.endpoint()).unwrap();
        for round in 0..3 {
            handshake_succeeded(&mut pushes).await;
            push.send(format!("round {round}")).await.unwrap();
            let received = within("the message", pull.recv()).await.unwrap();
            assert_eq!(received, format!("round {round}").as_str());
            relay.end(Ending::Cut);
            disconnected(&mut pulls).await;
            disconnected(&mut pushes).await;
        }
    }
}

#[tokio::test]
async fn heartbeats_keep_idle_and_end_silent_peers() {
    let [one, other] = Handshake::ALL.map(|handshake| async move {
        let (server, client) = (generate_noise_keys(), generate_noise_keys());
        let builder = handshake.server(PairSocket::builder(), &server, client.public_key());
        let mut one = builder.build();
        let beating = PairSocket::builder()
            .heartbeat_interval(Duration::from_millis(5))
            .heartbeat_timeout(Duration::from_secs(1));
        let mut other = handshake.client(beating, &client, server.public_key()).build();
        let (mut ones, mut others) = (one.events(), other.events());
        let relay = relay(&one.bind(ANY_PORT).await.unwrap(), |_| unaltered()).await;
        other.connect(relay.endpoint()).unwrap();
        handshake_succeeded(&mut others).await;
        handshake_succeeded(&mut ones).await;
        // A PING and a PONG in their records have about 30 bytes.
        let beats = async {
            tokio::join!(relay.wait_for_bytes(Way::Up, 300), relay.wait_for_bytes(Way::Down, 300))
        };
        within("heartbeats", beats).await;
        assert!(is_pending(disconnected(&mut others)) && is_pending(disconnected(&mut ones)));
        other.send("still here").await.unwrap();
        assert_eq!(within("the message", one.recv()).await.unwrap(), "still here");
        one.send("here too").await.unwrap();
        assert_eq!(within("the message", other.recv()).await.unwrap(), "here too");
        for way in Way::BOTH {
            relay.fault(way, Mishap::BlackHole);
        }
        let reason = ended(&mut others).await;
        assert!(matches!(reason, DisconnectReason::HeartbeatTimedOut), "{reason}");
    });
    tokio::join!(one, other);
}

async fn ended(events: &mut Events) -> DisconnectReason {
    event(events, "a peer to disconnect", |event| match event {
        SocketEvent::Disconnected { reason, .. } => Some(reason),
        _ => None,
    })
    .await
}

async fn failure(events: &mut Events) -> HandshakeFailure {
    event(events, "a failed handshake", |event| match event {
        SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
        SocketEvent::HandshakeSucceeded { .. } => panic!("the handshake succeeded"),
        _ => None,
    })
    .await
}

async fn stopped(events: &mut Events) {
    event(events, "the end of the attempts", |event| match event {
        SocketEvent::ConnectStopped { .. } => Some(()),
        _ => None,
    })
    .await;
}

async fn met(events: &mut Events) -> PeerInfo {
    event(events, "a handshake", |event| match event {
        SocketEvent::HandshakeSucceeded { info, .. } => Some(info),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn both_sides_learn_the_peer_key() {
    for handshake in Handshake::ALL {
        let (server, client) = (generate_noise_keys(), generate_noise_keys());
        let builder = handshake.server(PullSocket::builder(), &server, client.public_key());
        let pull = builder.build();
        let builder = handshake.client(PushSocket::builder(), &client, server.public_key());
        let push = builder.build();
        let (mut pulls, mut pushes) = (pull.events(), push.events());
        push.connect(pull.bind(ANY_PORT).await.unwrap()).unwrap();
        let (push, pull) = (met(&mut pulls).await, met(&mut pushes).await);
        assert_eq!(push.mechanism(), handshake.mechanism());
        assert_eq!(push.public_key(), Some(client.public_key().as_bytes()));
        assert_eq!(push.user_id(), Some("known"));
        assert_eq!(pull.mechanism(), handshake.mechanism());
        assert_eq!(pull.public_key(), Some(server.public_key().as_bytes()));
        // A client of XX authenticates the server too.
        let decided = handshake == Handshake::Xx;
        assert_eq!(pull.user_id(), decided.then_some("known"));
    }
}

#[tokio::test]
async fn unknown_client_is_refused_on_both_sides() {
    for handshake in Handshake::ALL {
        let (server, known, client) =
            (generate_noise_keys(), generate_noise_keys(), generate_noise_keys());
        let builder = handshake.server(PullSocket::builder(), &server, known.public_key());
        let pull = builder.build();
        let builder = handshake.client(PushSocket::builder(), &client, server.public_key());
        let mut push = builder.build();
        let (mut pulls, mut pushes) = (pull.events(), push.events());
        push.connect(pull.bind(ANY_PORT).await.unwrap()).unwrap();
        push.send("not delivered").await.unwrap();
        let refuser = failure(&mut pulls).await;
        assert!(is_400(&refuser), "{refuser}");
        let refused = failure(&mut pushes).await;
        let told = ProtocolError::Refused { reason: "400".into() };
        assert!(is(&refused, &told), "{refused}");
        stopped(&mut pushes).await;
        assert!(pull.stats().peers.is_empty());
    }
}

fn is_400(failure: &HandshakeFailure) -> bool {
    let status = DenyStatus::AuthenticationFailure;
    matches!(failure, HandshakeFailure::Denied { status: denied, .. } if *denied == status)
}

fn is(failure: &HandshakeFailure, expected: &ProtocolError) -> bool {
    matches!(failure, HandshakeFailure::Protocol(error) if error == expected)
}

#[tokio::test]
async fn xx_hides_client_key_from_unknown_server() {
    let (server, known, client) =
        (generate_noise_keys(), generate_noise_keys(), generate_noise_keys());
    // It would accept any client and learn its identity.
    let unreachable = |_: Attempt| async { panic!("the server learned the client's key") };
    let pull = PullSocket::builder().noise_xx_server(server, unreachable).build();
    let builder = Handshake::Xx.client(PushSocket::builder(), &client, known.public_key());
    let push = builder.build();
    let (mut pulls, mut pushes) = (pull.events(), push.events());
    push.connect(pull.bind(ANY_PORT).await.unwrap()).unwrap();
    let refuser = failure(&mut pushes).await;
    assert!(is_400(&refuser), "{refuser}");
    stopped(&mut pushes).await;
    let refused = failure(&mut pulls).await;
    assert!(is(&refused, &ProtocolError::Refused { reason: "400".into() }), "{refused}");
}

/// With IK, a server with another key cannot read anything. The client retries, because another
/// server may take the address.
#[tokio::test]
async fn ik_hides_client_key_from_wrong_server() {
    let (server, wrong, client) =
        (generate_noise_keys(), generate_noise_keys(), generate_noise_keys());
    let place = ReservedPort::new();
    let builder = Handshake::Ik.client(PushSocket::builder(), &client, server.public_key());
    let mut push = builder.build();
    let mut pushes = push.events();
    push.connect(place.endpoint()).unwrap();
    push.send("for the right one").await.unwrap();

    let unreachable = |_: Attempt| async { panic!("the server learned the client's key") };
    let impostor = PullSocket::builder().noise_server(wrong, unreachable).build();
    let mut impostors = impostor.events();
    impostor.bind(place.endpoint()).await.unwrap();
    for _ in 0..3 {
        let reason = failure(&mut impostors).await;
        let unopened = ProtocolError::Untrusted(PeerUntrusted::Unopened("handshake message"));
        assert!(is(&reason, &unopened), "{reason}");
        let reason = failure(&mut pushes).await;
        assert!(matches!(reason, HandshakeFailure::ServerKey), "{reason}");
    }
    within("the impostor to end", impostor.close()).await;

    let builder = Handshake::Ik.server(PullSocket::builder(), &server, client.public_key());
    let mut pull = builder.build();
    pull.bind(place.endpoint()).await.unwrap();
    let received = within("the message", pull.recv()).await.unwrap();
    assert_eq!(received, "for the right one");
}

/// Neither an empty command, nor the other handshake, nor the same step twice.
#[tokio::test]
async fn other_mechanism_is_refused_by_either_side() {
    let (server, client) = (generate_noise_keys(), generate_noise_keys());
    for handshake in Handshake::ALL {
        let builder = handshake.server(PullSocket::builder(), &server, client.public_key());
        let mut pull = builder.build();
        let mut pulls = pull.events();
        let endpoint = pull.bind(ANY_PORT).await.unwrap();
        let other = Handshake::ALL[usize::from(handshake == Handshake::Ik)];
        let quickly = || PushSocket::builder().linger(Duration::ZERO).reconnect(fast_reconnect());
        let different = [
            (quickly(), MechanismName::NULL),
            (quickly().plain_client("known", "").unwrap(), MechanismName::PLAIN),
            (other.client(quickly(), &client, server.public_key()), other.mechanism()),
        ];
        for (builder, theirs) in different {
            let mut push = builder.build();
            let mut pushes = push.events();
            push.connect(&endpoint).unwrap();
            push.send("not delivered").await.unwrap();
            let ours = handshake.mechanism();
            let reason = failure(&mut pulls).await;
            let expected = PeerIncompatible::Mechanism { ours, theirs }.into();
            assert!(is(&reason, &expected), "{reason}");
            failure(&mut pushes).await;
            within("the other to end", push.close()).await;
        }
        let builder = handshake.server(quickly(), &client, server.public_key());
        let push = builder.build();
        push.connect(&endpoint).unwrap();
        let expected = ProtocolError::from(PeerIncompatible::Role { as_server: true });
        event(&mut pulls, "two servers to meet", |event| match event {
            SocketEvent::HandshakeFailed { reason, .. } => is(&reason, &expected).then_some(()),
            _ => None,
        })
        .await;
        within("the other to end", push.close()).await;

        let mut push = handshake.client(quickly(), &client, server.public_key()).build();
        push.connect(&endpoint).unwrap();
        push.send("let in").await.unwrap();
        assert_eq!(within("the message", pull.recv()).await.unwrap(), "let in");
    }
}

/// An attacker in the middle could make both sides believe that the other is configured with
/// something less, or change unused bytes.
#[tokio::test]
async fn altered_greeting_fails_the_handshake() {
    /// The version's second byte, the mechanism with its padding, the role and the filler.
    const PLACES: [usize; 7] = [11, 12, 19, 31, 32, 33, 63];
    let (server, client) = (generate_noise_keys(), generate_noise_keys());
    for handshake in Handshake::ALL {
        for (place, altered) in
            PLACES.into_iter().flat_map(|place| Way::BOTH.map(|way| (place, way)))
        {
            let builder = handshake.server(PullSocket::builder(), &server, client.public_key());
            let pull = builder.build();
            let builder = PushSocket::builder().handshake_timeout(Duration::from_secs(5));
            let builder = handshake.client(builder, &client, server.public_key());
            let push = builder.no_reconnect().build();
            let (mut pulls, mut pushes) = (pull.events(), push.events());
            let bound = pull.bind(ANY_PORT).await.unwrap();
            let kind = Kind::Flip { offset: place, bits: 1 };
            let fault = Fault { way: altered, frame: 0, kind };
            let relay = relay(&bound, move |way| fault.alter(way, || {})).await;
            push.connect(relay.endpoint()).unwrap();
            // `failure` panics if the handshake succeeds.
            failure(&mut pulls).await;
            failure(&mut pushes).await;
        }
    }
}
