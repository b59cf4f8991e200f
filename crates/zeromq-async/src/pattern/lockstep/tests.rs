//! What a REQ hears while others flood it.

use std::task::Waker;

use super::*;
use crate::endpoint::Endpoint;
use crate::options::PipeOptions;
use crate::pattern::OfferError;
use crate::pipe::{Pattern, PeerSet};

/// Takes every request to one peer.
struct One(PeerHandle);

impl SendStrategy for One {
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        Poll::Ready(Ok(()))
    }

    fn offer(&mut self, _message: &mut Message) -> Result<(), OfferError> {
        Ok(())
    }

    fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn last_handle(&self) -> Option<&PeerHandle> {
        Some(&self.0)
    }
}

/// The reply, and then messages of another peer without end.
struct Flood {
    asked: PeerHandle,
    other: PeerHandle,
    received: usize,
    dropped: usize,
}

impl ReceiveStrategy for Flood {
    fn poll_recv_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_recv(&mut self, _cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        self.received += 1;
        assert!(self.received < 1000, "the flood is received for ever");
        Poll::Ready(Ok(Message::multipart(["", "text"])))
    }

    fn last_handle(&self) -> Option<&PeerHandle> {
        Some(if self.received == 1 { &self.asked } else { &self.other })
    }

    fn last_peer(&self) -> Option<&Peer> {
        None
    }

    fn drop_unasked(&mut self) {
        self.dropped += 1;
    }
}

#[test]
fn a_reply_does_not_wait_for_a_flood_to_end() {
    let peers = PeerSet::new(None);
    let open = || {
        let pattern: Arc<dyn Pattern> = Arc::new(());
        let endpoint = Arc::new(Endpoint::Inproc("req".into()));
        PeerHandle::new(peers.open(&PipeOptions::default(), &pattern, endpoint))
    };
    let (asked, other) = (open(), open());
    let state = Arc::new(ReqState::new(false, false));
    let mut ask = ReqSendLayer(state.clone()).layer(One(asked.clone()));
    ask.offer(&mut Message::from("a question")).unwrap();
    let mut hear = ReqRecvLayer(state).layer(Flood { asked, other, received: 0, dropped: 0 });
    let reply = hear.poll_recv(&mut Context::from_waker(Waker::noop()));
    assert_eq!(reply, Poll::Ready(Ok(Message::from("text"))));
    assert_eq!((hear.inner.received, hear.inner.dropped), (1, 1));
}
