//! When a connecting socket gives an endpoint up.

/// Failures after which no further attempt to connect is made (`ZMQ_RECONNECT_STOP`).
///
/// By default there are none, and a socket tries until it is closed. Where one happens, the endpoint
/// is as if [disconnected](crate::Socket::disconnect): what was queued for it counts as lost, and
/// [`ConnectStopped`](crate::SocketEvent::ConnectStopped) is the last event. libzmq's third
/// condition, after a disconnect, always holds here.
///
/// ```
/// use zeromq_async::{ReconnectStop, ReqSocket};
///
/// let stop = ReconnectStop::never().when_refused().when_handshake_fails();
/// let req = ReqSocket::builder().reconnect_stop(stop).build();
/// # drop(req);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ReconnectStop {
    pub(crate) when_refused: bool,
    pub(crate) when_handshake_fails: bool,
}

impl ReconnectStop {
    /// Goes on whatever happens.
    ///
    /// ```
    /// use zeromq_async::ReconnectStop;
    ///
    /// assert_eq!(ReconnectStop::never(), ReconnectStop::default());
    /// ```
    pub const fn never() -> Self {
        Self { when_refused: false, when_handshake_fails: false }
    }

    /// Stops when nobody listens at the endpoint (`ZMQ_RECONNECT_STOP_CONN_REFUSED`): for a server
    /// whose port is another one after each start.
    ///
    /// Of a name with several addresses the last that was tried counts.
    ///
    /// ```
    /// use zeromq_async::{PushSocket, ReconnectStop};
    ///
    /// let stop = ReconnectStop::never().when_refused();
    /// let push = PushSocket::builder().reconnect_stop(stop).build();
    /// # drop(push);
    /// ```
    #[must_use]
    pub const fn when_refused(self) -> Self {
        Self { when_refused: true, ..self }
    }

    /// Stops when a handshake fails, for whatever reason (`ZMQ_RECONNECT_STOP_HANDSHAKE_FAILED`):
    /// who answers may not be a ZeroMQ socket. Without it only an ERROR of the peer is final.
    ///
    /// Who answers nothing has failed after the
    /// [handshake timeout](crate::SocketBuilder::handshake_timeout).
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_async::{PushSocket, ReconnectStop};
    ///
    /// let stop = ReconnectStop::never().when_handshake_fails();
    /// let timeout = Duration::from_secs(2);
    /// let push = PushSocket::builder().handshake_timeout(timeout).reconnect_stop(stop).build();
    /// # drop(push);
    /// ```
    #[must_use]
    pub const fn when_handshake_fails(self) -> Self {
        Self { when_handshake_fails: true, ..self }
    }
}
