//! Each message to every peer that has subscribed to it (29/PUBSUB, PUB and XPUB).

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use zmtp::{Batch, Message, Subscription};

use super::round_robin::poll_flush_all;
use super::{Budget, Outgoing, Refusal, SubscriptionTrie};
use crate::error::SendErrorKind;
use crate::identity::PeerId;
use crate::options::SubscriptionNotices;
use crate::peer::{Pattern, PeerSet, Pipe};
use crate::sync::Mutex;

/// Who has subscribed to what: the state a publisher shares with the engine.
#[derive(Debug)]
pub(crate) struct Subscribers {
    state: Mutex<State>,
    /// Which subscriptions the application is told of; a PUB's is told of none.
    notices: Option<SubscriptionNotices>,
    /// Sent to each new subscriber before anything else (`ZMQ_XPUB_WELCOME_MSG`).
    welcome: Option<Message>,
}

#[derive(Debug, Default)]
struct State {
    trie: SubscriptionTrie<PeerId>,
    pipes: HashMap<PeerId, Arc<Pipe>>,
    matches: Vec<PeerId>,
}

impl Subscribers {
    pub(crate) fn new(notices: Option<SubscriptionNotices>, welcome: Option<Message>) -> Self {
        Self { state: Mutex::default(), notices, welcome }
    }

    /// Subscribes the peer, or cancels, whatever it asked for itself.
    pub(crate) fn apply(&self, pipe: &Arc<Pipe>, change: &Subscription) -> bool {
        let mut state = self.state.lock();
        let State { trie, pipes, .. } = &mut *state;
        match change {
            // Nobody would ever take away what a peer is subscribed to that has gone.
            Subscription::Subscribe(_) if pipe.outbound.is_closing() => false,
            Subscription::Subscribe(topic) => {
                pipes.entry(pipe.id()).or_insert_with(|| pipe.clone());
                trie.subscribe(topic, pipe.id()).for_topic
            }
            Subscription::Cancel(topic) => trie.cancel(topic, pipe.id()).for_topic,
        }
    }

    fn find(&self, message: &Message, targets: &mut Vec<Arc<Pipe>>) {
        let mut state = self.state.lock();
        let State { trie, pipes, matches } = &mut *state;
        matches.clear();
        trie.matches(message.first().map_or(&[], |topic| topic), matches);
        targets.extend(matches.iter().filter_map(|id| pipes.get(id)).cloned());
    }
}

impl Pattern for Subscribers {
    fn connected(&self, pipe: &Arc<Pipe>) {
        if let Some(welcome) = &self.welcome {
            // Refused only by a queue that is full of what this peer has not read yet.
            let _ = pipe.outbound.send(&mut welcome.clone());
        }
    }

    fn disconnected(&self, pipe: &Arc<Pipe>) {
        let mut state = self.state.lock();
        state.pipes.remove(&pipe.id());
        let told = self.notices.is_some();
        state.trie.remove(pipe.id(), |topic| {
            if told {
                pipe.notify(Subscription::Cancel(topic.to_vec().into()).into_message());
            }
        });
    }

    fn leave(&self, pipe: &Arc<Pipe>) {
        // Its task may have ended with the runtime and told nobody, and the application may have
        // subscribed it since.
        self.disconnected(pipe);
    }

    fn subscription(&self, pipe: &Arc<Pipe>, change: Subscription) {
        let Some(notices) = self.notices else {
            self.apply(pipe, &change);
            return;
        };
        let notable = notices.is_manual() || {
            let changes_topic = self.apply(pipe, &change);
            changes_topic || notices.tells_repeated(&change)
        };
        if notable {
            pipe.notify(change.into_message());
        }
    }

    fn takes_messages(&self) -> bool {
        self.notices.is_some()
    }

    fn takes_subscriptions(&self) -> bool {
        true
    }
}

/// Sends to all subscribers at once; drops for those alone whose queue is full.
///
/// With `no_drop` it waits instead until every subscriber of the message has room.
#[derive(Debug)]
pub(crate) struct Distribute {
    peers: Arc<PeerSet>,
    subscribers: Arc<Subscribers>,
    no_drop: bool,
    targets: Vec<Arc<Pipe>>,
    encoded: Batch,
    /// Subscribers whose full queues made the last `offer` fail.
    full: Vec<Arc<Pipe>>,
    budget: Budget,
}

impl Distribute {
    pub(crate) fn new(peers: Arc<PeerSet>, subscribers: Arc<Subscribers>, no_drop: bool) -> Self {
        Self {
            peers,
            subscribers,
            no_drop,
            targets: Vec::new(),
            encoded: Batch::new(),
            full: Vec::new(),
            budget: Budget::default(),
        }
    }

    fn send_to_targets(&mut self, message: &mut Message) {
        let ledger = self.peers.ledger();
        match &self.targets[..] {
            [] => ledger.dropped(|dropped| dropped.unsubscribed += 1),
            [only] if !self.no_drop && only.outbound.send(message).is_ok() => {}
            [_] if !self.no_drop => ledger.dropped(|dropped| dropped.full += 1),
            targets => {
                self.encoded.push(message.clone());
                for pipe in targets {
                    // Where nothing may be dropped, another sender may have taken the room.
                    if !pipe.outbound.send_encoded(&self.encoded, message, self.no_drop) {
                        ledger.dropped(|dropped| dropped.full += 1);
                    }
                }
                self.encoded.clear();
            }
        }
    }
}

impl Outgoing for Distribute {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        ready!(self.budget.poll(cx));
        if !self.full.is_empty() {
            self.peers.room().register(cx);
            self.full.retain(|pipe| !pipe.outbound.has_room() && !pipe.outbound.is_closing());
            if !self.full.is_empty() && !self.peers.is_closed() {
                return Poll::Pending;
            }
        }
        Poll::Ready(self.peers.check_open())
    }

    fn offer(&mut self, message: &mut Message) -> Result<(), Refusal> {
        self.peers.check_open().map_err(Refusal::Failed)?;
        self.targets.clear();
        self.subscribers.find(message, &mut self.targets);
        if self.no_drop {
            self.full.clear();
            self.full.extend(
                self.targets.extract_if(.., |pipe| {
                    !pipe.outbound.has_room() && !pipe.outbound.is_closing()
                }),
            );
            if !self.full.is_empty() {
                return Err(Refusal::Full);
            }
        }
        self.send_to_targets(message);
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        poll_flush_all(&self.peers, cx)
    }
}

impl Clone for Distribute {
    fn clone(&self) -> Self {
        Self::new(self.peers.clone(), self.subscribers.clone(), self.no_drop)
    }
}
