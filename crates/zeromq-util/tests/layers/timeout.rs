//! Waiting for room and for messages, but not for ever.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::advance;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok};
use zeromq_async::Message;
use zeromq_util::layer::{DropOldestLayer, SendExt, TimeoutError, TimeoutLayer, WithLayer};

use crate::mock::{Ask, Failure, mock, wrapped};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn timeout_forwards_readiness_and_wakes() {
    let (mut sink, remote) = wrapped(TimeoutLayer::new().send(SECOND));
    assert_pending!(sink.poll_ready());
    remote.make_room(1);
    assert!(sink.is_woken());
    assert_ready_ok!(sink.poll_ready());
    sink.start_send("hello").unwrap();
    assert_eq!(remote.sent(), ["hello"]);
    assert_ready_ok!(sink.poll_flush());
    assert_ready_ok!(sink.poll_close());
    assert!(remote.flushes() == 1 && remote.is_closed());
}

#[tokio::test(start_paused = true)]
async fn send_timeout_wakes_with_an_error() {
    let (mut sink, remote) = wrapped(TimeoutLayer::new().send(SECOND));
    assert_pending!(sink.poll_ready());
    advance(SECOND - Duration::from_millis(1)).await;
    assert!(!sink.is_woken());
    assert_pending!(sink.poll_ready());
    advance(Duration::from_millis(2)).await;
    assert!(sink.is_woken());
    assert_eq!(assert_ready_err!(sink.poll_ready()), TimeoutError::NoRoom { after: SECOND });

    // The time of the next attempt is its own, and it can still succeed.
    assert_pending!(sink.poll_ready());
    advance(SECOND / 2).await;
    assert_pending!(sink.poll_ready());
    remote.make_room(1);
    assert_ready_ok!(sink.poll_ready());
}

#[tokio::test(start_paused = true)]
async fn room_in_time_stops_the_send_timeout() {
    let (mut sink, remote) = wrapped(TimeoutLayer::new().send(SECOND));
    assert_pending!(sink.poll_ready());
    remote.make_room(1);
    assert_ready_ok!(sink.poll_ready());
    sink.start_send("hello").unwrap();
    advance(2 * SECOND).await;
    assert_pending!(sink.poll_ready());
}

#[tokio::test(start_paused = true)]
async fn dropped_send_does_not_affect_next_wait() {
    let (mut sink, _remote) = wrapped(TimeoutLayer::new().send(SECOND));
    assert!(sink.send("given up").now_or_never().is_none());
    advance(SECOND / 2).await;
    assert!(sink.ready().now_or_never().is_none());
    advance(SECOND - Duration::from_millis(1)).await;
    let mut sending = spawn(sink.send("the next"));
    assert_pending!(sending.poll());
    advance(SECOND - Duration::from_millis(1)).await;
    assert_pending!(sending.poll()); // woken by something else
    assert!(!sending.is_woken());
    advance(Duration::from_millis(2)).await;
    assert!(sending.is_woken());
    assert_eq!(assert_ready_err!(sending.poll()), TimeoutError::NoRoom { after: SECOND });
}

#[tokio::test(start_paused = true)]
async fn outer_queue_wait_continues_across_sends() {
    let (socket, _remote) = mock();
    let socket = socket.with_layer(TimeoutLayer::new().send(SECOND));
    let mut socket = socket.with_layer(DropOldestLayer::<Message>::new(10));
    socket.send("waits").now_or_never().unwrap().unwrap();
    advance(SECOND / 2).await;
    socket.send("waits behind it").now_or_never().unwrap().unwrap();
    advance(SECOND / 2 + Duration::from_millis(1)).await;
    let over = socket.send("finds that it was too long").now_or_never().unwrap();
    assert_eq!(over.unwrap_err(), TimeoutError::NoRoom { after: SECOND });
}

#[tokio::test(start_paused = true)]
async fn recv_timeout_wakes_with_an_item() {
    let (mut stream, remote) = wrapped(TimeoutLayer::new().recv(SECOND));
    assert_pending!(stream.poll_next());
    remote.deliver("hello");
    assert!(stream.is_woken());
    assert_eq!(assert_ready!(stream.poll_next()), Some(Ok(Message::from("hello"))));

    // Idle from when it was asked, not from the last message.
    advance(2 * SECOND).await;
    assert_pending!(stream.poll_next());
    advance(SECOND + Duration::from_millis(1)).await;
    assert!(stream.is_woken());
    let idle = TimeoutError::Idle { after: SECOND };
    assert_eq!(assert_ready!(stream.poll_next()), Some(Err(idle)));
    remote.deliver("late");
    remote.end();
    assert_eq!(assert_ready!(stream.poll_next()), Some(Ok(Message::from("late"))));
    assert_eq!(assert_ready!(stream.poll_next()), None);
}

#[tokio::test(start_paused = true)]
async fn no_limit_waits_forever() {
    let (mut socket, _remote) = wrapped(TimeoutLayer::new());
    assert_pending!(socket.poll_ready());
    assert_pending!(socket.poll_next());
    advance(1000 * SECOND).await;
    assert!(!socket.is_woken());
}

#[tokio::test(start_paused = true)]
async fn unrepresentable_limit_means_no_limit() {
    let (mut socket, remote) = wrapped(TimeoutLayer::new().send(Duration::MAX).recv(Duration::MAX));
    assert_pending!(socket.poll_ready());
    assert_pending!(socket.poll_next());
    remote.make_room(1);
    assert_ready_ok!(socket.poll_ready());
}

#[tokio::test(start_paused = true)]
async fn inner_errors_pass_through() {
    let (mut socket, remote) = wrapped(TimeoutLayer::new().send(SECOND).recv(SECOND));
    remote.fail_sending("sending");
    remote.fail_receiving("receiving");
    let inner = |failure| TimeoutError::Inner(Failure::Of(failure));
    assert_eq!(assert_ready_err!(socket.poll_ready()), inner("sending"));
    assert_eq!(assert_ready!(socket.poll_next()), Some(Err(inner("receiving"))));
}
