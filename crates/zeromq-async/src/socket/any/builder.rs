//! The options of a socket with a type that is chosen at run time.

use std::time::Duration;

#[cfg(feature = "curve")]
use zmtp::{CurveKeyPair, CurvePublicKey};
use zmtp::{Frame, Mechanism, Message, MetadataError, PlainClientError, SocketType};
#[cfg(feature = "noise")]
use zmtp::{NoiseKeyPair, NoisePublicKey};

use super::AnySocket;
use crate::authentication::Authenticator;
use crate::context::Context;
use crate::error::{OptionError, Unsupported};
use crate::identity::PeerAddress;
use crate::options::{
    HighWaterMark, Keepalive, ReconnectBackoff, ReconnectStop, SocksProxy, SubscriptionNotices,
};
use crate::socket::{
    Channel, ChannelSocket, Client, ClientSocket, Dealer, Dgram, DgramSocket, Dish, DishSocket,
    Gather, GatherSocket, Pair, PeerKind, PeerSocket, Pub, Pull, Push, Radio, RadioSocket, Rep,
    Req, Router, Scatter, ScatterSocket, Server, ServerSocket, SocketBuilder, Stream, Sub, XPub,
    XSub,
};
#[cfg(feature = "tls")]
use crate::tls::{TlsClient, TlsServer};

/// Builds an [`AnySocket`]; made by [`AnySocket::builder`].
///
/// It has the options of all socket types. Each is described at the [`SocketBuilder`] method of its
/// name. An option that the type does not have is an error. A message among the options has one frame, as
/// it must have for some types; for more match the variant.
///
/// ```
/// use std::time::Duration;
/// use zeromq_async::{AnySocket, SocketType};
///
/// let builder = AnySocket::builder(SocketType::Sub)?.linger(Duration::ZERO);
/// let error = builder.clone().send_high_water_mark(10).unwrap_err();
/// assert!(error.to_string().starts_with("SUB sockets have no `send_high_water_mark`: "));
/// let sub = builder.subscribe("weather.")?.build();
/// assert_eq!(sub.kind(), SocketType::Sub);
/// # Ok::<(), zeromq_async::Unsupported>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
#[must_use = "a builder does nothing until it is built"]
pub enum AnySocketBuilder {
    /// Builds a CHANNEL.
    Channel(SocketBuilder<Channel, ChannelSocket>),
    /// Builds a CLIENT.
    Client(SocketBuilder<Client, ClientSocket>),
    /// Builds a DEALER.
    Dealer(SocketBuilder<Dealer>),
    /// Builds a DGRAM.
    Dgram(SocketBuilder<Dgram, DgramSocket>),
    /// Builds a DISH.
    Dish(SocketBuilder<Dish, DishSocket>),
    /// Builds a GATHER.
    Gather(SocketBuilder<Gather, GatherSocket>),
    /// Builds a PAIR.
    Pair(SocketBuilder<Pair>),
    /// Builds a PEER.
    Peer(SocketBuilder<PeerKind, PeerSocket>),
    /// Builds a PUB.
    Pub(SocketBuilder<Pub>),
    /// Builds a PULL.
    Pull(SocketBuilder<Pull>),
    /// Builds a PUSH.
    Push(SocketBuilder<Push>),
    /// Builds a RADIO.
    Radio(SocketBuilder<Radio, RadioSocket>),
    /// Builds a REP.
    Rep(SocketBuilder<Rep>),
    /// Builds a REQ.
    Req(SocketBuilder<Req>),
    /// Builds a ROUTER.
    Router(SocketBuilder<Router>),
    /// Builds a SCATTER.
    Scatter(SocketBuilder<Scatter, ScatterSocket>),
    /// Builds a SERVER.
    Server(SocketBuilder<Server, ServerSocket>),
    /// Builds a STREAM.
    Stream(SocketBuilder<Stream>),
    /// Builds a SUB.
    Sub(SocketBuilder<Sub>),
    /// Builds an XPUB.
    XPub(SocketBuilder<XPub>),
    /// Builds an XSUB.
    XSub(SocketBuilder<XSub>),
}

