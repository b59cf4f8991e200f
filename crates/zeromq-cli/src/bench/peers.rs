//! Waiting until all peers have disconnected.

use zeromq_async::{Events, SocketEvent};

/// Completes when the last connected peer disconnects.
pub(super) async fn until_gone(mut events: Events) {
    let mut peers = 0_usize;
    while let Some(event) = events.next().await {
        match event {
            SocketEvent::HandshakeSucceeded { .. } => peers += 1,
            SocketEvent::Disconnected { .. } if peers <= 1 => return,
            SocketEvent::Disconnected { .. } => peers -= 1,
            _ => {}
        }
    }
}
