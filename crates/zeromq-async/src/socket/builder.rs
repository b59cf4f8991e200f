//! The options of a socket, typed, with their defaults.

mod limits;
mod peer_messages;
mod publish;
mod resilient;
mod security;
mod subscribe;
mod transport;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use zmtp::wire::Ttl;
use zmtp::{MetadataError, RoutingId, RoutingIdError};

use super::kind::{Conflates, Named, Receives, Sends, SocketKind, Stacks};
use super::{Receiver, Req, Router, Sender, Socket, SocketHandle};
use crate::context::Context;
use crate::engine::Engine;
use crate::options::{HighWaterMark, ReconnectBackoff, SocketOptions};
use crate::pattern::{Hooked, Peers};
use crate::peer::PeerSet;

/// Builds a socket of type `P`; each socket type has the options that mean something to it.
///
/// An option is fixed when the socket is built and holds for all of its endpoints. A clone of a
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
/// # drop(dealer);
/// # Ok::<(), zeromq_async::RoutingIdError>(())
/// ```
#[must_use = "a builder does nothing until it is built"]
pub struct SocketBuilder<P: SocketKind> {
    options: SocketOptions,
    /// The options that only this socket type has.
    own: P::Options,
    context: Context,
}

/// Not derived: that would ask the same of `P`.
impl<P: SocketKind> Clone for SocketBuilder<P> {
    fn clone(&self) -> Self {
        let Self { options, own, context } = self;
        Self { options: options.clone(), own: own.clone(), context: context.clone() }
    }
}

impl<P: SocketKind> fmt::Debug for SocketBuilder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketBuilder")
            .field("options", &self.options)
            .field("own", &self.own)
            .field("context", &self.context)
            .finish()
    }
}

impl<P: SocketKind> SocketBuilder<P> {
    pub(super) fn new(context: Context) -> Self {
        P::defaults(Self { options: context.defaults(), own: P::Options::default(), context })
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
    ///
    /// ```
    /// use zeromq_async::PullSocket;
    ///
    /// let pull = PullSocket::builder().build();
    /// # drop(pull);
    /// ```
    pub fn build(self) -> Socket<P> {
        let peers = Arc::new(PeerSet::new(self.options.max_peers));
        peers.ledger().keep_unsent(self.options.keep_unsent);
        let Stacks { send, receive, hooks, control } =
            P::compose(&Peers::new(peers.clone()), &self.own);
        let (names, transports) = (self.context.names(), self.context.transports());
        let pattern = Arc::new(Hooked(hooks));
        let engine = Engine::new(P::TYPE, self.options, names, transports, peers, pattern);
        self.context.adopt(&engine);
        let handle = SocketHandle::new(engine);
        Socket {
            sender: Sender::new(send, handle.clone()),
            receiver: Receiver::new(receive, control, handle),
        }
    }

    /// How long a closed or dropped socket goes on writing what is queued (`ZMQ_LINGER`).
    ///
    /// Default: as long as it takes ([`linger_forever`](Self::linger_forever)), and not at all for
    /// SUB and XSUB. Zero drops what is queued at once.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_async::PushSocket;
    ///
    /// let push = PushSocket::builder().linger(Duration::from_secs(5)).build();
    /// # drop(push);
    /// ```
    pub fn linger(mut self, linger: Duration) -> Self {
        self.options.linger = Some(linger);
        self
    }

    /// A closed or dropped socket goes on writing until everything is written, however long a peer
    /// is away (`ZMQ_LINGER` -1).
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_async::{Context, PushSocket};
    ///
    /// let context = Context::builder().linger(Duration::from_secs(1)).build();
    /// let push = PushSocket::builder_in(&context).linger_forever().build(); // unlike the others
    /// # drop(push);
    /// ```
    pub fn linger_forever(mut self) -> Self {
        self.options.linger = None;
        self
    }

    /// How long to wait before connecting again (`ZMQ_RECONNECT_IVL`, `ZMQ_RECONNECT_IVL_MAX`).
    ///
    /// Default: 100 ms, spread up to 200 ms, not growing.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_async::{ReconnectBackoff, ReqSocket};
    ///
    /// let (first, longest) = (Duration::from_millis(50), Duration::from_secs(10));
    /// let backoff = ReconnectBackoff::new(first).up_to(longest);
    /// let req = ReqSocket::builder().reconnect(backoff).build();
    /// # drop(req);
    /// ```
    pub fn reconnect(mut self, backoff: ReconnectBackoff) -> Self {
        self.options.reconnect = Some(backoff);
        self
    }

    /// Makes one attempt to connect and no other when it fails or the connection is lost
    /// (`ZMQ_RECONNECT_IVL` -1).
    ///
    /// ```
    /// use zeromq_async::PairSocket;
    ///
    /// let pair = PairSocket::builder().no_reconnect().build();
    /// # drop(pair);
    /// ```
    pub fn no_reconnect(mut self) -> Self {
        self.options.reconnect = None;
        self
    }

    /// How long one attempt to connect may take, name look-up and all its addresses included
    /// (`ZMQ_CONNECT_TIMEOUT`). Default: as long as the operating system tries.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_async::DealerSocket;
    ///
    /// let dealer = DealerSocket::builder().connect_timeout(Duration::from_secs(3)).build();
    /// # drop(dealer);
    /// ```
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = Some(timeout);
        self
    }

