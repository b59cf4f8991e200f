//! Waits with a deadline.

use std::fmt::Display;
use std::future::IntoFuture;
use std::time::Duration;

use libzmq_peer::{Opt, Peer, Reply};
use tokio::time::{sleep, timeout};
use zeromq_async::{
    DisconnectReason, Events, HandshakeFailure, Message, PeerId, PeerInfo, Receives, Sends, Socket,
    SocketEvent,
};

use crate::Frames;

/// The limit of all waits. It is far longer than any of them takes on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Awaits the future.
///
/// # Panics
///
/// With the description `what` at the [`DEADLINE`].
pub async fn within<F: IntoFuture>(what: impl Display, future: F) -> F::Output {
    match timeout(DEADLINE, future).await {
        Ok(output) => output,
        Err(_) => panic!("waited {DEADLINE:?} for {what}"),
    }
}

/// Awaits the future and calls libzmq repeatedly meanwhile, because libzmq ends its connections only
/// during a call.
///
/// # Panics
///
/// If libzmq fails.
pub async fn while_called<T>(libzmq: &Peer, future: impl Future<Output = T>) -> T {
    let calls = async {
        loop {
            libzmq.run(|socket| socket.get_i32(Opt::EVENTS)).await.expect("libzmq's events");
            sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        output = future => output,
        () = calls => unreachable!("the calls do not end"),
    }
}

/// The first event for which `pick` returns a value. Skips other events.
///
/// # Panics
///
/// With the description `what` and the skipped events at the [`DEADLINE`].
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

/// Waits for the next successful handshake.
pub async fn handshake(events: &mut Events) -> (PeerId, PeerInfo) {
    event(events, "a peer that is ready", |event| match event {
        SocketEvent::HandshakeSucceeded { peer, info, .. } => Some((*peer, info.clone())),
        _ => None,
    })
    .await
}

/// The reason of the next disconnect.
pub async fn disconnected(events: &mut Events) -> DisconnectReason {
    event(events, "a connection that ends", |event| match event {
        SocketEvent::Disconnected { reason, .. } => Some(reason.clone()),
        _ => None,
    })
    .await
}

/// The reason of the next failed handshake.
pub async fn handshake_failure(events: &mut Events) -> HandshakeFailure {
    event(events, "a handshake that fails", |event| match event {
        SocketEvent::HandshakeFailed { reason, .. } => Some(reason.clone()),
        _ => None,
    })
    .await
}

/// Receives the next message.
///
/// # Panics
///
/// With an error, or at the [`DEADLINE`].
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
/// With an error, or at the [`DEADLINE`].
pub async fn send<P: Sends>(socket: &mut Socket<P>, message: impl Into<Message>) {
    if let Err(error) = within("a message to be sent", socket.send(message)).await {
        panic!("sending: {error}");
    }
}

/// Publishes `message` until libzmq's subscriber receives it, because a PUB does not report when a
/// subscription has arrived. More copies may follow.
///
/// # Panics
///
/// If the subscriber receives another message or none.
pub async fn publish_until_received<P: Sends>(
    publisher: &mut Socket<P>,
    message: &str,
    heard: Reply<Frames>,
) {
    let publishing = async {
        loop {
            send(publisher, message).await;
            sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        heard = heard => match heard {
            Ok(heard) => assert_eq!(heard, [message.as_bytes()], "the published message"),
            Err(error) => panic!("{message:?} did not reach the subscriber: {error}"),
        },
        () = publishing => {}
    }
}
