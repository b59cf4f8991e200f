//! Testing tools for programs with ZeroMQ sockets.
//!
//! * [`MemoryTransport`] connects sockets within the process. It has handshakes, heartbeats and lost
//!   connections like tcp, but uses no kernel sockets. With Tokio's paused clock an hour takes a
//!   moment.
//! * [`RawPeer`] is a scripted peer. It sends and reads ZMTP frame by frame or byte by byte.
//!   [`raw_bytes`] builds malformed data, which the types in [`wire`] cannot express.
//! * [`Relay`] forwards between two endpoints of any transport and injects [`Fault`]s: it delays,
//!   throttles, changes, drops or ends the traffic.
//!
//! Nothing here has a time limit of its own. Wrap calls in `tokio::time::timeout` where needed.
//!
//! In this example a server vanishes without closing its connection. The client's heartbeat detects
//! it, an hour later by Tokio's clock:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use zeromq_test::{Fault, MemoryTransport, Relay, Way};
//! use zeromq_async::{Context, DealerSocket, DisconnectReason, RouterSocket, SocketEvent};
//!
//! let context = Context::builder().transport("mem", MemoryTransport::new())?.build();
//! let server = RouterSocket::builder_in(&context).build();
//! server.bind("mem://server").await?;
//! let relay = Relay::start(&context, "mem://relay", "mem://server").await?;
//!
//! let hour = Duration::from_secs(3600);
//! let client = DealerSocket::builder_in(&context).heartbeat_interval(hour).build();
//! let mut events = client.events();
//! client.connect("mem://relay")?;
//! client.wait_for_peers(1).await;
//! relay.fault(Way::Down, Fault::BlackHole);
//! while let Some(event) = events.next().await {
//!     if let SocketEvent::Disconnected { reason, .. } = event {
//!         assert!(matches!(reason, DisconnectReason::HeartbeatTimedOut));
//!         break;
//!     }
//! }
//! # Ok(()) }
//! ```

#![forbid(unsafe_code)]

mod fault;
mod memory;
pub mod raw_bytes;
mod raw_peer;
mod relay;

pub use fault::{Ending, Fault, Way};
pub use memory::{MemoryListener, MemoryTransport};
pub use raw_peer::{RawListener, RawPeer};
pub use relay::Relay;
pub use zmtp::wire;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
