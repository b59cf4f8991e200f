//! The subscriptions of a publisher's peers (29/PUBSUB, PUB and XPUB).

use std::collections::HashMap;
use std::pin::pin;

use futures_util::future::select;
use tokio::sync::watch;
use zmtp::{Message, Subscription};

use super::{Change, PeerHandle, PeerHooks, Peers, SubscriptionTrie, WeakPeerHandle};
use crate::error::SubscriptionsExceeded;
use crate::identity::PeerId;
use crate::options::SubscriptionNotices;
use crate::sync::Mutex;

/// The options that only a PUB or XPUB has.
#[derive(Debug, Clone, Default)]
pub struct PublishOptions {
    /// See [`SocketBuilder::no_drop`](crate::SocketBuilder::no_drop).
    pub no_drop: bool,
    /// See [`SocketBuilder::invert_matching`](crate::SocketBuilder::invert_matching).
    pub invert_matching: bool,
    /// See [`SocketBuilder::notices`](crate::SocketBuilder::notices); not for PUB.
    pub notices: SubscriptionNotices,
    /// See [`SocketBuilder::welcome`](crate::SocketBuilder::welcome).
    pub welcome: Option<Message>,
    /// Limits on the subscriptions of one peer.
    pub limits: SubscriptionLimits,
}

/// Limits on the memory that one peer of a publisher can use.
#[derive(Debug, Clone, Copy)]
pub struct SubscriptionLimits {
    /// The most topics, and for an XPUB the most unread notices. Default: 1,000,000.
    pub count: usize,
    /// The most bytes of all topics, and for an XPUB of unread notices. Default: 64 MiB.
    pub bytes: usize,
}

impl Default for SubscriptionLimits {
    fn default() -> Self {
        Self { count: 1_000_000, bytes: 64 << 20 }
    }
}

/// The hooks of a PUB or XPUB: which peer has subscribed to which topics.
#[derive(Debug)]
pub struct Subscribers {
    state: Mutex<State>,
    /// Changes whenever subscriptions may have changed.
    changed: watch::Sender<()>,
    /// Which subscriptions the application receives; `None` for a PUB.
    notices: Option<SubscriptionNotices>,
    /// Sent to each new subscriber before anything else (`ZMQ_XPUB_WELCOME_MSG`).
    welcome: Option<Message>,
    /// Whether a message goes to the peers that have not subscribed to it (`ZMQ_INVERT_MATCHING`).
    invert_matching: bool,
    /// The limits for each peer.
    limits: SubscriptionLimits,
}

#[derive(Debug, Default)]
struct State {
    trie: SubscriptionTrie<PeerId>,
    /// The subscriptions that peers asked for, if the application decides which they get.
    requested: SubscriptionTrie<PeerId>,
    usage: HashMap<PeerId, Usage>,
    departed: Departed,
    matches: Vec<PeerId>,
    /// The one peer that gets the next message.
    last_subscribed: Option<PeerId>,
}

/// Departed peers with unread notices.
#[derive(Debug, Default)]
struct Departed {
    peers: Vec<WeakPeerHandle>,
    /// Unread notices when last counted. The application may have received some since.
    messages: usize,
    bytes: usize,
    /// The number of peers at which to count again.
    recount_at: usize,
}

/// The subscriptions that a peer made itself.
#[derive(Debug, Default)]
struct Usage {
    topics: usize,
    bytes: usize,
}

impl Subscribers {
    /// The subscribers of a PUB, which receives no notices.
    pub fn of_pub(options: &PublishOptions) -> Self {
        Self::new(None, options)
    }

    /// The subscribers of an XPUB.
    pub fn of_xpub(options: &PublishOptions) -> Self {
        Self::new(Some(options.notices), options)
    }

    fn new(notices: Option<SubscriptionNotices>, options: &PublishOptions) -> Self {
        let PublishOptions { welcome, invert_matching, limits, .. } = options.clone();
        let changed = watch::Sender::new(());
        Self { state: Mutex::default(), changed, notices, welcome, invert_matching, limits }
    }

    /// Subscribes the peer to a topic, or cancels its subscription, for the application. The peer need
    /// not have asked for it.
    pub fn apply(&self, peer: &PeerHandle, change: &Subscription) {
        self.apply_manually(peer, change);
        self.changed.send_replace(());
    }

