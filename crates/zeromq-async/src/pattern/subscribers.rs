//! What the peers of a publisher have subscribed to (29/PUBSUB, PUB and XPUB).

use std::collections::HashMap;
use std::sync::Arc;

use zmtp::{Message, Subscription};

use super::SubscriptionTrie;
use crate::identity::PeerId;
use crate::options::SubscriptionNotices;
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

    /// Whom a message is for.
    pub(super) fn find(&self, message: &Message, targets: &mut Vec<Arc<Pipe>>) {
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
