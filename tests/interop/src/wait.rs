//! Waiting with an end to it.

use std::fmt::Display;
use std::future::IntoFuture;
use std::time::Duration;

use libzmq_peer::Reply;
use tokio::time::{sleep, timeout};
use zeromq_async::{
    DisconnectReason, Events, HandshakeFailure, Message, PeerId, PeerInfo, Receives, Sends, Socket,
    SocketEvent,
};

use crate::Frames;

/// How long a test waits for anything that is meant to happen: longer than it takes on a machine
/// with much else to do.
pub const DEADLINE: Duration = Duration::from_secs(60);

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

/// Why the next connection that ends does.
pub async fn disconnected(events: &mut Events) -> DisconnectReason {
    event(events, "a connection that ends", |event| match event {
        SocketEvent::Disconnected { reason, .. } => Some(reason.clone()),
        _ => None,
    })
    .await
}

/// Why the next handshake that fails does.
pub async fn handshake_failure(events: &mut Events) -> HandshakeFailure {
    event(events, "a handshake that fails", |event| match event {
        SocketEvent::HandshakeFailed { reason, .. } => Some(reason.clone()),
        _ => None,
    })
    .await
}

/// The next message.
///
/// # Panics
///
/// When there is an error, or no message in time.
pub async fn recv<P: Receives>(socket: &mut Socket<P>, what: impl Display) -> Message {
    match within(&what, socket.recv()).await {
        Ok(message) => message,
        Err(error) => panic!("{what}: {error}"),
    }
}

/// Sends a message.
///
/// # Panics
///
/// When there is an error, or no room in time.
pub async fn send<P: Sends>(socket: &mut Socket<P>, message: impl Into<Message>) {
    if let Err(error) = within("a message to be sent", socket.send(message)).await {
        panic!("sending: {error}");
    }
}

/// Publishes `message` until libzmq's subscriber has it: a PUB does not tell when a subscription
/// has arrived. More copies may be under way.
///
/// # Panics
///
/// When the subscriber gets something else, or nothing.
pub async fn published<P: Sends>(publisher: &mut Socket<P>, message: &str, heard: Reply<Frames>) {
    let publishing = async {
        loop {
            send(publisher, message).await;
            sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        heard = heard => match heard {
            Ok(heard) => assert_eq!(heard, [message.as_bytes()], "what was published"),
            Err(error) => panic!("{message:?} did not reach the subscriber: {error}"),
        },
        () = publishing => {}
    }
}
