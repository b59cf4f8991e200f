//! Events for `tracing`, with stable names and fields. `docs/observability.md` lists them.

use tracing::debug;
use zmtp::SocketType;

use super::{DisconnectReason, HandshakeFailure, SocketEvent};

/// Emits a socket's event as a `tracing` event. Its level is DEBUG, because peers can cause many.
pub(super) fn trace(socket: SocketType, event: &SocketEvent) {
    macro_rules! trace {
        ($name:literal, $($fields:tt)*) => {
            debug!(name: $name, target: "zeromq_async::socket", %socket, $($fields)*)
        };
    }
    match event {
        SocketEvent::Listening { endpoint, .. } => trace!("listening", %endpoint),
        SocketEvent::ListenerClosed { endpoint } => trace!("listener_closed", %endpoint),
        SocketEvent::Accepted { endpoint, address, .. } => {
            trace!("accepted", %endpoint, %address);
        }
        SocketEvent::AcceptFailed { endpoint, error } => {
            trace!("accept_failed", %endpoint, %error);
        }
        SocketEvent::Connected { endpoint, address, attempt, .. } => {
            trace!("connected", %endpoint, %address, attempt);
        }
        SocketEvent::ConnectFailed { endpoint, attempt, error } => {
            trace!("connect_failed", %endpoint, attempt, %error);
        }
        SocketEvent::ConnectRetried { endpoint, attempt, delay } => {
            trace!("connect_retried", %endpoint, attempt, ?delay);
        }
        SocketEvent::ConnectStopped { endpoint, attempts } => {
            trace!("connect_stopped", %endpoint, attempts);
        }
        SocketEvent::HandshakeSucceeded { endpoint, peer, info } => {
            let (peer_type, mechanism) = (info.socket_type(), info.mechanism());
            trace!("handshake_succeeded", %endpoint, %peer, %peer_type, %mechanism);
        }
        SocketEvent::HandshakeFailed { endpoint, address, attempt, reason } => {
            let error = reason;
            let reason = reason.kind();
            trace!("handshake_failed", %endpoint, %address, attempt, reason, %error);
        }
        SocketEvent::Rejected { endpoint, reason } => {
            trace!("rejected", %endpoint, reason = "rejected", error = %reason);
        }
        SocketEvent::Disconnected { endpoint, peer, reason, unsent, kept, .. } => {
            let error = reason;
            let reason = reason.kind();
            trace!("disconnected", %endpoint, %peer, reason, %error, unsent, kept);
        }
        SocketEvent::MessageRefused { endpoint, peer, attempts, bytes } => {
            trace!("message_refused", %endpoint, %peer, attempts, bytes);
        }
        SocketEvent::DatagramFailed { endpoint, error } => {
            trace!("datagram_failed", %endpoint, %error);
        }
        SocketEvent::Dropping { reason, count } => trace!("dropping", ?reason, count),
        SocketEvent::Missed { .. } => {} // An event of one stream, not of the socket.
    }
}

impl HandshakeFailure {
    /// The variant in one snake_case word, for log fields and metric labels.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::TimedOut(_) => "timed_out",
            Self::PeerClosed => "peer_closed",
            Self::ServerKey => "server_key",
            Self::Displaced(_) => "displaced",
            Self::Io(_) => "io",
            #[cfg(feature = "tls")]
            Self::Tls(_) => "tls",
            Self::Denied { .. } => "denied",
            Self::Undecided { .. } => "undecided",
            Self::Protocol(_) => "protocol",
            Self::Rejected(_) => "rejected",
            Self::Panicked(_) => "panicked",
            Self::RuntimeEnded => "runtime_ended",
        }
    }
}

impl DisconnectReason {
    /// The variant in one snake_case word, for log fields and metric labels.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::PeerClosed => "peer_closed",
            Self::Closed => "closed",
            Self::Io(_) => "io",
            Self::Protocol(_) => "protocol",
            Self::Subscriptions(_) => "subscriptions",
            Self::HeartbeatTimedOut => "heartbeat_timed_out",
            Self::Panicked(_) => "panicked",
            Self::RuntimeEnded => "runtime_ended",
        }
    }
}
