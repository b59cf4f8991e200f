//! What tests of programs with sockets are made of: peers without a network, peers that follow a
//! script, and a line that does harm (feature `testing`).
//!
//! * [`MemoryTransport`] carries sockets within the process. Unlike `inproc://` it is a transport
//!   like tcp, with handshakes, heartbeats and lost connections; unlike tcp it asks nothing of the
//!   kernel, so that with Tokio's paused clock an hour of it takes a moment.
//! * [`RawPeer`] is the other end of a connection, which says and hears ZMTP frame by frame, or
//!   byte by byte: [`raw_bytes`] spells out what [`wire`] cannot say because it is wrong.
//! * [`Relay`] stands between two endpoints, of any transport, and delays, throttles, alters, loses
//!   or ends what passes: see [`Fault`].
//!
//! Nothing here has a time limit of its own: put `tokio::time::timeout` around what may never come.
//!
//! A client whose server vanishes without a word finds out by its heartbeat, and in no time:
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
//! let hourly = Duration::from_secs(3600);
//! let client = DealerSocket::builder_in(&context).heartbeat_interval(hourly).build();
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
