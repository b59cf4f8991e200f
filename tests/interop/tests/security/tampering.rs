//! An attacker between this library and libzmq, with CURVE, changes, drops, repeats or reorders
//! bytes: the connection ends, no altered message is delivered, and other connections are
//! unaffected.

mod theirs;

use std::convert::Infallible;
use std::time::Duration;

use interop::{Frames, TCP, event, libzmq, within};
use libzmq_peer::{Opt, SocketKind};
use support::fault::{Fault, Kind};
use support::faulty_exchange::{
    ExchangeSocket, Load, Outcome, check_outcomes, echo_requests, exchange_with_fault,
    measure_frames, request_repeatedly, run_faults,
};
use support::relay::{Way, relay};
use theirs::{Clients, TheirServer};
use zeromq_async::security::{Attempt, CurveKeyPair, Decision, generate_curve_keys};
use zeromq_async::{
    Dealer, DealerSocket, Endpoint, Events, HandshakeFailure, Message, Receives, RouterSocket,
    Sends, Socket, SocketEvent, SocketKind as Kinds,
};

#[tokio::test]
async fn our_client_with_libzmq_server() {
    let keys = Keys::new();
    let server = TheirServer::start(&keys);
    let bound: Endpoint = server.endpoint.parse().unwrap();
    let connect = |name: &str, to: &Endpoint, handshake_timeout| {
        our_client(&keys, name, to, handshake_timeout)
    };
    let (receives, waiting) = (Way::Up, std::future::pending());
    // The library's own tests limit the share of timeouts. libzmq has a clock of its own.
    tamper(&bound, receives, waiting, connect).await;
    server.stop();
}

#[tokio::test]
async fn libzmq_client_with_our_server() {
    let keys = Keys::new();
    let builder = RouterSocket::builder().curve_server(keys.server.clone(), allow_all);
    let builder = builder.max_message_size(MAX_MESSAGE.into()).linger(Duration::ZERO);
    let socket = builder.build();
    let bound = socket.bind(TCP).await.unwrap();
    let mut server = Ours { events: socket.events(), socket };
    let clients = Clients::start(&keys);
    let connect =
        |name: &str, to: &Endpoint, handshake_timeout| clients.connect(name, to, handshake_timeout);
    tamper(&bound, Way::Down, echo_requests(&mut server), connect).await;
}

/// libzmq takes the outer flags of a record for those of the message inside: an attacker can join
/// messages, which is impossible here. In both libraries nonces only need to rise: an attacker can
/// drop messages.
#[tokio::test]
async fn libzmq_misses_some_tampering() {
    for (kind, expected) in [
        (Kind::Flip { offset: 0, bits: 1 }, &[&["one", "two"][..], &["three"]][..]),
        (Kind::Flip { offset: 0, bits: 4 }, &[&["two"], &["three"]]),
        (Kind::DropFrame, &[&["two"], &["three"]]),
    ] {
        let keys = Keys::new();
        let secret = keys.server.secret_key().to_z85();
        let theirs = libzmq(SocketKind::Dealer, move |socket| {
            socket.set_i32(Opt::CURVE_SERVER, 1)?;
            socket.set_str(Opt::CURVE_SECRETKEY, Some(&secret))?;
            socket.bind(TCP)
        });
        let fault = Fault { way: Way::Up, frame: HANDSHAKE[0], kind };
        let bound = theirs.endpoint().parse().unwrap();
        let relay = relay(&bound, move |way| fault.alter(way, || {})).await;
        let mut ours = our_client(&keys, "client", relay.endpoint(), LONG);
        ours.socket.wait_for_peers(1).await;
        for message in ["one", "two", "three"] {
            interop::send(&mut ours.socket, message).await;
        }
        for expected in expected {
            let expected: Vec<_> = expected.iter().map(|frame| frame.as_bytes()).collect();
            assert_eq!(theirs.recv().await.unwrap(), expected, "{kind:?}");
        }
    }
}

