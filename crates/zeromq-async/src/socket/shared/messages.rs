//! A shared socket as a socket of any type: the address of a message is its first frame.

use std::mem::take;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

use zmtp::{Frame, Group, Message, SocketType};

use super::SharedSocket;
use super::receiver::Item;
use super::turns::WaitsAs;
use crate::error::{RecvError, SendError, SendErrorKind};
use crate::identity::{Peer, RouteId};
use crate::socket::any::messages::{
    Messages, ReceiveMessages, SendMessages, may_receive, may_send,
};
use crate::socket::send_half::SendHalf;
use crate::socket::{Address, FrameKind};

/// An address in the form of frames before the body.
pub(in crate::socket) trait AddressFrames: Address {
    /// Takes the address off the message, and leaves the body.
    ///
    /// # Errors
    ///
    /// The message is not an address and one frame. It is unchanged.
    fn take(message: &mut Message, socket_type: SocketType) -> Result<Self, SendErrorKind>;

    /// Puts the address in front of the body.
    fn put(self, body: &mut Message);
}

impl AddressFrames for () {
    fn take(message: &mut Message, socket_type: SocketType) -> Result<(), SendErrorKind> {
        match message.frame_count() {
            1 => Ok(()),
            frames => Err(SendErrorKind::NotOneFrame { socket_type, frames }),
        }
    }

    fn put(self, _body: &mut Message) {}
}

impl AddressFrames for RouteId {
    fn take(message: &mut Message, socket_type: SocketType) -> Result<Self, SendErrorKind> {
        let wrong = SendErrorKind::NoRouteId(socket_type);
        let id = of_two(message).and_then(|first| Self::from_label(first)).ok_or(wrong)?;
        message.pop_front();
        Ok(id)
    }

    fn put(self, body: &mut Message) {
        body.push_front(self.to_label());
    }
}

impl AddressFrames for Group {
    fn take(message: &mut Message, _socket_type: SocketType) -> Result<Self, SendErrorKind> {
        let group = Self::new(of_two(message).ok_or(SendErrorKind::NoGroup)?.clone())?;
        message.pop_front();
        Ok(group)
    }

    fn put(self, body: &mut Message) {
        body.push_front(self.into_frame());
    }
}

impl AddressFrames for SocketAddr {
    fn take(message: &mut Message, _socket_type: SocketType) -> Result<Self, SendErrorKind> {
        let first = of_two(message).and_then(|first| std::str::from_utf8(first).ok());
        let address = first.and_then(|text| text.parse().ok()).ok_or(SendErrorKind::NoAddress)?;
        message.pop_front();
        Ok(address)
    }

    fn put(self, body: &mut Message) {
        body.push_front(self.to_string());
    }
}

/// The first frame of a message that has two.
fn of_two(message: &Message) -> Option<&Frame> {
    message.first().filter(|_| message.frame_count() == 2)
}

impl<P> Messages for SharedSocket<P>
where
    P: FrameKind<To: AddressFrames, From: AddressFrames>,
{
    fn sending(&mut self) -> &mut dyn SendMessages {
        self
    }

    fn receiving(&mut self) -> &mut dyn ReceiveMessages {
        self
    }

    fn into_halves(mut self) -> (Box<dyn SendMessages>, Box<dyn ReceiveMessages>) {
        let mut sender = self.clone();
        // With the message that waits in it.
        std::mem::swap(&mut sender.sink, &mut self.sink);
        (Box::new(sender), Box::new(self))
    }
}

impl<P> SendMessages for SharedSocket<P>
where
    P: FrameKind<To: AddressFrames, From: AddressFrames>,
{
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        may_send::<P>()?;
        let sink = self.sink();
        sink.poll_ready(cx).map_err(|error| whole_pending(sink, error))
    }

    fn start_send(&mut self, message: Message) -> Result<(), SendError> {
        let (address, body) = outgoing::<P>(message)?;
        let sent = self.sink().start_send(address.clone(), body);
        sent.map_err(|error| whole(error, address))
    }

    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        message: &mut Message,
    ) -> Poll<Result<(), SendError>> {
        let (address, mut body) = outgoing::<P>(take(message))?;
        let sent = self.sink().poll_send(cx, &address, &mut body);
        if sent.is_pending() {
            address.put(&mut body);
            *message = body;
            return Poll::Pending;
        }
        sent.map_err(|error| whole(error, address))
    }

    fn try_send(&mut self, message: Message) -> Result<(), SendError> {
        let (address, body) = outgoing::<P>(message)?;
        self.sink().try_send(&address, body).map_err(|error| whole(error, address))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let sink = self.sink();
        sink.poll_flush(cx).map_err(|error| whole_pending(sink, error))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let sink = self.sink();
        sink.poll_close(cx).map_err(|error| whole_pending(sink, error))
    }
}

/// The address and the body of a message, if the socket type sends it.
fn outgoing<P>(mut message: Message) -> Result<(P::To, Message), SendError>
where
    P: FrameKind<To: AddressFrames>,
{
    match may_send::<P>().and_then(|()| P::To::take(&mut message, P::TYPE)) {
        Ok(address) => Ok((address, message)),
        Err(kind) => Err(SendError::new(kind, message)),
    }
}

/// Puts the address back into the message of an error that waited in the sink.
fn whole_pending<O, A: AddressFrames>(sink: &mut SendHalf<O, A>, error: SendError) -> SendError {
    match sink.take_failed() {
        Some(address) => whole(error, address),
        None => error,
    }
}

/// Puts the address back into the message of the error.
fn whole(error: SendError, address: impl AddressFrames) -> SendError {
    let kind = error.kind().clone();
    match error.into_message() {
        None => kind.into(),
        Some(mut message) => {
            address.put(&mut message);
            SendError::new(kind, message)
        }
    }
}

impl<P> ReceiveMessages for SharedSocket<P>
where
    P: FrameKind<To: AddressFrames, From: AddressFrames>,
{
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        may_receive::<P>()?;
        self.receiver.poll_recv(&mut self.turn, WaitsAs::Stream, cx).map_ok(message::<P>)
    }

    fn poll_recv_from(&mut self, cx: &mut Context<'_>) -> Poll<Result<(Message, Peer), RecvError>> {
        may_receive::<P>()?;
        let received = self.receiver.poll_recv_from(&mut self.turn, WaitsAs::Stream, cx);
        let (item, peer) = ready!(received)?;
        Poll::Ready(Ok((message::<P>(item), peer)))
    }

    fn try_recv(&mut self) -> Result<Message, RecvError> {
        may_receive::<P>()?;
        self.receiver.try_recv().map(message::<P>)
    }
}

/// The message with the address as its first frame.
fn message<P>(item: Item<P>) -> Message
where
    P: FrameKind<From: AddressFrames>,
{
    let (address, frame) = P::From::split(item);
    let mut message = Message::from(frame);
    address.put(&mut message);
    message
}
