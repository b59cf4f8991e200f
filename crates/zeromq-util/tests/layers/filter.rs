//! Messages that pass, and those that do not.

use tokio_test::{assert_pending, assert_ready, assert_ready_ok};
use zeromq_async::Message;
use zeromq_util::layer::{FilterRecvLayer, FilterSendLayer};

use crate::mock::{Ask, Failure, wrapped};

fn is_long(message: &Message) -> bool {
    message.size() > 3
}

#[test]
fn filtered_message_uses_no_room() {
    let (mut sink, remote) = wrapped(FilterSendLayer::new(is_long));
    assert_pending!(sink.poll_ready());
    remote.make_room(1);
    assert!(sink.is_woken());
    for message in ["no", "hello"] {
        assert_ready_ok!(sink.poll_ready());
        sink.start_send(message).unwrap();
    }
    assert_eq!(remote.sent(), ["hello"]);
    assert_pending!(sink.poll_ready());
}

#[test]
fn filter_passes_matches_and_errors() {
    let (mut stream, remote) = wrapped(FilterRecvLayer::new(is_long));
    remote.deliver("no");
    assert_pending!(stream.poll_next());
    remote.deliver("hello");
    assert!(stream.is_woken());
    remote.deliver("no");
    remote.fail_receiving("receiving");
    remote.deliver("no");
    remote.end();
    assert_eq!(assert_ready!(stream.poll_next()), Some(Ok(Message::from("hello"))));
    assert_eq!(assert_ready!(stream.poll_next()), Some(Err(Failure::Of("receiving"))));
    assert_eq!(assert_ready!(stream.poll_next()), None);
}
