//! A PUSH whose messages with the same first frame go to the same peer.
//!
//! Each peer gets a score for each key, and the peer with the highest takes the message (rendezvous
//! hashing). A peer that comes or goes moves only the keys for which it has the highest score.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use zeromq_async::pattern::{OfferError, PeerHandle, Peers, QueueError, SendStrategy};
use zeromq_async::{Message, SendErrorKind, Sends, SocketKind, SocketType, Stacks};

pub(crate) enum ConsistentPush {}

impl SocketKind for ConsistentPush {
    const TYPE: SocketType = SocketType::Push;
    type SendStack = ByKey;
    type ReceiveStack = ();
    type Options = ();
    type Control = ();

    fn compose(peers: &Peers, _options: &()) -> Stacks<Self> {
        let send = ByKey { peers: peers.clone(), full: None };
        Stacks { send, receive: (), hooks: Arc::new(()), control: () }
    }
}

impl Sends for ConsistentPush {}

pub(crate) struct ByKey {
    peers: Peers,
    /// The peer whose full queue the next message waits for.
    full: Option<PeerHandle>,
}

impl SendStrategy for ByKey {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        ready!(self.peers.poll_room(cx))?;
        self.peers.register(cx);
        match self.full.take_if(|peer| peer.has_room() || peer.is_closing()) {
            None if self.full.is_some() && !self.peers.is_closed() => Poll::Pending,
            _ => Poll::Ready(self.peers.check_open()),
        }
    }

    fn offer(&mut self, message: &mut Message) -> Result<(), OfferError> {
        self.peers.check_open()?;
        self.peers.refresh();
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        let score = |peer: &&PeerHandle| hasher.hash_one((message.first(), peer.id()));
        let staying = self.peers.list().iter().filter(|peer| !peer.is_closing());
        let peer = staying.max_by_key(score).ok_or(OfferError::Full)?;
        peer.offer(message).map_err(|error| {
            self.full = (error == QueueError::Full).then(|| peer.clone());
            OfferError::Full
        })
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.peers.poll_flush(cx)
    }
}
