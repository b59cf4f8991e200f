//! An attacker in the middle changes, drops, repeats or reorders bytes: the connection ends, no
//! altered message is delivered, and other connections are unaffected.
//!
//! Tokio's clock is paused. It advances only while all tasks wait, so a busy machine ends no
//! connection too early.

use std::time::Duration;

use support::fault::{Fault, Kind};
use support::faulty_exchange::{
    ExchangeSocket, Load, Outcome, check_outcomes, echo_requests, exchange_with_fault,
    measure_frames, request_repeatedly, run_faults,
};
use support::relay::{Way, relay};
use support::{ANY_PORT, event, is_pending, within};
use zeromq_async::security::{
    Attempt, CurveKeyPair, Decision, NoiseKeyPair, generate_curve_keys, generate_noise_keys,
};
use zeromq_async::{
    Dealer, DealerSocket, Endpoint, Events, HandshakeFailure, Message, Receives, RouterSocket,
    Sends, Socket, SocketBuilder, SocketEvent, SocketKind,
};

#[tokio::test(start_paused = true)]
async fn curve() {
    let keys = Keys::Curve(generate_curve_keys(), generate_curve_keys());
    let late = tamper(&keys, unprotected_by_curve, passes_curve).await;
    assert!(late < 0.3, "{late} of the faults were not found out, but waited for");
}

#[tokio::test(start_paused = true)]
async fn noise_ik() {
    let keys = Keys::NoiseIk(generate_noise_keys(), generate_noise_keys());
    let late = tamper(&keys, |_| None, |_| false).await;
    assert!(late < 0.3, "{late} of the faults were not found out, but waited for");
}

#[tokio::test(start_paused = true)]
async fn noise_xx() {
    let keys = Keys::NoiseXx(generate_noise_keys(), generate_noise_keys());
    let late = tamper(&keys, |_| None, |_| false).await;
    assert!(late < 0.3, "{late} of the faults were not found out, but waited for");
}

/// Faults that CURVE does not detect, and the reason why each is harmless: bits of the greeting,
/// which is not encrypted and not bound to the handshake (26/CURVEZMQ). NOISE binds the whole
/// greeting.
fn unprotected_by_curve(fault: &Fault) -> Option<&'static str> {
    let Kind::Flip { offset, bits } = fault.kind else { return None };
    if fault.frame > 0 {
        let is_ignored = offset == 0 && [1, 4].contains(&bits);
        return is_ignored
            .then_some("MORE and COMMAND outside of the box: libzmq looks at neither");
    }
    match (offset, bits) {
        (1..=8, _) => Some("padding of the signature; libzmq has a length there"),
        (9, 2..) => Some("the end of the signature: one bit tells old peers"),
        (10, 4..) => Some("a newer major version: such a peer has to speak ours"),
        (11, _) => Some("the minor version: 3.0 spells subscriptions otherwise"),
        (32, _) => Some("as-server: in CURVE the client is the one that sends HELLO"),
        (33..=63, _) => Some("filler"),
        _ => None,
    }
}

/// Dropped records between two messages: 26/CURVEZMQ only requires rising nonces. See
/// [`what_curve_lets_pass`].
fn passes_curve(fault: &Fault) -> bool {
    fault.frame >= 3 && matches!(fault.kind, Kind::DropFrame | Kind::Swap)
}

/// A dropped message is lost without another effect. Within a message, or out of order, the
/// connection ends.
#[tokio::test]
async fn what_curve_lets_pass() {
    let (a, b) = (&["a", "b"][..], &["c"][..]);
    let lost = |number: usize| Fault { way: Way::Up, frame: 3 + number, kind: Kind::DropFrame };
    let swapped = |number: usize| Fault { kind: Kind::Swap, ..lost(number) };
    for (fault, messages, received, ends) in [
        (lost(0), [b, a, b], vec![a, b], false),
        (lost(1), [a, a, b], vec![], true),
        (swapped(2), [a, b, b], vec![a, b], true),
    ] {
        let keys = Keys::Curve(generate_curve_keys(), generate_curve_keys());
        let mut server = Ours::new(keys.server(DealerSocket::builder()));
        let bound = server.socket.bind(ANY_PORT).await.expect("a port");
        let relay = relay(&bound, move |way| fault.alter(way, || {})).await;
        let mut client = client(&keys, "client", relay.endpoint(), LONG);
        client.socket.wait_for_peers(1).await;
        for message in messages {
            let message = message.iter().map(|frame| frame.as_bytes().to_vec()).collect();
            client.send(message).await;
        }
        for expected in received {
            let message = within("a message", server.recv()).await;
            assert_eq!(message, expected.iter().map(|frame| frame.as_bytes()).collect::<Vec<_>>());
        }
        if ends {
            assert!(!within("the end", server.ended_by_time()).await, "{fault:?}");
        }
    }
}

/// A mechanism, and the keys of the server and the client.
enum Keys {
    Curve(CurveKeyPair, CurveKeyPair),
    NoiseIk(NoiseKeyPair, NoiseKeyPair),
    NoiseXx(NoiseKeyPair, NoiseKeyPair),
}

