//! Trouble that a person at the terminal has to know of, because waiting will not end it: an unknown
//! host, a server that speaks another protocol. Each is told once for each endpoint.

use std::collections::HashSet;
use std::io;

use zeromq_async::{Endpoint, Events, HandshakeFailure, SocketEvent};

use crate::console;

/// Tells of trouble on standard error, until the socket has ended.
pub(crate) async fn report(mut events: Events) {
    let mut told = HashSet::new();
    while let Some(event) = events.next().await {
        if let Some((endpoint, text)) = describe(&event)
            && told.insert((endpoint.clone(), kind(&event)))
        {
            console::tell(format_args!("zmq: {}; trying again", text.replace('\n', " ")));
        }
    }
}

fn describe(event: &SocketEvent) -> Option<(&Endpoint, String)> {
    match event {
        SocketEvent::ConnectFailed { endpoint, error, .. } if !may_come(endpoint, error) => {
            Some((endpoint, error.to_string()))
        }
        SocketEvent::HandshakeFailed { endpoint, attempt: Some(_), reason, .. }
            if !is_told_otherwise(reason) =>
        {
            Some((endpoint, format!("{endpoint}: {reason}")))
        }
        _ => None,
    }
}

/// What makes one trouble with an endpoint another one.
fn kind(event: &SocketEvent) -> String {
    match event {
        SocketEvent::ConnectFailed { error, .. } => format!("{:?}", error.kind()),
        SocketEvent::HandshakeFailed { reason, .. } => reason.to_string(),
        _ => String::new(),
    }
}

/// Whether the other side may only not be there yet, which is nothing to tell of: either may begin.
fn may_come(endpoint: &Endpoint, error: &io::Error) -> bool {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => true,
        io::ErrorKind::NotFound => endpoint.scheme() == "ipc",
        _ => false,
    }
}

/// A refusal for good ends the command, which says why.
fn is_told_otherwise(reason: &HandshakeFailure) -> bool {
    matches!(reason, HandshakeFailure::Protocol(error) if !error.may_reconnect())
}
