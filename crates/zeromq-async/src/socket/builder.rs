//! The options of a socket, typed, with their defaults.

mod limits;
mod multicast;
mod peer_messages;
mod publish;
mod resilient;
mod security;
mod subscribe;
mod transport;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use zmtp::wire::Ttl;
use zmtp::{MetadataError, RoutingId, RoutingIdError};

use super::kind::{Conflates, FromStacks, Named, Receives, Sends, SocketKind};
use super::{Req, Router, Socket, SocketHandle};
use crate::context::Context;
use crate::engine::Engine;
use crate::options::{HighWaterMark, ReconnectBackoff, SocketOptions};
use crate::pattern::{Hooked, Peers};
use crate::pipe::PeerSet;

/// Builds a socket `S` of type `P`; each socket type has the options that mean something to it.
///
/// Options cannot change after the socket is built, and apply to all of its endpoints. A clone of a
/// builder builds a socket with the same options.
///
/// ```
/// use std::time::Duration;
/// use zeromq_async::{DealerSocket, ReconnectBackoff};
///
/// let dealer = DealerSocket::builder()
///     .send_high_water_mark(10_000)
///     .linger(Duration::from_secs(5))
///     .reconnect(ReconnectBackoff::new(Duration::from_millis(50)).up_to(Duration::from_secs(10)))
///     .routing_id("worker-7")?
///     .build();
/// assert_eq!(dealer.stats().peers.len(), 0); // it connects and binds later
/// assert!(DealerSocket::builder().routing_id("").is_err()); // options are checked at once
/// # Ok::<(), zeromq_async::RoutingIdError>(())
/// ```
#[must_use = "a builder does nothing until it is built"]
pub struct SocketBuilder<P: SocketKind, S = Socket<P>> {
    options: SocketOptions,
    /// The options that only this socket type has.
    own: P::Options,
    context: Context,
    builds: PhantomData<fn() -> S>,
}

/// Not derived: that would ask the same of `P`.
impl<P: SocketKind, S> Clone for SocketBuilder<P, S> {
    fn clone(&self) -> Self {
        let Self { options, own, context, builds } = self;
        let (options, own, context) = (options.clone(), own.clone(), context.clone());
        Self { options, own, context, builds: *builds }
    }
}

impl<P: SocketKind, S> fmt::Debug for SocketBuilder<P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketBuilder")
            .field("options", &self.options)
            .field("own", &self.own)
            .field("context", &self.context)
            .finish()
    }
}

impl<P: SocketKind, S> SocketBuilder<P, S> {
    pub(super) fn new(context: Context) -> Self {
        let mut options = context.defaults();
        if P::LINGER.is_some() {
            options.linger = P::LINGER;
        }
        options.adapt_to(P::TYPE);
        Self { options, own: P::Options::default(), context, builds: PhantomData }
    }

    /// Changes the options that only this socket type has.
    ///
    /// For a [socket type of your own](crate::pattern). The types of this crate have a method for each
    /// option.
    pub fn with_options(mut self, change: impl FnOnce(&mut P::Options)) -> Self {
        change(&mut self.own);
        self
    }

    /// Makes the socket. It needs no Tokio runtime until it binds or connects.
    pub fn build(self) -> S
    where
        S: FromStacks<P>,
    {
        let peers = Arc::new(PeerSet::new(self.options.max_peers));
        peers.ledger().keep_unsent(self.options.keep_unsent);
        let stacks = P::compose(&Peers::new(peers.clone()), &self.own);
        let (inproc, transports) = (self.context.inproc(), self.context.transports());
        let pattern = Arc::new(Hooked(stacks.hooks.clone()));
        let engine = Engine::new(P::TYPE, self.options, inproc, transports, peers, pattern);
        self.context.add_socket(&engine);
        S::from_stacks(stacks, SocketHandle::new(engine))
    }

