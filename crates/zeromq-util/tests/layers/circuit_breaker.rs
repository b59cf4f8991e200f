//! Failures in a row, and a pause after them.

use std::time::Duration;

use tokio::time::advance;
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok};
use zeromq_async::Message;
use zeromq_util::layer::{CircuitBreakerError, CircuitBreakerLayer};

use crate::mock::{Ask, Failure, wrapped};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn closed_breaker_forwards_everything() {
    let (mut socket, remote) = wrapped(CircuitBreakerLayer::on_send(1, SECOND));
    assert_pending!(socket.poll_ready());
    remote.make_room(1);
    assert!(socket.is_woken());
    assert_ready_ok!(socket.poll_ready());
    socket.start_send("hello").unwrap();
    assert_eq!(remote.sent(), ["hello"]);
    assert_ready_ok!(socket.poll_flush());
    assert_ready_ok!(socket.poll_close());
    assert!(remote.flushes() == 1 && remote.is_closed());
    assert_pending!(socket.poll_next());
    remote.deliver("hello");
    assert!(socket.is_woken());
    assert_eq!(assert_ready!(socket.poll_next()), Some(Ok(Message::from("hello"))));
}

#[tokio::test(start_paused = true)]
async fn failures_open_and_success_closes_breaker() {
    let (mut sink, remote) = wrapped(CircuitBreakerLayer::on_send(2, SECOND));
    let failed = || CircuitBreakerError::Inner(Failure::Of("sending"));
    remote.make_room(10);
    // Not in a row:
    for _ in 0..3 {
        remote.fail_sending("sending");
        assert_eq!(assert_ready_err!(sink.poll_ready()), failed());
        assert_ready_ok!(sink.poll_ready());
        sink.start_send("hello").unwrap();
    }
    for _ in 0..2 {
        assert!(!sink.is_open());
        remote.fail_sending("sending");
        assert_eq!(assert_ready_err!(sink.poll_ready()), failed());
    }
    assert!(sink.is_open());
    advance(SECOND / 4).await;
    let open = CircuitBreakerError::Open { retry_in: SECOND * 3 / 4 };
    assert_eq!(assert_ready_err!(sink.poll_ready()), open);

    advance(SECOND).await;
    assert!(!sink.is_open());
    assert_ready_ok!(sink.poll_ready());
    sink.start_send("a trial").unwrap();
    assert_ready_ok!(sink.poll_ready());
    // And it takes two failures again.
    remote.fail_sending("sending");
    assert_eq!(assert_ready_err!(sink.poll_ready()), failed());
    assert_ready_ok!(sink.poll_ready());
}

#[tokio::test(start_paused = true)]
async fn failed_trial_reopens_breaker() {
    let (mut sink, remote) = wrapped(CircuitBreakerLayer::on_send(2, SECOND));
    for _ in 0..2 {
        remote.fail_sending("sending");
        assert_ready_err!(sink.poll_ready());
    }
    advance(SECOND).await;
    remote.fail_sending("sending");
    assert_ready_err!(sink.poll_ready());
    assert!(sink.is_open());
}

#[tokio::test(start_paused = true)]
async fn missing_replies_open_and_one_closes_breaker() {
    let (mut socket, remote) = wrapped(CircuitBreakerLayer::on_reply(2, SECOND));
    remote.make_room(10);
    for _ in 0..2 {
        assert_ready_ok!(socket.poll_ready());
        socket.start_send("request").unwrap();
        remote.fail_receiving("no reply");
        assert_eq!(assert_ready!(socket.poll_next()), Some(Err(Failure::Of("no reply"))));
    }
    let open = CircuitBreakerError::Open { retry_in: SECOND };
    assert_eq!(assert_ready_err!(socket.poll_ready()), open);

    advance(SECOND).await;
    assert_ready_ok!(socket.poll_ready());
    socket.start_send("a trial").unwrap();
    // One is enough, until there is a reply or the pause is over once more.
    assert_eq!(assert_ready_err!(socket.poll_ready()), open);
    advance(SECOND).await;
    assert_ready_ok!(socket.poll_ready());
    socket.start_send("another").unwrap();
    remote.deliver("reply");
    assert!(socket.is_open());
    assert_eq!(assert_ready!(socket.poll_next()), Some(Ok(Message::from("reply"))));
    assert!(!socket.is_open());
    assert_ready_ok!(socket.poll_ready());
}

#[tokio::test(start_paused = true)]
async fn breaker_counts_only_its_direction() {
    let (mut socket, remote) = wrapped(CircuitBreakerLayer::on_send(1, SECOND));
    remote.fail_receiving("receiving");
    assert!(matches!(assert_ready!(socket.poll_next()), Some(Err(_))));
    assert!(!socket.is_open());
    let (mut socket, remote) = wrapped(CircuitBreakerLayer::on_reply(1, Duration::MAX));
    remote.fail_sending("sending");
    assert_ready_err!(socket.poll_ready());
    assert!(!socket.is_open());
    remote.fail_receiving("receiving");
    assert!(matches!(assert_ready!(socket.poll_next()), Some(Err(_))));
    assert!(socket.is_open()); // for ever, or nearly
}
