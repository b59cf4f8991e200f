//! A queue that drops what has waited longest.

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_sink::Sink;
use tower_layer::Layer;
use zeromq_async::Message;

use super::{beginning, detach};

/// Never waits to send: what finds no room is queued, and the oldest in the queue makes way for the
/// newest.
///
/// Sockets wait when their queues are full, or drop the newest message. Where only the newest
/// counts, this is the other way round. A publisher needs
/// [`no_drop`](zeromq_async::SocketBuilder::no_drop) for it, as it would itself drop what a slow
/// subscriber has no room for; the slowest subscriber then decides for all what is dropped. Small
/// high-water marks keep little that is old in the socket.
///
/// What the socket refuses when its turn in the queue comes is dropped and counted as well.
///
/// The queue moves on with each `send` and [`flush`](super::SendExt::flush), and what is in it when
/// this is dropped is lost.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::layer::{DropOldestLayer, SendExt, WithLayer};
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let mut push = PushSocket::new().with_layer(DropOldestLayer::new(2));
/// for reading in ["1", "2", "3", "4"] {
///     push.send(reading).await?; // nobody is there
/// }
/// assert_eq!(push.dropped(), 2);
///
/// let mut pull = PullSocket::new();
/// push.get_ref().connect(pull.bind("tcp://127.0.0.1:*").await?)?;
/// push.flush().await?;
/// assert_eq!((pull.recv().await?, pull.recv().await?), ("3".into(), "4".into()));
/// # Ok(()) }
/// ```
pub struct DropOldestLayer<T = Message> {
    messages: usize,
    of: PhantomData<fn(T)>,
}

impl<T> DropOldestLayer<T> {
    /// Queues so many messages at most. With 0, what finds no room is dropped at once.
    ///
    /// ```
    /// use zeromq_async::Message;
    ///
    /// let layer = zeromq_util::layer::DropOldestLayer::<Message>::new(100);
    /// # drop(layer);
    /// ```
    pub fn new(messages: usize) -> Self {
        Self { messages, of: PhantomData }
    }
}

impl<S, T> Layer<S> for DropOldestLayer<T> {
    type Service = DropOldest<S, T>;

    fn layer(&self, inner: S) -> DropOldest<S, T> {
        DropOldest {
            inner,
            messages: self.messages,
            queue: VecDeque::new(),
            has_room: false,
            dropped: 0,
        }
    }
}

/// What a [`DropOldestLayer`] makes of a socket.
pub struct DropOldest<S, T = Message> {
    inner: S,
    messages: usize,
    queue: VecDeque<T>,
    /// The queue is empty, and what this wraps is ready for the next message.
    has_room: bool,
    dropped: u64,
}

wraps!(DropOldest<S, T>, DropOldestLayer, "<zeromq_async::Message>::new(100)");
forward_stream!(DropOldest<S, T>);

impl<S, T> DropOldest<S, T> {
    /// How many messages were dropped.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::PushSocket;
    /// use zeromq_util::layer::{DropOldestLayer, SendExt, WithLayer};
    ///
    /// let mut push = PushSocket::new().with_layer(DropOldestLayer::new(0));
    /// push.send("nobody is there").await?;
    /// assert_eq!(push.dropped(), 1);
    /// # Ok(()) }
    /// ```
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// How many messages wait in the queue of this layer.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::PushSocket;
    /// use zeromq_util::layer::{DropOldestLayer, SendExt, WithLayer};
    ///
    /// let mut push = PushSocket::new().with_layer(DropOldestLayer::new(10));
    /// push.send("nobody is there").await?;
    /// assert_eq!(push.queued(), 1);
    /// # Ok(()) }
    /// ```
    pub fn queued(&self) -> usize {
        self.queue.len()
    }
}

impl<S: Sink<T> + Unpin, T> DropOldest<S, T> {
    /// Sends from the queue what there is room for; ready when that was all.
    fn poll_queue(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        while !self.queue.is_empty() {
            ready!(Pin::new(&mut self.inner).poll_ready(cx))?;
            if let Some(item) = self.queue.pop_front()
                && Pin::new(&mut self.inner).start_send(item).is_err()
            {
                // Whoever sends now has another message in hand, which must not fail for this one.
                self.dropped += 1;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Sink<T> + Unpin, T: 'static> Sink<T> for DropOldest<S, T> {
    type Error = S::Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        // What has to wait waits in the queue, whoever sends meanwhile.
        self.has_room = beginning::says(false, || match self.poll_queue(cx) {
            Poll::Ready(Ok(())) => Pin::new(&mut self.inner).poll_ready(cx),
            other => other,
        })?
        .is_ready();
        Poll::Ready(Ok(()))
    }

    fn start_send(mut self: Pin<&mut Self>, mut item: T) -> Result<(), S::Error> {
        if std::mem::take(&mut self.has_room) {
            return Pin::new(&mut self.inner).start_send(item);
        }
        detach(&mut item);
        self.queue.push_back(item);
        if self.queue.len() > self.messages {
            self.queue.pop_front();
            self.dropped += 1;
        }
        Ok(())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        ready!(self.poll_queue(cx))?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        ready!(self.poll_queue(cx))?;
        Pin::new(&mut self.inner).poll_close(cx)
    }
}

impl<T> Clone for DropOldestLayer<T> {
    fn clone(&self) -> Self {
        Self { messages: self.messages, of: PhantomData }
    }
}

impl<T> fmt::Debug for DropOldestLayer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DropOldestLayer").field("messages", &self.messages).finish()
    }
}

impl<S: fmt::Debug, T> fmt::Debug for DropOldest<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("DropOldest");
        shown.field("inner", &self.inner).field("queued", &self.queue.len());
        shown.field("dropped", &self.dropped).finish_non_exhaustive()
    }
}
