//! What comes again.

use tokio_test::{assert_pending, assert_ready, assert_ready_ok};
use zeromq_async::Message;
use zeromq_util::layer::DeduplicateLayer;

use crate::mock::{Ask, Failure, wrapped};

fn first_octet(message: &Message) -> Option<u8> {
    message.first()?.first().copied()
}

#[test]
fn only_the_first_of_a_key_is_received_and_errors_are() {
    let (mut stream, remote) = wrapped(DeduplicateLayer::new(10, first_octet));
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
fn no_more_keys_are_remembered_than_it_was_told() {
    let (mut stream, remote) = wrapped(DeduplicateLayer::new(2, first_octet));
    for message in ["a", "b", "c", "b again", "a again"] {
        remote.deliver(message);
    }
    for message in ["a", "b", "c", "a again"] {
        assert_eq!(assert_ready!(stream.poll_next()), Some(Ok(Message::from(message))));
    }
    assert_pending!(stream.poll_next());
}

#[test]
fn sending_passes_it_by() {
    let (mut sink, remote) = wrapped(DeduplicateLayer::new(2, first_octet));
    assert_pending!(sink.poll_ready());
    remote.make_room(2);
    assert!(sink.is_woken());
    for _ in 0..2 {
        assert_ready_ok!(sink.poll_ready());
        sink.start_send("a").unwrap();
    }
    assert_eq!(remote.sent(), ["a", "a"]);
}
