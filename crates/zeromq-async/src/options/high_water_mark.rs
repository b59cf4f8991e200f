//! The most messages in a queue.

use std::ops::Add;

/// The most messages a queue holds for one peer in one direction (`ZMQ_SNDHWM`, `ZMQ_RCVHWM`).
///
/// A multipart message counts as one. The default of every socket is 1,000.
///
/// ```
/// use zeromq_async::HighWaterMark;
///
/// assert_eq!(HighWaterMark::from(50_000), HighWaterMark::Messages(50_000));
/// assert_eq!(HighWaterMark::from(0), HighWaterMark::Unlimited); // as in libzmq
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HighWaterMark {
    /// This many. `Messages(0)` would block every message, and counts as 1.
    Messages(usize),
    /// No limit but memory.
    Unlimited,
}

impl HighWaterMark {
    /// The number of further messages that fit into a queue of `used`.
    #[inline]
    pub(crate) fn room(self, used: usize) -> usize {
        match self {
            Self::Messages(limit) => limit.max(1).saturating_sub(used),
            Self::Unlimited => usize::MAX,
        }
    }

    /// Whether at least half of the queue is free.
    pub(crate) fn is_low(self, used: usize) -> bool {
        match self {
            Self::Messages(limit) => used <= limit / 2,
            Self::Unlimited => true,
        }
    }
}

impl Default for HighWaterMark {
    fn default() -> Self {
        Self::Messages(1000)
    }
}

/// Zero is [`Unlimited`](HighWaterMark::Unlimited), as in libzmq.
impl From<usize> for HighWaterMark {
    fn from(messages: usize) -> Self {
        if messages == 0 { Self::Unlimited } else { Self::Messages(messages) }
    }
}

/// The sum of two queues in a row, as in inproc. Unlimited if either is.
impl Add for HighWaterMark {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        match (self, other) {
            (Self::Messages(one), Self::Messages(two)) => Self::Messages(one.saturating_add(two)),
            _ => Self::Unlimited,
        }
    }
}
