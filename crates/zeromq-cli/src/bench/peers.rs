//! Noticing that the other side is done.

use zeromq_async::{Events, SocketEvent};

/// Completes when a peer has been there and none is any more.
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
