//! What each socket does with the messages of a socket of any type.

use std::mem::take;
use std::task::{Context, Poll, ready};

use zmtp::Message;

use crate::error::{RecvError, SendError, SendErrorKind};
use crate::identity::Peer;
use crate::pattern::ReceiveStrategy;
use crate::socket::receiver::now;
use crate::socket::{Receiver, Sender, Socket, SocketKind};

/// Sends messages of any socket type.
pub(in crate::socket) trait SendMessages: Send {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>>;

    fn start_send(&mut self, message: Message) -> Result<(), SendError>;

    /// Sends the message, or leaves it where it is.
    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        message: &mut Message,
    ) -> Poll<Result<(), SendError>>;

    fn try_send(&mut self, message: Message) -> Result<(), SendError>;

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>>;

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>>;
}

/// Receives messages of any socket type.
pub(in crate::socket) trait ReceiveMessages: Send {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>>;

    fn poll_recv_from(&mut self, cx: &mut Context<'_>) -> Poll<Result<(Message, Peer), RecvError>>;

    fn try_recv(&mut self) -> Result<Message, RecvError>;
}

/// A socket that sends and receives messages of any type.
pub(in crate::socket) trait Messages {
    fn sending(&mut self) -> &mut dyn SendMessages;

    fn receiving(&mut self) -> &mut dyn ReceiveMessages;

    fn into_halves(self) -> (Box<dyn SendMessages>, Box<dyn ReceiveMessages>);
}

impl<P: SocketKind> Messages for Socket<P> {
    fn sending(&mut self) -> &mut dyn SendMessages {
        &mut self.sender
    }

    fn receiving(&mut self) -> &mut dyn ReceiveMessages {
        &mut self.receiver
    }

    fn into_halves(self) -> (Box<dyn SendMessages>, Box<dyn ReceiveMessages>) {
        (Box::new(self.sender), Box::new(self.receiver))
    }
}

impl<P: SocketKind> SendMessages for Sender<P> {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        may_send::<P>()?;
        self.half.poll_ready(cx)
    }

    fn start_send(&mut self, message: Message) -> Result<(), SendError> {
        self.half.start_send((), outgoing::<P>(message)?)
    }

    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        message: &mut Message,
    ) -> Poll<Result<(), SendError>> {
        *message = outgoing::<P>(take(message))?;
        self.half.poll_send(cx, &(), message)
    }

    fn try_send(&mut self, message: Message) -> Result<(), SendError> {
        self.half.try_send(&(), outgoing::<P>(message)?)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.half.poll_flush(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.half.poll_close(cx)
    }
}

impl<P: SocketKind> ReceiveMessages for Receiver<P> {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        may_receive::<P>()?;
        self.stack.poll_recv(cx)
    }

    fn poll_recv_from(&mut self, cx: &mut Context<'_>) -> Poll<Result<(Message, Peer), RecvError>> {
        let message = ready!(self.poll_recv(cx))?;
        let peer = self.last_peer().ok_or(RecvError::UnknownSender)?;
        Poll::Ready(Ok((message, peer)))
    }

    fn try_recv(&mut self) -> Result<Message, RecvError> {
        now(|cx| self.poll_recv(cx))
    }
}

/// Fails if the socket type only receives.
pub(in crate::socket) fn may_send<P: SocketKind>() -> Result<(), SendErrorKind> {
    if P::TYPE.sends() { Ok(()) } else { Err(SendErrorKind::DoesNotSend(P::TYPE)) }
}

/// Fails if the socket type only sends.
pub(in crate::socket) fn may_receive<P: SocketKind>() -> Result<(), RecvError> {
    if P::TYPE.receives() { Ok(()) } else { Err(RecvError::DoesNotReceive(P::TYPE)) }
}

/// The message, if the socket type sends.
fn outgoing<P: SocketKind>(message: Message) -> Result<Message, SendError> {
    match may_send::<P>() {
        Ok(()) => Ok(message),
        Err(kind) => Err(SendError::new(kind, message)),
    }
}

/// An item of the stream of messages. A closed socket is its end.
pub(super) fn item(received: Result<Message, RecvError>) -> Option<Result<Message, RecvError>> {
    (received != Err(RecvError::Closed)).then_some(received)
}
