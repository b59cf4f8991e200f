//! A PULL that receives from the peer with the highest priority that has a message.
//!
//! A peer says its priority in its handshake, as the property `X-Priority`.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use zeromq_async::pattern::{Inbox, PeerHandle, Peers, ReceiveStrategy};
use zeromq_async::{Message, Peer, Receives, RecvError, SocketKind, SocketType, Stacks};

pub(crate) enum PriorityPull {}

impl SocketKind for PriorityPull {
    const TYPE: SocketType = SocketType::Pull;
    type SendStack = ();
    type ReceiveStack = ByPriority;
    type Options = ();
    type Control = ();

    fn compose(peers: &Peers, _options: &()) -> Stacks<Self> {
        let receive = ByPriority(Inbox::new(peers));
        Stacks { send: (), receive, hooks: Arc::new(()), control: () }
    }
}

impl Receives for PriorityPull {}

pub(crate) struct ByPriority(Inbox);

impl ByPriority {
    /// The index of the first peer to receive from.
    fn first(&self) -> usize {
        let priorities = self.0.peers().map(priority).enumerate();
        priorities.max_by_key(|(_, priority)| *priority).map_or(0, |(index, _)| index)
    }
}

fn priority(peer: &PeerHandle) -> u8 {
    let info = peer.info();
    let priority = info.as_ref().and_then(|peer| peer.info().metadata().get("X-Priority"));
    priority.and_then(|text| std::str::from_utf8(text).ok()?.parse().ok()).unwrap_or(0)
}

impl ReceiveStrategy for ByPriority {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        loop {
            ready!(self.poll_recv_ready(cx))?;
            if let Some(message) = self.0.pop(self.first()) {
                return Poll::Ready(Ok(message));
            }
        }
    }

    fn poll_recv_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        loop {
            ready!(self.0.poll_peers(cx))?;
            if self.0.has_message(self.first()) {
                return Poll::Ready(Ok(()));
            }
        }
    }

    fn last_handle(&self) -> Option<&PeerHandle> {
        self.0.last_handle()
    }

    fn last_peer(&self) -> Option<&Peer> {
        self.0.last_peer()
    }
}
