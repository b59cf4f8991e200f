//! One script for a socket of either library: what it is told and what it answers.

mod ours;
mod settings;
mod theirs;
mod words;

use std::time::Duration;

pub use ours::Ours;
pub use settings::Settings;
pub use theirs::Theirs;
pub use words::{Answer, Request};

use crate::Frames;

/// A socket of either library.
///
/// What a library cannot do or does not tell is an answer too: the tests compare answers.
#[allow(async_fn_in_trait, reason = "for tests, which await it where it is")]
pub trait Peer: Sized {
    /// Which library's it is.
    const LIBRARY: Library;

    /// Makes one, neither bound nor connected.
    async fn start(settings: &Settings) -> Self;

    /// Binds, and says where.
    async fn bind(&mut self, endpoint: &str) -> String;

    /// Connects.
    async fn connect(&mut self, endpoint: &str);

    /// Sends a message, and waits for room for it no longer than this.
    async fn send(&mut self, message: Frames, within: Duration) -> Sent;

    /// Sends a message if there is room for it, again and again up to `count` times, and says how
    /// often there was.
    async fn pour(&mut self, message: Frames, count: usize) -> usize;

    /// The next message, if it comes within this time.
    async fn recv(&mut self, within: Duration) -> Option<Frames>;

    /// Subscribes a SUB.
    async fn subscribe(&mut self, topic: &[u8]);

    /// Takes a subscription back.
    async fn unsubscribe(&mut self, topic: &[u8]);

    /// Whether this happens to one of its connections within the time, or has happened already.
    /// Each that happens is told once.
    async fn happens(&mut self, happening: Happening, within: Duration) -> bool;

    /// How many messages it has dropped of those it took, if it says so.
    async fn dropped(&mut self) -> Option<u64>;

    /// Closes it, and waits until it is closed, with its linger time, no longer than this.
    async fn close(self, within: Duration) -> Closed;
}

/// Whose socket it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum Library {
    Ours,
    Libzmq,
}

/// What became of a message that was to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The socket has it.
    Taken,
    /// There was no room for it in time.
    Full,
    /// The socket does not want it.
    Refused,
}

/// Something that a socket tells of its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// A connection was accepted.
    Accepted,
    /// A handshake is done.
    Ready,
    /// A handshake has failed, for whatever reason.
    HandshakeFailed,
    /// A connection that was ready has ended.
    Disconnected,
    /// A connect has failed and will be tried again.
    Retried,
}

/// How a close went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// It returned.
    Returned {
        /// How many messages were not sent, if it says so.
        unsent: Option<usize>,
    },
    /// It still waits.
    Waits,
}
