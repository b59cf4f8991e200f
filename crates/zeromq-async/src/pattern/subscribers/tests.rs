//! What a publisher keeps of peers that have left.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::endpoint::Endpoint;
use crate::options::PipeOptions;
use crate::pattern::{FairQueue, ReceiveStrategy};
use crate::pipe::{Pattern, PeerSet};

/// A peer that leaves always leaves a notice behind, if only for a moment.
#[test]
fn departed_peers_without_notices_are_forgotten() {
    let xpub = Subscribers::of_xpub(&PublishOptions::default());
    let peers = Arc::new(PeerSet::new(None));
    let mut queue = FairQueue::new(&Peers::new(peers.clone()));
    let mut cx = Context::from_waker(Waker::noop());
    let endpoint = Arc::new(Endpoint::Inproc("churn".into()));
    let pattern: Arc<dyn Pattern> = Arc::new(());
    for _ in 0..10 * Departed::RECOUNT_AT {
        let pipe = peers.open(&PipeOptions::default(), &pattern, endpoint.clone());
        peers.join(&pipe).unwrap();
        let peer = PeerHandle::new(pipe.clone());
        xpub.subscription(&peer, Subscription::Subscribe("a".into())).unwrap();
        xpub.disconnected(&peer);
        xpub.leave(&peer);
        peers.leave(&pipe);
        for notice in ["\u{1}a", "\0a"] {
            assert_eq!(queue.poll_recv(&mut cx).map(Result::unwrap), Poll::Ready(notice.into()));
        }
    }
    let kept = xpub.state.lock().departed.peers.len();
    assert!(kept <= Departed::RECOUNT_AT, "{kept} are kept");
}

/// Unread notices still count after peers have been forgotten.
#[test]
fn unread_notices_of_departed_peers_are_limited() {
    let limits = SubscriptionLimits { count: 100, bytes: usize::MAX };
    let xpub = Subscribers::of_xpub(&PublishOptions { limits, ..PublishOptions::default() });
    let peers = Arc::new(PeerSet::new(None));
    let _queue = FairQueue::new(&Peers::new(peers.clone()));
    let endpoint = Arc::new("tcp://127.0.0.1:1".parse::<Endpoint>().unwrap());
    let pattern: Arc<dyn Pattern> = Arc::new(());
    let mut pipes = Vec::new();
    let limit = Departed::PEERS * limits.count / 2;
    for count in 0.. {
        let pipe = peers.open(&PipeOptions::default(), &pattern, endpoint.clone());
        let peer = PeerHandle::new(pipe.clone());
        if let Err(error) = xpub.subscription(&peer, Subscription::Subscribe("a".into())) {
            assert!(matches!(error, SubscriptionsExceeded::Unread { .. }), "{error}");
            assert_eq!(count, limit + 1);
            return;
        }
        assert!(count <= limit, "{count} peers");
        xpub.leave(&peer);
        pipes.push(pipe);
    }
}
