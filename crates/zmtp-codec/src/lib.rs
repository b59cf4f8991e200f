//! ZMTP, the ZeroMQ wire protocol, sans-io: bytes in, bytes out.
//!
//! This crate speaks ZMTP 3.1 and 3.0 (37/ZMTP, 23/ZMTP) as libzmq does: greeting, handshake,
//! framing, commands and heartbeats. It also speaks ZMTP 2.0 (15/ZMTP) with old peers. It has no
//! sockets, tasks, clock or randomness: the caller provides the byte stream and the time. So it runs on
//! any runtime or none, and tests need no network.
//!
//! For ZeroMQ sockets, with queues, patterns and reconnection, use `zeromq-async`, which is built on
//! this crate.
//!
//! # Driving a connection
//!
//! A [`Connection`] is one side of a byte stream. Write its bytes, read, and handle its events:
//!
//! ```
//! use std::io::{Read, Write};
//! use std::os::unix::net::UnixStream;
//!
//! use bytes::BytesMut;
//! use zmtp_codec::{Connection, ConnectionConfig, Event, Message, Null, SocketType};
//!
//! type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
//!
//! /// Sends one message and returns the first one received.
//! fn exchange(mut stream: UnixStream, message: Message) -> Result<Message> {
//!     let config = ConnectionConfig::new(SocketType::Pair, Null);
//!     let mut connection = Connection::new(&config);
//!     connection.send(message);
//!     let mut input = BytesMut::new();
//!     let mut buffer = [0; 1024];
//!     let mut received = None;
//!     loop {
//!         // 1. Write all bytes: first the greeting.
//!         while let Some(bytes) = connection.poll_transmit() {
//!             stream.write_all(&bytes)?;
//!         }
//!         if let Some(message) = received {
//!             return Ok(message);
//!         }
//!         // 2. Read.
//!         match stream.read(&mut buffer)? {
//!             0 => return Err("the peer closed the connection".into()),
//!             count => input.extend_from_slice(&buffer[..count]),
//!         }
//!         // 3. Handle all events.
//!         while let Some(event) = connection.handle_input(&mut input, usize::MAX)? {
//!             match event {
//!                 Event::Ready(peer) => assert_eq!(peer.socket_type(), SocketType::Pair),
//!                 Event::Messages(run) => received = run.into_iter().next(),
//!                 _ => {}
//!             }
//!         }
//!     }
//! }
//!
//! let (near, far) = UnixStream::pair()?;
//! let other = std::thread::spawn(|| exchange(far, Message::from("pong")));
//! assert_eq!(exchange(near, Message::from("ping"))?, Message::from("pong"));
//! assert_eq!(other.join().unwrap()?, Message::from("ping"));
//! # Result::Ok(())
//! ```
//!
//! An error ends the connection: write the remaining bytes, which may be an ERROR for the peer, and
//! close the stream. [`ProtocolError`] names the cause and whether to connect again.
//!
//! With Tokio, the crate `zmtp-tokio` does all of this in one call and returns a `Framed`.
//!
//! # The fast path
//!
//! Tens of millions of small messages a second allow little work for each. When a connection is
//! ready, take it apart ([`Connection::into_traffic`]):
//!
//! - A [`Decoder`] returns all complete messages of a read as one [`EncodedMessages`], without decoding
//!   them.
//! - A [`Batch`] is a queue of messages in wire form. Push messages or [`EncodedMessages`], write its bytes
//!   to the kernel, or pop messages. Small messages are copied once and need no allocation; large
//!   bodies are shared.
//! - An [`Encoder`] encodes subscriptions and commands for the peer's version. If the connection encrypts,
//!   it encrypts the next bytes of the batch into a [`SealBuffer`].
//! - A [`Heartbeat`] has the timers.
//!
//! # Contents
//!
//! | | |
//! |---|---|
//! | messages | [`Message`], [`Frame`], [`Batch`], [`EncodedMessages`], [`Subscription`], [`Group`], [`Membership`] |
//! | connections | [`Connection`], [`ConnectionConfig`], [`Limits`], [`Event`] |
//! | framings | [`framing`] |
//! | security | [`mechanism`], [`AuthenticationRequest`], [`Credentials`], [`Decision`], [`DenyStatus`] |
//! | peers | [`PeerInfo`], [`SocketType`], [`RoutingId`], [`Metadata`] |
//! | the fast path | [`Decoder`], [`Encoder`], [`Heartbeat`], [`SealBuffer`], [`Traffic`] |
//! | errors | [`ProtocolError`], [`Disposition`] |
//! | bytes | [`wire`] |
//!
//! # Hostile peers
//!
//! No input makes this crate panic. Memory is allocated for received bytes, not for announced ones.
//! [`Limits`] bound the cost of one peer.
//!
//! # Features
//!
//! None is on by default.
//!
//! - `curve`: CURVE, authentication and encryption with elliptic-curve keys.
//! - `noise`: NOISE, authentication and encryption with handshakes of the Noise framework.
//! - `ws`: the framing of 45/ZWS, ZMTP over WebSocket (`framing::zws`).

#![forbid(unsafe_code)]

mod authentication;
mod batch;
mod config;
mod connection;
mod decoder;
mod encoder;
mod error;
mod event;
pub mod framing;
mod group;
pub mod mechanism;
mod message;
mod metadata;
mod routing_id;
mod seal;
mod secret;
mod socket_type;
mod subscription;
pub mod wire;

pub use authentication::{AuthenticationRequest, Credentials, Decision, DenyStatus, Password};
pub use batch::{Batch, EncodedMessages, Frames, RunIter};
pub use config::{ConnectionConfig, Limits};
pub use connection::{Connection, Heartbeat, HeartbeatAction, HeartbeatConfig, Traffic};
pub use decoder::{Decoder, Inbound};
pub use encoder::Encoder;
pub use error::{
    Disposition, LimitExceeded, Malformed, PeerIncompatible, PeerMisbehaved, PeerUntrusted,
    ProtocolError,
};
pub use event::{Event, PeerInfo};
pub use group::{Group, GroupError, Membership};
#[cfg(feature = "__cipher")]
pub use mechanism::KeyError;
#[cfg(feature = "curve")]
pub use mechanism::{CurveClient, CurveKeyPair, CurvePublicKey, CurveSecretKey, CurveServer};
pub use mechanism::{Mechanism, Null, PlainClient, PlainClientError, PlainServer};
#[cfg(feature = "noise")]
pub use mechanism::{NoiseClient, NoiseKeyPair, NoisePublicKey, NoiseSecretKey, NoiseServer};
pub use message::{Frame, FrameCountError, Message};
pub use metadata::{Metadata, MetadataError, Property};
pub use routing_id::{RoutingId, RoutingIdError};
pub use seal::SealBuffer;
pub use socket_type::{SocketType, UnknownSocketType};
pub use subscription::Subscription;
pub use wire::{Command, Ttl};
