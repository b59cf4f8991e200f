//! The latest of each topic.

use tokio_test::{assert_pending, assert_ready, assert_ready_ok};
use zeromq_async::Message;
use zeromq_util::layer::KeepLatestLayer;

use crate::mock::{Ask, Failure, Remote, wrapped};

fn topic(message: &Message) -> Option<u8> {
    message.first()?.first().copied()
}

fn deliver(remote: &Remote, messages: &[&str]) {
    for message in messages {
        let (topic, value) = message.split_at(1);
        remote.deliver(Message::multipart([topic, value]));
    }
}

#[test]
fn latest_per_topic_keeps_first_position() {
    let (mut stream, remote) = wrapped(KeepLatestLayer::new(10, topic));
    assert_pending!(stream.poll_next());
    deliver(&remote, &["a1", "b1", "a2", "c1", "a3", "b2"]);
    assert!(stream.is_woken());
    let received = |message: [&str; 2]| Some(Ok(Message::multipart(message)));
    assert_eq!(assert_ready!(stream.poll_next()), received(["a", "3"]));
    deliver(&remote, &["a4", "c2"]);
    assert_eq!(assert_ready!(stream.poll_next()), received(["b", "2"]));
    assert_eq!(assert_ready!(stream.poll_next()), received(["c", "2"]));
    assert_eq!(assert_ready!(stream.poll_next()), received(["a", "4"]));
    assert_pending!(stream.poll_next());
    assert_eq!(stream.replaced(), 4);
    deliver(&remote, &["a5"]);
    assert!(stream.is_woken());
}

#[test]
fn excess_topics_wait_in_the_inner_socket() {
    let (mut stream, remote) = wrapped(KeepLatestLayer::new(2, topic));
    deliver(&remote, &["a1", "b1", "c1", "a2"]);
    for expected in [["a", "1"], ["b", "1"], ["c", "1"], ["a", "2"]] {
        let expected = Some(Ok(Message::multipart(expected)));
        assert_eq!(assert_ready!(stream.poll_next()), expected);
    }
    assert_eq!(stream.replaced(), 0);
}

#[test]
fn kept_messages_precede_the_end() {
    let (mut stream, remote) = wrapped(KeepLatestLayer::new(10, topic));
    deliver(&remote, &["a1"]);
    remote.fail_receiving("receiving");
    deliver(&remote, &["a2"]);
    remote.end();
    assert_eq!(assert_ready!(stream.poll_next()), Some(Err(Failure::Of("receiving"))));
    let last = Some(Ok(Message::multipart(["a", "2"])));
    assert_eq!(assert_ready!(stream.poll_next()), last);
    assert_eq!(assert_ready!(stream.poll_next()), None);
    assert_eq!(assert_ready!(stream.poll_next()), None);
}

#[test]
fn sending_passes_through() {
    let (mut sink, remote) = wrapped(KeepLatestLayer::new(2, topic));
    assert_pending!(sink.poll_ready());
    remote.make_room(2);
    assert!(sink.is_woken());
    for _ in 0..2 {
        assert_ready_ok!(sink.poll_ready());
        sink.start_send("a").unwrap();
    }
    assert_eq!(remote.sent(), ["a", "a"]);
}
