//! ZeroMQ sockets for Tokio: each a `Stream` and/or a `Sink` of messages, wire-compatible with
//! libzmq over ZMTP 3, and written in Rust throughout.
//!
//! A server that answers, and a client that asks:
//!
//! ```
//! use zeromq_async::{RepSocket, ReqSocket};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let (mut server, mut client) = (RepSocket::new(), ReqSocket::new());
//!     let endpoint = server.bind("tcp://127.0.0.1:*").await?; // any free port
//!     client.connect(endpoint)?;
//!
//!     client.send("Hello").await?;
//!     assert_eq!(server.recv().await?, "Hello");
//!     server.send("World").await?;
//!     assert_eq!(client.recv().await?, "World");
//!     Ok(())
//! }
//! ```
//!
//! # Sockets
//!
//! Any socket can bind and connect to any number of endpoints, at any time and in any order: over
//! `tcp://`, `ipc://` and `inproc://` ([`Endpoint`]), and RADIO, DISH and DGRAM over `udp://`. When a
//! connection is lost, the socket connects again until it is closed. Each type has its options on its
//! [builder](SocketBuilder).
//!
//! | socket | sends | receives | with no room, or no peer |
//! |---|---|---|---|
//! | [`ReqSocket`] | a request to the next peer | its reply | waits |
//! | [`RepSocket`] | the reply to the last request | requests, fairly | drops the reply |
//! | [`DealerSocket`] | to the next peer | fairly | waits |
//! | [`RouterSocket`] | to the peer that the first frame names | fairly, with the routing id in front | drops, or fails |
//! | [`PubSocket`] | to all that subscribed | | drops for that peer only |
//! | [`SubSocket`] | | what it subscribed to | |
//! | [`XPubSocket`] | to all that subscribed | subscriptions | drops for that peer only |
//! | [`XSubSocket`] | to all publishers | what it subscribed to | drops for that peer only |
//! | [`PushSocket`] | to the next peer | | waits |
//! | [`PullSocket`] | | fairly | |
//! | [`PairSocket`] | to its only peer | from it | waits |
//! | [`StreamSocket`] | bytes to the peer that the first frame names | bytes, fairly, with that frame in front | waits |
//! | [`RadioSocket`] | to all that joined the group | | drops for that peer only |
//! | [`DishSocket`] | | from the groups it joined | |
//! | [`DgramSocket`] | to an address, over UDP | from any address | waits |
//!
//! Any number of tasks can use a socket of these types at a time, through [clones](SharedSocket) of it.
//! Their messages have one [`Frame`]:
//!
//! | socket | sends | receives | with no room, or no peer |
//! |---|---|---|---|
//! | [`ClientSocket`] | to the next peer | fairly | waits |
//! | [`ServerSocket`] | to the peer that a [`RouteId`] names | fairly, with its id | waits, or says so |
//! | [`ScatterSocket`] | to the next peer | | waits |
//! | [`GatherSocket`] | | fairly | |
//! | [`PeerSocket`] | to the peer that a [`RouteId`] names | fairly, with its id | waits, or says so |
//! | [`ChannelSocket`] | to its one peer | from it | waits |
//!
//! Wrong use does not compile: a [`PullSocket`] has no `send`. A [`Message`] is one or more
//! [`Frame`]s and arrives whole or not at all.
//! An [`AnySocket`] has a type that is chosen at run time.
//!
//! Sockets are `Send`. [`split`](Socket::split) makes two halves for two tasks,
//! [`sender`](Socket::sender) makes further senders, and a [`handle`](Socket::handle) binds,
//! connects and closes from anywhere. Sockets start no thread, except for host name lookups. Their
//! tasks run on the Tokio runtime, current-thread or multi-thread, on which they were bound and
//! connected. `docs/runtime.md` says which runtime that is, and what happens when it ends or is
//! blocked, or a task panics.
//!
//! # Layout
//!
//! From the application down to the wire:
//!
//! * `socket`: the public types. Each socket type has a short file that names its two stacks.
//!   `builder` has every option, with its libzmq name.
//! * [`pattern`]: the parts of the stacks, one file each: `round_robin`, `fair_queue`, `lockstep`,
//!   `distribute`, … They see the queues of peers and never a connection, so you can read each
//!   beside its RFC. It also shows how to define a socket type of your own.
//! * `pipe`: an outbound and an inbound queue for each peer. A connecting peer's pipe
//!   outlives its connections: RFC 28 keeps its queue while the peer is away.
//! * `engine`: one task for each connection. It moves bytes between a pipe and a transport, and
//!   accepts, reconnects and closes. No other module spawns a task. Only `transport` reads the clock
//!   too, for its time limits.
//! * [`transport`]: byte streams: tcp, ipc, ws, and your own. inproc needs none; the engine joins two
//!   pipes.
//! * `authentication`: the trait that decides whether a peer may connect. [`security`] has keys and
//!   implementations.
//! * `endpoint`, `options`, `error`, `event`, `stats`, `unsent`, `context`: the vocabulary.
//!
//! The protocol itself is in the crate `zmtp-codec`: bytes in, bytes out. Other crates build on
//! this one's public API: `zeromq-util` (layers, tower services, typed sockets, proxies, metrics),
//! `zeromq-auth` (ZAP, certificates, passwords) and `zeromq-test` (a test kit).
//!
//! # Cancel safety
//!
//! This happens when the future of an async method is dropped before it completes, as in
//! `tokio::select!` or `tokio::time::timeout`:
//!
//! | method | when dropped early |
//! |---|---|
//! | [`recv`](Socket::recv), [`recv_from`](Socket::recv_from) | No message is lost. The next call receives it. |
//! | [`send`](Socket::send) | The message was not sent, not even in part. It is dropped. |
//! | [`ready`](Socket::ready), [`flush`](Socket::flush) | Nothing changes. Queued messages are written all the same. |
//! | [`wait_for_peers`](Socket::wait_for_peers), [`wait_for_subscribers`](Socket::wait_for_subscribers), [`Events::next`] | Nothing is lost. |
//! | [`bind`](Socket::bind) | Nothing is bound. |
//! | [`unbind`](Socket::unbind), [`stop_accepting`](Socket::stop_accepting) | They complete in their first poll, unless they must resolve a name: dropped then, the endpoint stays bound. |
//! | [`SharedSocket::recv`], [`SharedSocket::recv_from`] | No message is lost. Another task receives it. |
//! | [`SharedSocket::send`], [`SharedSocket::send_to`] | The message was not sent. It is dropped. |
//! | [`close`](Socket::close) | Closing goes on in the background. The report is lost. |
//! | [`SocketHandle::close`], [`Context::shutdown`] | Nothing more can be sent. Closing ends in the background when the socket, its halves and handles are dropped. |
//!
//! If a send may be cancelled and the message must not be lost, wait with [`ready`](Socket::ready)
//! and then call [`try_send`](Socket::try_send), which returns the message in its error. As a
//! `Sink`, a socket owns a message once `start_send` has taken it. Dropping `SinkExt::send` while
//! it flushes does not take it back.
//!
//! # Differences from libzmq
//!
//! Peers see the rules of the RFCs and libzmq's defaults. The API differs:
//!
//! * Messages are whole. There is no `ZMQ_SNDMORE`; a message of several frames is one value.
//! * Options are typed and fixed when the socket is built. [`HighWaterMark::Unlimited`] means no
//!   limit (and 0 converts to it). To wait without a limit, there are methods in place of -1.
//! * If the peer of a REQ disconnects with the request, `recv` fails with [`RecvError::ReplyLost`],
//!   and the REQ can send the next request. libzmq's REQ waits without end.
//! * [`max_message_size`](SocketBuilder::max_message_size) limits the whole message. libzmq limits
//!   each frame.
//! * Each attempt to connect resolves the host name again, and tries all of its addresses, IPv4 and
//!   IPv6. `tcp://*:5555` binds to IPv4 only, as in libzmq.
//! * A dropped socket goes on writing for its linger time while its runtime lives, and blocks no
//!   thread. [`close`](Socket::close) waits for that and reports how many messages were not sent.
//! * An [event](SocketEvent) names its peer and says why a connection or handshake ended.
//! * Peers must speak ZMTP 2.0 or newer, and 3.0 for security. ZMTP 1.0 is an
//!   [option](SocketBuilder::allow_zmtp_1), which in libzmq is always on. The
//!   mechanisms are NULL, PLAIN, and with their features CURVE and NOISE. libzmq does not have
//!   NOISE.
//!
//! # Features
//!
//! All are off by default, for their dependencies:
//!
//! * `curve`: CURVE, which encrypts and which libzmq speaks (`SocketBuilder::curve_client`).
//! * `noise`: NOISE, which encrypts with handshakes of the Noise framework
//!   (`SocketBuilder::noise_client`).
//! * `ws`: `ws://` endpoints, for browsers and libzmq (`transport::Ws`).
//!
//! The minimum supported Rust version is `rust-version` in `Cargo.toml`.

