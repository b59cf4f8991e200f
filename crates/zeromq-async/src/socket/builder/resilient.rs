//! Options for messages and connections over bad networks.

use std::time::Duration;

use zmtp::wire::Ttl;

use super::SocketBuilder;
use crate::options::{Keepalive, ReconnectBackoff};
use crate::socket::{Sends, SocketKind};

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// Options for peers that are reached over the internet, where connections die without a word:
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
    /// A peer that has fallen silent is noticed within 20 s, the interval and the timeout, and
    /// connected to again. The messages that were queued for it are sent then. Messages that the kernel
    /// had taken and the network lost are not, as with any ZeroMQ socket. Any of these options can be
    /// set again afterwards.
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
    /// How many messages of gone peers are kept for [`take_unsent`](crate::SocketHandle::take_unsent).
    /// Default: 0, they are only counted.
    ///
    /// Kept are the queued messages of an accepted peer when its connection ends, those of an endpoint
    /// when it is disconnected, and messages that a peer refused. Beyond the limit the oldest are
    /// dropped. The queue of a connecting socket waits for the next connection and needs none of this.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let mut push = PushSocket::builder().keep_unsent(10_000).build();
    /// let endpoint = push.bind("tcp://127.0.0.1:0").await?;
    /// let (first, mut second) = (PullSocket::new(), PullSocket::new());
    /// first.connect(&endpoint)?;
    /// push.wait_for_peers(1).await;
    /// push.send("a job").await?; // with the kernel at once, and so not kept
    /// first.close().await;
    ///
    /// second.connect(&endpoint)?;
    /// for unsent in push.handle().take_unsent() {
    ///     push.send(unsent.message).await?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn keep_unsent(mut self, messages: usize) -> Self
    where
        P: Sends,
    {
        self.options.keep_unsent = messages;
        self
    }

    /// How often a message is sent when the peer ends the connection in the middle of it each time; at
    /// least 1. Default: 3.
    ///
    /// A connecting socket sends a message again that was partly written when the connection was
    /// lost. A message that is larger than the peer allows would otherwise block the messages behind it
    /// for ever. Giving it up is a [`SocketEvent::MessageRefused`](crate::SocketEvent::MessageRefused).
    pub fn resend_limit(mut self, connections: u32) -> Self
    where
        P: Sends,
    {
        self.options.resend_limit = Some(connections.max(1));
        self
    }

    /// Sends a message again however often the peer ends the connection in the middle of it; see
    /// [`resend_limit`](Self::resend_limit).
    pub fn resend_forever(mut self) -> Self
    where
        P: Sends,
    {
        self.options.resend_limit = None;
        self
    }
}
