//! A PUB that sends a message to the peers that subscribed to exactly its first frame, not to a prefix.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use zeromq_async::pattern::{
    EncodeBuffer, OfferError, PeerHandle, PeerHooks, Peers, SendStrategy, Subscription,
};
use zeromq_async::{
    Message, PeerId, SendErrorKind, Sends, SocketKind, SocketType, Stacks, SubscriptionsExceeded,
};

pub(crate) enum ExactPub {}

impl SocketKind for ExactPub {
    const TYPE: SocketType = SocketType::Pub;
    type SendStack = ToExact;
    type ReceiveStack = ();
    type Options = ();
    type Control = Arc<Topics>;

    fn compose(peers: &Peers, _options: &()) -> Stacks<Self> {
        let topics = Arc::<Topics>::default();
        let (peers, buffer) = (peers.clone(), EncodeBuffer::new());
        let send = ToExact { peers, topics: topics.clone(), buffer };
        Stacks { send, receive: (), hooks: topics.clone(), control: topics }
    }
}

impl Sends for ExactPub {}

/// The subscriptions, by topic.
#[derive(Default)]
pub(crate) struct Topics(pub(crate) Mutex<HashMap<Bytes, HashSet<PeerId>>>);

impl PeerHooks for Topics {
    fn subscription(
        &self,
        peer: &PeerHandle,
        change: Subscription,
    ) -> Result<(), SubscriptionsExceeded> {
        match change {
            Subscription::Subscribe(topic) => {
                self.0.lock().unwrap().entry(topic.clone()).or_default().insert(peer.id());
                peer.offer_own((topic, "subscribed").into());
            }
            Subscription::Cancel(topic) => {
                self.0.lock().unwrap().entry(topic).or_default().remove(&peer.id());
            }
        }
        Ok(())
    }

    fn disconnected(&self, peer: &PeerHandle) {
        for peers in self.0.lock().unwrap().values_mut() {
            peers.remove(&peer.id());
        }
    }

    fn takes_subscriptions(&self) -> bool {
        true
    }
}

pub(crate) struct ToExact {
    peers: Peers,
    topics: Arc<Topics>,
    buffer: EncodeBuffer,
}

impl SendStrategy for ToExact {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        self.peers.poll_proceed(cx).map(|()| self.peers.check_open())
    }

    fn offer(&mut self, message: &mut Message) -> Result<(), OfferError> {
        self.peers.check_open()?;
        self.peers.refresh();
        let topics = self.topics.0.lock().unwrap();
        let subscribers = message.first().and_then(|topic| topics.get(&topic[..]));
        let encoded = self.buffer.encode(message);
        let is_subscriber = |peer: &&PeerHandle| {
            subscribers.is_some_and(|subscribers| subscribers.contains(&peer.id()))
        };
        for peer in self.peers.list().iter().filter(is_subscriber) {
            if let Err(error) = peer.offer_encoded(&encoded) {
                peer.count_not_queued(error);
            }
        }
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.peers.poll_flush(cx)
    }
}
