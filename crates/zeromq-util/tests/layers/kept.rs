//! What layers keep of messages: no more memory than it is large.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio_test::{assert_ready, assert_ready_ok};
use zeromq_async::Message;
use zeromq_util::layer::{DeduplicateLayer, DropOldestLayer, KeepLatestLayer};

use crate::mock::{Ask, wrapped};

/// A large buffer, and how many of its kind have been freed.
struct Buffer(Vec<u8>, Arc<AtomicUsize>);

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

/// A message of a small frame that is a part of a large buffer, as those of a read buffer are.
fn small_part(freed: &Arc<AtomicUsize>) -> Message {
    let buffer = Bytes::from_owner(Buffer(vec![7; 1 << 20], freed.clone()));
    Message::multipart([buffer.slice(100..300)])
}

#[test]
fn deduplicate_keeps_keys_alone() {
    let freed = Arc::<AtomicUsize>::default();
    let key = |message: &Message| message.first().cloned();
    let (mut stream, remote) = wrapped(DeduplicateLayer::new(10, key));
    remote.deliver(small_part(&freed));
    drop(assert_ready!(stream.poll_next()));
    assert_eq!(freed.load(Ordering::Relaxed), 1);

    let key = |message: &Message| message.frames().to_vec();
    let (mut stream, remote) = wrapped(DeduplicateLayer::new(10, key));
    remote.deliver(small_part(&freed));
    drop(assert_ready!(stream.poll_next()));
    assert_eq!(freed.load(Ordering::Relaxed), 2);
}

#[test]
fn keep_latest_keeps_messages_alone() {
    let freed = Arc::<AtomicUsize>::default();
    let topic = |message: &Message| message.first().cloned();
    let (mut stream, remote) = wrapped(KeepLatestLayer::new(10, topic));
    remote.deliver("another topic, which is received first");
    remote.deliver(small_part(&freed));
    drop(assert_ready!(stream.poll_next()));
    assert_eq!(freed.load(Ordering::Relaxed), 1);
}

#[test]
fn drop_oldest_queues_messages_alone() {
    let freed = Arc::<AtomicUsize>::default();
    let (mut sink, remote) = wrapped(DropOldestLayer::new(10));
    assert_ready_ok!(sink.poll_ready());
    sink.start_send(small_part(&freed)).unwrap();
    assert_eq!((sink.queued(), freed.load(Ordering::Relaxed)), (1, 1));
    remote.make_room(1);
    assert_ready_ok!(sink.poll_flush());
    assert_eq!(remote.sent()[0].size(), 200);
}
