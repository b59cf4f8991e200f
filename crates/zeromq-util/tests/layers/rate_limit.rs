//! Messages and bytes let through as time passes.

use std::time::Duration;

use tokio::time::advance;
use tokio_test::{assert_pending, assert_ready, assert_ready_ok};
use zeromq_async::Message;
use zeromq_util::layer::{Rate, RateLimitLayer};

use crate::mock::{Ask, Failure, wrapped};

const SECOND: Duration = Duration::from_secs(1);

/// As long as a message takes at ten a second, as far as timers can tell.
const TURN: Duration = Duration::from_millis(101);

#[tokio::test(start_paused = true)]
async fn burst_passes_then_rate_applies() {
    let (mut sink, remote) = wrapped(RateLimitLayer::new().send(Rate::per(SECOND).messages(10)));
    remote.make_room(20);
    for _ in 0..10 {
        assert_ready_ok!(sink.poll_ready());
        sink.start_send("hello").unwrap();
    }
    for _ in 0..3 {
        assert_pending!(sink.poll_ready());
        advance(TURN / 2).await;
        assert!(!sink.is_woken());
        assert_pending!(sink.poll_ready());
        advance(TURN / 2).await;
        assert!(sink.is_woken());
        assert_ready_ok!(sink.poll_ready());
        sink.start_send("hello").unwrap();
    }
    assert_eq!(remote.sent().len(), 13);

    // What is not used is not saved up beyond the burst.
    advance(100 * SECOND).await;
    remote.make_room(20);
    for _ in 0..10 {
        assert_ready_ok!(sink.poll_ready());
        sink.start_send("hello").unwrap();
    }
    assert_pending!(sink.poll_ready());
}

#[tokio::test(start_paused = true)]
async fn large_message_delays_the_next_send() {
    let (mut sink, remote) = wrapped(RateLimitLayer::new().send(Rate::per(SECOND).bytes(100)));
    remote.make_room(3);
    assert_ready_ok!(sink.poll_ready());
    sink.start_send(Message::multipart([[0; 200], [0; 200]])).unwrap(); // 300 bytes too many
    assert_pending!(sink.poll_ready());
    advance(3 * SECOND).await;
    assert_pending!(sink.poll_ready());
    advance(Duration::from_millis(12)).await;
    assert!(sink.is_woken());
    assert_ready_ok!(sink.poll_ready());
}

#[tokio::test(start_paused = true)]
async fn polling_readiness_spends_no_tokens() {
    let (mut sink, remote) = wrapped(RateLimitLayer::new().send(Rate::per(SECOND).messages(1)));
    for _ in 0..3 {
        assert_pending!(sink.poll_ready()); // no room within
    }
    remote.make_room(1);
    assert!(sink.is_woken());
    for _ in 0..3 {
        assert_ready_ok!(sink.poll_ready());
    }
    sink.start_send("hello").unwrap();
    assert_eq!(remote.sent(), ["hello"]);
    assert_ready_ok!(sink.poll_flush());
    assert_ready_ok!(sink.poll_close());
    assert!(remote.flushes() == 1 && remote.is_closed());
}

#[tokio::test(start_paused = true)]
async fn excess_messages_wait_in_the_inner_socket() {
    let (mut stream, remote) = wrapped(RateLimitLayer::new().recv(Rate::per(SECOND).messages(1)));
    assert_pending!(stream.poll_next());
    for message in ["one", "two"] {
        remote.deliver(message);
    }
    assert!(stream.is_woken());
    remote.fail_receiving("receiving");
    assert_eq!(assert_ready!(stream.poll_next()), Some(Ok(Message::from("one"))));
    assert_pending!(stream.poll_next());
    advance(SECOND + Duration::from_millis(1)).await;
    assert!(stream.is_woken());
    assert_eq!(assert_ready!(stream.poll_next()), Some(Ok(Message::from("two"))));
    advance(SECOND).await;
    assert_eq!(assert_ready!(stream.poll_next()), Some(Err(Failure::Of("receiving"))));
    remote.end();
    assert_eq!(assert_ready!(stream.poll_next()), None);
}

#[tokio::test(start_paused = true)]
async fn no_rate_means_no_waiting() {
    let (mut socket, remote) = wrapped(RateLimitLayer::new());
    remote.make_room(1000);
    for _ in 0..1000 {
        assert_ready_ok!(socket.poll_ready());
        socket.start_send("hello").unwrap();
        remote.deliver("hello");
        assert!(assert_ready!(socket.poll_next()).is_some());
    }
}
