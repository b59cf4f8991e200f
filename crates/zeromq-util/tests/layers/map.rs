//! Messages made into others.

use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok};
use zeromq_async::Message;
use zeromq_util::layer::{MapRecvLayer, MapSendLayer};

use crate::mock::{Ask, Failure, wrapped};

#[test]
fn map_send_converts_and_forwards_readiness() {
    let (mut sink, remote) = wrapped(MapSendLayer::new(|n: u8| Message::from([n + 1])));
    assert_pending!(sink.poll_ready());
    remote.make_room(1);
    assert!(sink.is_woken());
    assert_ready_ok!(sink.poll_ready());
    sink.start_send(1).unwrap();
    assert_eq!(remote.sent(), [Message::from([2])]);
    assert_pending!(sink.poll_ready());
    assert_ready_ok!(sink.poll_flush());
    assert_ready_ok!(sink.poll_close());
    assert!(remote.flushes() == 1 && remote.is_closed());
    remote.fail_sending("sending");
    assert_eq!(assert_ready_err!(sink.poll_ready()), Failure::Of("sending"));
}

#[test]
fn map_send_leaves_receiving_unchanged() {
    let (mut stream, remote) = wrapped(MapSendLayer::new(|n: u8| Message::from([n + 1])));
    assert_pending!(stream.poll_next());
    remote.deliver("hello");
    assert!(stream.is_woken());
    assert_eq!(assert_ready!(stream.poll_next()), Some(Ok(Message::from("hello"))));
}

#[test]
fn map_recv_converts_and_passes_errors() {
    let (mut stream, remote) = wrapped(MapRecvLayer::new(|message: Message| message.size()));
    assert_pending!(stream.poll_next());
    remote.deliver("hello");
    assert!(stream.is_woken());
    remote.fail_receiving("receiving");
    remote.end();
    assert_eq!(assert_ready!(stream.poll_next()), Some(Ok(5)));
    assert_eq!(assert_ready!(stream.poll_next()), Some(Err(Failure::Of("receiving"))));
    assert_eq!(assert_ready!(stream.poll_next()), None);
}

#[test]
fn map_recv_leaves_sending_unchanged() {
    let (mut sink, remote) = wrapped(MapRecvLayer::new(|message: Message| message.size()));
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
