//! Requests sent again.

use std::time::Duration;

use tokio::time::advance;
use tokio_test::task::Spawn;
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok};
use zeromq_async::{Message, RecvError, RepSocket, ReqSocket};
use zeromq_util::layer::{RecvExt, Retry, RetryError, RetryLayer, SendExt, WithLayer};

use crate::mock::{Ask, Failure, Mock, Remote, wrapped};

const SECOND: Duration = Duration::from_secs(1);

/// When a timer of a second has surely run out.
const LONGER: Duration = Duration::from_millis(1001);

/// A socket that has sent a request, when there was room for so many messages.
fn asking(layer: RetryLayer, room: usize) -> (Spawn<Retry<Mock>>, Remote) {
    let (mut socket, remote) = wrapped(layer);
    remote.make_room(room);
    assert_ready_ok!(socket.poll_ready());
    socket.start_send("request").expect("there is room");
    (socket, remote)
}

#[tokio::test(start_paused = true)]
async fn reply_completes_the_request() {
    let (mut socket, remote) = wrapped(RetryLayer::new(SECOND));
    assert_pending!(socket.poll_ready());
    remote.make_room(1);
    assert!(socket.is_woken());
    assert_ready_ok!(socket.poll_ready());
    socket.start_send("request").unwrap();
    assert_eq!(remote.sent(), ["request"]);
    assert_pending!(socket.poll_next());
    remote.deliver("reply");
    assert!(socket.is_woken());
    assert_eq!(assert_ready!(socket.poll_next()), Some(Ok(Message::from("reply"))));

    remote.make_room(1);
    assert_pending!(socket.poll_next());
    advance(10 * SECOND).await;
    assert_pending!(socket.poll_next());
    assert!(remote.sent().is_empty());
    assert_ready_ok!(socket.poll_flush());
    assert_ready_ok!(socket.poll_close());
    assert!(remote.flushes() == 1 && remote.is_closed());
}

#[tokio::test(start_paused = true)]
async fn unanswered_request_is_resent_then_fails() {
    let (mut socket, remote) = asking(RetryLayer::new(SECOND).attempts(3), 10);
    for _ in 0..3 {
        assert_pending!(socket.poll_next());
        assert_eq!(remote.sent(), ["request"]);
        advance(LONGER).await;
        assert!(socket.is_woken());
    }
    let unanswered = RetryError::Unanswered { attempts: 3, timeout: SECOND };
    assert_eq!(assert_ready!(socket.poll_next()), Some(Err(unanswered)));
    assert!(remote.sent().is_empty());

    // It did no harm.
    assert_ready_ok!(socket.poll_ready());
    socket.start_send("another").unwrap();
    remote.deliver("reply");
    assert_eq!(assert_ready!(socket.poll_next()), Some(Ok(Message::from("reply"))));
}

#[tokio::test(start_paused = true)]
async fn error_starts_next_attempt_at_once() {
    let (mut socket, remote) = asking(RetryLayer::new(SECOND).attempts(2), 10);
    remote.fail_receiving("the peer is gone");
    assert_pending!(socket.poll_next());
    assert_eq!(remote.sent(), ["request", "request"]);
    remote.fail_receiving("that one too");
    let gone = RetryError::Inner(Failure::Of("that one too"));
    assert_eq!(assert_ready!(socket.poll_next()), Some(Err(gone)));
}

#[tokio::test(start_paused = true)]
async fn resent_request_is_flushed() {
    let (mut socket, remote) = asking(RetryLayer::new(SECOND).attempts(2), 10);
    assert_pending!(socket.poll_next());
    assert_eq!(remote.flushes(), 0); // the first is for who sends it
    remote.fail_receiving("the peer is gone");
    assert_pending!(socket.poll_next());
    assert_eq!((remote.sent().len(), remote.flushes()), (2, 1));
    assert_pending!(socket.poll_next());
    assert_eq!(remote.flushes(), 1);
}

/// A REQ says so of whatever is received before the request is sent again.
#[tokio::test(start_paused = true)]
async fn errors_before_resend_are_not_attempts() {
    let (mut socket, remote) = asking(RetryLayer::new(SECOND).attempts(2), 1);
    for failure in ["the peer is gone", "not your turn", "not your turn"] {
        remote.fail_receiving(failure);
    }
    assert_pending!(socket.poll_next());
    assert_eq!(remote.sent(), ["request"]);
    advance(SECOND / 2).await;
    remote.make_room(1);
    assert!(socket.is_woken());
    // One error more than there are attempts: the last of them is told.
    let failed = RetryError::Inner(Failure::Of("not your turn"));
    assert_eq!(assert_ready!(socket.poll_next()), Some(Err(failed)));
    assert_eq!(remote.sent(), ["request"]);
}

