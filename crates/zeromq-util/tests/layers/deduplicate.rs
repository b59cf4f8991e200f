//! What comes again.

use tokio_test::{assert_pending, assert_ready, assert_ready_ok};
use zeromq_async::Message;
use zeromq_util::layer::DeduplicateLayer;

use crate::mock::{Ask, Failure, wrapped};

fn first_byte(message: &Message) -> Option<u8> {
    message.first()?.first().copied()
}

#[test]
fn first_message_of_each_key_is_received() {
    let (mut stream, remote) = wrapped(DeduplicateLayer::new(10, first_byte));
    assert_pending!(stream.poll_next());
    for message in ["a", "a again", "b"] {
        remote.deliver(message);
    }
    assert!(stream.is_woken());
    remote.fail_receiving("receiving");
    remote.deliver("b again");
    assert_eq!(assert_ready!(stream.poll_next()), Some(Ok(Message::from("a"))));
    assert_eq!(assert_ready!(stream.poll_next()), Some(Ok(Message::from("b"))));
    assert_eq!(assert_ready!(stream.poll_next()), Some(Err(Failure::Of("receiving"))));
    assert_pending!(stream.poll_next());
    assert_eq!(stream.dropped(), 2);
    remote.deliver("c");
    assert!(stream.is_woken());
    remote.end();
    assert_eq!(assert_ready!(stream.poll_next()), Some(Ok(Message::from("c"))));
    assert_eq!(assert_ready!(stream.poll_next()), None);
}

#[test]
fn remembered_keys_are_bounded() {
    let (mut stream, remote) = wrapped(DeduplicateLayer::new(2, first_byte));
    for message in ["a", "b", "c", "b again", "a again"] {
        remote.deliver(message);
    }
    for message in ["a", "b", "c", "a again"] {
        assert_eq!(assert_ready!(stream.poll_next()), Some(Ok(Message::from(message))));
    }
    assert_pending!(stream.poll_next());
}

#[test]
fn sending_passes_through() {
    let (mut sink, remote) = wrapped(DeduplicateLayer::new(2, first_byte));
    assert_pending!(sink.poll_ready());
    remote.make_room(2);
    assert!(sink.is_woken());
    for _ in 0..2 {
        assert_ready_ok!(sink.poll_ready());
        sink.start_send("a").unwrap();
    }
    assert_eq!(remote.sent(), ["a", "a"]);
}
