//! What a subscriber tells its publishers, and what it lets through (29/PUBSUB, SUB and XSUB).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use zmtp::{Message, Subscription};

use super::held::Held;
use super::{Budget, CountTopics, Incoming, Outgoing, Refusal, SubscriptionTrie};
use crate::error::{RecvError, SendErrorKind};
use crate::identity::Peer;
use crate::options::SubscribeOptions;
use crate::peer::{Pattern, PeerSet, Pipe, Waiter};
use crate::sync::Mutex;

/// What a subscriber has subscribed to: told to every publisher, over every new connection anew.
#[derive(Debug)]
pub(crate) struct Subscriptions {
    peers: Arc<PeerSet>,
    state: Mutex<State>,
    /// Whether the empty topic is among them, so that the filter need not look.
    everything: AtomicBool,
    /// Whether what is received is what was not subscribed to (`ZMQ_INVERT_MATCHING`).
    invert_matching: bool,
    /// Whether every cancellation is told (`ZMQ_XSUB_VERBOSE_UNSUBSCRIBE`).
    tell_every_cancellation: bool,
}

#[derive(Debug, Default)]
struct State {
    /// How often each topic was subscribed to: the last cancellation counts.
    counts: HashMap<Bytes, usize>,
    topics: SubscriptionTrie<()>,
    matches: Vec<()>,
}

impl Subscriptions {
    pub(crate) fn new(peers: Arc<PeerSet>, options: &SubscribeOptions) -> Arc<Self> {
        let &SubscribeOptions { ref topics, invert_matching, tell_every_cancellation } = options;
        let subscriptions = Self {
            peers,
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

    /// Notes the change and tells the publishers that are connected.
    ///
    /// As libzmq does, every subscription is told, and of cancellations the last for its topic
    /// unless all are asked for.
    pub(crate) fn change(&self, change: &Subscription) {
        // Held while telling, so that a publisher that connects meanwhile is told once and in order.
        let mut state = self.state.lock();
        if state.apply(change) || self.tell_every_cancellation {
            let everything = state.counts.contains_key(&b""[..]);
            self.everything.store(everything, Ordering::Release);
            for pipe in self.peers.pipes() {
                pipe.send_subscription(change);
            }
        }
    }

    fn lets_through(&self, message: &Message) -> bool {
        if self.everything.load(Ordering::Acquire) {
            return !self.invert_matching;
        }
        let mut state = self.state.lock();
        let State { topics, matches, .. } = &mut *state;
        matches.clear();
        topics.matches(message.first().map_or(&[], |topic| topic), matches);
        matches.is_empty() == self.invert_matching
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

impl CountTopics for Arc<Subscriptions> {
    fn count_topics(&self) -> usize {
        self.state.lock().counts.len()
    }
}

impl Pattern for Subscriptions {
    fn connected(&self, pipe: &Arc<Pipe>) {
        let state = self.state.lock();
        for topic in state.counts.keys() {
            pipe.send_subscription(&Subscription::Subscribe(topic.clone()));
        }
    }
}

/// Lets through what the socket is subscribed to now, whatever the publisher still sends.
#[derive(Debug)]
pub(crate) struct Filter<I> {
    inner: I,
    subscriptions: Arc<Subscriptions>,
    /// A message that was let through and not yet received.
    held: Option<Held>,
}

impl<I> Filter<I> {
    pub(crate) fn new(inner: I, subscriptions: Arc<Subscriptions>) -> Self {
        Self { inner, subscriptions, held: None }
    }
}

impl<I: Incoming> Filter<I> {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        loop {
            let message = ready!(self.inner.poll_recv(cx))?;
            if self.subscriptions.lets_through(&message) {
                return Poll::Ready(Ok(message));
            }
            if let Some(pipe) = self.inner.last_pipe() {
                pipe.account().discarded_popped(|discarded| discarded.filtered += 1);
            }
        }
    }
}

impl<I: Incoming> Incoming for Filter<I> {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        match self.held.take() {
            Some(held) => Poll::Ready(Ok(held.take())),
            None => self.poll_next(cx),
        }
    }

    fn poll_recv_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        if self.held.is_none() {
            let message = ready!(self.poll_next(cx))?;
            self.held = Some(Held::new(self.inner.last_pipe(), message));
        }
        Poll::Ready(Ok(()))
    }

    fn last_pipe(&self) -> Option<&Arc<Pipe>> {
        self.inner.last_pipe()
    }

    fn last_peer(&self) -> Option<&Peer> {
        self.inner.last_peer()
    }
}

/// XSUB's way up: subscriptions where the message is one, all other messages to every publisher.
#[derive(Debug)]
pub(crate) struct Upstream {
    peers: Arc<PeerSet>,
    subscriptions: Arc<Subscriptions>,
    budget: Budget,
    waiter: Waiter,
}

impl Upstream {
    pub(crate) fn new(peers: Arc<PeerSet>, subscriptions: Arc<Subscriptions>) -> Self {
        let waiter = Waiter::new(peers.clone());
        Self { peers, subscriptions, budget: Budget::default(), waiter }
    }
}

impl Outgoing for Upstream {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        self.budget.poll(cx).map(|()| self.peers.check_open())
    }

    fn offer(&mut self, message: &mut Message) -> Result<(), Refusal> {
        self.peers.check_open().map_err(Refusal::Failed)?;
        if let Some(change) = Subscription::from_message(message) {
            self.subscriptions.change(&change);
            return Ok(());
        }
        let publishers = self.peers.pipes();
        if publishers.is_empty() {
            self.peers.ledger().dropped(|dropped| dropped.unroutable += 1);
        }
        for pipe in publishers {
            if let Err(refused) = pipe.send(&mut message.clone()) {
                pipe.account().dropped(|dropped| refused.enter(dropped));
            }
        }
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.waiter.poll_flush(cx)
    }
}

impl Clone for Upstream {
    fn clone(&self) -> Self {
        Self::new(self.peers.clone(), self.subscriptions.clone())
    }
}
