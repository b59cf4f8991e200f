//! ZMTP, the ZeroMQ wire protocol, sans-io: bytes in, bytes out.
//!
//! This crate speaks ZMTP 3.1 and 3.0 (37/ZMTP, 23/ZMTP) as libzmq does: greeting, handshake,
//! framing, commands and heartbeats. With peers that know nothing else it speaks ZMTP 2.0 (15/ZMTP). It has no sockets, tasks, clock or randomness: whoever uses it
//! brings the byte stream and says what time it is. So it runs on any runtime, or on none, and
//! every fault of a peer can be tested without a network.
//!
//! For ZeroMQ sockets, with their queues, patterns and reconnecting, use `zeromq-async`, which is
//! built on this.
//!
//! # Driving a connection
//!
//! A [`Connection`] is one side of one byte stream. Write what it gives out, read, hand it what
//! was read, and take its events until there are none:
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
//! /// Sends one message and returns the first that comes.
//! fn exchange(mut stream: UnixStream, message: Message) -> Result<Message> {
//!     let config = ConnectionConfig::new(SocketType::Pair, Null);
//!     let mut connection = Connection::new(&config);
//!     connection.send(message);
//!     let mut input = BytesMut::new();
//!     let mut buffer = [0; 1024];
//!     let mut received = None;
//!     loop {
//!         // 1. Write what there is to write: first of all, the greeting.
//!         while let Some(bytes) = connection.poll_transmit() {
//!             stream.write_all(&bytes)?;
//!         }
//!         if let Some(message) = received {
//!             return Ok(message);
//!         }
//!         // 2. Read something.
//!         match stream.read(&mut buffer)? {
//!             0 => return Err("the peer closed the connection".into()),
//!             count => input.extend_from_slice(&buffer[..count]),
//!         }
//!         // 3. See what has happened, until nothing more has.
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
//! An error ends the connection: write what is still to be transmitted, for it may tell the peer
//! the reason, and close. [`ProtocolError`] says whose fault it was and whether connecting again
//! makes sense.
//!
//! Over Tokio, the feature `tokio-util` makes a `Framed` of any byte stream, and all of this is
//! one call.
//!
//! # For speed
//!
//! Small messages come by the tens of millions in a second, and then what matters is what is *not*
//! done for each. Once a connection is ready, take it apart ([`Connection::into_traffic`]):
//!
//! - A [`Decoder`] cuts all whole messages off what was read as one [`EncodedMessages`], without touching
//!   them.
//! - A [`Batch`] is a queue of messages in wire form. Push messages or runs into it, write it to
//!   the kernel as it stands, or pop messages from it. Small messages are copied once and never
//!   allocated for; large bodies are shared and never copied.
//! - An [`Encoder`] writes what depends on the peer. Where the connection encrypts, it seals what is
//!   about to be written into a [`SealBuffer`].
//! - A [`Heartbeat`] has the timers.
//!
//! # Contents
//!
//! | | |
//! |---|---|
//! | messages | [`Message`], [`Frame`], [`Batch`], [`EncodedMessages`], [`Subscription`] |
//! | connections | [`Connection`], [`ConnectionConfig`], [`Limits`], [`Mechanism`], [`Event`] |
//! | security | [`AuthenticationRequest`], [`Credentials`], [`Decision`], [`DenyStatus`], [`PlainClient`] |
//! | peers | [`PeerInfo`], [`SocketType`], [`RoutingId`], [`Metadata`] |
//! | their parts | [`Decoder`], [`Encoder`], [`Heartbeat`], [`SealBuffer`], [`Traffic`] |
//! | what goes wrong | [`ProtocolError`], [`Disposition`] |
//! | bytes | [`wire`] |
//!
//! # Hostile peers
//!
//! No input makes this crate panic, and memory is taken for bytes that have arrived, not for
//! those that were announced. [`Limits`] bound what one peer can cost.
//!
//! # Features
//!
//! None is on by default.
//!
//! - `curve`: CURVE, authentication and encryption with elliptic-curve keys.
//! - `noise`: NOISE, the same with handshakes of the Noise framework.
//! - `tokio-util`: a whole connection as a codec for `tokio_util::codec::Framed`.

#![forbid(unsafe_code)]

mod authentication;
mod batch;
mod config;
mod connection;
mod decoder;
mod encoder;
mod error;
mod event;
pub mod mechanism;
mod message;
mod metadata;
mod routing_id;
mod seal;
mod secret;
mod socket_type;
mod subscription;
#[cfg(feature = "tokio-util")]
pub mod tokio_util;
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
