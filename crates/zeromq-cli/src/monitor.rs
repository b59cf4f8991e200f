//! `--monitor`: socket events as JSON on standard error, one object per line.

use std::time::Duration;

use serde_json::{Value, json};
use zeromq_async::{Events, PeerInfo, SocketEvent};

use crate::console;
use crate::format;

/// Writes all events of a socket until it is closed.
pub(crate) async fn report(mut events: Events) {
    while let Some(event) = events.next().await {
        console::log(describe(&event));
    }
}

fn describe(event: &SocketEvent) -> Value {
    match event {
        SocketEvent::Listening { endpoint, descriptor } => json!({
            "event": "listening", "endpoint": text(endpoint), "descriptor": descriptor,
        }),
        SocketEvent::ListenerClosed { endpoint } => {
            json!({ "event": "listener_closed", "endpoint": text(endpoint) })
        }
        SocketEvent::Accepted { endpoint, address, local, descriptor } => json!({
            "event": "accepted", "endpoint": text(endpoint), "address": text(address),
            "local": text(local), "descriptor": descriptor,
        }),
        SocketEvent::AcceptFailed { endpoint, error } => json!({
            "event": "accept_failed", "endpoint": text(endpoint), "error": text(error),
        }),
        SocketEvent::Connected { endpoint, address, local, descriptor, attempt } => json!({
            "event": "connected", "endpoint": text(endpoint), "address": text(address),
            "local": local.as_ref().map(text), "descriptor": descriptor, "attempt": attempt,
        }),
        SocketEvent::ConnectFailed { endpoint, attempt, error } => json!({
            "event": "connect_failed", "endpoint": text(endpoint), "attempt": attempt,
            "error": text(error),
        }),
        SocketEvent::ConnectRetried { endpoint, attempt, delay } => json!({
            "event": "connect_retried", "endpoint": text(endpoint), "attempt": attempt,
            "delay_seconds": Duration::as_secs_f64(delay),
        }),
        SocketEvent::ConnectStopped { endpoint, attempts } => json!({
            "event": "connect_stopped", "endpoint": text(endpoint), "attempts": attempts,
        }),
        SocketEvent::HandshakeSucceeded { endpoint, peer, info } => {
            handshake_succeeded(&text(endpoint), &text(peer), info)
        }
        SocketEvent::HandshakeFailed { endpoint, address, attempt, reason } => json!({
            "event": "handshake_failed", "endpoint": text(endpoint), "address": text(address),
            "attempt": attempt, "reason": text(reason),
        }),
        SocketEvent::Rejected { endpoint, reason } => json!({
            "event": "rejected", "endpoint": text(endpoint), "reason": text(reason),
        }),
        SocketEvent::Disconnected { endpoint, peer, reason, unsent, .. } => json!({
            "event": "disconnected", "endpoint": text(endpoint), "peer": text(peer),
            "reason": text(reason), "unsent": unsent,
        }),
        SocketEvent::MessageRefused { endpoint, peer, attempts, bytes } => json!({
            "event": "message_refused", "endpoint": text(endpoint), "peer": text(peer),
            "attempts": attempts, "bytes": bytes,
        }),
        SocketEvent::Dropping { reason, count } => json!({
            "event": "dropping", "reason": text(&format_args!("{reason:?}")), "count": count,
        }),
        SocketEvent::Missed { count } => json!({ "event": "missed", "count": count }),
        other => json!({ "event": "other", "detail": text(other) }),
    }
}

fn handshake_succeeded(endpoint: &str, peer: &str, info: &PeerInfo) -> Value {
    let (major, minor) = info.version();
    json!({
        "event": "handshake_succeeded", "endpoint": endpoint, "peer": peer,
        "socket_type": text(&info.socket_type()), "routing_id": format::json(info.routing_id()),
        "version": format!("{major}.{minor}"), "mechanism": text(&info.mechanism()),
        "user_id": info.user_id(),
    })
}

fn text(value: &impl ToString) -> String {
    value.to_string()
}
