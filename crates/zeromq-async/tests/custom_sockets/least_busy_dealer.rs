//! A DEALER that sends each request to the peer with the fewest requests under way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use zeromq_async::pattern::{FairQueue, OfferError, PeerHandle, PeerHooks, Peers, SendStrategy};
use zeromq_async::{
    Message, PeerId, Receives, SendErrorKind, Sends, SocketKind, SocketType, Stacks,
};

pub(crate) enum LeastBusyDealer {}

impl SocketKind for LeastBusyDealer {
    const TYPE: SocketType = SocketType::Dealer;
    type SendStack = LeastBusy;
    type ReceiveStack = FairQueue;
    type Options = ();
    type Control = ();

    fn compose(peers: &Peers, _options: &()) -> Stacks<Self> {
        let lost = Arc::new(Lost::default());
        let send = LeastBusy { peers: peers.clone(), lost: lost.clone() };
        Stacks { send, receive: FairQueue::new(peers), hooks: lost, control: () }
    }
}

impl Sends for LeastBusyDealer {}
impl Receives for LeastBusyDealer {}

/// Requests that went with a lost connection, and will have no reply.
#[derive(Default)]
struct Lost(Mutex<HashMap<PeerId, u64>>);

impl PeerHooks for Lost {
    fn disconnected(&self, peer: &PeerHandle) {
        let unanswered = peer.sent().saturating_sub(peer.received() + peer.queued() as u64);
        self.0.lock().unwrap().insert(peer.id(), unanswered);
    }
}

pub(crate) struct LeastBusy {
    peers: Peers,
    lost: Arc<Lost>,
}

impl SendStrategy for LeastBusy {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        self.peers.poll_room(cx)
    }

    fn offer(&mut self, message: &mut Message) -> Result<(), OfferError> {
        self.peers.check_open()?;
        self.peers.refresh();
        let lost = self.lost.0.lock().unwrap();
        let mut peers: Vec<_> = self.peers.list().iter().collect();
        peers.sort_by_key(|peer| {
            let done = peer.received() + lost.get(&peer.id()).unwrap_or(&0);
            peer.sent().saturating_sub(done)
        });
        let taken = peers.into_iter().any(|peer| peer.offer(message).is_ok());
        if taken { Ok(()) } else { Err(OfferError::Full) }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.peers.poll_flush(cx)
    }
}