/// Makes and names the builder of each type, and converts the typed builders.
macro_rules! types {
    ($($Type:ident($Builder:ty)),* $(,)?) => {
        impl AnySocketBuilder {
            pub(super) fn new(
                context: &Context,
                socket_type: SocketType,
            ) -> Result<Self, Unsupported> {
                match socket_type {
                    $(SocketType::$Type => Ok(<$Builder>::new(context.clone()).into()),)*
                    other => Err(Unsupported::Type(other)),
                }
            }

            /// The type of the socket.
            pub fn kind(&self) -> SocketType {
                match self {
                    $(Self::$Type(_) => SocketType::$Type,)*
                }
            }
        }

        $(impl From<$Builder> for AnySocketBuilder {
            fn from(builder: $Builder) -> Self {
                Self::$Type(builder)
            }
        })*
    };
}

types! {
    Channel(SocketBuilder<Channel, ChannelSocket>),
    Client(SocketBuilder<Client, ClientSocket>),
    Dealer(SocketBuilder<Dealer>),
    Dgram(SocketBuilder<Dgram, DgramSocket>),
    Dish(SocketBuilder<Dish, DishSocket>),
    Gather(SocketBuilder<Gather, GatherSocket>),
    Pair(SocketBuilder<Pair>),
    Peer(SocketBuilder<PeerKind, PeerSocket>),
    Pub(SocketBuilder<Pub>),
    Pull(SocketBuilder<Pull>),
    Push(SocketBuilder<Push>),
    Radio(SocketBuilder<Radio, RadioSocket>),
    Rep(SocketBuilder<Rep>),
    Req(SocketBuilder<Req>),
    Router(SocketBuilder<Router>),
    Scatter(SocketBuilder<Scatter, ScatterSocket>),
    Server(SocketBuilder<Server, ServerSocket>),
    Stream(SocketBuilder<Stream>),
    Sub(SocketBuilder<Sub>),
    XPub(SocketBuilder<XPub>),
    XSub(SocketBuilder<XSub>),
}

