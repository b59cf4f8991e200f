//! A shared socket that sends: `send` from any task, and a `Sink` for each clone.

use std::future::poll_fn;
use std::mem::replace;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_sink::Sink;
use zmtp::{Frame, Message};

use super::{Half, SharedSocket};
use crate::error::SendError;
use crate::socket::{Address, FrameKind, Sends};

impl<P: FrameKind> SharedSocket<P> {
    /// Sends a message: completes when it is in the queue of a peer.
    ///
    /// With no peer, or while every peer's queue is full, it waits. Any number of tasks may wait at a
    /// time.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{GatherSocket, ScatterSocket};
    ///
    /// let (scatter, gather) = (ScatterSocket::new(), GatherSocket::new());
    /// scatter.connect(gather.bind("tcp://127.0.0.1:0").await?)?;
    /// tokio::try_join!(scatter.send("one"), scatter.send("two"))?;
    /// assert_eq!(gather.recv().await?, "one");
    /// assert_eq!(gather.recv().await?, "two");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The socket is closed; the message comes back in the error.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, the message was not sent.
    pub fn send(&self, frame: impl Into<Frame>) -> impl Future<Output = Result<(), SendError>>
    where
        P: Sends + FrameKind<To = ()>,
    {
        Sending::new(self, (), frame.into())
    }

    /// Sends a message if that takes no waiting.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send), and [`Full`](crate::SendErrorKind::Full) where it would have
    /// waited. The message comes back in the error.
    pub fn try_send(&self, frame: impl Into<Frame>) -> Result<(), SendError>
    where
        P: Sends + FrameKind<To = ()>,
    {
        self.sender.lock().try_send(&(), frame.into().into())
    }
}

impl<P: FrameKind> SharedSocket<P> {
    /// Sends a message to an address: a [`RouteId`](crate::RouteId) with SERVER and PEER, a
    /// [`Group`](crate::Group) with RADIO, a socket address with DGRAM. Completes when the message is in
    /// the queue of each peer that it goes to.
    ///
    /// While the queue of a SERVER's or PEER's peer is full it waits. Messages to other peers do not wait
    /// for that. A RADIO does not wait.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{RouteId, SendErrorKind, ServerSocket};
    ///
    /// let server = ServerSocket::new();
    /// let unknown = RouteId::new(7).unwrap();
    /// let error = server.send_to(unknown, "hello").await.unwrap_err();
    /// assert_eq!(error.kind(), &SendErrorKind::NoRoute(unknown));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`NoRoute`](crate::SendErrorKind::NoRoute) where no peer has this routing id, or the peer leaves
    /// while this waits; [`DatagramTooLong`](crate::SendErrorKind::DatagramTooLong) over `udp://`;
    /// [`Closed`](crate::SendErrorKind::Closed) where the socket is closed. The message comes back in the
    /// error.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, the message was not sent.
    pub fn send_to(
        &self,
        to: impl Into<P::To>,
        frame: impl Into<Frame>,
    ) -> impl Future<Output = Result<(), SendError>>
    where
        P: Sends,
    {
        Sending::new(self, to.into(), frame.into())
    }

    /// Sends a message to an address if that takes no waiting.
    ///
    /// # Errors
    ///
    /// As for [`send_to`](Self::send_to), and [`Full`](crate::SendErrorKind::Full) where it would have
    /// waited. The message comes back in the error.
    pub fn try_send_to(
        &self,
        to: impl Into<P::To>,
        frame: impl Into<Frame>,
    ) -> Result<(), SendError>
    where
        P: Sends,
    {
        self.sender.lock().try_send(&to.into(), frame.into().into())
    }
}

impl<P: FrameKind> SharedSocket<P> {
    /// Waits until the queues of all peers are empty; see [`Socket::flush`](crate::Socket::flush).
    ///
    /// # Errors
    ///
    /// None at present.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub async fn flush(&self) -> Result<(), SendError>
    where
        P: Sends,
    {
        let mut half = self.sender.lock().clone();
        poll_fn(|cx| half.poll_flush(cx)).await
    }

    pub(super) fn sink(&mut self) -> &mut Half<P> {
        let Self { sender, sink, .. } = self;
        sink.get_mut().get_or_insert_with(|| Box::new(sender.get_mut().clone()))
    }
}

/// The future of `send`.
///
/// The message is offered to the stack of the socket first. If it has to wait, it takes that stack with
/// it, which knows what it waits for and which task to wake, and leaves a clone in its place.
#[must_use]
struct Sending<'a, P: FrameKind> {
    message: Message,
    address: P::To,
    /// `None` when the future is done.
    socket: Option<&'a SharedSocket<P>>,
    /// The stack of a message that waits.
    waiting: Option<Box<Half<P>>>,
}

impl<'a, P: FrameKind> Sending<'a, P> {
    fn new(socket: &'a SharedSocket<P>, address: P::To, frame: Frame) -> Self {
        Self { message: frame.into(), address, socket: Some(socket), waiting: None }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let Self { message, address, socket, waiting } = self;
        if let Some(half) = waiting {
            return half.poll_send(cx, address, message);
        }
        let socket = socket.expect("a future is not polled when it is done");
        let mut half = socket.sender.lock();
        let sent = half.poll_send(cx, address, message);
        if sent.is_pending() {
            let other = half.clone();
            *waiting = Some(Box::new(replace(&mut *half, other)));
        }
        sent
    }
}

impl<P: FrameKind> Future for Sending<'_, P> {
    type Output = Result<(), SendError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let sent = self.poll_send(cx);
        if sent.is_ready() {
            (self.socket, self.waiting) = (None, None);
        }
        sent
    }
}

impl<P: FrameKind> Unpin for Sending<'_, P> {}

impl<P: FrameKind + Sends> Sink<<P::To as Address>::Item> for SharedSocket<P> {
    type Error = SendError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.sink().poll_ready(cx)
    }

    fn start_send(
        mut self: Pin<&mut Self>,
        item: <P::To as Address>::Item,
    ) -> Result<(), SendError> {
        let (address, frame) = P::To::split(item);
        self.sink().start_send(address, frame.into())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.sink().poll_flush(cx)
    }

    /// Flushes. Neither this clone's `Sink` nor its `send` takes more from the first call on.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.sender.get_mut().close();
        self.sink().poll_close(cx)
    }
}
