//! `send` for whatever is a `Sink`.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_sink::Sink;

use super::place::Places;

/// Sends through layers as [`Socket::send`](zeromq_async::Socket::send) does: without flushing.
///
/// It has to be imported, and stands in for `SinkExt` of the crate `futures`; with both imported,
/// `send` is ambiguous. The difference is that `SinkExt::send` flushes: it completes when the kernel
/// has the message, and no two messages are written together.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use zeromq_util::layer::{SendExt, TimeoutLayer, WithLayer};
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let (push, mut pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:*").await?)?;
/// let mut push = push.with_layer(TimeoutLayer::new().send(Duration::from_secs(5)));
/// push.send("hello").await?;
/// assert_eq!(pull.recv().await?, "hello");
/// # Ok(()) }
/// ```
///
/// # Messages that are held back
///
/// `send` completes when the `Sink` has taken the message. Usually it is in the queue of a peer by
/// then and leaves by itself. Three things hold one back, until the next `send` or
/// [`flush`](Self::flush): a layer that has a queue of its own, a publisher with
/// [`no_drop`](zeromq_async::SocketBuilder::no_drop), and another [`Sender`](zeromq_async::Sender) of the socket
/// that took the room meanwhile. Where one of these may be, let a `flush` follow the last of
/// several messages.
pub trait SendExt<T>: Sink<T> {
    /// Sends a message, or whatever else this takes.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_util::layer::{MapSendLayer, SendExt, WithLayer};
    /// use zeromq_async::{Message, PullSocket, PushSocket};
    ///
    /// let (push, mut pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:*").await?)?;
    /// let number = |number: u32| Message::from(number.to_be_bytes());
    /// push.with_layer(MapSendLayer::new(number)).send(7_u32).await?;
    /// assert_eq!(pull.recv().await?, &[0, 0, 0, 7]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the `Sink`. The message is gone, unless the error has it; to keep it, wait with
    /// [`ready`](Self::ready) and then call `start_send`.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, the message was not taken, and is dropped.
    #[inline]
    fn send(&mut self, item: impl Into<T>) -> impl Future<Output = Result<(), Self::Error>>
    where
        Self: Unpin,
    {
        Sending { item: Some(item.into()), sink: self, begins: true, places: Places::default() }
    }

    /// Waits until a message can be sent.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use futures_util::Sink;
    /// use std::{pin::Pin, time::Duration};
    /// use zeromq_util::layer::{SendExt, TimeoutLayer, WithLayer};
    /// use zeromq_async::{Message, PushSocket};
    ///
    /// let mut push =
    ///     PushSocket::new().with_layer(TimeoutLayer::new().send(Duration::from_millis(1)));
    /// let message = Message::from("to keep");
    /// assert!(push.ready().await.is_err()); // nobody is there
    /// push.get_ref().connect("inproc://later")?;
    /// push.ready().await?;
    /// Pin::new(&mut push).start_send(message)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the `Sink`.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped. It reserves nothing beyond its end: another sender may
    /// take the place in a layer that has a limit, and then what is sent goes over the limit.
    fn ready(&mut self) -> impl Future<Output = Result<(), Self::Error>>
    where
        Self: Unpin,
    {
        let (mut begins, mut places) = (true, Places::default());
        poll_fn(move |cx| {
            let _lent = places.lend(std::mem::take(&mut begins));
            Pin::new(&mut *self).poll_ready(cx)
        })
    }

    /// Waits until everything sent is handed to the kernel.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_util::layer::{SendExt, TimeoutLayer, WithLayer};
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (push, pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:*").await?)?;
    /// let mut push = push.with_layer(TimeoutLayer::new());
    /// push.send("hello").await?;
    /// push.flush().await?;
    /// assert_eq!(push.get_ref().stats().sent, 1);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the `Sink`.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    fn flush(&mut self) -> impl Future<Output = Result<(), Self::Error>>
    where
        Self: Unpin,
    {
        let mut places = Places::default();
        poll_fn(move |cx| {
            let _lent = places.lend(false);
            Pin::new(&mut *self).poll_flush(cx)
        })
    }
}

impl<T, S: Sink<T> + ?Sized> SendExt<T> for S {}

/// What `send` does, as a future. The item comes first, where it is copied best.
#[must_use]
#[repr(C)]
struct Sending<'a, T, S: ?Sized> {
    item: Option<T>,
    sink: &'a mut S,
    begins: bool,
    /// What layers have reserved for it, given back when it is dropped.
    places: Places,
}

/// The item is never pinned.
impl<T, S: ?Sized> Unpin for Sending<'_, T, S> {}

impl<T, S: Sink<T> + Unpin + ?Sized> Future for Sending<'_, T, S> {
    type Output = Result<(), S::Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { item, sink, begins, places } = &mut *self;
        let ready = {
            let _lent = places.lend(std::mem::take(begins));
            Pin::new(&mut **sink).poll_ready(cx)
        };
        ready!(ready)?;
        let item = item.take().expect("a future is not polled when it is done");
        let sent = Pin::new(&mut **sink).start_send(item);
        // What was sent has a place of its own by now.
        places.give_back();
        Poll::Ready(sent)
    }
}
