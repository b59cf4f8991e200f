//! The latest message of each topic.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use tower_layer::Layer;
use zeromq_async::Message;

use super::detach;

/// Receives of several messages on a topic that have come meanwhile only the latest.
///
/// What [`conflate`](zeromq_async::SocketBuilder::conflate) (`ZMQ_CONFLATE`) does for a whole socket, this
/// does for each topic by itself, and for messages of several frames, which libzmq's cannot. A
/// topic keeps the turn that its oldest message had, so none waits for ever.
///
/// Each `recv` first takes all that waits in the socket, up to a limit of topics. While nobody
/// receives, messages wait in the socket up to its
/// [`receive_high_water_mark`](zeromq_async::SocketBuilder::receive_high_water_mark), and what a publisher
/// drops then is the newest: choose a mark that lasts for the longest pause.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::layer::{KeepLatestLayer, RecvExt, WithLayer};
/// use zeromq_async::{Message, PullSocket, PushSocket};
///
/// let (mut push, pull) = (PushSocket::new(), PullSocket::new());
/// pull.bind("inproc://keep-latest").await?;
/// push.connect("inproc://keep-latest")?;
/// let topic = |message: &Message| message.first().cloned();
/// let mut pull = pull.with_layer(KeepLatestLayer::new(1000, topic));
/// for (city, temperature) in [("oslo", "-4"), ("lima", "19"), ("oslo", "-5")] {
///     push.send(Message::multipart([city, temperature])).await?;
/// }
/// assert_eq!(pull.recv().await?, Message::multipart(["oslo", "-5"]));
/// assert_eq!(pull.recv().await?, Message::multipart(["lima", "19"]));
/// assert_eq!(pull.replaced(), 1);
/// # Ok(()) }
/// ```
pub struct KeepLatestLayer<F, K, T = Message> {
    topics: usize,
    topic: F,
    of: PhantomData<fn(T) -> K>,
}

impl<F, K, T> KeepLatestLayer<F, K, T> {
    /// Keeps the latest message of each of so many topics, at least 1, as the function gives them
    /// for messages. Where there are more, the others wait in the socket.
    ///
    /// ```
    /// use zeromq_async::Message;
    /// use zeromq_util::layer::KeepLatestLayer;
    ///
    /// let layer = KeepLatestLayer::new(100, |message: &Message| message.first().cloned());
    /// # drop(layer);
    /// ```
    pub fn new(topics: usize, topic: F) -> Self
    where
        F: FnMut(&T) -> K,
    {
        Self { topics: topics.max(1), topic, of: PhantomData }
    }
}

impl<S, F: Clone, K, T> Layer<S> for KeepLatestLayer<F, K, T> {
    type Service = KeepLatest<S, F, K, T>;

    fn layer(&self, inner: S) -> KeepLatest<S, F, K, T> {
        KeepLatest {
            inner,
            topics: self.topics,
            topic: self.topic.clone(),
            latest: HashMap::new(),
            turns: VecDeque::new(),
            replaced: 0,
            ended: false,
        }
    }
}

/// What a [`KeepLatestLayer`] makes of a socket.
pub struct KeepLatest<S, F, K, T = Message> {
    inner: S,
    topics: usize,
    topic: F,
    latest: HashMap<K, T>,
    /// The topics of `latest`, in the order in which they are received.
    turns: VecDeque<K>,
    replaced: u64,
    ended: bool,
}

/// So many messages at most are taken from the socket for one that is received.
const TAKEN_AT_ONCE: usize = 10_000;

wraps!(
    KeepLatest<S, F, K, T>,
    KeepLatestLayer,
    "new(100, |message: &zeromq_async::Message| message.size())"
);
forward_sink!(KeepLatest<S, F, K, T>);

impl<S, F, K, T> KeepLatest<S, F, K, T> {
    /// How many messages were replaced by later ones.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use zeromq_util::layer::{KeepLatestLayer, WithLayer};
    /// use zeromq_async::{Message, SubSocket};
    ///
    /// let layer = KeepLatestLayer::new(100, |message: &Message| message.first().cloned());
    /// assert_eq!(SubSocket::new().with_layer(layer).replaced(), 0);
    /// # }
    /// ```
    pub fn replaced(&self) -> u64 {
        self.replaced
    }
}

impl<S, F, K, T> KeepLatest<S, F, K, T>
where
    F: FnMut(&T) -> K,
    K: Hash + Eq + Clone,
    T: 'static,
{
    fn keep(&mut self, mut item: T) {
        detach(&mut item);
        let topic = (self.topic)(&item);
        if self.latest.insert(topic.clone(), item).is_some() {
            self.replaced += 1;
        } else {
            self.turns.push_back(topic);
        }
    }

    fn next(&mut self) -> Option<T> {
        let topic = self.turns.pop_front()?;
        self.latest.remove(&topic)
    }
}

impl<S, F, K, T, E> Stream for KeepLatest<S, F, K, T>
where
    S: Stream<Item = Result<T, E>> + Unpin,
    F: FnMut(&T) -> K,
    K: Hash + Eq + Clone,
    T: 'static,
{
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = &mut *self;
        for _ in 0..TAKEN_AT_ONCE {
            if this.ended || this.turns.len() >= this.topics {
                break;
            }
            match Pin::new(&mut this.inner).poll_next(cx) {
                Poll::Ready(Some(Ok(item))) => this.keep(item),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => this.ended = true,
                Poll::Pending => break,
            }
        }
        match this.next() {
            Some(item) => Poll::Ready(Some(Ok(item))),
            None if this.ended => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

impl<F: Clone, K, T> Clone for KeepLatestLayer<F, K, T> {
    fn clone(&self) -> Self {
        Self { topics: self.topics, topic: self.topic.clone(), of: PhantomData }
    }
}

impl<F, K, T> fmt::Debug for KeepLatestLayer<F, K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeepLatestLayer").field("topics", &self.topics).finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, F, K, T> fmt::Debug for KeepLatest<S, F, K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("KeepLatest");
        shown.field("inner", &self.inner).field("waiting", &self.turns.len());
        shown.field("replaced", &self.replaced).finish_non_exhaustive()
    }
}
