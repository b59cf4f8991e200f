//! One socket of a proxy: its halves, and its endpoint for errors.

use std::future::poll_fn;

use futures_util::{SinkExt, StreamExt};
use zeromq_async::{Message, RecvError};

use crate::arguments::End;
use crate::exit::Failure;
use crate::kind::Kind;
use crate::socket::{Incoming, Outgoing, Parts};

/// A socket of a proxy.
pub(super) struct Side {
    pub(super) kind: Kind,
    pub(super) source: Option<Source>,
    pub(super) target: Option<Target>,
}

/// Where messages come from.
pub(super) struct Source {
    stream: Incoming,
    subject: String,
}

/// Where messages go.
pub(super) struct Target {
    sink: Outgoing,
    subject: String,
}

impl Side {
    pub(super) fn new(parts: Parts, end: &End) -> Self {
        let subject = || end.place.endpoint().to_owned();
        Self {
            kind: end.kind,
            source: parts.incoming.map(|stream| Source { stream, subject: subject() }),
            target: parts.outgoing.map(|sink| Target { sink, subject: subject() }),
        }
    }
}

impl Source {
    pub(super) async fn recv(&mut self) -> Result<Message, Failure> {
        match self.recv_reply().await? {
            Some(message) => Ok(message),
            None => Err(Failure::about(&self.subject, RecvError::ReplyLost)),
        }
    }

    /// The next message, or `None` where it was to come from a peer that has gone.
    pub(super) async fn recv_reply(&mut self) -> Result<Option<Message>, Failure> {
        match self.stream.next().await.unwrap_or(Err(RecvError::Closed)) {
            Ok(message) => Ok(Some(message)),
            Err(RecvError::ReplyLost) => Ok(None),
            Err(error) => Err(Failure::about(&self.subject, error)),
        }
    }
}

impl Target {
    /// Waits until a message can be sent.
    pub(super) async fn ready(&mut self) -> Result<(), Failure> {
        poll_fn(|cx| self.sink.poll_ready_unpin(cx))
            .await
            .map_err(|error| Failure::about(&self.subject, error))
    }

    /// Sends a message; does not wait for it to leave.
    pub(super) async fn send(&mut self, message: Message) -> Result<(), Failure> {
        self.sink.feed(message).await.map_err(|error| Failure::about(&self.subject, error))
    }
}
