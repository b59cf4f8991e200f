//! Waiting with an end to it.

use std::fmt::Display;
use std::future::IntoFuture;
use std::time::Duration;

use tokio::time::timeout;
use zeromq_async::{Events, PeerId, PeerInfo, SocketEvent};

/// How long a test waits for anything that is meant to happen.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// What `future` gives.
///
/// # Panics
///
/// Says `what` was waited for when it does not come in time.
pub async fn within<F: IntoFuture>(what: impl Display, future: F) -> F::Output {
    match timeout(DEADLINE, future).await {
        Ok(output) => output,
        Err(_) => panic!("waited {DEADLINE:?} for {what}"),
    }
}

/// The first event that `pick` takes; those before it are passed over.
///
/// # Panics
///
/// Says `what` was waited for, and which events came instead, when it does not come in time.
pub async fn event<T>(
    events: &mut Events,
    what: impl Display,
    mut pick: impl FnMut(&SocketEvent) -> Option<T>,
) -> T {
    let mut others = Vec::new();
    loop {
        match timeout(DEADLINE, events.next()).await {
            Ok(Some(event)) => match pick(&event) {
                Some(picked) => return picked,
                None => others.push(event),
            },
            Ok(None) => panic!("the events ended before {what}; there were {others:?}"),
            Err(_) => panic!("waited {DEADLINE:?} for {what}; there were {others:?}"),
        }
    }
}

/// The next peer that is ready.
pub async fn handshake(events: &mut Events) -> (PeerId, PeerInfo) {
    event(events, "a peer that is ready", |event| match event {
        SocketEvent::HandshakeSucceeded { peer, info, .. } => Some((*peer, info.clone())),
        _ => None,
    })
    .await
}
