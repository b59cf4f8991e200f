//! What the peers of a publisher have subscribed to (29/PUBSUB, PUB and XPUB).

use std::collections::HashMap;
use std::sync::Arc;

use zmtp::{Message, Subscription};

use super::{Change, SubscriptionTrie};
use crate::error::SubscriptionsExceeded;
use crate::identity::PeerId;
use crate::options::{PublishOptions, SubscriptionLimits, SubscriptionNotices};
use crate::peer::{Pattern, Pipe};
use crate::sync::Mutex;

/// Who has subscribed to what: the state a publisher shares with the engine.
#[derive(Debug)]
pub(crate) struct Subscribers {
    state: Mutex<State>,
    /// Which subscriptions the application is told of; a PUB's is told of none.
    notices: Option<SubscriptionNotices>,
    /// Sent to each new subscriber before anything else (`ZMQ_XPUB_WELCOME_MSG`).
    welcome: Option<Message>,
    /// Of each peer.
    limits: SubscriptionLimits,
}

#[derive(Debug, Default)]
struct State {
    trie: SubscriptionTrie<PeerId>,
    subscribers: HashMap<PeerId, Subscriber>,
    matches: Vec<PeerId>,
}

/// A peer that has subscribed, and how much to.
#[derive(Debug)]
struct Subscriber {
    pipe: Arc<Pipe>,
    topics: usize,
    octets: usize,
}

impl Subscribers {
    pub(crate) fn new(notices: Option<SubscriptionNotices>, options: &PublishOptions) -> Self {
        let (welcome, limits) = (options.welcome.clone(), options.limits);
        Self { state: Mutex::default(), notices, welcome, limits }
    }

    /// Subscribes the peer, or cancels, whatever it asked for itself. Says whether the topic is new
    /// or there no longer.
    pub(crate) fn apply(&self, pipe: &Arc<Pipe>, change: &Subscription) -> bool {
        self.state.lock().apply(pipe, change).for_topic
    }

    /// Holds what a peer has asked for against the limits.
    fn check(&self, pipe: &Pipe) -> Result<(), SubscriptionsExceeded> {
        let limit = self.limits.count;
        if self.notices.is_some() && pipe.unread() > limit {
            return Err(SubscriptionsExceeded::Unread { limit });
        }
        // What is applied by hand is for the application to limit.
        if self.notices.is_some_and(SubscriptionNotices::is_manual) {
            return Ok(());
        }
        let state = self.state.lock();
        state
            .subscribers
            .get(&pipe.id())
            .map_or(Ok(()), |subscriber| subscriber.check(&self.limits))
    }

    /// Whom a message is for.
    pub(super) fn find(&self, message: &Message, targets: &mut Vec<Arc<Pipe>>) {
        let mut state = self.state.lock();
        let State { trie, subscribers, matches } = &mut *state;
        matches.clear();
        trie.matches(message.first().map_or(&[], |topic| topic), matches);
        let matching = matches.iter().filter_map(|id| subscribers.get(id));
        targets.extend(matching.map(|subscriber| subscriber.pipe.clone()));
    }
}

impl State {
    fn apply(&mut self, pipe: &Arc<Pipe>, change: &Subscription) -> Change {
        let Self { trie, subscribers, .. } = self;
        match change {
            // Nobody would ever take away what a peer is subscribed to that has gone.
            Subscription::Subscribe(_) if pipe.outbound.is_closing() => Change::default(),
            Subscription::Subscribe(topic) => {
                let change = trie.subscribe(topic, pipe.id());
                let subscriber =
                    subscribers.entry(pipe.id()).or_insert_with(|| Subscriber::new(pipe));
                if change.for_key {
                    subscriber.topics += 1;
                    subscriber.octets += topic.len();
                }
                change
            }
            Subscription::Cancel(topic) => {
                let change = trie.cancel(topic, pipe.id());
                if change.for_key
                    && let Some(subscriber) = subscribers.get_mut(&pipe.id())
                {
                    subscriber.topics -= 1;
                    subscriber.octets -= topic.len();
                }
                change
            }
        }
    }
}

impl Subscriber {
    fn new(pipe: &Arc<Pipe>) -> Self {
        Self { pipe: pipe.clone(), topics: 0, octets: 0 }
    }

    fn check(&self, limits: &SubscriptionLimits) -> Result<(), SubscriptionsExceeded> {
        let SubscriptionLimits { count, octets } = *limits;
        if self.topics > count {
            return Err(SubscriptionsExceeded::Count { limit: count });
        }
        if self.octets > octets {
            return Err(SubscriptionsExceeded::Octets { limit: octets });
        }
        Ok(())
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
        state.subscribers.remove(&pipe.id());
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

    fn subscription(
        &self,
        pipe: &Arc<Pipe>,
        change: Subscription,
    ) -> Result<(), SubscriptionsExceeded> {
        let notable = match self.notices {
            Some(notices) if notices.is_manual() => true,
            Some(notices) => self.apply(pipe, &change) || notices.tells_repeated(&change),
            None => {
                self.apply(pipe, &change);
                false
            }
        };
        if notable {
            pipe.notify(change.into_message());
        }
        self.check(pipe)
    }

    fn takes_messages(&self) -> bool {
        self.notices.is_some()
    }

    fn takes_subscriptions(&self) -> bool {
        true
    }
}
