//! Each pair of types, with this library on each side and each side bound, over tcp, ipc and ws: bodies of
//! every kind of size, and 10,000 messages in order. The same with PLAIN and CURVE.

use std::fmt;

use interop::{Attach, IPC, Mechanism, Secured, TCP, WS};
use libzmq_peer::SocketKind::{self, Channel, Client, Gather, Peer, Scatter, Server};

use crate::end::{Address, End, Setup};

const PAIRS: [(SocketKind, SocketKind); 4] =
    [(Client, Server), (Scatter, Gather), (Peer, Peer), (Channel, Channel)];

/// Empty, the limits of short frames, libzmq's read size, and much more.
const SIZES: [usize; 7] = [0, 1, 255, 256, 8192, 65_536, 1_048_576];

const MANY: u32 = 10_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_frame_sockets_over_tcp() {
    run(TCP).await;
}

#[tokio::test]
async fn one_frame_sockets_over_ipc() {
    run(IPC).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_frame_sockets_over_ws() {
    run(WS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_frame_sockets_with_plain() {
    run_secured(Mechanism::Plain).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_frame_sockets_with_curve() {
    run_secured(Mechanism::Curve).await;
}

#[derive(Clone, Copy)]
struct Cell {
    kinds: (SocketKind, SocketKind),
    first_is_ours: bool,
    first_binds: bool,
    place: &'static str,
    /// The mechanism, and whether the first socket is its server.
    secured: Option<(Mechanism, bool)>,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kinds: (first, second), first_is_ours, first_binds, place, secured } = self;
        let (ours, theirs) = if *first_is_ours { (first, second) } else { (second, first) };
        let binds = if first_is_ours == first_binds { "ours" } else { "libzmq's" };
        write!(f, "our {ours:?} and libzmq's {theirs:?}, {binds} bound to {place}, {secured:?}")
    }
}

async fn run(place: &'static str) {
    for kinds in PAIRS {
        for first_is_ours in [true, false] {
            for first_binds in [true, false] {
                exchange(Cell { kinds, first_is_ours, first_binds, place, secured: None }).await;
            }
        }
    }
}

/// The server binds over tcp, the client over ipc.
async fn run_secured(mechanism: Mechanism) {
    for kinds in PAIRS {
        for first_is_ours in [true, false] {
            for first_is_server in [true, false] {
                for (place, server_binds) in [(TCP, true), (IPC, false)] {
                    let first_binds = first_is_server == server_binds;
                    let secured = Some((mechanism, first_is_server));
                    exchange(Cell { kinds, first_is_ours, first_binds, place, secured }).await;
                }
            }
        }
    }
}

async fn exchange(cell: Cell) {
    let part = |is_first| {
        let role = |(mechanism, first)| Secured { mechanism, is_server: is_first == first };
        Setup { secured: cell.secured.map(role), ..Setup::default() }
    };
    let (first, second) = cell.kinds;
    let (ours_first, bind) = (cell.first_is_ours, Attach::Bind(cell.place));
    let (one, other, to_bound) = if cell.first_binds {
        let (one, at, _) = End::new(first, ours_first, part(true), bind).await;
        let connect = Attach::Connect(&at);
        let (other, _, to_one) = End::new(second, !ours_first, part(false), connect).await;
        (one, other, to_one)
    } else {
        let (other, at, _) = End::new(second, !ours_first, part(false), bind).await;
        let connect = Attach::Connect(&at);
        let (one, _, to_other) = End::new(first, ours_first, part(true), connect).await;
        (one, other, to_other)
    };
    match cell.kinds {
        (Scatter, Gather) => drop(pass(cell, &one, 0, &other).await),
        (Peer, Peer) if cell.first_binds => converse(cell, &other, to_bound, &one).await,
        (Peer, Peer) => converse(cell, &one, to_bound, &other).await,
        _ => converse(cell, &one, 0, &other).await,
    }
}

/// Messages from the one that knows the address of the other, and back.
async fn converse(cell: Cell, one: &End, to_other: Address, other: &End) {
    let to_one = pass(cell, one, to_other, other).await;
    let from_other = pass(cell, other, to_one, one).await;
    assert_eq!(from_other, to_other, "{cell}: the address of a peer stays");
}

/// All messages one way. Returns the address of the sender.
async fn pass(cell: Cell, from: &End, to: Address, receiver: &End) -> Address {
    let bodies: Vec<Vec<u8>> = SIZES.iter().map(|&size| bytes(size)).collect();
    let many = (0..MANY).map(|number| number.to_be_bytes().to_vec());
    let sent: Vec<Vec<u8>> = bodies.into_iter().chain(many).collect();
    let what = format!("{cell}");
    let sending = from.send_all(&what, to, sent.clone());
    let ((), (address, received)) = tokio::join!(sending, receiver.recv_all(&what, sent.len()));
    let differs = sent.iter().zip(&received).position(|(sent, received)| sent != received);
    assert_eq!(differs, None, "{cell}: the first message that differs");
    address
}

/// Bytes that differ by position.
fn bytes(size: usize) -> Vec<u8> {
    (0..=250).cycle().take(size).collect()
}
