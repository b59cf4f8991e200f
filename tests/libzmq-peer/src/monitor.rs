//! `Monitor`: the events of a socket's connections.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::socket::Socket;

/// Reports the connection events of a [`Socket`] in order.
#[derive(Debug)]
pub struct Monitor {
    far: Arc<Mutex<Socket>>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitorEvent {
    /// The kind of event.
    pub kind: EventKind,
    /// A value that depends on the kind: a file descriptor, an `errno`, an interval in ms, or a
    /// protocol error.
    pub value: u32,
    /// The local address of a bound endpoint, or the remote address of a connected one.
    pub endpoint: String,
}

/// The number of an event. Its constants are patterns for `match`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventKind(pub u16);

macro_rules! kinds {
    ($($name:ident = $number:literal $what:literal;)*) => {
        impl EventKind {
            $(#[doc = $what] pub const $name: Self = Self($number);)*
        }

        impl fmt::Debug for EventKind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match *self {
                    $(Self::$name => f.write_str(stringify!($name)),)*
                    Self(other) => write!(f, "EventKind({other:#06x})"),
                }
            }
        }
    };
}

kinds! {
    CONNECTED = 0x0001 "The transport is connected, before the ZMTP handshake. Value: file descriptor.";
    CONNECT_DELAYED = 0x0002 "A connect is in progress.";
    CONNECT_RETRIED = 0x0004 "A connect will be retried. Value: interval in ms.";
    LISTENING = 0x0008 "Bound. Value: file descriptor.";
    BIND_FAILED = 0x0010 "Value: `errno`.";
    ACCEPTED = 0x0020 "Value: file descriptor.";
    ACCEPT_FAILED = 0x0040 "Value: `errno`.";
    CLOSED = 0x0080 "A listener or an incomplete connection is closed.";
    CLOSE_FAILED = 0x0100 "Value: `errno`.";
    DISCONNECTED = 0x0200 "A connection ended, during or after its handshake.";
    MONITOR_STOPPED = 0x0400 "The last event.";
    HANDSHAKE_FAILED_NO_DETAIL = 0x0800 "Value: `errno`.";
    HANDSHAKE_SUCCEEDED = 0x1000 "The handshake is complete.";
    HANDSHAKE_FAILED_PROTOCOL = 0x2000 "Value: a `ZMQ_PROTOCOL_ERROR_*`.";
    HANDSHAKE_FAILED_AUTH = 0x4000 "Value: the ZAP status, 300, 400 or 500.";
}

impl Monitor {
    pub(crate) fn new(far: Arc<Mutex<Socket>>) -> Self {
        Self { far }
    }

    /// Returns the next event, or `None` after `timeout`.
    ///
    /// # Errors
    ///
    /// The context is shut down.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Option<MonitorEvent>, Error> {
        let far = self.far.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(far.recv_timeout(timeout)?.map(|frames| MonitorEvent::decode(&frames)))
    }

    /// Returns the next event of `kind`, or `None` after `timeout`. Discards the events before it.
    ///
    /// # Errors
    ///
    /// The context is shut down.
    pub fn wait_for(
        &self,
        kind: EventKind,
        timeout: Duration,
    ) -> Result<Option<MonitorEvent>, Error> {
        let deadline = Instant::now() + timeout;
        loop {
            match self.recv_timeout(deadline.saturating_duration_since(Instant::now()))? {
                Some(event) if event.kind != kind => {}
                other => return Ok(other),
            }
        }
    }
}

impl MonitorEvent {
    /// Frame 1 is a `u16` and a `u32` in host byte order. Frame 2 is the endpoint.
    fn decode(frames: &[Vec<u8>]) -> Self {
        let [event, endpoint] = frames else {
            panic!("a monitor message has two frames: {frames:?}")
        };
        let &[k0, k1, v0, v1, v2, v3] = event.as_slice() else {
            panic!("an event has 6 bytes: {event:?}")
        };
        Self {
            kind: EventKind(u16::from_ne_bytes([k0, k1])),
            value: u32::from_ne_bytes([v0, v1, v2, v3]),
            endpoint: String::from_utf8_lossy(endpoint).into_owned(),
        }
    }
}