/// Faults that CURVE does not detect, and the reason why each is harmless. libzmq receives in
/// direction `libzmq_receives`, and this library in the other.
fn unprotected(libzmq_receives: Way) -> impl Fn(&Fault) -> Option<&'static str> {
    move |fault| {
        let Kind::Flip { offset, bits } = fault.kind else { return None };
        let by_libzmq = fault.way == libzmq_receives;
        match (fault.frame, offset, bits) {
            (0, 1..=8, _) => Some("padding of the signature; libzmq has a length there"),
            (0, 9, 2..) => Some("the end of the signature: one bit tells old peers"),
            (0, 10, 4..) => Some("a newer major version: such a peer has to speak ours"),
            (0, 10, 1) if by_libzmq => Some("version 2, which libzmq takes for 3"),
            (0, 11, _) => Some("the minor version: 3.0 spells subscriptions otherwise"),
            (0, 32, _) => Some("as-server: in CURVE the client is the one that sends HELLO"),
            (0, 33..=63, _) => Some("filler"),
            (1 | 2, 0, 1 | 4) => Some("MORE and COMMAND, which are ignored before READY"),
            (1 | 2, 0, 8..) if by_libzmq => Some("flags of a command: libzmq reads LONG only"),
            (3.., 0, 1 | 4) if !by_libzmq => Some("MORE and COMMAND outside of the box"),
            (1, 10..=81, _) if by_libzmq && fault.way == Way::Up => {
                Some("padding of HELLO, at which libzmq does not look")
            }
            (3.., 0, 8..) if by_libzmq => Some("reserved flags, at which libzmq does not look"),
            _ => None,
        }
    }
}

/// Whether libzmq continues with changed or missing messages (see
/// [`libzmq_misses_some_tampering`]), or a message is dropped, which 26/CURVEZMQ permits.
fn passes(fault: &Fault, libzmq_receives: Way) -> bool {
    let is_flip = matches!(fault.kind, Kind::Flip { offset: 0, bits: 1 | 4 });
    let is_left_out = matches!(fault.kind, Kind::DropFrame | Kind::Swap);
    let is_known = is_left_out || is_flip && fault.way == libzmq_receives;
    is_known && fault.frame >= HANDSHAKE[0]
}

/// Applies every fault to a connection of its own, as the library's own tests do.
async fn tamper<P: ExchangeSocket>(
    bound: &Endpoint,
    libzmq_receives: Way,
    serve: impl Future<Output = Infallible>,
    connect: impl Fn(&str, &Endpoint, Duration) -> P,
) -> f64 {
    let mut neighbour = connect("neighbour", bound, LONG);
    let attacks = async {
        let measured = async |to: &Endpoint| connect("client-99999", to, LONG);
        let mut faults =
            Fault::everywhere(&measure_frames(bound, "client-99999", measured).await, HANDSHAKE);
        faults.retain(|fault| !passes(fault, libzmq_receives));
        let load = Load { connections: 200, active: 16 };
        run_faults(faults, load, async |fault, name: &str| {
            let goes_on = unprotected(libzmq_receives)(&fault).is_some();
            let handshake_timeout = if goes_on || fault.keeps_length() { LONG } else { SHORT };
            let attacked = async |to: &Endpoint| connect(name, to, handshake_timeout);
            within(format!("{fault:?}"), exchange_with_fault(fault, bound, name, attacked)).await
        })
        .await
    };
    let outcomes: Vec<(Fault, Outcome)> = tokio::select! {
        outcomes = attacks => outcomes,
        never = serve => match never {},
        never = request_repeatedly(&mut neighbour, "neighbour") => match never {},
    };
    check_outcomes(&outcomes, unprotected(libzmq_receives))
}

/// The number of frames per direction before the first record, including the greeting.
const HANDSHAKE: [usize; 2] = [3, 3];

/// If bytes are missing, each side waits for the other until this time.
const SHORT: Duration = Duration::from_secs(3);

/// For faults that have no effect.
const LONG: Duration = Duration::from_secs(50);

/// No longer record is waited for.
const MAX_MESSAGE: u16 = 4096;

/// Both key pairs.
#[derive(Clone)]
struct Keys {
    server: CurveKeyPair,
    client: CurveKeyPair,
}

impl Keys {
    fn new() -> Self {
        Self { server: generate_curve_keys(), client: generate_curve_keys() }
    }
}

async fn allow_all(_: Attempt) -> Decision {
    Decision::allow()
}

/// A socket of this library.
struct Ours<P: Kinds> {
    socket: Socket<P>,
    events: Events,
}

impl<P: Sends + Receives> ExchangeSocket for Ours<P> {
    async fn send(&mut self, message: Frames) {
        self.socket.send(Message::multipart(message)).await.expect("the socket is open");
    }

    async fn recv(&mut self) -> Frames {
        interop::frames(&self.socket.recv().await.expect("the socket is open"))
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

fn our_client(
    keys: &Keys,
    name: &str,
    endpoint: &Endpoint,
    handshake_timeout: Duration,
) -> Ours<Dealer> {
    let builder = DealerSocket::builder()
        .no_reconnect()
        .linger(Duration::ZERO)
        .handshake_timeout(handshake_timeout)
        .max_message_size(MAX_MESSAGE.into())
        .curve_client(keys.client.clone(), *keys.server.public_key());
    let socket = builder.routing_id(name).expect("a short name").build();
    let events = socket.events();
    socket.handle().connect(endpoint.clone()).expect("an endpoint");
    Ours { socket, events }
}
