//! What the tests of this library against libzmq share.
//!
//! - [`within`], [`event`] and [`recv`]: wait, but not for ever, and say for what.
//! - [`libzmq`]: a socket of libzmq. [`End`]: of either library, so that one script drives both.
//! - [`peer`]: one script for a socket of either library that has more to do.
//! - [`Secured`]: either library's part in PLAIN or CURVE.
//! - [`RawPeer`]: a peer that says exactly the bytes it is told to.

mod end;
pub mod peer;
mod port;
mod raw;
mod secured;
mod wait;

use libzmq_peer::{Error, Peer, Socket, SocketKind};

pub use end::{End, Ours, Place, Setup};
pub use port::{Directory, ReservedPort};
pub use raw::{RawListener, RawPeer, cancel_command, command, message, subscribe_command};
pub use secured::{CLIENT, Mechanism, SERVER, Secured, ZapHandler};
pub use wait::{
    DEADLINE, disconnected, event, handshake, handshake_failure, published, recv, send, within,
};

/// A message as libzmq's side has it.
pub type Frames = Vec<Vec<u8>>;

/// Where a test binds over TCP: any free port.
pub const TCP: &str = "tcp://127.0.0.1:*";

/// Where a test binds over ipc: a fresh path.
pub const IPC: &str = "ipc://*";

/// A message of this library as libzmq's side would have it.
pub fn frames(message: &zeromq_async::Message) -> Frames {
    message.frames().iter().map(|frame| frame.to_vec()).collect()
}

/// A socket of libzmq, set up by `setup` on a thread of its own.
///
/// # Panics
///
/// With the error of `setup`.
pub fn libzmq<T, S>(kind: SocketKind, setup: S) -> Peer
where
    S: FnOnce(&Socket) -> Result<T, Error> + Send + 'static,
{
    Peer::spawn(kind, setup).unwrap_or_else(|error| panic!("libzmq's {kind:?}: {error}"))
}
