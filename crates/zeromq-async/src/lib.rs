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
//!     client.connect(endpoint).await?;
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
//! Any socket binds and connects to any number of endpoints, in either order and at any time: over
//! `tcp://`, `ipc://` and `inproc://` ([`Endpoint`]). A socket that connects keeps connecting until
//! it is closed. Each type has its options, on its [builder](SocketBuilder).
//!
//! | socket | sends | receives | with no room, or no peer |
//! |---|---|---|---|
//! | [`ReqSocket`] | a request to the next peer | its reply, in turn | waits |
//! | [`RepSocket`] | the reply to who asked | requests, fairly | drops the reply |
//! | [`DealerSocket`] | to the next peer | fairly | waits |
//! | [`RouterSocket`] | to the peer that the first frame names | fairly, with that frame in front | drops, or says so |
//! | [`PubSocket`] | to all that subscribed | | drops, for that peer alone |
//! | [`SubSocket`] | | what it subscribed to | |
//! | [`XPubSocket`] | to all that subscribed | subscriptions | drops, for that peer alone |
//! | [`XSubSocket`] | upstream, to all | what it subscribed to | drops, for that peer alone |
//! | [`PushSocket`] | to the next peer | | waits |
//! | [`PullSocket`] | | fairly | |
//! | [`PairSocket`] | to its one peer | from it | waits |
//!
//! What a type cannot do does not compile: a [`PullSocket`] has no `send`. A [`Message`] is one or
//! more [`Frame`]s and travels whole or not at all.
//!
//! Sockets are `Send`. [`split`](Socket::split) makes halves for two tasks,
//! [`sender`](Socket::sender) further senders for more, and [`handle`](Socket::handle) what binds,
//! connects and closes from elsewhere. There is no thread behind them, only tasks of the runtime,
//! current-thread or multi-thread, on which they were bound and connected. `docs/runtime.md` says
//! which runtime that is for each call, and what happens when it ends, panics or stands still.
//!
//! # Layout
//!
//! Where to find what, from the application to the wire:
//!
//! * `socket`: the public types. A file for each socket type says which layers it is made of, and
//!   `builder` has every option, with the libzmq name where it differs.
//! * [`layer`]: what can be put around any of them: timeouts, filters, …
//! * `pattern`: the rules of RFC 28 to 31, one layer each: `round_robin`, `fair_queue`, `lockstep`,
//!   `distribute`, … They see the queues of peers and never a connection, so that each rule can be
//!   read beside its RFC.
//! * `peer`: the pipe, an outbound and an inbound queue for each peer. It outlives connections, for
//!   RFC 28 wants what is queued for a connecting peer kept while it is away.
//! * `engine`: one task for each connection, which moves bytes between a pipe and a transport;
//!   also accepting, connecting again, and closing. Nothing else spawns a task or reads a clock.
//! * [`transport`]: tcp, ipc and what you bring yourself, as byte streams. inproc needs none: two pipes are joined, in
//!   `engine`.
//! * [`typed`]: values instead of messages, upon any socket or layer.
//! * `authentication`: what the engine asks before a peer is let in; [`security`] has the answers.
//! * [`proxy`]: what forwards between two sockets.
//! * [`service`]: request/reply as tower services, made of sockets and of nothing else.
//! * `endpoint`, `options`, `error`, `event`, `stats`, `unsent`, `context`: the words the others use.
//! * The protocol itself is in a crate of its own, `zmtp-codec`: bytes in, bytes out.
//!
//! # Cancel safety
//!
//! What each async method promises when its future is dropped before it completes, as in
//! `tokio::select!` or `tokio::time::timeout`:
//!
//! | method | when dropped early |
//! |---|---|
//! | [`recv`](Socket::recv), [`recv_from`](Socket::recv_from) | no message is lost: the next call receives it |
//! | [`send`](Socket::send) | the message was not sent, not even in part, and is dropped |
//! | [`RecvExt::recv`](layer::RecvExt::recv), [`SendExt::send`](layer::SendExt::send) | through any [`layer`], the same |
//! | [`ready`](Socket::ready), [`flush`](Socket::flush) | nothing changes; what is queued is written all the same |
//! | [`wait_for_peers`](Socket::wait_for_peers), [`wait_for_subscribers`](Socket::wait_for_subscribers), [`Events::next`] | nothing is lost |
//! | [`bind`](Socket::bind) | nothing is bound |
//! | [`connect`](Socket::connect), [`disconnect`](Socket::disconnect), [`unbind`](Socket::unbind) | complete in their first poll, unless a name to unbind has to be looked up: then the endpoint stays bound |
//! | [`close`](Socket::close) | closing goes on in the background, and nobody gets the report |
//! | [`Typed::recv`](typed::Typed::recv), [`Typed::send`](typed::Typed::send) | as `recv` and `send` |
//! | [`ZapHandler::run`](security::ZapHandler::run) | the handler is gone, and what it has not decided is denied for now |
//! | [`ClientDriver::run`](service::ClientDriver::run) | the socket is closed, and requests that wait fail |
//! | [`Proxy::run`](proxy::Proxy::run) | nothing is lost: it can be run again |
//! | [`ResponseFuture`](service::ResponseFuture) | the request is given up, and its reply dropped when it comes |
//! | [`Server::run`](service::Server::run), [`run_until`](service::Server::run_until) | requests that are being served get no reply |
//! | [`SocketHandle::close`], [`Context::shutdown`] | nothing more can be sent; the rest follows in the background when the socket, its halves and handles are dropped |
//!
//! To keep a message whose sending may be cancelled, wait with [`ready`](Socket::ready) and then
//! call [`try_send`](Socket::try_send), which gives the message back in its error. As a `Sink`, a
//! message belongs to the socket once `start_send` has taken it: dropping `SinkExt::send` while it
//! flushes does not call it back.
//!
//! # Differences from libzmq
//!
//! A program that speaks to libzmq sees the rules of the RFCs and libzmq's defaults. What differs
//! is how this side behaves:
//!
//! * Messages are whole: there is no `ZMQ_SNDMORE`, and a message of several frames is one value.
//! * Options are fixed when the socket is built, typed, and without special values: no limit is
//!   [`HighWaterMark::Unlimited`] (which a plain 0 becomes), and to wait for ever is a method of its own, not -1.
//! * A REQ whose peer goes away with the request gets [`RecvError::ReplyLost`] and can ask again;
//!   libzmq's waits for ever.
//! * [`max_message_size`](SocketBuilder::max_message_size) limits the whole message; libzmq's
//!   limits each frame.
//! * A host name is tried with all of its addresses, IPv4 and IPv6, and looked up again for each
//!   attempt. `tcp://*:5555` binds to IPv4 alone, as with libzmq.
//! * A dropped socket goes on writing for its linger time as long as its runtime lives, wherever it
//!   was dropped, and nothing blocks the thread meanwhile. [`close`](Socket::close) waits for that and reports how many
//!   messages were not sent.
//! * An [event](SocketEvent) names its peer and says why a connection or handshake ended.
//! * Peers must speak ZMTP 2.0 or newer, as libzmq does since 3.2, and 3.0 for security. The mechanisms are NULL, PLAIN and, with
//!   the features of those names, CURVE and NOISE, which libzmq does not have. Who decides whom a server lets in is said where it is built
//!   ([`security`]).
//!
//! # Features
//!
//! Off by default, for what they depend on; everything else is always there:
//!
//! * `curve`: CURVE, which encrypts, and which libzmq speaks (`SocketBuilder::curve_client`).
//! * `noise`: NOISE, which encrypts with handshakes of the Noise framework
//!   (`SocketBuilder::noise_client`).
//! * `testing`: an in-memory transport, a scripted peer and a relay that does harm
//!   (`zeromq_async::testing`).
//! * `argon2`: passwords in a [`PasswordFile`](security::PasswordFile) may be Argon2 hashes.
//! * `lz4`, `zstd`: [compression](layer::CompressionLayer).
//! * `metrics`: what sockets and layers count, for the crate of that name (`observe`).
//! * `json`, `msgpack`, `postcard`, `cbor`: codecs for [typed sockets](typed).
//!
//! The oldest Rust that will do is `rust-version` in
//! `Cargo.toml`.

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
pub mod layer;
mod line;
#[cfg(feature = "metrics")]
pub mod observe;
mod options;
mod pattern;
mod peer;
pub mod proxy;
mod random;
pub mod security;
pub mod service;
mod socket;
mod stats;
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transport;
pub mod typed;
mod unsent;

