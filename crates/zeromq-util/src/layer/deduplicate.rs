//! Messages with the same key, received once.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use pin_project_lite::pin_project;
use tower_layer::Layer;

use super::DROPPED_PER_POLL;
use crate::detach::detach;

/// Receives only the first of several messages with the same key.
///
/// Use it where messages may come twice: from a sender that retries, or over two paths. The layer
/// remembers the last keys, each twice in memory, and no messages. A repetition that comes later
/// than that is received.
///
/// Small keys that are a frame or `bytes::Bytes`, or an option or list of these, are copied. In a
/// type of your own, copy them yourself: a frame keeps alive the buffer that it is part of, which
/// may be far larger.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::layer::{DeduplicateLayer, RecvExt, WithLayer};
/// use zeromq_async::{Message, PullSocket, PushSocket};
///
/// let (mut push, pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:*").await?)?;
/// let number = |message: &Message| message.first().cloned();
/// let mut pull = pull.with_layer(DeduplicateLayer::new(1000, number));
/// for (number, job) in [("1", "one"), ("1", "one, once more"), ("2", "two")] {
///     push.send(Message::multipart([number, job])).await?;
/// }
/// assert_eq!(pull.recv().await?, Message::multipart(["1", "one"]));
/// assert_eq!(pull.recv().await?, Message::multipart(["2", "two"]));
/// assert_eq!(pull.dropped(), 1);
/// # Ok(()) }
/// ```
pub struct DeduplicateLayer<F, K> {
    keys: usize,
    key: F,
    of: PhantomData<fn() -> K>,
}

impl<F, K> DeduplicateLayer<F, K> {
    /// Remembers this number of keys, at least 1. The function returns a message's key.
    pub fn new<T>(keys: usize, key: F) -> Self
    where
        F: FnMut(&T) -> K,
    {
        Self { keys: keys.max(1), key, of: PhantomData }
    }
}

impl<S, F: Clone, K> Layer<S> for DeduplicateLayer<F, K> {
    type Service = Deduplicate<S, F, K>;

    fn layer(&self, inner: S) -> Deduplicate<S, F, K> {
        let known = KnownKeys { limit: self.keys, keys: HashSet::new(), oldest: VecDeque::new() };
        Deduplicate { inner, key: self.key.clone(), known, dropped: 0 }
    }
}

pin_project! {
    /// A socket with a [`DeduplicateLayer`].
    pub struct Deduplicate<S, F, K> {
        #[pin]
        inner: S,
        key: F,
        known: KnownKeys<K>,
        dropped: u64,
    }
}

accessors!(Deduplicate<S, F, K>);
forward_sink!(Deduplicate<S, F, K>);

impl<S, F, K> Deduplicate<S, F, K> {
    /// Returns the number of messages that were dropped because their keys were known.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl<S, F, K, T, E> Stream for Deduplicate<S, F, K>
where
    S: Stream<Item = Result<T, E>>,
    F: FnMut(&T) -> K,
    K: Hash + Eq + Clone + 'static,
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        for _ in 0..DROPPED_PER_POLL {
            match ready!(this.inner.as_mut().poll_next(cx)) {
                Some(Ok(item)) if !this.known.insert((this.key)(&item)) => *this.dropped += 1,
                next => return Poll::Ready(next),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

struct KnownKeys<K> {
    limit: usize,
    keys: HashSet<K>,
    /// The same keys, oldest first.
    oldest: VecDeque<K>,
}

impl<K: Hash + Eq + Clone + 'static> KnownKeys<K> {
    /// Returns false if the key is known.
    fn insert(&mut self, mut key: K) -> bool {
        if self.keys.contains(&key) {
            return false;
        }
        if self.oldest.len() >= self.limit
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.keys.remove(&oldest);
        }
        detach(&mut key);
        self.oldest.push_back(key.clone());
        self.keys.insert(key)
    }
}

impl<F: Clone, K> Clone for DeduplicateLayer<F, K> {
    fn clone(&self) -> Self {
        Self { keys: self.keys, key: self.key.clone(), of: PhantomData }
    }
}

impl<F, K> fmt::Debug for DeduplicateLayer<F, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeduplicateLayer").field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, F, K> fmt::Debug for Deduplicate<S, F, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Deduplicate");
        debug.field("inner", &self.inner).field("keys", &self.known.limit);
        debug.field("dropped", &self.dropped).finish_non_exhaustive()
    }
}
