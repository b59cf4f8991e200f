//! What the tests of this library against libzmq share.
//!
//! - [`within`] and [`event`]: wait, but not for ever, and say for what.
//! - [`End`]: a socket of either library, so that one script drives both.
//! - [`RawPeer`]: a peer that says exactly the octets it is told to.

mod end;
mod raw;
mod wait;

pub use end::{End, Place, Setup};
pub use raw::{RawListener, RawPeer, cancel_command, command, message, subscribe_command};
pub use wait::{DEADLINE, event, handshake, within};

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
