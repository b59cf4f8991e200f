//! The latest message of each topic.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use zeromq_async::Message;

use crate::detach::detach;

/// Receives only the latest of several waiting messages on a topic.
///
/// [`conflate`](zeromq_async::SocketBuilder::conflate) (`ZMQ_CONFLATE`) keeps one message for a whole
/// socket. This layer keeps one for each topic, of any number of frames. A topic keeps the position
/// of its oldest message, so none waits forever.
///
/// Each `recv` first takes all messages that wait in the socket, up to the limit of topics. Between
/// calls messages wait in the socket, up to its
/// [`receive_high_water_mark`](zeromq_async::SocketBuilder::receive_high_water_mark); a publisher
/// then drops the newest. Choose a mark that covers the longest pause.
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
    /// Keeps the latest message of up to this number of topics, at least 1. The function returns a
    /// message's topic. Messages of further topics wait in the socket.
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
        let kept = Latest { messages: HashMap::new(), order: VecDeque::new(), replaced: 0 };
        KeepLatest { inner, topics: self.topics, topic: self.topic.clone(), kept, ended: false }
    }
}

pin_project! {
    /// A socket with a [`KeepLatestLayer`].
    pub struct KeepLatest<S, F, K, T = Message> {
        #[pin]
        inner: S,
        topics: usize,
        topic: F,
        kept: Latest<K, T>,
        ended: bool,
    }
}

/// The most messages taken from the socket for one that is received.
const TAKEN_AT_ONCE: usize = 10_000;

accessors!(KeepLatest<S, F, K, T>);
forward_sink!(KeepLatest<S, F, K, T>);

impl<S, F, K, T> KeepLatest<S, F, K, T> {
    /// Returns the number of messages that were replaced by later ones.
    pub fn replaced(&self) -> u64 {
        self.kept.replaced
    }
}

impl<S, F, K, T, E> Stream for KeepLatest<S, F, K, T>
where
    S: Stream<Item = Result<T, E>>,
    F: FnMut(&T) -> K,
    K: Hash + Eq + Clone,
    T: 'static,
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        for _ in 0..TAKEN_AT_ONCE {
            if *this.ended || this.kept.order.len() >= *this.topics {
                break;
            }
            match this.inner.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(mut item))) => {
                    detach(&mut item);
                    this.kept.keep((this.topic)(&item), item);
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => *this.ended = true,
                Poll::Pending => break,
            }
        }
        match this.kept.next() {
            Some(item) => Poll::Ready(Some(Ok(item))),
            None if *this.ended => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

struct Latest<K, T> {
    messages: HashMap<K, T>,
    /// The topics of `messages`, in the order in which they are received.
    order: VecDeque<K>,
    replaced: u64,
}

impl<K: Hash + Eq + Clone, T> Latest<K, T> {
    fn keep(&mut self, topic: K, item: T) {
        if self.messages.insert(topic.clone(), item).is_some() {
            self.replaced += 1;
        } else {
            self.order.push_back(topic);
        }
    }

    fn next(&mut self) -> Option<T> {
        let topic = self.order.pop_front()?;
        self.messages.remove(&topic)
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
        let mut debug = f.debug_struct("KeepLatest");
        debug.field("inner", &self.inner).field("waiting", &self.kept.order.len());
        debug.field("replaced", &self.kept.replaced).finish_non_exhaustive()
    }
}