    fn apply_manually(&self, peer: &PeerHandle, change: &Subscription) {
        let mut state = self.state.lock();
        if !self.is_manual() {
            state.note(peer, change, false);
            return;
        }
        let State { trie, usage, last_subscribed, .. } = &mut *state;
        match change {
            Subscription::Subscribe(_) if peer.is_closing() => {}
            Subscription::Subscribe(topic) => {
                usage.entry(peer.id()).or_default();
                trie.subscribe(topic, peer.id());
                if self.notices == Some(SubscriptionNotices::ManualLastValue) {
                    *last_subscribed = Some(peer.id());
                }
            }
            Subscription::Cancel(topic) => {
                trie.cancel(topic, peer.id());
            }
        }
    }

    /// The number of different topics of all peers together.
    pub fn topics_count(&self) -> usize {
        self.state.lock().trie.len()
    }

    /// Waits until a message with this first frame would go to `count` of the peers, or the socket is
    /// closed.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn wait_for(&self, peers: &Peers, topic: &[u8], count: usize) {
        let (mut changed, mut connected) = (self.changed.subscribe(), peers.connected());
        while !peers.is_closed() && self.count(peers, topic) < count {
            // `connected` also changes when the socket closes.
            select(pin!(changed.changed()), pin!(connected.changed())).await;
        }
    }

    /// The number of peers that get a message with this first frame.
    fn count(&self, peers: &Peers, topic: &[u8]) -> usize {
        let mut state = self.state.lock();
        let State { trie, matches, .. } = &mut *state;
        matches.clear();
        trie.matches(topic, matches);
        if self.invert_matching {
            // A peer that is leaving may be among the subscribers and not among the peers.
            peers.set().pipes().len().saturating_sub(matches.len())
        } else {
            matches.len()
        }
    }

    fn is_manual(&self) -> bool {
        self.notices.is_some_and(SubscriptionNotices::is_manual)
    }

    /// Compares the subscriptions of a peer with the limits.
    fn check(&self, peer: &PeerHandle) -> Result<(), SubscriptionsExceeded> {
        if self.notices.is_some() {
            check_backlog(peer.backlog(), &self.limits)?;
        }
        let state = self.state.lock();
        state.usage.get(&peer.id()).map_or(Ok(()), |usage| usage.check(&self.limits))
    }

    /// Adds the subscribers of a message to `matches`.
    ///
    /// With [`SubscriptionNotices::ManualLastValue`] only one peer may get the message: the one that the
    /// application subscribed last. It is returned. If the message is not sent after all, call
    /// [`restore`](Self::restore), so that the next message goes to that peer.
    #[inline]
    pub fn find(&self, message: &Message, matches: &mut Vec<PeerId>) -> Option<PeerId> {
        let mut state = self.state.lock();
        state.trie.matches(message.first().map_or(&[], |topic| topic), matches);
        let only = state.last_subscribed.take();
        if let Some(only) = only {
            matches.retain(|id| *id == only);
        }
        only
    }

    /// Whether a message goes to the peers that have not subscribed to it (`ZMQ_INVERT_MATCHING`).
    #[inline]
    pub fn inverts_matching(&self) -> bool {
        self.invert_matching
    }

    /// Undoes [`find`](Self::find) for a message that was not sent: only this peer gets the next one.
    pub fn restore(&self, only: PeerId) {
        self.state.lock().last_subscribed.get_or_insert(only);
    }
}

impl State {
    /// Notes a request of a peer. With `manual` the request has no effect: the application decides.
    fn note(&mut self, peer: &PeerHandle, change: &Subscription, manual: bool) -> Change {
        let Self { trie, requested, usage, .. } = self;
        let trie = if manual { requested } else { trie };
        match change {
            // The subscription of a peer that has gone would never be removed.
            Subscription::Subscribe(_) if peer.is_closing() => Change::default(),
            Subscription::Subscribe(topic) => {
                let change = trie.subscribe(topic, peer.id());
                let usage = usage.entry(peer.id()).or_default();
                if change.for_key {
                    usage.topics += 1;
                    usage.bytes += topic.len();
                }
                change
            }
            Subscription::Cancel(topic) => {
                let change = trie.cancel(topic, peer.id());
                if change.for_key
                    && let Some(usage) = usage.get_mut(&peer.id())
                {
                    // Saturating: `disconnecting` forgets the usage before it has removed all topics, and
                    // the application may subscribe the peer in between.
                    usage.topics = usage.topics.saturating_sub(1);
                    usage.bytes = usage.bytes.saturating_sub(topic.len());
                }
                change
            }
        }
    }
}

