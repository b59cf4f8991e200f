//! Faults that a relay injects.

use std::time::Duration;

/// A direction through a [`Relay`](crate::Relay).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// From the peer that connects to the relay, to the target.
    Up,
    /// From the target to the peer that connects to the relay.
    Down,
}

impl Way {
    /// Both directions.
    pub const BOTH: [Self; 2] = [Self::Up, Self::Down];
}

/// A fault in one direction of a [`Relay`](crate::Relay). It applies to all connections.
///
/// Offsets and counts are bytes received in this direction on one connection, counted from 0.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use zeromq_test::{Fault, MemoryTransport, Relay, Way};
/// use zeromq_async::{Context, PullSocket, PushSocket};
///
/// let context = Context::builder().transport("mem", MemoryTransport::new())?.build();
/// let mut pull = PullSocket::builder_in(&context).handshake_timeout(Duration::MAX).build();
/// let mut push = PushSocket::builder_in(&context).handshake_timeout(Duration::MAX).build();
/// pull.bind("mem://sink").await?;
/// let relay = Relay::start(&context, "mem://relay", "mem://sink").await?;
/// relay.fault(Way::Up, Fault::Throttle { bytes: 1, every: Duration::from_secs(1) });
///
/// push.connect("mem://relay")?;
/// push.send("slow but complete").await?;
/// assert_eq!(pull.recv().await?, "slow but complete"); // two minutes later by Tokio's clock
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Delays all bytes by this time. Their order is kept.
    Delay(Duration),
    /// Limits the rate.
    Throttle {
        /// The number of bytes in each interval, at least 1.
        bytes: usize,
        /// The interval.
        every: Duration,
    },
    /// Flips bits of one byte.
    Flip {
        /// The offset of the byte.
        offset: u64,
        /// The bits to flip.
        bits: u8,
    },
    /// Stops reading, like an unplugged cable. The sender blocks once the buffers before the relay
    /// are full. Traffic continues where it stopped when the fault is removed.
    Stall,
    /// Reads and drops all bytes while connections stay open, like a proxy in front of a crashed
    /// machine.
    BlackHole,
    /// Ends the connection after this many bytes; at once if they have passed already.
    EndAfter {
        /// The number of bytes to forward.
        bytes: u64,
        /// How the connection ends.
        ending: Ending,
    },
    /// Closes this direction after this many bytes. The other direction stays open. Later bytes are
    /// dropped.
    HalfCloseAfter {
        /// The number of bytes to forward.
        bytes: u64,
    },
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// Both ends see an orderly close.
    Cut,
    /// Both ends see a connection reset (RST), as from a machine that has rebooted. On transports
    /// other than tcp this is [`Cut`](Self::Cut).
    Reset,
}