#[tokio::test(start_paused = true)]
async fn error_while_waiting_is_not_an_attempt() {
    let (mut socket, remote) = asking(RetryLayer::new(SECOND).attempts(2), 1);
    assert_pending!(socket.poll_next());
    advance(LONGER).await;
    assert_pending!(socket.poll_next()); // the second attempt, without room
    remote.fail_receiving("the peer is gone");
    assert_pending!(socket.poll_next());
    remote.make_room(1);
    assert_pending!(socket.poll_next());
    assert_eq!(remote.sent(), ["request", "request"]);
}

#[tokio::test]
async fn lost_request_is_resent_to_another_peer() {
    let (mut first, mut second) = (RepSocket::new(), RepSocket::new());
    let req = ReqSocket::new();
    req.connect(first.bind("tcp://127.0.0.1:*").await.unwrap()).unwrap();
    req.connect(second.bind("tcp://127.0.0.1:*").await.unwrap()).unwrap();
    let mut req = req.with_layer(RetryLayer::new(60 * SECOND).attempts(2));
    req.send("request").await.unwrap();
    let answering = async {
        assert_eq!(first.recv().await.unwrap(), "request");
        first.close().await;
        assert_eq!(second.recv().await.unwrap(), "request");
        second.send("reply").await.unwrap();
    };
    let (reply, ()) = tokio::join!(req.recv(), answering);
    assert_eq!(reply.unwrap(), "reply");
}

#[tokio::test]
async fn closed_socket_ends_retries() {
    let mut rep = RepSocket::new();
    let req = ReqSocket::new();
    req.connect(rep.bind("tcp://127.0.0.1:*").await.unwrap()).unwrap();
    let handle = req.handle().clone();
    let mut req = req.with_layer(RetryLayer::new(60 * SECOND).attempts(1000));
    req.send("request").await.unwrap();
    rep.recv().await.unwrap();
    handle.close().await;
    let error = req.recv().await.unwrap_err();
    assert!(matches!(error, RetryError::Inner(RecvError::Closed)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn attempt_waits_for_room_within_its_timeout() {
    let (mut socket, remote) = asking(RetryLayer::new(SECOND).attempts(3), 1);
    assert_pending!(socket.poll_next());
    advance(LONGER).await;
    assert_pending!(socket.poll_next()); // the second attempt, without room
    advance(LONGER).await;
    assert!(socket.is_woken());
    assert_pending!(socket.poll_next()); // the third
    assert_eq!(remote.sent(), ["request"]);
    remote.make_room(1);
    assert!(socket.is_woken());
    assert_pending!(socket.poll_next());
    assert_eq!(remote.sent(), ["request"]);
    advance(LONGER).await;
    let unanswered = RetryError::Unanswered { attempts: 3, timeout: SECOND };
    assert_eq!(assert_ready!(socket.poll_next()), Some(Err(unanswered)));
}

#[tokio::test(start_paused = true)]
async fn first_send_and_resend_errors_are_returned() {
    let (mut socket, remote) = wrapped(RetryLayer::new(SECOND));
    remote.fail_sending("the first");
    assert_eq!(assert_ready_err!(socket.poll_ready()), Failure::Of("the first"));
    remote.make_room(1);
    assert_ready_ok!(socket.poll_ready());
    socket.start_send("request").unwrap();
    assert_pending!(socket.poll_next());
    advance(LONGER).await;
    remote.fail_sending("the second");
    let failed = RetryError::Send(Failure::Of("the second"));
    assert_eq!(assert_ready!(socket.poll_next()), Some(Err(failed)));
    remote.end();
    assert_eq!(assert_ready!(socket.poll_next()), None);
}

#[tokio::test(start_paused = true)]
async fn correlated_reply_matches_any_attempt() {
    let (mut socket, remote) = wrapped(RetryLayer::new(SECOND).correlate(true));
    remote.make_room(10);
    let replying = |request: &Message, reply: &str| {
        let [number, delimiter] = [0, 1].map(|index| request.get(index).unwrap().clone());
        assert!(delimiter.is_empty() && number.len() == 4);
        Message::multipart([number, delimiter, reply.into()])
    };
    assert_ready_ok!(socket.poll_ready());
    socket.start_send("first").unwrap();
    assert_pending!(socket.poll_next());
    advance(LONGER).await;
    assert_pending!(socket.poll_next());
    let [first, again] = remote.sent().try_into().unwrap();
    assert_eq!(first, again);
    assert_eq!(first.last().unwrap(), "first");
    remote.deliver(replying(&first, "to the first"));
    assert_eq!(assert_ready!(socket.poll_next()), Some(Ok(Message::from("to the first"))));

    assert_ready_ok!(socket.poll_ready());
    socket.start_send("second").unwrap();
    let [second] = remote.sent().try_into().unwrap();
    remote.deliver(replying(&again, "to the first, once more"));
    remote.deliver("no envelope");
    remote.deliver(Message::multipart(["numb", ""]));
    assert_pending!(socket.poll_next());
    remote.deliver(replying(&second, "to the second"));
    remote.deliver(replying(&second, "to the second, once more"));
    assert_eq!(assert_ready!(socket.poll_next()), Some(Ok(Message::from("to the second"))));
    assert_pending!(socket.poll_next());
}