async fn allow_all(_: Attempt) -> Decision {
    Decision::allow()
}

impl Keys {
    fn server<P: SocketKind>(&self, builder: SocketBuilder<P>) -> SocketBuilder<P> {
        match self {
            Self::Curve(server, _) => builder.curve_server(server.clone(), allow_all),
            Self::NoiseIk(server, _) => builder.noise_server(server.clone(), allow_all),
            Self::NoiseXx(server, _) => builder.noise_xx_server(server.clone(), allow_all),
        }
    }

    fn client<P: SocketKind>(&self, builder: SocketBuilder<P>) -> SocketBuilder<P> {
        match self {
            Self::Curve(server, client) => {
                builder.curve_client(client.clone(), *server.public_key())
            }
            Self::NoiseIk(server, client) => {
                builder.noise_client(client.clone(), *server.public_key())
            }
            Self::NoiseXx(_, client) => builder.noise_xx_client(client.clone(), allow_all),
        }
    }

    /// The number of frames per direction before the first record, including the greeting.
    fn handshake(&self) -> [usize; 2] {
        match self {
            Self::Curve(..) | Self::NoiseXx(..) => [3, 3],
            Self::NoiseIk(..) => [3, 2],
        }
    }
}

/// A socket of this library.
struct Ours<P: SocketKind> {
    socket: Socket<P>,
    events: Events,
}

impl<P: Sends + Receives> ExchangeSocket for Ours<P> {
    async fn send(&mut self, message: Vec<Vec<u8>>) {
        self.socket.send(Message::multipart(message)).await.expect("the socket is open");
    }

    async fn recv(&mut self) -> Vec<Vec<u8>> {
        let message = self.socket.recv().await.expect("the socket is open");
        message.frames().iter().map(|frame| frame.to_vec()).collect()
    }

    async fn ended_by_time(&mut self) -> bool {
        event(&mut self.events, "the end of a connection", |event| match event {
            SocketEvent::HandshakeFailed { reason, .. } => {
                Some(matches!(reason, HandshakeFailure::TimedOut(_)))
            }
            SocketEvent::Disconnected { .. } => Some(false),
            _ => None,
        })
        .await
    }
}

impl<P: SocketKind> Ours<P> {
    fn new(builder: SocketBuilder<P>) -> Self {
        // No longer record is waited for.
        let socket = builder.max_message_size(4096).linger(Duration::ZERO).no_reconnect().build();
        let events = socket.events();
        Self { socket, events }
    }
}

fn client(
    keys: &Keys,
    name: &str,
    endpoint: &Endpoint,
    handshake_timeout: Duration,
) -> Ours<Dealer> {
    let builder = DealerSocket::builder().routing_id(name).expect("a short name");
    let client = Ours::new(keys.client(builder).handshake_timeout(handshake_timeout));
    client.socket.handle().connect(endpoint.clone()).expect("an endpoint");
    client
}

const LOAD: Load = Load { connections: 200, active: 4 };

/// If bytes are missing, each side waits for the other until this time.
const SHORT: Duration = Duration::from_secs(1);

/// For faults that have no effect.
const LONG: Duration = Duration::from_secs(60);

/// Applies every fault to a connection of its own. Returns the share of connections that only a
/// time limit ended.
async fn tamper(
    keys: &Keys,
    unprotected: fn(&Fault) -> Option<&'static str>,
    passes: fn(&Fault) -> bool,
) -> f64 {
    let mut server = Ours::new(keys.server(RouterSocket::builder()));
    let bound = server.socket.bind(ANY_PORT).await.expect("a port");
    let (handle, mut events) = (server.socket.handle().clone(), server.socket.events());
    let mut neighbour = client(keys, "neighbour", &bound, LONG);
    let mut neighbours = neighbour.socket.events();

    let attacks = async {
        let measured = async |to: &Endpoint| client(keys, "client-99999", to, LONG);
        let sizes = measure_frames(&bound, "client-99999", measured).await;
        let mut faults = Fault::everywhere(&sizes, keys.handshake());
        faults.retain(|fault| !passes(fault));
        run_faults(faults, LOAD, async |fault, name: &str| {
            let handshake_timeout = if fault.keeps_length() { LONG } else { SHORT };
            let attacked = async |to: &Endpoint| client(keys, name, to, handshake_timeout);
            within(
                format!("{fault:?}").as_str(),
                exchange_with_fault(fault, &bound, name, attacked),
            )
            .await
        })
        .await
    };
    let outcomes: Vec<(Fault, Outcome)> = tokio::select! {
        outcomes = attacks => outcomes,
        never = echo_requests(&mut server) => match never {},
        never = request_repeatedly(&mut neighbour, "neighbour") => match never {},
    };
    // Only the neighbour is left, and it was connected all the time.
    within("the server to let go of the others", async {
        while handle.stats().peers.len() > 1 {
            events.next().await;
        }
    })
    .await;
    assert!(is_pending(support::disconnected(&mut neighbours)));
    check_outcomes(&outcomes, unprotected)
}
