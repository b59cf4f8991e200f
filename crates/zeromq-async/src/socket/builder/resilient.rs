//! Options for messages and connections over bad networks.

use std::time::Duration;

use zmtp::wire::Ttl;

use super::SocketBuilder;
use crate::options::{Keepalive, ReconnectBackoff};
use crate::socket::{Sends, SocketKind};

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// Sets options for peers over the internet, where connections can be lost without notice:
    ///
    /// | option | value |
    /// |---|---|
    /// | [`heartbeat_interval`](Self::heartbeat_interval) | 5 s |
    /// | [`heartbeat_timeout`](Self::heartbeat_timeout) | 15 s |
    /// | [`heartbeat_ttl`](Self::heartbeat_ttl) | 20 s: the peer gives this side up after that |
    /// | [`reconnect`](Self::reconnect) | after 100 ms, then twice as long each time up to 30 s, each wait shortened at random by up to half |
    /// | [`connect_timeout`](Self::connect_timeout) | 15 s |
    /// | [`handshake_timeout`](Self::handshake_timeout) | 15 s |
    /// | [`tcp_keepalive`](Self::tcp_keepalive) | after 60 s, each 15 s, 4 times |
    /// | [`resend_limit`](Self::resend_limit) | 10: connections often break for other reasons than the message |
    ///
    /// A silent peer is disconnected within 20 s, the sum of the interval and the timeout. The
    /// socket then connects again and sends the queued messages. Messages that the kernel had
    /// taken, and the network lost, are not sent again, as with any ZeroMQ socket. Each of these
    /// options can be changed afterwards.
    pub fn resilient(mut self) -> Self {
        let second = Duration::from_secs(1);
        self.options.heartbeat.interval = Some(5 * second);
        self.options.heartbeat.timeout = Some(15 * second);
        self.options.heartbeat.ttl = Ttl::from_duration(20 * second);
        let backoff = ReconnectBackoff::new(Duration::from_millis(100));
        self.options.reconnect = Some(backoff.up_to(30 * second));
        self.options.connect_timeout = Some(15 * second);
        self.options.handshake_timeout = Some(15 * second);
        let keepalive = Keepalive::new().idle(60 * second).interval(15 * second).count(4);
        self.options.transport.keepalive = Some(keepalive);
        self.options.resend_limit = Some(10);
        self
    }
}

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// The number of unsent messages of disconnected peers to keep for
    /// [`take_unsent`](crate::SocketHandle::take_unsent). Default: 0, they are only counted.
    ///
    /// These are the queued messages of an accepted peer when its connection ends, the queued
    /// messages of an endpoint when it is disconnected, and messages that a peer refused. Beyond
    /// the limit the oldest are dropped. If a connection that this socket made is lost, its queue
    /// waits for the next connection and is not meant here.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let mut push = PushSocket::builder().keep_unsent(10_000).linger(Duration::ZERO).build();
    /// push.connect("inproc://first")?;
    /// push.send("a job").await?;
    /// push.disconnect("inproc://first")?;
    /// while push.stats().lost == 0 {
    ///     tokio::task::yield_now().await;
    /// }
    ///
    /// let mut pull = PullSocket::new();
    /// push.connect(pull.bind("inproc://second").await?)?;
    /// for unsent in push.handle().take_unsent() {
    ///     push.send(unsent.message).await?;
    /// }
    /// assert_eq!(pull.recv().await?, "a job");
    /// # Ok(()) }
    /// ```
    pub fn keep_unsent(mut self, messages: usize) -> Self
    where
        P: Sends,
    {
        self.options.keep_unsent = messages;
        self
    }

    /// How often to send a message if each time the peer ends the connection in the middle of it.
    /// At least 1. Default: 3, and 1 for STREAM, where the next connection is another conversation.
    ///
    /// A connecting socket sends a message again if it was partly written when the connection was
    /// lost. Without this limit, a message that is too large for the peer would block the messages
    /// behind it for ever. When the limit is reached, the message is dropped with a
    /// [`SocketEvent::MessageRefused`](crate::SocketEvent::MessageRefused).
    pub fn resend_limit(mut self, connections: u32) -> Self
    where
        P: Sends,
    {
        self.options.resend_limit = Some(connections.max(1));
        self
    }

    /// Sends a message again each time the peer ends the connection in the middle of it, without
    /// limit. See [`resend_limit`](Self::resend_limit).
    pub fn resend_forever(mut self) -> Self
    where
        P: Sends,
    {
        self.options.resend_limit = None;
        self
    }
}
