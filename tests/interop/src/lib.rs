//! Shared support for the tests against libzmq.
//!
//! - [`within`], [`event`] and [`recv`]: waits with a deadline and a description.
//! - [`libzmq`]: a socket of libzmq. [`End`]: a socket of either library, for shared scripts.
//! - [`peer`]: a richer socket of either library, for shared scripts.
//! - [`Secured`]: the role of either library in PLAIN or CURVE.
//! - [`RawPeer`]: a peer that writes exactly the given bytes.

mod end;
pub mod peer;
mod port;
mod raw;
mod secured;
mod wait;

use libzmq_peer::{Error, Peer, Socket, SocketKind};

pub use end::{Attach, End, Ours, Setup};
pub use port::{Directory, ReservedPort};
pub use raw::{RawListener, RawPeer, cancel_command, command, message, subscribe_command};
pub use secured::{CLIENT, Mechanism, SERVER, Secured, ZapHandler};
pub use wait::{
    DEADLINE, disconnected, event, handshake, handshake_failure, publish_until_received, recv,
    send, while_called, within,
};

/// A message in libzmq's form.
pub type Frames = Vec<Vec<u8>>;

/// An endpoint to bind over TCP: any free port.
pub const TCP: &str = "tcp://127.0.0.1:*";

/// An endpoint to bind over ipc: a fresh path.
pub const IPC: &str = "ipc://*";

/// An endpoint to bind over WebSocket: any free port.
pub const WS: &str = "ws://127.0.0.1:*";

/// Converts a message of this library to libzmq's form.
pub fn frames(message: &zeromq_async::Message) -> Frames {
    message.frames().iter().map(|frame| frame.to_vec()).collect()
}

/// A socket of libzmq on its own thread, configured by `setup`.
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
