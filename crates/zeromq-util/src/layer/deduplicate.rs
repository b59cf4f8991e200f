//! What came before, not again.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tower_layer::Layer;

use super::{DROPPED_PER_TURN, detach};

/// Receives of several messages with the same key only the first.
///
/// For what may come twice: from a sender that tries again, or over two ways at once. The last so
/// many keys are remembered, each twice in memory, and no message; what comes again later than that
/// is received again.
///
/// A key that is a frame or `bytes::Bytes`, or an option or list of these, is copied where it is
/// small. In a type of your own copy them yourself: a frame keeps alive the buffer that it is a part
/// of, which may be far larger.
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
    /// Remembers so many keys, at least 1, as the function gives them for messages.
    ///
    /// ```
    /// use zeromq_async::Message;
    /// use zeromq_util::layer::DeduplicateLayer;
    ///
    /// let layer = DeduplicateLayer::new(100, |message: &Message| message.last().cloned());
    /// # drop(layer);
    /// ```
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
        let (keys, key) = (self.keys, self.key.clone());
        Deduplicate { inner, keys, key, known: HashSet::new(), oldest: VecDeque::new(), dropped: 0 }
    }
}

/// What a [`DeduplicateLayer`] makes of a socket.
pub struct Deduplicate<S, F, K> {
    inner: S,
    keys: usize,
    key: F,
    known: HashSet<K>,
    /// The same, in the order in which they came.
    oldest: VecDeque<K>,
    dropped: u64,
}

wraps!(
    Deduplicate<S, F, K>,
    DeduplicateLayer,
    "new(100, |message: &zeromq_async::Message| message.clone().into_frames())"
);
forward_sink!(Deduplicate<S, F, K>);

impl<S, F, K> Deduplicate<S, F, K> {
    /// How many messages were dropped because their keys were known.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use zeromq_util::layer::{DeduplicateLayer, WithLayer};
    /// use zeromq_async::{Message, PullSocket};
    ///
    /// let layer = DeduplicateLayer::new(100, |message: &Message| message.size());
    /// assert_eq!(PullSocket::new().with_layer(layer).dropped(), 0);
    /// # }
    /// ```
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl<S, F, K: Hash + Eq + Clone + 'static> Deduplicate<S, F, K> {
    fn is_new(&mut self, mut key: K) -> bool {
        if self.known.contains(&key) {
            self.dropped += 1;
            return false;
        }
        if self.oldest.len() >= self.keys
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.known.remove(&oldest);
        }
        detach(&mut key);
        self.oldest.push_back(key.clone());
        self.known.insert(key)
    }
}

impl<S, F, K, T, E> Stream for Deduplicate<S, F, K>
where
    S: Stream<Item = Result<T, E>> + Unpin,
    F: FnMut(&T) -> K,
    K: Hash + Eq + Clone + 'static,
{
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = &mut *self;
        for _ in 0..DROPPED_PER_TURN {
            let next = ready!(Pin::new(&mut this.inner).poll_next(cx));
            if let Some(Ok(item)) = &next {
                let key = (this.key)(item);
                if !this.is_new(key) {
                    continue;
                }
            }
            return Poll::Ready(next);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
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
        let mut shown = f.debug_struct("Deduplicate");
        shown.field("inner", &self.inner).field("keys", &self.keys);
        shown.field("dropped", &self.dropped).finish_non_exhaustive()
    }
}
