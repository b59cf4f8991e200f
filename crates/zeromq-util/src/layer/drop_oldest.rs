//! A send queue that drops its oldest message.

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_sink::Sink;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use zeromq_async::Message;

use crate::detach::detach;

/// Never waits to send. Messages queue while the socket has no room, and a full queue drops its
/// oldest message.
///
/// Sockets wait when their queues are full, or drop the newest message. Use this layer where only
/// the newest messages count. A publisher needs [`no_drop`](zeromq_async::SocketBuilder::no_drop)
/// with it: otherwise it drops messages for a slow subscriber itself. With it, the slowest
/// subscriber determines what all of them miss. Set small high-water marks, so that few old
/// messages wait in the socket.
///
/// A queued message that the socket refuses is dropped and counted too. The queue moves on with
/// each `send` and [`flush`](super::SendExt::flush). Messages in it are lost when the layer is
/// dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::layer::{DropOldestLayer, SendExt, WithLayer};
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let mut push = PushSocket::new().with_layer(DropOldestLayer::new(2));
/// for reading in ["1", "2", "3", "4"] {
///     push.send(reading).await?; // no peer is connected
/// }
/// assert_eq!((push.dropped(), push.queued()), (2, 2));
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
    /// Queues at most this number of messages. With 0, a message that finds no room is dropped at
    /// once.
    pub fn new(messages: usize) -> Self {
        Self { messages, of: PhantomData }
    }
}

impl<S, T> Layer<S> for DropOldestLayer<T> {
    type Service = DropOldest<S, T>;

    fn layer(&self, inner: S) -> DropOldest<S, T> {
        let messages = self.messages;
        DropOldest { inner, messages, queue: VecDeque::new(), has_room: false, dropped: 0 }
    }
}

pin_project! {
    /// A socket with a [`DropOldestLayer`].
    pub struct DropOldest<S, T = Message> {
        #[pin]
        inner: S,
        messages: usize,
        queue: VecDeque<T>,
        // The queue is empty, and `inner` is ready for the next message.
        has_room: bool,
        dropped: u64,
    }
}

accessors!(DropOldest<S, T>);
forward_stream!(DropOldest<S, T>);

impl<S, T> DropOldest<S, T> {
    /// Returns the number of messages that were dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Returns the number of messages in the queue of this layer.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }
}

impl<S: Sink<T>, T> DropOldest<S, T> {
    /// Sends queued messages while there is room. Ready when the queue is empty.
    fn poll_queue(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let mut this = self.project();
        while !this.queue.is_empty() {
            ready!(this.inner.as_mut().poll_ready(cx))?;
            if let Some(item) = this.queue.pop_front()
                && this.inner.as_mut().start_send(item).is_err()
            {
                // The caller sends another message, which must not fail because of this one.
                *this.dropped += 1;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Sink<T>, T: 'static> Sink<T> for DropOldest<S, T> {
    type Error = S::Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let is_empty = self.as_mut().poll_queue(cx)?.is_ready();
        let this = self.project();
        *this.has_room = is_empty && this.inner.poll_ready(cx)?.is_ready();
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, mut item: T) -> Result<(), S::Error> {
        let this = self.project();
        if std::mem::take(this.has_room) {
            return this.inner.start_send(item);
        }
        detach(&mut item);
        this.queue.push_back(item);
        if this.queue.len() > *this.messages {
            this.queue.pop_front();
            *this.dropped += 1;
        }
        Ok(())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        ready!(self.as_mut().poll_queue(cx))?;
        self.project().inner.poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        ready!(self.as_mut().poll_queue(cx))?;
        self.project().inner.poll_close(cx)
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
        let mut debug = f.debug_struct("DropOldest");
        debug.field("inner", &self.inner).field("queued", &self.queue.len());
        debug.field("dropped", &self.dropped).finish_non_exhaustive()
    }
}
