//! Requests without a reply, counted.

use std::time::Duration;

use tokio::time::advance;
use tokio_test::{assert_pending, assert_ready, assert_ready_ok};
use zeromq_util::layer::ConcurrencyLimitLayer;

use crate::mock::{Ask, Failure, wrapped};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_reply_or_an_error_makes_room_for_a_request_and_wakes_who_waits() {
    let limit = ConcurrencyLimitLayer::new(2);
    // Two halves of a socket, each in a task of its own.
    let (mut sender, remote) = wrapped(&limit);
    let (mut receiver, replies) = wrapped(&limit);
    remote.make_room(10);
    for _ in 0..2 {
        assert_ready_ok!(sender.poll_ready());
        sender.start_send("request").unwrap();
    }
    assert_eq!(limit.in_flight(), 2);
    assert_pending!(sender.poll_ready());

    assert_pending!(receiver.poll_next());
    assert!(!sender.is_woken());
    replies.deliver("reply");
    assert!(assert_ready!(receiver.poll_next()).is_some());
    assert!(sender.is_woken());
    assert_ready_ok!(sender.poll_ready());
    sender.start_send("request").unwrap();

    assert_pending!(sender.poll_ready());
    replies.fail_receiving("the peer is gone");
    assert_eq!(assert_ready!(receiver.poll_next()), Some(Err(Failure::Of("the peer is gone"))));
    assert!(sender.is_woken());
    assert_ready_ok!(sender.poll_ready());
    assert_eq!(limit.in_flight(), 1);
}

#[test]
fn who_has_no_room_within_keeps_nobody_waiting_and_what_is_reserved_is_given_back() {
    let limit = ConcurrencyLimitLayer::new(1);
    let (mut one, remote) = wrapped(&limit);
    let (mut other, other_remote) = wrapped(&limit);
    other_remote.make_room(2);
    assert_pending!(one.poll_ready()); // it waits for the mock, or is not asked again
    assert_ready_ok!(other.poll_ready());
    remote.make_room(1);
    assert!(one.is_woken());
    assert_pending!(one.poll_ready());
    assert_ready_ok!(other.poll_close());
    assert!(one.is_woken());
    assert_ready_ok!(one.poll_ready());
    assert_pending!(other.poll_ready());
    drop(one);
    assert!(other.is_woken());
    assert_ready_ok!(other.poll_ready());
    other.start_send("request").unwrap();
    assert_eq!(limit.in_flight(), 1);
}

#[test]
fn messages_that_nobody_asked_for_make_no_room() {
    let limit = ConcurrencyLimitLayer::new(1);
    let (mut socket, remote) = wrapped(&limit);
    remote.make_room(10);
    for _ in 0..3 {
        remote.deliver("unasked");
        assert!(assert_ready!(socket.poll_next()).is_some());
    }
    assert_ready_ok!(socket.poll_ready());
    socket.start_send("request").unwrap();
    assert_pending!(socket.poll_ready());
    assert_ready_ok!(socket.poll_flush());
    assert_ready_ok!(socket.poll_close());
    assert!(remote.flushes() == 1 && remote.is_closed());
    remote.end();
    assert_eq!(assert_ready!(socket.poll_next()), None);
    assert_eq!(limit.in_flight(), 1); // the end of the stream is not a reply
}

#[tokio::test(start_paused = true)]
async fn a_request_without_reply_is_forgotten_in_time() {
    let limit = ConcurrencyLimitLayer::new(1).forget_after(SECOND);
    let (mut socket, remote) = wrapped(&limit);
    remote.make_room(10);
    assert_ready_ok!(socket.poll_ready());
    socket.start_send("request").unwrap();
    advance(SECOND / 2).await;
    assert_pending!(socket.poll_ready());
    advance(SECOND / 2 + Duration::from_millis(1)).await;
    assert!(socket.is_woken());
    assert_ready_ok!(socket.poll_ready());
    assert_eq!(limit.in_flight(), 0);
}

/// Who waits while another has only reserved learns of what that one sends, and forgets it.
#[tokio::test(start_paused = true)]
async fn what_is_sent_while_another_waits_is_forgotten_too() {
    let limit = ConcurrencyLimitLayer::new(1).forget_after(SECOND);
    let (mut one, remote) = wrapped(&limit);
    let (mut other, other_remote) = wrapped(&limit);
    remote.make_room(1);
    other_remote.make_room(1);
    assert_ready_ok!(one.poll_ready());
    assert_pending!(other.poll_ready());
    one.start_send("request").unwrap();
    advance(SECOND + Duration::from_millis(1)).await;
    assert!(other.is_woken());
    assert_ready_ok!(other.poll_ready());
}