    /// How long a closed or dropped socket goes on writing queued messages (`ZMQ_LINGER`).
    ///
    /// Default: without limit ([`linger_forever`](Self::linger_forever)), and zero for SUB and
    /// XSUB. With zero, queued messages are dropped at once.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.options.linger = Some(linger);
        self
    }

    /// Lets a closed or dropped socket go on writing until everything is written, without a time
    /// limit (`ZMQ_LINGER` -1).
    pub fn linger_forever(mut self) -> Self {
        self.options.linger = None;
        self
    }

    /// How long to wait before connecting again (`ZMQ_RECONNECT_IVL`, `ZMQ_RECONNECT_IVL_MAX`).
    ///
    /// Default: 100 ms, spread up to 200 ms, not growing.
    pub fn reconnect(mut self, backoff: ReconnectBackoff) -> Self {
        self.options.reconnect = Some(backoff);
        self
    }

    /// Makes only one attempt to connect, and does not connect again after the connection is lost
    /// (`ZMQ_RECONNECT_IVL` -1).
    pub fn no_reconnect(mut self) -> Self {
        self.options.reconnect = None;
        self
    }

    /// The most time that one attempt to connect may take, with the name lookup and all addresses
    /// (`ZMQ_CONNECT_TIMEOUT`). Default: the operating system's limit.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = Some(timeout);
        self
    }

    /// How often to send a heartbeat (PING) to each peer (`ZMQ_HEARTBEAT_IVL`). Default: never.
    /// Zero also means never.
    ///
    /// A peer that sends nothing within the [timeout](Self::heartbeat_timeout) is disconnected, and
    /// connected to again. Without heartbeats, TCP can take hours to notice that a peer is gone.
    pub fn heartbeat_interval(mut self, interval: Duration) -> Self {
        self.options.heartbeat.interval = Some(interval);
        self
    }

    /// How long a peer may stay silent after a heartbeat was sent to it (`ZMQ_HEARTBEAT_TIMEOUT`).
    /// Default: the [interval](Self::heartbeat_interval).
    pub fn heartbeat_timeout(mut self, timeout: Duration) -> Self {
        self.options.heartbeat.timeout = Some(timeout);
        self
    }

    /// How long the peer shall wait for bytes from this socket after a heartbeat, before the peer
    /// ends the connection (`ZMQ_HEARTBEAT_TTL`). Default: without limit.
    ///
    /// It is sent in tenths of a second, and is at most 6,553.5 s.
    pub fn heartbeat_ttl(mut self, ttl: Duration) -> Self {
        self.options.heartbeat.ttl = Ttl::from_duration(ttl);
        self
    }
}

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// Also takes peers of ZMTP 1.0, the protocol of ZeroMQ 2. Default: off. libzmq always takes them.
    ///
    /// ZMTP 1.0 has no security, no heartbeats and no socket types: a peer of a wrong type is not
    /// noticed. So this has no effect on a socket that requires security or authentication. A SUB of
    /// ZeroMQ 2 filters by itself, and gets every message.
    pub fn allow_zmtp_1(mut self, allow: bool) -> Self {
        self.options.allow_zmtp_1 = allow;
        self
    }
}

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// The most messages in the queue for each peer (`ZMQ_SNDHWM`). Default: 1,000.
    pub fn send_high_water_mark(mut self, mark: impl Into<HighWaterMark>) -> Self
    where
        P: Sends,
    {
        self.options.pipe.send_high_water_mark = mark.into();
        self
    }

    /// Queues messages only for connected peers, not for endpoints without a connection yet
    /// (`ZMQ_IMMEDIATE`). Default: off.
    ///
    /// With it, messages queued for a peer are lost when its connection is lost.
    pub fn immediate(mut self, immediate: bool) -> Self
    where
        P: Sends,
    {
        self.options.immediate = immediate;
        self
    }
}

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// The most messages of each peer that wait to be received (`ZMQ_RCVHWM`). Default: 1,000.
    pub fn receive_high_water_mark(mut self, mark: impl Into<HighWaterMark>) -> Self
    where
        P: Receives,
    {
        self.options.pipe.receive_high_water_mark = mark.into();
        self
    }
}

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// Keeps only the latest message in each queue (`ZMQ_CONFLATE`). Default: off.
    ///
    /// The high-water marks have no effect then. Unlike in libzmq, messages of several frames are
    /// kept whole.
    pub fn conflate(mut self, conflate: bool) -> Self
    where
        P: Conflates,
    {
        self.options.pipe.conflate = conflate;
        self
    }
}

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// The routing id by which ROUTER peers address this socket (`ZMQ_ROUTING_ID`). Default: none.
    /// Each ROUTER then generates one.
    ///
    /// # Errors
    ///
    /// It must have 1 to 255 bytes, and the first must not be 0.
    pub fn routing_id(mut self, routing_id: impl AsRef<[u8]>) -> Result<Self, RoutingIdError>
    where
        P: Named,
    {
        self.options.routing_id = Some(RoutingId::try_from(routing_id.as_ref())?);
        Ok(self)
    }
}

impl SocketBuilder<Router> {
    /// Sending to an unknown routing id is an error, and sending to a peer with a full queue waits
    /// (`ZMQ_ROUTER_MANDATORY`). Default: the message is dropped in both cases.
    pub fn mandatory(mut self, mandatory: bool) -> Self {
        self.own.mandatory = mandatory;
        self
    }

    /// A new peer takes over the routing id of a connected one, and the connection of the old peer
    /// ends (`ZMQ_ROUTER_HANDOVER`). Default: the new peer is rejected.
    ///
    /// No more messages of the old peer are received. Messages queued for it are written within the
    /// [`linger`](Self::linger) time.
    pub fn handover(mut self, handover: bool) -> Self {
        self.own.handover = handover;
        self
    }
}

impl SocketBuilder<Req> {
    /// Numbers the requests, so that only the reply to the last one is received
    /// (`ZMQ_REQ_CORRELATE`). Default: off.
    ///
    /// The number is a frame in front of the request. A peer returns it in front of the reply.
    pub fn correlate(mut self, correlate: bool) -> Self {
        self.own.correlate = correlate;
        self
    }

    /// Allows a new request before the reply to the last one, which is then not received
    /// (`ZMQ_REQ_RELAXED`). Default: off.
    ///
    /// Set [`correlate`](Self::correlate) too. Otherwise a late reply to an earlier request is
    /// received as the reply to the new one.
    pub fn relaxed(mut self, relaxed: bool) -> Self {
        self.own.relaxed = relaxed;
        self
    }
}

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// Adds a property that is sent to peers in the handshake (`ZMQ_METADATA`). Can be called
    /// several times. Default: none.
    ///
    /// Peers read it with [`PeerInfo::metadata`](crate::PeerInfo::metadata), or `zmq_msg_gets` in
    /// libzmq. A second value for a name replaces the first. In libzmq the first stays.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let mut pull = PullSocket::new();
    /// let mut push = PushSocket::builder().metadata("X-Region", "eu-north")?.build();
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// push.send("hello").await?;
    /// let (_, peer) = pull.recv_from().await?;
    /// assert_eq!(peer.info().metadata().get("X-Region").unwrap(), "eu-north");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The name must start with `X-` and have up to 255 visible ASCII characters.
    pub fn metadata(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, MetadataError> {
        let value = value.as_ref().to_vec();
        self.options.metadata.insert_own(name, value)?;
        Ok(self)
    }
}
