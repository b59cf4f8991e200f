//! A PUB that counts its messages by topic, and tells the counts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use zeromq_async::pattern::{
    Distribute, OfferError, Peers, PublishOptions, SendStrategy, Subscribers,
};
use zeromq_async::{Message, SendErrorKind, Sends, SocketKind, SocketType, Stacks, Topical};

pub(crate) enum CountingPub {}

impl SocketKind for CountingPub {
    const TYPE: SocketType = SocketType::Pub;
    type SendStack = Count<Distribute>;
    type ReceiveStack = ();
    type Options = PublishOptions;
    type Control = Arc<Counts>;

    fn compose(peers: &Peers, options: &PublishOptions) -> Stacks<Self> {
        let subscribers = Arc::new(Subscribers::of_pub(options));
        let counts =
            Arc::new(Counts { by_topic: Mutex::default(), subscribers: subscribers.clone() });
        let distribute = Distribute::new(peers, subscribers.clone(), options.no_drop);
        let send = Count { inner: distribute, counts: counts.clone() };
        Stacks { send, receive: (), hooks: subscribers, control: counts }
    }
}

impl Sends for CountingPub {}

impl Topical for CountingPub {
    fn topics_count(counts: &Arc<Counts>) -> usize {
        counts.subscribers.topics_count()
    }
}

pub(crate) struct Counts {
    by_topic: Mutex<HashMap<Bytes, u64>>,
    subscribers: Arc<Subscribers>,
}

impl Counts {
    pub(crate) fn count(&self, topic: &[u8]) -> u64 {
        self.by_topic.lock().unwrap().get(topic).copied().unwrap_or(0)
    }
}

pub(crate) struct Count<S> {
    inner: S,
    counts: Arc<Counts>,
}

impl<S: SendStrategy> SendStrategy for Count<S> {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        self.inner.poll_ready(cx)
    }

    fn offer(&mut self, message: &mut Message) -> Result<(), OfferError> {
        let topic = message.first().cloned().unwrap_or_default().into_bytes();
        self.inner.offer(message)?;
        *self.counts.by_topic.lock().unwrap().entry(topic).or_default() += 1;
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.inner.poll_flush(cx)
    }
}
