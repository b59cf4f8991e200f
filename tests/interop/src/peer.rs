//! A socket of either library for shared scripts.

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
/// Unsupported and unreported things have values of their own, so that tests can compare them.
#[allow(async_fn_in_trait, reason = "for tests, which await it where it is")]
pub trait Peer: Sized {
    /// The library of this socket.
    const LIBRARY: Library;

    /// Creates a socket that is neither bound nor connected.
    async fn start(settings: &Settings) -> Self;

    /// Binds and returns the endpoint.
    async fn bind(&mut self, endpoint: &str) -> String;

    /// Connects.
    async fn connect(&mut self, endpoint: &str);

    /// Sends a message. Waits for room up to `within`.
    async fn send(&mut self, message: Frames, within: Duration) -> Sent;

    /// Sends the message up to `count` times while there is room. Returns how many were sent.
    async fn send_until_full(&mut self, message: Frames, count: usize) -> usize;

    /// The next message, or `None` after `within`.
    async fn recv(&mut self, within: Duration) -> Option<Frames>;

    /// Subscribes a SUB.
    async fn subscribe(&mut self, topic: &[u8]);

    /// Removes a subscription.
    async fn unsubscribe(&mut self, topic: &[u8]);

    /// Whether this has happened to one of its connections, or happens within the time. Each
    /// occurrence is reported once.
    async fn observes(&mut self, happening: PeerEvent, within: Duration) -> bool;

    /// The number of dropped messages, if the library reports it.
    async fn dropped(&mut self) -> Option<u64>;

    /// Closes the socket and waits up to `within` for the end, including the linger time.
    async fn close(self, within: Duration) -> Closed;
}

/// The library of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum Library {
    Ours,
    Libzmq,
}

/// The outcome of a send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The socket accepted the message.
    Taken,
    /// There was no room in time.
    Full,
    /// The socket rejected the message.
    Refused,
}

/// An event of a socket's connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerEvent {
    /// A connection was accepted.
    Accepted,
    /// A handshake succeeded.
    Ready,
    /// A handshake failed for any reason.
    HandshakeFailed,
    /// A connection ended after its handshake.
    Disconnected,
    /// A connect attempt failed and will be repeated.
    Retried,
}

/// The outcome of a close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// It returned.
    Returned {
        /// The number of unsent messages, if the library reports it.
        unsent: Option<usize>,
    },
    /// It still waits.
    Waits,
}
