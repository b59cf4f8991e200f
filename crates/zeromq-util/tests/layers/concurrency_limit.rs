//! Requests without a reply, counted.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{advance, timeout};
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready, assert_ready_ok};
use zeromq_async::Message;
use zeromq_util::layer::{ConcurrencyLimitLayer, DropOldestLayer, RecvExt, SendExt, WithLayer};

use crate::mock::{Ask, Failure, mock, wrapped};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn reply_or_error_frees_a_place_and_wakes() {
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
fn unused_reservation_is_returned() {
    let limit = ConcurrencyLimitLayer::new(1);
    let (one, remote) = mock();
    let (other, other_remote) = mock();
    let (mut one, mut other) = (one.with_layer(&limit), other.with_layer(&limit));
    other_remote.make_room(1);
    let mut waiting = spawn(one.send("request"));
    assert_pending!(waiting.poll()); // it waits for the mock, or is not asked again
    other.send("request").now_or_never().expect("a place").unwrap();
    remote.make_room(1);
    assert!(waiting.is_woken());
    assert_pending!(waiting.poll());
    other_remote.deliver("reply");
    RecvExt::recv(&mut other).now_or_never().expect("the reply").unwrap();
    assert!(waiting.is_woken());
    assert_ready_ok!(waiting.poll());
    assert_eq!(limit.in_flight(), 1);
}

/// Until it sends, is flushed or is dropped.
#[test]
fn ready_sink_holds_its_place() {
    let limit = ConcurrencyLimitLayer::new(1);
    let (mut by_hand, remote) = wrapped(&limit);
    let (mut other, replies) = wrapped(&limit);
    remote.make_room(2);
    replies.make_room(1);
    assert_ready_ok!(by_hand.poll_ready());
    assert_pending!(other.poll_ready());
    assert_ready_ok!(by_hand.poll_flush());
    assert!(other.is_woken());
    assert_ready_ok!(other.poll_ready());
    other.start_send("request").unwrap();
    // It was ready before, so it may send beyond the limit.
    by_hand.start_send("one more").unwrap();
    assert_eq!(limit.in_flight(), 2);
    for _ in 0..2 {
        assert_pending!(by_hand.poll_ready());
        replies.deliver("reply");
        assert!(assert_ready!(other.poll_next()).is_some());
    }
    assert!(by_hand.is_woken());
    assert_ready_ok!(by_hand.poll_ready());
    assert_pending!(other.poll_ready());
    drop(by_hand);
    assert!(other.is_woken());
    replies.make_room(1);
    assert_ready_ok!(other.poll_ready());
}

#[test]
fn dropped_sink_keeps_no_place() {
    let limit = ConcurrencyLimitLayer::new(1);
    let (mut socket, remote) = wrapped(&limit);
    let (mut given_up, _room) = wrapped(&limit);
    let (mut dropped, _more_room) = wrapped(&limit);
    remote.make_room(2);
    assert_ready_ok!(socket.poll_ready());
    socket.start_send("request").unwrap();
    assert_pending!(given_up.poll_ready());
    assert_pending!(dropped.poll_ready());
    assert_pending!(socket.poll_ready());
    drop(dropped);
    remote.deliver("reply");
    assert!(assert_ready!(socket.poll_next()).is_some());
    assert!(socket.is_woken());
    assert_ready_ok!(socket.poll_ready());
}

#[test]
fn unrequested_messages_free_no_place() {
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
async fn request_without_reply_expires() {
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

/// Whichever of them waits forgets it.
#[tokio::test(start_paused = true)]
async fn request_sent_while_another_waits_expires() {
    let limit = ConcurrencyLimitLayer::new(1).forget_after(SECOND);
    let (mut one, remote) = wrapped(&limit);
    let (mut other, other_remote) = wrapped(&limit);
    remote.make_room(1);
    other_remote.make_room(1);
    assert_ready_ok!(one.poll_ready());
    one.start_send("request").unwrap();
    assert_pending!(other.poll_ready());
    advance(SECOND + Duration::from_millis(1)).await;
    assert!(other.is_woken());
    assert_ready_ok!(other.poll_ready());
}

#[tokio::test(start_paused = true)]
async fn senders_that_gave_up_keep_no_place() {
    let limit = ConcurrencyLimitLayer::new(4);
    let (mut receiver, replies) = wrapped(&limit);
    let mut senders: Vec<_> = (0..8)
        .map(|_| {
            let (socket, remote) = mock();
            remote.make_room(10);
            socket.with_layer(&limit)
        })
        .collect();
    for sender in &mut senders[..4] {
        sender.send("request").await.unwrap();
    }
    for sender in &mut senders[4..] {
        assert!(timeout(SECOND, sender.send("no place")).await.is_err());
    }
    for _ in 0..4 {
        replies.deliver("reply");
        assert!(assert_ready!(receiver.poll_next()).is_some());
    }
    for sender in &mut senders[..4] {
        sender.send("another request").await.unwrap();
    }
}

/// A `Sink` does not notice the drop, so every sender is woken.
#[tokio::test]
async fn dropped_send_passes_its_place_on() {
    let limit = ConcurrencyLimitLayer::new(1);
    let (mut receiver, replies) = wrapped(&limit);
    let sender = || {
        let (socket, remote) = mock();
        remote.make_room(10);
        socket.with_layer(&limit)
    };
    let (mut one, mut two, mut three) = (sender(), sender(), sender());
    one.send("request").await.unwrap();
    let mut first = spawn(two.send("first in line"));
    assert_pending!(first.poll());
    let mut second = spawn(three.send("second in line"));
    assert_pending!(second.poll());
    replies.deliver("reply");
    assert!(assert_ready!(receiver.poll_next()).is_some());
    assert!(first.is_woken() && second.is_woken());
    drop(first);
    assert_ready_ok!(second.poll());
    assert_eq!(limit.in_flight(), 1);
}

#[tokio::test]
async fn flush_after_ready_frees_the_place() {
    let limit = ConcurrencyLimitLayer::new(1);
    let (idle, idle_remote) = mock();
    let (busy, busy_remote) = mock();
    idle_remote.make_room(1);
    busy_remote.make_room(1);
    let mut idle = idle.with_layer(&limit);
    let mut busy = busy.with_layer(&limit);
    idle.ready().await.unwrap();
    idle.flush().await.unwrap();
    busy.send("request").now_or_never().expect("a place").unwrap();
}

#[tokio::test]
async fn an_idle_queue_keeps_no_place() {
    let limit = ConcurrencyLimitLayer::new(1);
    let (mut receiver, replies) = wrapped(&limit);
    let (queue, queue_remote) = mock();
    let (socket, remote) = mock();
    queue_remote.make_room(10);
    remote.make_room(10);
    let mut queue = queue.with_layer(&limit).with_layer(DropOldestLayer::<Message>::new(10));
    let mut socket = socket.with_layer(&limit);
    socket.send("request").await.unwrap();
    queue.send("queued").await.unwrap();
    let mut waiting = spawn(socket.send("another"));
    assert_pending!(waiting.poll());
    replies.deliver("reply");
    assert!(assert_ready!(receiver.poll_next()).is_some());
    assert!(waiting.is_woken());
    assert_ready_ok!(waiting.poll());
}

/// No message goes beyond the limit, and every sender comes to its turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn senders_that_come_and_go_share_the_places() {
    let limit = ConcurrencyLimitLayer::new(3);
    let mut sending = Vec::new();
    for sender in 0..8_u64 {
        let limit = limit.clone();
        sending.push(tokio::spawn(async move {
            let (socket, remote) = mock();
            let mut socket = socket.with_layer(&limit);
            for round in 0..200 {
                remote.make_room(1);
                if (round + sender) % 3 == 0 {
                    let _ = timeout(Duration::ZERO, SendExt::<Message>::ready(&mut socket)).await;
                }
                socket.send("request").await.unwrap();
                assert!(limit.in_flight() <= 3);
                tokio::task::yield_now().await;
                remote.deliver("reply");
                RecvExt::recv(&mut socket).await.unwrap();
            }
        }));
    }
    for sending in sending {
        timeout(Duration::from_secs(20), sending).await.expect("a place").unwrap();
    }
    assert_eq!(limit.in_flight(), 0);
}
