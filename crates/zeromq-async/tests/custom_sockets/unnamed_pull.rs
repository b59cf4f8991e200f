//! A PULL and a GATHER that do not say which peer a message came from.

use std::sync::Arc;
use std::task::{Context, Poll};

use zeromq_async::pattern::{FairQueue, PeerHandle, Peers, ReceiveStrategy};
use zeromq_async::{FrameKind, Message, Peer, Receives, RecvError, SocketKind, SocketType, Stacks};

pub(crate) enum UnnamedPull {}

impl SocketKind for UnnamedPull {
    const TYPE: SocketType = SocketType::Pull;
    type SendStack = ();
    type ReceiveStack = Unnamed;
    type Options = ();
    type Control = ();

    fn compose(peers: &Peers, _options: &()) -> Stacks<Self> {
        let receive = Unnamed(FairQueue::new(peers));
        Stacks { send: (), receive, hooks: Arc::new(()), control: () }
    }
}

impl Receives for UnnamedPull {}

/// The same for messages of one frame.
pub(crate) enum UnnamedGather {}

impl SocketKind for UnnamedGather {
    const TYPE: SocketType = SocketType::Gather;
    const ONE_FRAME: bool = true;
    type SendStack = ();
    type ReceiveStack = Unnamed;
    type Options = ();
    type Control = ();

    fn compose(peers: &Peers, _options: &()) -> Stacks<Self> {
        let receive = Unnamed(FairQueue::new(peers));
        Stacks { send: (), receive, hooks: Arc::new(()), control: () }
    }
}

impl FrameKind for UnnamedGather {
    type To = ();
    type From = ();
}

impl Receives for UnnamedGather {}

pub(crate) struct Unnamed(FairQueue);

impl ReceiveStrategy for Unnamed {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        self.0.poll_recv(cx)
    }

    fn poll_recv_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        self.0.poll_recv_ready(cx)
    }

    fn last_handle(&self) -> Option<&PeerHandle> {
        None
    }

    fn last_peer(&self) -> Option<&Peer> {
        None
    }
}