    /// How often to ask each peer for a sign of life (`ZMQ_HEARTBEAT_IVL`). Default: never, which
    /// zero means too.
    ///
    /// A peer that gives none within the [timeout](Self::heartbeat_timeout) is disconnected, and
    /// connected to again. This is how a peer that vanished without a word is noticed; TCP alone
    /// can take hours.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_async::SubSocket;
    ///
    /// let sub = SubSocket::builder().heartbeat_interval(Duration::from_secs(5)).build();
    /// # drop(sub);
    /// ```
    pub fn heartbeat_interval(mut self, interval: Duration) -> Self {
        self.options.heartbeat.interval = Some(interval);
        self
    }

    /// How long after being asked a peer may stay silent (`ZMQ_HEARTBEAT_TIMEOUT`). Default: as
    /// long as the [interval](Self::heartbeat_interval).
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_async::SubSocket;
    ///
    /// let sub = SubSocket::builder()
    ///     .heartbeat_interval(Duration::from_secs(5))
    ///     .heartbeat_timeout(Duration::from_secs(2))
    ///     .build();
    /// # drop(sub);
    /// ```
    pub fn heartbeat_timeout(mut self, timeout: Duration) -> Self {
        self.options.heartbeat.timeout = Some(timeout);
        self
    }

    /// How long the peer is to wait for more from this socket after it was asked, before it gives
    /// the connection up (`ZMQ_HEARTBEAT_TTL`). Default: for ever.
    ///
    /// It travels in tenths of a second, up to 6,553.5 s; what is longer is sent as that.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_async::DealerSocket;
    ///
    /// let dealer = DealerSocket::builder()
    ///     .heartbeat_interval(Duration::from_secs(5))
    ///     .heartbeat_ttl(Duration::from_secs(15))
    ///     .build();
    /// # drop(dealer);
    /// ```
    pub fn heartbeat_ttl(mut self, ttl: Duration) -> Self {
        self.options.heartbeat.ttl = Ttl::from_duration(ttl);
        self
    }
}

impl<P: SocketKind> SocketBuilder<P> {
    /// How many messages may be queued for each peer (`ZMQ_SNDHWM`). Default: 1,000.
    ///
    /// ```
    /// use zeromq_async::PubSocket;
    ///
    /// let publisher = PubSocket::builder().send_high_water_mark(50_000).build();
    /// # drop(publisher);
    /// ```
    pub fn send_high_water_mark(mut self, mark: impl Into<HighWaterMark>) -> Self
    where
        P: Sends,
    {
        self.options.pipe.send_high_water_mark = mark.into();
        self
    }

    /// Queues messages only for peers that are connected, and not for those that are being
    /// connected to (`ZMQ_IMMEDIATE`). Default: off.
    ///
    /// With it, what is queued for a peer is lost when its connection is.
    ///
    /// ```
    /// use zeromq_async::PushSocket;
    ///
    /// let push = PushSocket::builder().immediate(true).build();
    /// # drop(push);
    /// ```
    pub fn immediate(mut self, immediate: bool) -> Self
    where
        P: Sends,
    {
        self.options.immediate = immediate;
        self
    }
}

