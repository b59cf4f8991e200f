//! ZMTP, the ZeroMQ wire protocol, sans-io: bytes in, bytes out.

#![forbid(unsafe_code)]

mod batch;
mod config;
mod connection;
mod decoder;
mod encoder;
mod error;
mod event;
mod mechanism;
mod message;
mod metadata;
mod routing_id;
mod socket_type;
mod subscription;
#[cfg(feature = "tokio-util")]
pub mod tokio_util;
pub mod wire;

pub use batch::{Batch, Run, RunIter};
pub use config::{ConnectionConfig, Limits};
pub use connection::{Connection, Heartbeat, HeartbeatAction, HeartbeatConfig, Traffic};
pub use decoder::{Decoder, Inbound};
pub use encoder::Encoder;
pub use error::{
    Disposition, LimitExceeded, Malformed, PeerIncompatible, PeerMisbehaved, ProtocolError,
};
pub use event::{Event, PeerInfo};
pub use mechanism::Mechanism;
pub use message::{Frame, FrameCountError, Message};
pub use metadata::{Metadata, MetadataError, Property};
pub use routing_id::{RoutingId, RoutingIdError};
pub use socket_type::{SocketType, UnknownSocketType};
pub use subscription::Subscription;
pub use wire::{Command, Ttl};
