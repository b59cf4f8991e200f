//! What the peers of a publisher have subscribed to (29/PUBSUB, PUB and XPUB).

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use tokio::sync::watch;
use zmtp::{Message, Subscription};

use super::{Change, CountTopics, SubscriptionTrie};
use crate::error::SubscriptionsExceeded;
use crate::identity::PeerId;
use crate::options::{PublishOptions, SubscriptionLimits, SubscriptionNotices};
use crate::peer::{Pattern, PeerSet, Pipe};
use crate::sync::Mutex;

/// Who has subscribed to what: the state a publisher shares with the engine.
#[derive(Debug)]
pub(crate) struct Subscribers {
    state: Mutex<State>,
    /// Told whenever subscriptions may have changed.
    changed: watch::Sender<()>,
    /// Which subscriptions the application is told of; a PUB's is told of none.
    notices: Option<SubscriptionNotices>,
    /// Sent to each new subscriber before anything else (`ZMQ_XPUB_WELCOME_MSG`).
    welcome: Option<Message>,
    /// Whether messages are for those who have not subscribed (`ZMQ_INVERT_MATCHING`).
    invert_matching: bool,
    /// Of each peer.
    limits: SubscriptionLimits,
}

#[derive(Debug, Default)]
struct State {
    trie: SubscriptionTrie<PeerId>,
    /// What peers have asked for, where the application decides what they get.
    requested: SubscriptionTrie<PeerId>,
    subscribers: HashMap<PeerId, Subscriber>,
    /// Peers that have left notices behind which have not been received.
    departed: Departed,
    matches: Vec<PeerId>,
    /// Whom alone the next message is for.
    last_subscribed: Option<PeerId>,
}

/// Peers that have left, and what is to be received of them.
#[derive(Debug, Default)]
struct Departed {
    pipes: Vec<Weak<Pipe>>,
    /// Their notices when last counted: not more than there are.
    messages: usize,
    bytes: usize,
}

/// A peer that has subscribed, and how much to by its own doing.
#[derive(Debug, Default)]
struct Subscriber {
    topics: usize,
    bytes: usize,
}

impl Subscribers {
    pub(crate) fn new(notices: Option<SubscriptionNotices>, options: &PublishOptions) -> Self {
        let PublishOptions { welcome, invert_matching, limits, .. } = options.clone();
        let changed = watch::Sender::new(());
        Self { state: Mutex::default(), changed, notices, welcome, invert_matching, limits }
    }

    /// Subscribes the peer, or cancels, by the will of the application and whatever it asked for.
    pub(crate) fn apply(&self, pipe: &Arc<Pipe>, change: &Subscription) {
        self.apply_by_hand(pipe, change);
        self.changed.send_replace(());
    }

    fn apply_by_hand(&self, pipe: &Arc<Pipe>, change: &Subscription) {
        let mut state = self.state.lock();
        if !self.is_manual() {
            state.note(pipe, change, false);
            return;
        }
        let State { trie, subscribers, last_subscribed, .. } = &mut *state;
        match change {
            Subscription::Subscribe(_) if pipe.outbound.is_closing() => {}
            Subscription::Subscribe(topic) => {
                subscribers.entry(pipe.id()).or_default();
                trie.subscribe(topic, pipe.id());
                if self.notices == Some(SubscriptionNotices::ManualLastValue) {
                    *last_subscribed = Some(pipe.id());
                }
            }
            Subscription::Cancel(topic) => {
                trie.cancel(topic, pipe.id());
            }
        }
    }

    pub(super) fn changed(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// How many peers a message with this first frame would go to.
    pub(super) fn count(&self, topic: &[u8], peers: &PeerSet) -> usize {
        let mut state = self.state.lock();
        let State { trie, matches, .. } = &mut *state;
        matches.clear();
        trie.matches(topic, matches);
        if self.invert_matching {
            // A peer that is leaving may be among the subscribers and not among the peers.
            peers.pipes().len().saturating_sub(matches.len())
        } else {
            matches.len()
        }
    }

    fn is_manual(&self) -> bool {
        self.notices.is_some_and(SubscriptionNotices::is_manual)
    }

    /// Holds what a peer has asked for against the limits.
    fn check(&self, pipe: &Pipe) -> Result<(), SubscriptionsExceeded> {
        if self.notices.is_some() {
            check_backlog(pipe.backlog(), &self.limits)?;
        }
        let state = self.state.lock();
        state
            .subscribers
            .get(&pipe.id())
            .map_or(Ok(()), |subscriber| subscriber.check(&self.limits))
    }

    /// Adds who has subscribed to a message. Says so where it is for one peer alone, which the next
    /// message is for again if this one is not sent after all ([`address`](Self::address)).
    pub(super) fn find(&self, message: &Message, matches: &mut Vec<PeerId>) -> Option<PeerId> {
        let mut state = self.state.lock();
        state.trie.matches(message.first().map_or(&[], |topic| topic), matches);
        let only = state.last_subscribed.take();
        if let Some(only) = only {
            matches.retain(|id| *id == only);
        }
        only
    }

    /// Whether messages are for those who have not subscribed to them.
    pub(super) fn inverts_matching(&self) -> bool {
        self.invert_matching
    }

    /// The next message is for this peer alone.
    pub(super) fn address(&self, only: PeerId) {
        self.state.lock().last_subscribed.get_or_insert(only);
    }
}

impl State {
    /// Notes what a peer asks for: that it has it, or with `manual` that it wants it.
    fn note(&mut self, pipe: &Arc<Pipe>, change: &Subscription, manual: bool) -> Change {
        let Self { trie, requested, subscribers, .. } = self;
        let trie = if manual { requested } else { trie };
        match change {
            // Nobody would ever take away what a peer is subscribed to that has gone.
            Subscription::Subscribe(_) if pipe.outbound.is_closing() => Change::default(),
            Subscription::Subscribe(topic) => {
                let change = trie.subscribe(topic, pipe.id());
                let subscriber = subscribers.entry(pipe.id()).or_default();
                if change.for_key {
                    subscriber.topics += 1;
                    subscriber.bytes += topic.len();
                }
                change
            }
            Subscription::Cancel(topic) => {
                let change = trie.cancel(topic, pipe.id());
                if change.for_key
                    && let Some(subscriber) = subscribers.get_mut(&pipe.id())
                {
                    subscriber.topics -= 1;
                    subscriber.bytes -= topic.len();
                }
                change
            }
        }
    }
}

impl Departed {
    /// As many times the limits of one peer is what all that have left may leave behind.
    const PEERS: usize = 4;

