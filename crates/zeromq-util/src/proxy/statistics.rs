//! What has passed a proxy.

use zeromq_async::{Frame, Message};

/// Counts of a [`Proxy`](super::Proxy) since it was made.
///
/// ```
/// use zeromq_util::proxy::ProxyStatistics;
///
/// let message = ProxyStatistics::default().to_message();
/// assert_eq!((message.frame_count(), message.size()), (8, 64));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ProxyStatistics {
    /// What the front has received and sent.
    pub front: EndStatistics,
    /// What the back has received and sent.
    pub back: EndStatistics,
    /// Messages that were received and dropped: because the other end does not send, or because a
    /// ROUTER with the option `mandatory` knows nobody by the id in front.
    pub dropped: u64,
}

/// Counts of one end of a proxy: whole messages, and the bytes of all their frames' bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct EndStatistics {
    /// Messages received.
    pub received: u64,
    /// Frames of them.
    pub received_frames: u64,
    /// Bytes of them.
    pub received_bytes: u64,
    /// Messages handed over to be sent.
    pub sent: u64,
    /// Frames of them.
    pub sent_frames: u64,
    /// Bytes of them.
    pub sent_bytes: u64,
}

impl ProxyStatistics {
    /// The answer of libzmq's `zmq_proxy_steerable` to `STATISTICS`: eight frames of eight bytes,
    /// each a number in the machine's own byte order. For the front, then for the back: frames
    /// received, bytes of them, frames sent, bytes of them.
    ///
    /// libzmq 4.3.5 counts frames here; what its documentation calls messages are
    /// [`received`](EndStatistics::received) and [`sent`](EndStatistics::sent).
    ///
    /// ```
    /// use zeromq_util::proxy::ProxyStatistics;
    ///
    /// let mut statistics = ProxyStatistics::default();
    /// statistics.back.received_frames = 7;
    /// assert_eq!(statistics.to_message().get(4).unwrap(), &7_u64.to_ne_bytes());
    /// ```
    pub fn to_message(&self) -> Message {
        let numbers = [self.front, self.back].into_iter().flat_map(|end| {
            [end.received_frames, end.received_bytes, end.sent_frames, end.sent_bytes]
        });
        numbers.map(|number| Frame::from(number.to_ne_bytes())).collect()
    }
}
