//! A queue that never makes anybody wait.

use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok};
use zeromq_async::Message;
use zeromq_util::layer::DropOldestLayer;

use crate::mock::{Ask, Failure, wrapped};

#[test]
fn full_queue_stays_ready_and_drops_oldest() {
    let (mut sink, remote) = wrapped(DropOldestLayer::new(2));
    for message in ["1", "2", "3", "4"] {
        assert_ready_ok!(sink.poll_ready());
        sink.start_send(message).unwrap();
    }
    assert_eq!((sink.dropped(), sink.queued()), (2, 2));
    assert!(remote.sent().is_empty());

    // What was queued goes first, as there is room for it.
    remote.make_room(1);
    assert!(sink.is_woken());
    assert_ready_ok!(sink.poll_ready());
    assert_eq!(remote.sent(), ["3"]);
    remote.make_room(1);
    assert_ready_ok!(sink.poll_ready());
    sink.start_send("5").unwrap();
    assert_eq!(remote.sent(), ["4"]);
    assert_eq!((sink.dropped(), sink.queued()), (2, 1));
}

#[test]
fn nothing_is_queued_while_there_is_room() {
    let (mut sink, remote) = wrapped(DropOldestLayer::new(0));
    remote.make_room(2);
    for message in ["1", "2", "3"] {
        assert_ready_ok!(sink.poll_ready());
        sink.start_send(message).unwrap();
    }
    assert_eq!(remote.sent(), ["1", "2"]);
    assert_eq!((sink.dropped(), sink.queued()), (1, 0));
}

#[test]
fn flush_and_close_wait_for_the_queue() {
    let (mut sink, remote) = wrapped(DropOldestLayer::new(2));
    for message in ["1", "2"] {
        assert_ready_ok!(sink.poll_ready());
        sink.start_send(message).unwrap();
    }
    assert_pending!(sink.poll_flush());
    assert_pending!(sink.poll_close());
    assert!(remote.flushes() == 0 && !remote.is_closed());
    remote.make_room(2);
    assert!(sink.is_woken());
    assert_ready_ok!(sink.poll_flush());
    assert_eq!(remote.sent(), ["1", "2"]);
    assert_eq!(remote.flushes(), 1);
    assert_ready_ok!(sink.poll_close());
    assert!(remote.is_closed());
}

#[test]
fn inner_errors_lose_no_queued_message() {
    let (mut sink, remote) = wrapped(DropOldestLayer::new(2));
    assert_ready_ok!(sink.poll_ready());
    sink.start_send("1").unwrap();
    remote.fail_sending("sending");
    assert!(sink.is_woken());
    assert_eq!(assert_ready_err!(sink.poll_ready()), Failure::Of("sending"));
    assert_eq!(sink.queued(), 1);
    remote.make_room(1);
    assert_ready_ok!(sink.poll_flush());
    assert_eq!(remote.sent(), ["1"]);
}

#[test]
fn refused_queued_message_is_dropped() {
    let (mut sink, remote) = wrapped(DropOldestLayer::new(2));
    for message in ["1", "2"] {
        assert_ready_ok!(sink.poll_ready());
        sink.start_send(message).unwrap();
    }
    remote.refuse("nobody has this id");
    remote.make_room(2);
    assert_ready_ok!(sink.poll_ready());
    sink.start_send("3").unwrap();
    assert_eq!(remote.sent(), ["2", "3"]);
    assert_eq!((sink.dropped(), sink.queued()), (1, 0));
}

#[test]
fn receiving_passes_through() {
    let (mut stream, remote) = wrapped(DropOldestLayer::<Message>::new(2));
    assert_pending!(stream.poll_next());
    remote.deliver("hello");
    assert!(stream.is_woken());
    assert_eq!(assert_ready!(stream.poll_next()), Some(Ok(Message::from("hello"))));
}