impl Departed {
    /// The limits for all peers that have left, in limits of one peer.
    const PEERS: usize = 4;

    /// The least number of peers at which to count again.
    const RECOUNT_AT: usize = 64;

    fn add(&mut self, peer: &PeerHandle) {
        if self.peers.len() >= self.recount_at.max(Self::RECOUNT_AT) {
            self.recount();
        }
        self.count(peer);
    }

    fn count(&mut self, peer: &PeerHandle) {
        let (messages, bytes) = peer.backlog();
        if messages > 0 {
            self.messages += messages;
            self.bytes += bytes;
            self.peers.push(peer.downgrade());
        }
    }

    /// Forgets the peers that have no unread notices any more. Nothing is called when a notice is
    /// received, so this happens each time the number of peers has doubled.
    fn recount(&mut self) {
        let peers = std::mem::take(self).peers;
        peers.iter().filter_map(WeakPeerHandle::upgrade).for_each(|peer| self.count(&peer));
        self.recount_at = 2 * self.peers.len();
    }

    /// Refuses subscriptions while too many notices of departed peers are unread. Otherwise peers that
    /// connect and leave again would fill the memory.
    fn check(&mut self, limits: &SubscriptionLimits) -> Result<(), SubscriptionsExceeded> {
        let limits = SubscriptionLimits {
            count: limits.count.saturating_mul(Self::PEERS),
            bytes: limits.bytes.saturating_mul(Self::PEERS),
        };
        if check_backlog((self.messages, self.bytes), &limits).is_ok() {
            return Ok(());
        }
        self.recount();
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

impl Usage {
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

impl PeerHooks for Subscribers {
    fn connected(&self, peer: &PeerHandle) {
        if let Some(welcome) = &self.welcome {
            peer.offer_own(welcome.clone());
        }
    }

    /// Removes a few topics at a time, so that publishing does not wait until all topics of a peer
    /// are removed.
    fn disconnecting(&self, peer: &PeerHandle) -> bool {
        let mut state = self.state.lock();
        let State { trie, requested, usage, last_subscribed, .. } = &mut *state;
        let id = peer.id();
        usage.remove(&id);
        last_subscribed.take_if(|only| *only == id);
        let cancel = |topic: &[u8]| {
            peer.notify(Subscription::Cancel(topic.to_vec().into()).into_message());
        };
        match self.notices {
            None => trie.remove_some(id, false, |_| ()),
            Some(notices) if notices.is_manual() => {
                requested.remove_some(id, true, cancel) || trie.remove_some(id, false, |_| ())
            }
            Some(notices) => trie.remove_some(id, notices == SubscriptionNotices::All, cancel),
        }
    }

    fn disconnected(&self, peer: &PeerHandle) {
        while self.disconnecting(peer) {}
    }

    fn leave(&self, peer: &PeerHandle) {
        // Again: the connection task may have ended without `disconnected`, and the application may have
        // subscribed the peer since.
        self.disconnected(peer);
        if self.notices.is_some() {
            self.state.lock().departed.add(peer);
        }
    }

    fn subscription(
        &self,
        peer: &PeerHandle,
        change: Subscription,
    ) -> Result<(), SubscriptionsExceeded> {
        let Change { for_topic, .. } = {
            let mut state = self.state.lock();
            if !peer.is_inproc() {
                state.departed.check(&self.limits)?;
            }
            state.note(peer, &change, self.is_manual())
        };
        self.changed.send_replace(());
        if self.notices.is_some_and(|notices| for_topic || notices.tells_repeated(&change)) {
            peer.notify(change.into_message());
        }
        self.check(peer)
    }

    fn takes_subscriptions(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