pub use context::{Context, ContextBuilder};
pub use endpoint::{Endpoint, Host, IpcEndpoint, IpcName, OtherEndpoint, TcpAddress, TcpEndpoint};
pub use engine::CloseReport;
pub use error::{
    BindError, ConnectError, DetachError, EndpointError, RecvError, Rejected, RuntimeDriver,
    SendError, SendErrorKind, SocksCredentialsError, StreamError, SubscriptionsExceeded,
};
pub use event::{Crowding, DisconnectReason, Events, HandshakeFailure, SocketEvent};
pub use identity::{Peer, PeerAddress, PeerId};
pub use options::{
    HighWaterMark, Keepalive, ReconnectBackoff, ReconnectStop, SocksProxy, SubscriptionNotices,
};
pub use socket::{
    Conflates, Dealer, DealerSocket, Greets, Named, Pair, PairSocket, Probes, Pub, PubSocket,
    Publishes, Pull, PullSocket, Push, PushSocket, Receiver, Receives, Rep, RepSocket, Req,
    ReqSocket, Router, RouterSocket, Sender, Sends, SharesSending, Socket, SocketBuilder,
    SocketHandle, SocketKind, Sub, SubSocket, Subscribes, Topical, XPub, XPubSocket, XSub,
    XSubSocket,
};
pub use stats::{Astray, Discarded, Dropped, PeerStats, SocketStats};
pub use unsent::{Unsent, UnsentMessages};
pub use zmtp::wire::MechanismName;
pub use zmtp::{
    Frame, FrameCountError, LimitExceeded, Malformed, Message, Metadata, MetadataError,
    PeerIncompatible, PeerInfo, PeerMisbehaved, PeerUntrusted, ProtocolError, RoutingId,
    RoutingIdError, SocketType,
};

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

#[cfg(all(doctest, feature = "argon2", feature = "curve"))]
#[doc = include_str!("../../../docs/security-guide.md")]
struct SecurityGuide;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/runtime.md")]
struct RuntimeGuide;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/layers.md")]
struct LayersGuide;