#![forbid(unsafe_code)]

mod authentication;
mod context;
mod endpoint;
mod engine;
mod error;
mod event;
#[cfg(feature = "__fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod identity;
mod options;
pub mod pattern;
mod pipe;
mod random;
pub mod security;
mod socket;
mod stats;
mod sync;
#[cfg(feature = "tls")]
pub mod tls;
pub mod transport;
mod unsent;

pub use context::{Context, ContextBuilder};
pub use endpoint::{
    Endpoint, EndpointError, EndpointErrorKind, Host, IpcEndpoint, IpcName, OtherEndpoint,
    TcpAddress, TcpEndpoint, UdpEndpoint, WsEndpoint,
};
pub use engine::CloseReport;
pub use error::{
    BindError, BindErrorKind, ConnectError, ConnectErrorKind, DetachError, MembershipError,
    Mismatch, OptionError, RecvError, Rejected, RuntimeDriver, SendError, SendErrorKind,
    StreamError, SubscriptionsExceeded, Unsupported,
};
pub use event::{DisconnectReason, Displaced, Events, HandshakeFailure, SocketEvent};
pub use identity::{Peer, PeerAddress, PeerId, RouteId, TransportUser};
pub use options::{
    HighWaterMark, Keepalive, ReconnectBackoff, ReconnectStop, SocksCredentialsError, SocksProxy,
    SubscriptionNotices,
};
pub use socket::{
    Address, AnyReceiver, AnySender, AnySocket, AnySocketBuilder, Channel, ChannelSocket, Client,
    ClientSocket, Conflates, Dealer, DealerSocket, Dgram, DgramSocket, Dish, DishSocket,
    DropsWhenFull, FrameKind, FromStacks, Gather, GatherSocket, Greets, Multicasts, Named,
    Notifies, NotifiesDisconnect, NotifiesHiccup, Pair, PairSocket, PeerKind, PeerSocket, Probes,
    Pub, PubSocket, Publishes, Pull, PullSocket, Push, PushSocket, Radio, RadioSocket, Receiver,
    Receives, Rep, RepSocket, Req, ReqOptions, ReqSocket, Router, RouterOptions, RouterSocket,
    Scatter, ScatterSocket, Sender, Sends, Server, ServerSocket, SharedSocket, SharesSending,
    Socket, SocketBuilder, SocketHandle, SocketKind, Stacks, StatsHandle, Stream, StreamSocket,
    Sub, SubSocket, Subscribes, Topical, TypeMismatch, XPub, XPubSocket, XSub, XSubSocket,
};
pub use stats::{Discarded, DropReason, Dropped, PeerStats, SocketStats};
pub use unsent::{Unsent, UnsentMessages};
pub use zmtp::wire::MechanismName;
pub use zmtp::{
    Frame, FrameCountError, Group, GroupError, LimitExceeded, Malformed, Message, Metadata,
    MetadataError, PeerIncompatible, PeerInfo, PeerMisbehaved, PeerUntrusted, ProtocolError,
    RoutingId, RoutingIdError, SocketType,
};

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/runtime.md")]
struct RuntimeGuide;