    fn add(&mut self, pipe: &Arc<Pipe>) {
        let (messages, bytes) = pipe.backlog();
        if messages > 0 {
            self.messages += messages;
            self.bytes += bytes;
            self.pipes.push(Arc::downgrade(pipe));
        }
    }

    /// Refuses changes where too much has been left behind, for else peers that come and go would
    /// fill the memory. Counts anew only where the last count was beyond the limits: it is not told
    /// what is received.
    fn check(&mut self, limits: &SubscriptionLimits) -> Result<(), SubscriptionsExceeded> {
        let limits = SubscriptionLimits {
            count: limits.count.saturating_mul(Self::PEERS),
            bytes: limits.bytes.saturating_mul(Self::PEERS),
        };
        if check_backlog((self.messages, self.bytes), &limits).is_ok() {
            return Ok(());
        }
        let pipes = std::mem::take(self).pipes;
        pipes.iter().filter_map(Weak::upgrade).for_each(|pipe| self.add(&pipe));
        check_backlog((self.messages, self.bytes), &limits)
    }
}

fn check_backlog(
    (messages, bytes): (usize, usize),
    limits: &SubscriptionLimits,
) -> Result<(), SubscriptionsExceeded> {
    if messages > limits.count {
        return Err(SubscriptionsExceeded::Unread { limit: limits.count });
    }
    if bytes > limits.bytes {
        return Err(SubscriptionsExceeded::UnreadBytes { limit: limits.bytes });
    }
    Ok(())
}

impl Subscriber {
    fn check(&self, limits: &SubscriptionLimits) -> Result<(), SubscriptionsExceeded> {
        let SubscriptionLimits { count, bytes } = *limits;
        if self.topics > count {
            return Err(SubscriptionsExceeded::Count { limit: count });
        }
        if self.bytes > bytes {
            return Err(SubscriptionsExceeded::Bytes { limit: bytes });
        }
        Ok(())
    }
}

impl CountTopics for Arc<Subscribers> {
    fn count_topics(&self) -> usize {
        self.state.lock().trie.len()
    }
}

impl Pattern for Subscribers {
    fn connected(&self, pipe: &Arc<Pipe>) {
        if let Some(welcome) = &self.welcome {
            // Refused only by a queue that is full of what this peer has not read yet.
            pipe.send_own(welcome.clone());
        }
    }

    /// A few topics at a time, so that publishing does not wait for the whole of a peer's to go.
    fn disconnecting(&self, pipe: &Arc<Pipe>) -> bool {
        let mut state = self.state.lock();
        let State { trie, requested, subscribers, last_subscribed, .. } = &mut *state;
        let id = pipe.id();
        subscribers.remove(&id);
        last_subscribed.take_if(|only| *only == id);
        let cancel = |topic: &[u8]| {
            pipe.notify(Subscription::Cancel(topic.to_vec().into()).into_message());
        };
        match self.notices {
            None => trie.remove_some(id, false, |_| ()),
            Some(notices) if notices.is_manual() => {
                requested.remove_some(id, true, cancel) || trie.remove_some(id, false, |_| ())
            }
            Some(notices) => trie.remove_some(id, notices == SubscriptionNotices::All, cancel),
        }
    }

    fn disconnected(&self, pipe: &Arc<Pipe>) {
        while self.disconnecting(pipe) {}
    }

    fn leave(&self, pipe: &Arc<Pipe>) {
        // Its task may have ended with the runtime and told nobody, and the application may have
        // subscribed it since.
        self.disconnected(pipe);
        if self.notices.is_some() {
            self.state.lock().departed.add(pipe);
        }
    }

    fn subscription(
        &self,
        pipe: &Arc<Pipe>,
        change: Subscription,
    ) -> Result<(), SubscriptionsExceeded> {
        let Change { for_topic, .. } = {
            let mut state = self.state.lock();
            if !pipe.is_inproc() {
                state.departed.check(&self.limits)?;
            }
            state.note(pipe, &change, self.is_manual())
        };
        self.changed.send_replace(());
        if self.notices.is_some_and(|notices| for_topic || notices.tells_repeated(&change)) {
            pipe.notify(change.into_message());
        }
        self.check(pipe)
    }

    fn takes_subscriptions(&self) -> bool {
        true
    }
}
