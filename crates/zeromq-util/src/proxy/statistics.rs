//! The counters of a proxy.

use zeromq_async::{Frame, Message};

/// The counters of a [`Proxy`](super::Proxy) since it was made.
///
/// ```
/// use zeromq_util::proxy::ProxyStatistics;
///
/// let mut statistics = ProxyStatistics::default();
/// statistics.back.received_frames = 7;
/// assert_eq!(statistics.to_message().get(4).unwrap(), &7_u64.to_ne_bytes());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ProxyStatistics {
    /// The counters of the front.
    pub front: EndStatistics,
    /// The counters of the back.
    pub back: EndStatistics,
    /// Messages that were received and dropped: the other end does not send, or is a ROUTER with the
    /// option `mandatory` and no peer of that routing id.
    pub dropped: u64,
}

/// The counters of one end of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct EndStatistics {
    /// Messages received.
    pub received: u64,
    /// Frames of received messages.
    pub received_frames: u64,
    /// Bytes in frames of received messages.
    pub received_bytes: u64,
    /// Messages handed over to be sent.
    pub sent: u64,
    /// Frames of sent messages.
    pub sent_frames: u64,
    /// Bytes in frames of sent messages.
    pub sent_bytes: u64,
}

impl ProxyStatistics {
    /// Makes the reply of libzmq's `zmq_proxy_steerable` to `STATISTICS`: eight frames, each a number
    /// of eight bytes in native byte order. For the front, then for the back: received frames and
    /// bytes, sent frames and bytes.
    ///
    /// libzmq 4.3.5 counts frames here. Its documentation says messages, which are
    /// [`received`](EndStatistics::received) and [`sent`](EndStatistics::sent).
    pub fn to_message(&self) -> Message {
        let numbers = [self.front, self.back].into_iter().flat_map(|end| {
            [end.received_frames, end.received_bytes, end.sent_frames, end.sent_bytes]
        });
        numbers.map(|number| Frame::from(number.to_ne_bytes())).collect()
    }
}
