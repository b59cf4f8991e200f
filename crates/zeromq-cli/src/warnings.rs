//! Warnings about failures that waiting is unlikely to cure, such as an unknown host or a server of
//! another protocol. Each is reported once per endpoint.

use std::collections::HashSet;
use std::io;

use zeromq_async::tls::TlsFailure;
use zeromq_async::{Endpoint, Events, HandshakeFailure, SocketEvent};

use crate::console;

/// Writes warnings to standard error until the socket is closed.
pub(crate) async fn report(mut events: Events) {
    let mut reported = HashSet::new();
    while let Some(event) = events.next().await {
        if let Some((endpoint, text)) = describe(&event)
            && reported.insert((endpoint.clone(), kind(&event)))
        {
            console::log(format_args!("zmq: {}; trying again", text.replace('\n', " ")));
        }
    }
}

fn describe(event: &SocketEvent) -> Option<(&Endpoint, String)> {
    match event {
        SocketEvent::ConnectFailed { endpoint, error, .. } if !may_start(endpoint, error) => {
            Some((endpoint, error.to_string()))
        }
        SocketEvent::HandshakeFailed { endpoint, attempt: Some(_), reason, .. }
            if !is_final(reason) =>
        {
            Some((endpoint, format!("{endpoint}: {}", text(reason))))
        }
        _ => None,
    }
}

/// The reason, and the option that may help.
fn text(reason: &HandshakeFailure) -> String {
    match reason {
        HandshakeFailure::Tls(TlsFailure::UnknownIssuer) => format!("{reason} (--tls-ca)"),
        _ => reason.to_string(),
    }
}

/// Failures of the same kind are reported once.
fn kind(event: &SocketEvent) -> String {
    match event {
        SocketEvent::ConnectFailed { error, .. } => format!("{:?}", error.kind()),
        SocketEvent::HandshakeFailed { reason, .. } => reason.to_string(),
        _ => String::new(),
    }
}

/// Whether the server may just not have started yet. Either side may start first, so this is not
/// worth a warning.
fn may_start(endpoint: &Endpoint, error: &io::Error) -> bool {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => true,
        io::ErrorKind::NotFound => endpoint.scheme() == "ipc",
        _ => false,
    }
}

/// Whether the failure ends the command, which then reports it as its error.
fn is_final(reason: &HandshakeFailure) -> bool {
    matches!(reason, HandshakeFailure::Protocol(error) if !error.may_reconnect())
}