/// Options of every type.
macro_rules! options {
    ($($(#[$meta:meta])* $option:ident($($value:ident: $Value:ty),*);)*) => {
        impl AnySocketBuilder {$(
            #[doc = concat!("See [`SocketBuilder::", stringify!($option), "`].")]
            $(#[$meta])*
            pub fn $option(self, $($value: $Value),*) -> Self {
                each!(self, builder => builder.$option($($value),*).into())
            }
        )*}
    };
}

/// Options of some types.
macro_rules! options_of {
    ($types:tt $($option:ident($($value:ident: $Value:ty),*);)*) => {
        impl AnySocketBuilder {$(
            #[doc = concat!("See [`SocketBuilder::", stringify!($option), "`].")]
            ///
            /// # Errors
            ///
            /// The socket type does not have this option.
            pub fn $option(self, $($value: $Value),*) -> Result<Self, Unsupported> {
                only!($types stringify!($option), self, builder => builder.$option($($value),*).into())
            }
        )*}
    };
}

options! {
    linger(linger: Duration);
    linger_forever();
    reconnect(backoff: ReconnectBackoff);
    no_reconnect();
    reconnect_stop(stop: ReconnectStop);
    resilient();
    connect_timeout(timeout: Duration);
    handshake_timeout(timeout: Duration);
    heartbeat_interval(interval: Duration);
    heartbeat_timeout(timeout: Duration);
    heartbeat_ttl(ttl: Duration);
    max_message_size(bytes: u64);
    max_frames_per_message(frames: u32);
    max_command_size(bytes: usize);
    max_metadata_size(bytes: usize);
    max_handshake_size(bytes: usize);
    max_peers(peers: usize);
    max_pending_handshakes(connections: usize);
    max_pending_handshakes_per_address(connections: usize);
    allow_zmtp_1(allow: bool);
    accept_filter(filter: impl Fn(&PeerAddress) -> bool + Send + Sync + 'static);
    backlog(connections: u32);
    send_buffer(bytes: usize);
    receive_buffer(bytes: usize);
    type_of_service(byte: u8);
    priority(priority: u32);
    busy_poll(time: Duration);
    bind_device(name: impl Into<String>);
    socks_proxy(proxy: SocksProxy);
    tcp_keepalive(keepalive: Keepalive);
    tcp_retransmit_limit(limit: Duration);
    mechanism(mechanism: impl Mechanism + 'static);
    mechanism_with_authenticator(mechanism: impl Mechanism + 'static, authenticator: impl Authenticator);
    null_server(authenticator: impl Authenticator);
    plain_server(authenticator: impl Authenticator);
    #[cfg(feature = "tls")]
    tls_server(server: TlsServer);
    #[cfg(feature = "tls")]
    tls_client(client: TlsClient);
    #[cfg(feature = "curve")]
    curve_client(keys: CurveKeyPair, server_key: CurvePublicKey);
    #[cfg(feature = "curve")]
    curve_server(keys: CurveKeyPair, authenticator: impl Authenticator);
    #[cfg(feature = "noise")]
    noise_client(keys: NoiseKeyPair, server_key: NoisePublicKey);
    #[cfg(feature = "noise")]
    noise_server(keys: NoiseKeyPair, authenticator: impl Authenticator);
    #[cfg(feature = "noise")]
    noise_xx_client(keys: NoiseKeyPair, authenticator: impl Authenticator);
    #[cfg(feature = "noise")]
    noise_xx_server(keys: NoiseKeyPair, authenticator: impl Authenticator);
}

options_of! {
    [Channel, Client, Dealer, Dgram, Pair, Peer, Pub, Push, Radio, Rep, Req, Router, Scatter, Server, Stream, XPub, XSub]
    send_high_water_mark(mark: impl Into<HighWaterMark>);
    immediate(immediate: bool);
    keep_unsent(messages: usize);
    resend_limit(connections: u32);
    resend_forever();
}

options_of! {
    [Channel, Client, Dealer, Dgram, Dish, Gather, Pair, Peer, Pull, Rep, Req, Router, Server, Stream, Sub, XPub, XSub]
    receive_high_water_mark(mark: impl Into<HighWaterMark>);
}

options_of! {
    [Dealer, Pub, Pull, Push, Sub]
    conflate(conflate: bool);
}

options_of! {
    [Client, Dealer, Peer, Router, Server]
    hello(frame: Frame);
}

options_of! {
    [Dealer, Req, Router]
    probe_router(probe: bool);
}

options_of! {
    [Sub, XSub]
    subscribe(topic: impl AsRef<[u8]>);
}

options_of! {
    [Pub, Radio, XPub]
    no_drop(no_drop: bool);
}

options_of! {
    [Pub, XPub]
    max_subscriptions_per_peer(topics: usize);
    max_subscription_bytes_per_peer(bytes: usize);
}

options_of! {
    [Pub, Sub, XPub]
    invert_matching(invert: bool);
}

options_of! {
    [XPub]
    notices(notices: SubscriptionNotices);
    welcome(message: impl Into<Message>);
}

options_of! {
    [XSub]
    tell_every_cancellation(tell: bool);
}

options_of! {
    [Router]
    mandatory(mandatory: bool);
    handover(handover: bool);
    notify_connected(notify: bool);
    notify_disconnected(notify: bool);
}

options_of! {
    [Peer, Router, Server]
    disconnect_message(frame: Frame);
}

options_of! {
    [Client, Dealer, Peer]
    hiccup_message(frame: Frame);
}

options_of! {
    [Dgram, Radio]
    multicast_hops(hops: u8);
    multicast_loop(on: bool);
}

options_of! {
    [Radio]
    max_groups_per_peer(groups: usize);
}

options_of! {
    [Stream]
    notify(notify: bool);
}

options_of! {
    [Req]
    correlate(correlate: bool);
    relaxed(relaxed: bool);
}

impl AnySocketBuilder {
    /// Makes the socket; see [`SocketBuilder::build`].
    pub fn build(self) -> AnySocket {
        each!(self, builder => builder.build().into())
    }

    /// See [`SocketBuilder::metadata`].
    ///
    /// # Errors
    ///
    /// Those of [`SocketBuilder::metadata`].
    pub fn metadata(self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, MetadataError> {
        each!(self, builder => builder.metadata(name, value).map(Self::from))
    }

    /// See [`SocketBuilder::plain_client`].
    ///
    /// # Errors
    ///
    /// Those of [`SocketBuilder::plain_client`].
    pub fn plain_client(
        self,
        username: impl AsRef<[u8]>,
        password: impl AsRef<[u8]>,
    ) -> Result<Self, PlainClientError> {
        each!(self, builder => builder.plain_client(username, password).map(Self::from))
    }

    /// See [`SocketBuilder::routing_id`].
    ///
    /// # Errors
    ///
    /// The socket type has no routing id, or it is not one.
    pub fn routing_id(self, routing_id: impl AsRef<[u8]>) -> Result<Self, OptionError> {
        let named = only!([Dealer, Rep, Req, Router] "routing_id", self, builder => {
            builder.routing_id(routing_id).map(Self::from)
        });
        Ok(named??)
    }
}
