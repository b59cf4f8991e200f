//! Messages seen as they pass.

use std::sync::mpsc::channel;

use tokio_test::{assert_pending, assert_ready, assert_ready_ok};
use zeromq_async::Message;
use zeromq_util::layer::{Direction, TapLayer};

use crate::mock::{Ask, Failure, wrapped};

#[test]
fn tap_sees_messages_and_forwards_readiness() {
    let (seen, sightings) = channel();
    let (mut socket, remote) = wrapped(TapLayer::new(move |direction, message: &Message| {
        seen.send((direction, message.clone())).unwrap();
    }));
    assert_pending!(socket.poll_ready());
    remote.make_room(1);
    assert!(socket.is_woken());
    assert_ready_ok!(socket.poll_ready());
    socket.start_send("out").unwrap();
    assert_eq!(remote.sent(), ["out"]);
    assert_ready_ok!(socket.poll_flush());
    assert_ready_ok!(socket.poll_close());
    assert!(remote.flushes() == 1 && remote.is_closed());

    assert_pending!(socket.poll_next());
    remote.deliver("in");
    assert!(socket.is_woken());
    assert_eq!(assert_ready!(socket.poll_next()), Some(Ok(Message::from("in"))));
    remote.fail_receiving("receiving");
    assert_eq!(assert_ready!(socket.poll_next()), Some(Err(Failure::Of("receiving"))));

    let seen: Vec<_> = sightings.try_iter().collect();
    let expected = [(Direction::Sent, "out".into()), (Direction::Received, "in".into())];
    assert_eq!(seen, expected);
}
