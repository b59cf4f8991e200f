//! What can happen to bytes on their way.

use std::time::Duration;

/// The way that bytes go through a [`Relay`](super::Relay).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// From whoever connects to the relay.
    Up,
    /// Back to them.
    Down,
}

impl Way {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Up, Self::Down];
}

/// Something that happens to all that goes one way through a [`Relay`](super::Relay), on every
/// connection, from now on.
///
/// Offsets are of bytes that came this way over one connection, counted from 0.
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
/// push.send("slow but whole").await?;
/// assert_eq!(pull.recv().await?, "slow but whole"); // some two minutes later, by Tokio's clock
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Everything arrives so much later, and in order.
    Delay(Duration),
    /// No more than so many bytes arrive in each such time.
    Throttle {
        /// At least 1.
        bytes: usize,
        /// From one piece to the next.
        every: Duration,
    },
    /// These bits of a byte are changed.
    Flip {
        /// Which byte.
        offset: u64,
        /// The bits.
        bits: u8,
    },
    /// Nothing is taken any more, as where a cable is out: who writes is held up when the buffers
    /// before the relay are full. It goes on where it was when the fault is taken back.
    Stall,
    /// Everything is taken and nothing arrives, and no connection ends: a machine that has vanished
    /// behind a proxy that has not.
    BlackHole,
    /// After so many bytes the connection ends, both ways; at once where they have come already.
    EndAfter {
        /// How many still arrive.
        bytes: u64,
        /// How it ends.
        ending: Ending,
    },
    /// After so many bytes this way is closed, as if the sender had nothing more to say, and the
    /// other goes on. What comes later is lost.
    HalfCloseAfter {
        /// How many still arrive.
        bytes: u64,
    },
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// Both ends see it closed.
    Cut,
    /// Both ends are told that the connection was reset: over tcp with RST, as a machine does that
    /// has crashed and come back. Over others it is [`Cut`](Self::Cut).
    Reset,
}
