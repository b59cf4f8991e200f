//! Pipes that come and go while they are received from.

use std::sync::Arc;
use std::task::Waker;

use super::*;
use crate::endpoint::Endpoint;
use crate::options::PipeOptions;
use crate::pattern::inbox::PRUNE_AT;
use crate::pipe::{Pattern, PeerSet, Pipe};

/// A pipe with one message in it.
fn asking(peers: &PeerSet) -> Arc<Pipe> {
    let pattern: Arc<dyn Pattern> = Arc::new(());
    let endpoint = Arc::new(Endpoint::Inproc("asked".into()));
    let pipe = peers.open(&PipeOptions::default(), &pattern, endpoint);
    peers.join(&pipe).unwrap();
    pipe.notify(Message::from("a question"));
    pipe
}

/// Each recv looks at all new peers and returns one message. Peers that withdrew their message are
/// forgotten, though many more join than messages are received.
#[test]
fn gone_peers_without_messages_are_forgotten() {
    let peers = Arc::new(PeerSet::new(None));
    let mut queue = FairQueue::new(&Peers::new(peers.clone()));
    let mut cx = Context::from_waker(Waker::noop());
    let _patient: Vec<_> = (0..200).map(|_| asking(&peers)).collect();
    for _ in 0..100 {
        let impatient: Vec<_> = (0..100).map(|_| asking(&peers)).collect();
        assert!(queue.poll_recv(&mut cx).is_ready());
        for pipe in impatient {
            pipe.discard_unasked();
            peers.leave(&pipe);
        }
    }
    assert!(queue.inbox.len() < 1000, "{} are kept", queue.inbox.len());
}

/// Pipes are let go in another order than that in which they were received from, and some are
/// forgotten in between.
#[test]
fn last_pipe_is_known_until_next_message() {
    let peers = Arc::new(PeerSet::new(None));
    let mut queue = FairQueue::new(&Peers::new(peers.clone()));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(queue.last_handle().is_none());
    for count in [1, 2, 3, 10, PRUNE_AT] {
        let pipes: Vec<_> = (0..count).map(|_| asking(&peers)).collect();
        for pipe in &pipes {
            assert!(queue.poll_recv(&mut cx).is_ready());
            assert_eq!(queue.last_handle().map(|last| last.id()), Some(pipe.id()));
        }
        assert!(queue.poll_recv(&mut cx).is_pending());
        assert_eq!(queue.last_handle().map(|last| last.id()), pipes.last().map(|last| last.id()));
    }
}

/// What has come is dropped at once, taken by the receiver or not, and counted.
#[test]
fn what_was_not_asked_for_is_dropped_whole() {
    let peers = Arc::new(PeerSet::new(None));
    let mut queue = FairQueue::new(&Peers::new(peers.clone()));
    let mut cx = Context::from_waker(Waker::noop());
    let pipe = asking(&peers);
    for _ in 0..99 {
        pipe.notify(Message::from("taken"));
    }
    assert!(queue.poll_recv(&mut cx).is_ready());
    for _ in 0..50 {
        pipe.notify(Message::from("not taken"));
    }
    queue.drop_unasked();
    assert!(queue.poll_recv(&mut cx).is_pending());
    let stats = peers.stats();
    assert_eq!((stats.received, stats.taken, stats.discarded.unasked), (150, 1, 149));
    assert_eq!((stats.unread, pipe.inbound.unread()), (0, 0));
}

/// A pipe that comes in the place of another gives what that has left first.
#[test]
fn a_successor_begins_with_what_was_left() {
    let peers = Arc::new(PeerSet::new(None));
    let mut queue = FairQueue::new(&Peers::new(peers.clone()));
    let mut cx = Context::from_waker(Waker::noop());
    let before = asking(&peers);
    before.notify(Message::from("taken"));
    assert!(queue.poll_recv(&mut cx).is_ready());
    before.notify(Message::from("not taken"));
    peers.leave(&before);
    let after = asking(&peers);
    after.discard_unasked();
    after.succeed(&before);
    after.notify(Message::from("new"));
    for text in ["taken", "not taken", "new"] {
        assert_eq!(queue.poll_recv(&mut cx), Poll::Ready(Ok(Message::from(text))));
    }
    assert!(queue.poll_recv(&mut cx).is_pending());
}
