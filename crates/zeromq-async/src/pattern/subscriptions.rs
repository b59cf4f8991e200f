//! The subscriptions of a subscriber: sent to its publishers, and a filter (29/PUBSUB, SUB and XSUB).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use tower_layer::Layer;
use zmtp::{Message, Subscription};

use super::{
    Criterion, Filter, OfferError, PeerHandle, PeerHooks, Peers, SendStrategy, SubscriptionTrie,
};
use crate::error::SendErrorKind;
use crate::pipe::PeerSet;
use crate::sync::Mutex;

/// The options that only a SUB or XSUB has.
#[derive(Debug, Clone, Default)]
pub struct SubscribeOptions {
    /// The first topics. See [`SocketBuilder::subscribe`](crate::SocketBuilder::subscribe).
    pub topics: Vec<Bytes>,
    /// Receives messages that do not match (`ZMQ_INVERT_MATCHING`). Not for XSUB.
    pub invert_matching: bool,
    /// See [`SocketBuilder::tell_every_cancellation`](crate::SocketBuilder::tell_every_cancellation).
    pub tell_every_cancellation: bool,
}

/// The hooks of a SUB or XSUB: its subscriptions, sent to every publisher over each new connection.
#[derive(Debug)]
pub struct Subscriptions {
    peers: Arc<PeerSet>,
    state: Mutex<State>,
    /// Whether the empty topic is among them, so that the filter need not look them up.
    everything: AtomicBool,
    /// Whether messages that do not match are received (`ZMQ_INVERT_MATCHING`).
    invert_matching: bool,
    /// Whether every cancellation is sent (`ZMQ_XSUB_VERBOSE_UNSUBSCRIBE`).
    tell_every_cancellation: bool,
}

#[derive(Debug, Default)]
struct State {
    /// How often each topic was subscribed to. The last cancellation ends the subscription.
    counts: HashMap<Bytes, usize>,
    topics: SubscriptionTrie<()>,
    matches: Vec<()>,
}

impl Subscriptions {
    /// The subscriptions of a new socket.
    pub fn new(peers: &Peers, options: &SubscribeOptions) -> Arc<Self> {
        let &SubscribeOptions { ref topics, invert_matching, tell_every_cancellation } = options;
        let subscriptions = Self {
            peers: peers.set().clone(),
            state: Mutex::default(),
            everything: AtomicBool::new(false),
            invert_matching,
            tell_every_cancellation,
        };
        for topic in topics {
            subscriptions.change(&Subscription::Subscribe(topic.clone()));
        }
        Arc::new(subscriptions)
    }

    /// Subscribes or cancels, and sends the change to the connected publishers.
    ///
    /// Every subscription is sent, but only the last cancellation of a topic. With
    /// [`tell_every_cancellation`](crate::SocketBuilder::tell_every_cancellation), every
    /// cancellation is sent.
    pub fn change(&self, change: &Subscription) {
        // Held while sending, so that a publisher that connects meanwhile hears each once, in order.
        let mut state = self.state.lock();
        if state.apply(change) || self.tell_every_cancellation {
            let everything = state.counts.contains_key(&b""[..]);
            self.everything.store(everything, Ordering::Release);
            for pipe in self.peers.pipes() {
                pipe.send_subscription(change);
            }
        }
    }

    /// The number of different topics with subscriptions.
    pub fn topics_count(&self) -> usize {
        self.state.lock().counts.len()
    }

    /// Not inlined: a subscriber to everything would save and restore registers for each message.
    #[inline(never)]
    fn matches(&self, message: &Message) -> bool {
        let mut state = self.state.lock();
        let State { topics, matches, .. } = &mut *state;
        matches.clear();
        topics.matches(message.first().map_or(&[], |topic| topic), matches);
        !matches.is_empty()
    }
}

impl State {
    /// Whether publishers must be told.
    fn apply(&mut self, change: &Subscription) -> bool {
        match change {
            Subscription::Subscribe(topic) => {
                *self.counts.entry(topic.clone()).or_default() += 1;
                self.topics.subscribe(topic, ());
                true
            }
            Subscription::Cancel(topic) => {
                let Some(count) = self.counts.get_mut(topic) else { return false };
                *count -= 1;
                if *count > 0 {
                    return false;
                }
                self.counts.remove(topic);
                self.topics.cancel(topic, ());
                true
            }
        }
    }
}

impl Criterion for Subscriptions {
    #[inline]
    fn passes(&self, message: &Message) -> bool {
        if self.everything.load(Ordering::Acquire) {
            return !self.invert_matching;
        }
        self.matches(message) != self.invert_matching
    }
}

impl PeerHooks for Subscriptions {
    fn connected(&self, peer: &PeerHandle) {
        let state = self.state.lock();
        for topic in state.counts.keys() {
            peer.pipe().send_subscription(&Subscription::Subscribe(topic.clone()));
        }
    }
}

/// Makes a [`SubscriptionFilter`].
#[derive(Debug, Clone)]
pub struct SubscriptionFilterLayer(pub Arc<Subscriptions>);

impl<S> Layer<S> for SubscriptionFilterLayer {
    type Service = SubscriptionFilter<S>;

    fn layer(&self, inner: S) -> SubscriptionFilter<S> {
        Filter::new(inner, self.0.clone())
    }
}

/// Passes on messages that the socket is subscribed to now, whatever the publisher still sends.
pub type SubscriptionFilter<S> = Filter<S, Arc<Subscriptions>>;

/// Sends for an XSUB. A message that is a subscription changes the subscriptions. Other messages go
/// to every publisher.
#[derive(Debug)]
pub struct Upstream {
    peers: Peers,
    subscriptions: Arc<Subscriptions>,
}

impl Upstream {
    /// Sends to all peers, and changes these subscriptions.
    pub fn new(peers: &Peers, subscriptions: Arc<Subscriptions>) -> Self {
        Self { peers: peers.clone(), subscriptions }
    }
}

impl SendStrategy for Upstream {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        self.peers.poll_proceed(cx).map(|()| self.peers.check_open())
    }

    fn offer(&mut self, message: &mut Message) -> Result<(), OfferError> {
        self.peers.check_open()?;
        if let Some(change) = Subscription::from_message(message) {
            self.subscriptions.change(&change);
            return Ok(());
        }
        self.peers.refresh();
        if self.peers.list().is_empty() {
            self.peers.count_dropped(|dropped| dropped.unroutable += 1);
        }
        for peer in self.peers.list() {
            if let Err(error) = peer.offer(&mut message.clone()) {
                peer.count_not_queued(error);
            }
        }
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.peers.poll_flush(cx)
    }
}

/// Another sender to the same publishers.
impl Clone for Upstream {
    fn clone(&self) -> Self {
        Self::new(&self.peers, self.subscriptions.clone())
    }
}