impl<P: SocketKind> SocketBuilder<P> {
    /// How many messages from each peer may wait to be received (`ZMQ_RCVHWM`). Default: 1,000.
    ///
    /// ```
    /// use zeromq_async::{HighWaterMark, PullSocket};
    ///
    /// let pull = PullSocket::builder().receive_high_water_mark(HighWaterMark::Unlimited).build();
    /// # drop(pull);
    /// ```
    pub fn receive_high_water_mark(mut self, mark: impl Into<HighWaterMark>) -> Self
    where
        P: Receives,
    {
        self.options.pipe.receive_high_water_mark = mark.into();
        self
    }
}

impl<P: SocketKind> SocketBuilder<P> {
    /// Keeps only the latest message in each queue, whole (`ZMQ_CONFLATE`). Default: off.
    ///
    /// The high-water marks mean nothing then.
    ///
    /// ```
    /// use zeromq_async::SubSocket;
    ///
    /// let sub = SubSocket::builder().subscribe("price").conflate(true).build();
    /// # drop(sub);
    /// ```
    pub fn conflate(mut self, conflate: bool) -> Self
    where
        P: Conflates,
    {
        self.options.pipe.conflate = conflate;
        self
    }
}

impl<P: SocketKind> SocketBuilder<P> {
    /// The routing id by which ROUTER peers know this socket (`ZMQ_ROUTING_ID`). Default: none,
    /// and each ROUTER makes one up.
    ///
    /// ```
    /// use zeromq_async::DealerSocket;
    ///
    /// let dealer = DealerSocket::builder().routing_id("worker-7")?.build();
    /// assert!(DealerSocket::builder().routing_id("").is_err());
    /// # drop(dealer);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// It must have 1 to 255 bytes, of which the first is not 0.
    pub fn routing_id(mut self, routing_id: impl AsRef<[u8]>) -> Result<Self, RoutingIdError>
    where
        P: Named,
    {
        self.options.routing_id = Some(RoutingId::try_from(routing_id.as_ref())?);
        Ok(self)
    }
}

impl SocketBuilder<Router> {
    /// A message for a routing id that no peer has is an error, and one for a peer whose queue is
    /// full waits (`ZMQ_ROUTER_MANDATORY`). Default: both are dropped.
    ///
    /// ```
    /// use zeromq_async::RouterSocket;
    ///
    /// let router = RouterSocket::builder().mandatory(true).build();
    /// # drop(router);
    /// ```
    pub fn mandatory(mut self, mandatory: bool) -> Self {
        self.own.mandatory = mandatory;
        self
    }

    /// A new peer takes over the routing id of one that is connected, whose connection ends
    /// (`ZMQ_ROUTER_HANDOVER`). Default: the new peer is turned away.
    ///
    /// Nothing is received from the old peer any more. What is queued for it is written within the
    /// [`linger`](Self::linger) time.
    ///
    /// ```
    /// use zeromq_async::RouterSocket;
    ///
    /// let router = RouterSocket::builder().handover(true).build();
    /// # drop(router);
    /// ```
    pub fn handover(mut self, handover: bool) -> Self {
        self.own.handover = handover;
        self
    }
}

impl SocketBuilder<Req> {
    /// Numbers the requests, so that only the reply to the last one is received
    /// (`ZMQ_REQ_CORRELATE`). Default: off.
    ///
    /// The number travels as a frame in front of the request, which REP and ROUTER give back.
    ///
    /// ```
    /// use zeromq_async::ReqSocket;
    ///
    /// let req = ReqSocket::builder().correlate(true).build();
    /// # drop(req);
    /// ```
    pub fn correlate(mut self, correlate: bool) -> Self {
        self.own.correlate = correlate;
        self
    }

    /// A new request can be sent before the reply to the last one, which is given up
    /// (`ZMQ_REQ_RELAXED`). Default: off.
    ///
    /// Set [`correlate`](Self::correlate) too, or a late reply to an earlier request is taken for
    /// one to the new.
    ///
    /// ```
    /// use zeromq_async::ReqSocket;
    ///
    /// let req = ReqSocket::builder().correlate(true).relaxed(true).build();
    /// # drop(req);
    /// ```
    pub fn relaxed(mut self, relaxed: bool) -> Self {
        self.own.relaxed = relaxed;
        self
    }
}

impl<P: SocketKind> SocketBuilder<P> {
    /// A property that peers are told of this socket in the handshake; repeatable
    /// (`ZMQ_METADATA`). Default: none.
    ///
    /// They find it in [`PeerInfo::metadata`](crate::PeerInfo::metadata), and libzmq's in
    /// `zmq_msg_gets`. A value that is set again takes the place of the one before; in libzmq the
    /// first stays.
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
