//! The two halves of a socket that sends and receives.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use futures_sink::Sink;
use tokio::task::coop;
use zmtp::Message;

use super::outlet::Outlet;
use super::{Compose, Receives, Sends, SocketHandle};
use crate::error::{RecvError, SendError};
use crate::pattern::Incoming;

/// The half of a socket that sends: a `Sink` of messages.
///
/// Made by [`Socket::split`](crate::Socket::split) or [`Socket::sender`](crate::Socket::sender).
/// Where the socket type allows several senders (PUSH, DEALER, PUB, XPUB, XSUB, PAIR), it can be
/// cloned.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let (push, mut pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:0").await?).await?;
/// for worker in ["one", "two"] {
///     let mut sender = push.sender();
///     tokio::spawn(async move { sender.send(worker).await });
/// }
/// pull.recv().await?;
/// pull.recv().await?;
/// # Ok(()) }
/// ```
#[expect(private_bounds, reason = "sealed by SocketKind")]
pub struct Sender<P: Compose> {
    outlet: Outlet<P::Outgoing>,
    handle: SocketHandle,
}

/// The half of a socket that receives: a `Stream` of messages.
///
/// Made by [`Socket::split`](crate::Socket::split).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::DealerSocket;
///
/// let (one, mut other) = (DealerSocket::new(), DealerSocket::new());
/// one.connect(other.bind("tcp://127.0.0.1:0").await?).await?;
/// let (_sender, mut receiver) = one.split();
/// other.send("hello").await?;
/// assert_eq!(receiver.recv().await?, "hello");
/// # Ok(()) }
/// ```
#[expect(private_bounds, reason = "sealed by SocketKind")]
pub struct Receiver<P: Compose> {
    incoming: P::Incoming,
    pub(super) control: P::Control,
    handle: SocketHandle,
}

#[expect(private_bounds, reason = "sealed by SocketKind")]
impl<P: Compose> Sender<P> {
    pub(super) fn new(outlet: Outlet<P::Outgoing>, handle: SocketHandle) -> Self {
        Self { outlet, handle }
    }

    /// What commands the socket.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (sender, _receiver) = zeromq_async::DealerSocket::new().split();
    /// let endpoint = sender.handle().bind("tcp://127.0.0.1:0").await?;
    /// assert_eq!(sender.handle().last_endpoint(), Some(endpoint));
    /// # Ok(()) }
    /// ```
    pub fn handle(&self) -> &SocketHandle {
        &self.handle
    }
}

impl<P: Sends> Sender<P> {
    /// Sends a message; see [`Socket::send`](crate::Socket::send).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut sender = zeromq_async::PushSocket::new().sender();
    /// sender.handle().connect("inproc://sender-send")?;
    /// sender.send("hello").await?;
    /// assert_eq!(sender.handle().stats().queued, 1);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, the message was not sent.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        let mut message = message.into();
        poll_fn(|cx| self.outlet.poll_send(cx, &mut message)).await
    }

    /// Sends a message if that takes no waiting; see [`Socket::try_send`](crate::Socket::try_send).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut sender = zeromq_async::PushSocket::new().sender();
    /// assert!(sender.try_send("for nobody").is_err());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_send(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        self.outlet.try_send(message.into())
    }

    /// Waits until a message can be sent without waiting.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut sender = zeromq_async::PushSocket::new().sender();
    /// sender.handle().connect("inproc://sender-ready")?;
    /// sender.ready().await?;
    /// sender.try_send("now")?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The socket type's rule forbids sending now, or the socket is closed.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub async fn ready(&mut self) -> Result<(), SendError> {
        poll_fn(|cx| self.outlet.poll_ready(cx)).await
    }

    /// Waits until everything sent is with the kernel; see
    /// [`Socket::flush`](crate::Socket::flush).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (mut sender, pull) = (PushSocket::new().sender(), PullSocket::new());
    /// sender.handle().connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// sender.send("hello").await?;
    /// sender.flush().await?;
    /// assert_eq!(sender.handle().stats().queued, 0);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub async fn flush(&mut self) -> Result<(), SendError> {
        poll_fn(|cx| self.outlet.poll_flush(cx)).await
    }
}

#[expect(private_bounds, reason = "sealed by SocketKind")]
impl<P: Compose> Receiver<P> {
    pub(super) fn new(incoming: P::Incoming, control: P::Control, handle: SocketHandle) -> Self {
        Self { incoming, control, handle }
    }

    /// What commands the socket.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (_sender, receiver) = zeromq_async::DealerSocket::new().split();
    /// let endpoint = receiver.handle().bind("tcp://127.0.0.1:0").await?;
    /// assert_eq!(receiver.handle().last_endpoint(), Some(endpoint));
    /// # Ok(()) }
    /// ```
    pub fn handle(&self) -> &SocketHandle {
        &self.handle
    }

    pub(super) fn incoming(&self) -> &P::Incoming {
        &self.incoming
    }
}

impl<P: Receives> Receiver<P> {
    /// Receives the next message; see [`Socket::recv`](crate::Socket::recv).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::DealerSocket;
    ///
    /// let (one, mut other) = (DealerSocket::new(), DealerSocket::new());
    /// one.connect(other.bind("tcp://127.0.0.1:0").await?).await?;
    /// let (_sender, mut receiver) = one.split();
    /// other.send("hello").await?;
    /// assert_eq!(receiver.recv().await?, "hello");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// No message is lost when the future is dropped.
    pub async fn recv(&mut self) -> Result<Message, RecvError> {
        poll_fn(|cx| self.incoming.poll_recv(cx)).await
    }

    /// Receives a message if one is waiting.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{DealerSocket, RecvError};
    ///
    /// let (_sender, mut receiver) = DealerSocket::new().split();
    /// assert_eq!(receiver.try_recv().unwrap_err(), RecvError::Empty);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv), and [`RecvError::Empty`] where it would have waited.
    pub fn try_recv(&mut self) -> Result<Message, RecvError> {
        try_recv(&mut self.incoming)
    }
}

pub(super) fn try_recv(incoming: &mut impl Incoming) -> Result<Message, RecvError> {
    // Unconstrained: that the task ought to yield does not mean that no message is waiting.
    let recv = pin!(coop::unconstrained(poll_fn(|cx| incoming.poll_recv(cx))));
    match recv.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(RecvError::Empty),
    }
}

/// A closed socket is the end of its stream; other errors are items of it.
pub(super) fn poll_next(
    incoming: &mut impl Incoming,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Message, RecvError>>> {
    incoming.poll_recv(cx).map(|result| match result {
        Err(RecvError::Closed) => None,
        other => Some(other),
    })
}

impl<P: Sends> Clone for Sender<P>
where
    P::Outgoing: Clone,
{
    fn clone(&self) -> Self {
        Self::new(self.outlet.clone(), self.handle.clone())
    }
}

impl<P: Compose> Unpin for Sender<P> {}

impl<P: Compose> Unpin for Receiver<P> {}

impl<P: Sends> Sink<Message> for Sender<P> {
    type Error = SendError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.outlet.poll_ready(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), SendError> {
        self.outlet.start_send(message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.outlet.poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.outlet.poll_close(cx)
    }
}

impl<P: Receives> Stream for Receiver<P> {
    type Item = Result<Message, RecvError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        poll_next(&mut self.incoming, cx)
    }
}

impl<P: Compose> std::fmt::Debug for Sender<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").field("type", &P::TYPE).finish_non_exhaustive()
    }
}

impl<P: Compose> std::fmt::Debug for Receiver<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver").field("type", &P::TYPE).finish_non_exhaustive()
    }
}
