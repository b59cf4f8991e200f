//! `Monitor`: the events of a socket's connections.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::socket::Socket;

/// Reports what happens to the connections of the [`Socket`] that it was made from, in order.
#[derive(Debug)]
pub struct Monitor {
    far: Arc<Mutex<Socket>>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitorEvent {
    /// What happened.
    pub kind: EventKind,
    /// More about it: a file descriptor, an `errno`, an interval in ms, or a protocol error, by
    /// its kind.
    pub value: u32,
    /// Where: the local address of what was bound, the remote one of what was connected.
    pub endpoint: String,
}

/// The number of an event; a pattern to match on.
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
    CONNECTED = 0x0001 "The transport is connected; ZMTP is not yet. Value: file descriptor.";
    CONNECT_DELAYED = 0x0002 "A connect is under way.";
    CONNECT_RETRIED = 0x0004 "A connect will be tried again. Value: interval in ms.";
    LISTENING = 0x0008 "Bound. Value: file descriptor.";
    BIND_FAILED = 0x0010 "Value: `errno`.";
    ACCEPTED = 0x0020 "Value: file descriptor.";
    ACCEPT_FAILED = 0x0040 "Value: `errno`.";
    CLOSED = 0x0080 "A listener, or a connection that was not yet one, is closed.";
    CLOSE_FAILED = 0x0100 "Value: `errno`.";
    DISCONNECTED = 0x0200 "A connection has ended, after its handshake or within it.";
    MONITOR_STOPPED = 0x0400 "Nothing follows.";
    HANDSHAKE_FAILED_NO_DETAIL = 0x0800 "Value: `errno`.";
    HANDSHAKE_SUCCEEDED = 0x1000 "Messages can flow.";
    HANDSHAKE_FAILED_PROTOCOL = 0x2000 "Value: a `ZMQ_PROTOCOL_ERROR_*`.";
    HANDSHAKE_FAILED_AUTH = 0x4000 "Value: the ZAP status, 300, 400 or 500.";
}

impl Monitor {
    pub(crate) fn new(far: Arc<Mutex<Socket>>) -> Self {
        Self { far }
    }

    /// The next event, if there is one within `timeout`.
    ///
    /// # Errors
    ///
    /// When the context is shut down.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Option<MonitorEvent>, Error> {
        let far = self.far.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(far.recv_timeout(timeout)?.map(|frames| MonitorEvent::decode(&frames)))
    }

    /// The next event of `kind`, if there is one within `timeout`; the events before it are lost.
    ///
    /// # Errors
    ///
    /// When the context is shut down.
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
    /// Frame 1 is a `u16` and a `u32` of the host's own order, frame 2 the endpoint.
    fn decode(frames: &[Vec<u8>]) -> Self {
        let [event, endpoint] = frames else {
            panic!("a monitor's message has two frames: {frames:?}")
        };
        let &[k0, k1, v0, v1, v2, v3] = event.as_slice() else {
            panic!("an event has 6 octets: {event:?}")
        };
        Self {
            kind: EventKind(u16::from_ne_bytes([k0, k1])),
            value: u32::from_ne_bytes([v0, v1, v2, v3]),
            endpoint: String::from_utf8_lossy(endpoint).into_owned(),
        }
    }
}
