//! Messages that a socket makes itself when peers connect and disconnect.

use zmtp::Message;

use super::SocketBuilder;
use crate::socket::kind::{Greets, NotifiesDisconnect, NotifiesHiccup, Probes, SocketKind};
use crate::socket::{Router, Stream};

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// Sends this message first on each new connection (`ZMQ_HELLO_MSG`). Default: none.
    ///
    /// It is written right after the handshake, within the [handshake
    /// timeout](SocketBuilder::handshake_timeout), and ignores the high-water mark.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{DealerSocket, RouterSocket};
    ///
    /// let router = RouterSocket::builder().hello("version 2").build();
    /// let mut dealer = DealerSocket::new();
    /// dealer.connect(router.bind("tcp://127.0.0.1:0").await?)?;
    /// assert_eq!(dealer.recv().await?, "version 2");
    /// # Ok(()) }
    /// ```
    pub fn hello(mut self, message: impl Into<P::Notice>) -> Self
    where
        P: Greets,
    {
        self.options.peer_messages.hello = Some(message.into().into());
        self
    }
}

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// Sends an empty message over each new connection before any other but
    /// [`hello`](SocketBuilder::hello), so that a ROUTER at the other end learns of this socket before it
    /// has sent anything (`ZMQ_PROBE_ROUTER`). Default: off.
    ///
    /// libzmq sends it only on the first connection to an endpoint.
    pub fn probe_router(mut self, probe: bool) -> Self
    where
        P: Probes,
    {
        self.options.peer_messages.probe = probe.then(empty);
        self
    }
}

impl SocketBuilder<Router> {
    /// When a peer connects, receives its routing id and an empty frame as a message
    /// (`ZMQ_ROUTER_NOTIFY` with `ZMQ_NOTIFY_CONNECT`). Default: off.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{DealerSocket, Message, RouterSocket};
    ///
    /// let mut router = RouterSocket::builder().notify_connected(true).build();
    /// let dealer = DealerSocket::builder().routing_id("silent")?.build();
    /// dealer.connect(router.bind("tcp://127.0.0.1:0").await?)?;
    /// assert_eq!(router.recv().await?, Message::multipart(["silent", ""]));
    /// # Ok(()) }
    /// ```
    pub fn notify_connected(mut self, notify: bool) -> Self {
        self.options.peer_messages.connected = notify.then(empty);
        self
    }

    /// When a peer disconnects, receives its routing id and an empty frame as a message, after all
    /// of its messages (`ZMQ_ROUTER_NOTIFY` with `ZMQ_NOTIFY_DISCONNECT`). Default: off.
    ///
    /// Not received for a peer that this socket disconnects itself.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{DealerSocket, Message, RouterSocket};
    ///
    /// let mut router = RouterSocket::builder().notify_disconnected(true).build();
    /// let mut dealer = DealerSocket::builder().routing_id("brief")?.build();
    /// dealer.connect(router.bind("tcp://127.0.0.1:0").await?)?;
    /// dealer.send("all there is").await?;
    /// dealer.close().await;
    /// assert_eq!(router.recv().await?, Message::multipart(["brief", "all there is"]));
    /// assert_eq!(router.recv().await?, Message::multipart(["brief", ""]));
    /// # Ok(()) }
    /// ```
    pub fn notify_disconnected(mut self, notify: bool) -> Self {
        self.options.peer_messages.lost = notify.then(empty);
        self
    }
}

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// When a peer that connected to this socket disconnects, receives this message as the peer's
    /// last (`ZMQ_DISCONNECT_MSG`). Default: none.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{DealerSocket, Message, RouterSocket};
    ///
    /// let mut router = RouterSocket::builder().disconnect_message("BYE").build();
    /// let mut dealer = DealerSocket::builder().routing_id("brief")?.build();
    /// dealer.connect(router.bind("tcp://127.0.0.1:0").await?)?;
    /// dealer.wait_for_peers(1).await;
    /// dealer.close().await;
    /// assert_eq!(router.recv().await?, Message::multipart(["brief", "BYE"]));
    /// # Ok(()) }
    /// ```
    pub fn disconnect_message(mut self, message: impl Into<P::Notice>) -> Self
    where
        P: NotifiesDisconnect,
    {
        self.options.peer_messages.accepted_lost = Some(message.into().into());
        self
    }

    /// When a connection that this socket made is lost, receives this message, as one of the peer.
    /// The socket then connects again (`ZMQ_HICCUP_MSG`). Default: none.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{DealerSocket, RouterSocket};
    ///
    /// let router = RouterSocket::new();
    /// let mut dealer = DealerSocket::builder().hiccup_message("HICCUP").build();
    /// dealer.connect(router.bind("tcp://127.0.0.1:0").await?)?;
    /// router.wait_for_peers(1).await;
    /// router.close().await;
    /// assert_eq!(dealer.recv().await?, "HICCUP");
    /// # Ok(()) }
    /// ```
    pub fn hiccup_message(mut self, message: impl Into<P::Notice>) -> Self
    where
        P: NotifiesHiccup,
    {
        self.options.peer_messages.connected_lost = Some(message.into().into());
        self
    }
}

impl<S> SocketBuilder<Stream, S> {
    /// Receives an empty chunk when a peer has connected, and when it is lost (`ZMQ_STREAM_NOTIFY`).
    /// Default: on.
    ///
    /// There is none for a peer that this socket disconnects itself.
    pub fn notify(mut self, notify: bool) -> Self {
        self.options.notify_of_streams(notify);
        self
    }
}

fn empty() -> Message {
    Message::from("")
}
