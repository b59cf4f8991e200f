//! The trace of a message, sent behind it.

use tokio_test::{assert_pending, assert_ready, assert_ready_ok};
use zeromq_async::Message;
use zeromq_util::layer::{Propagate, TraceContextLayer, TraceParent, TraceParentError};

use crate::mock::{Ask, Failure, wrapped};

const TEXT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn parent() -> TraceParent {
    TEXT.parse().expect("as the W3C has it")
}

#[test]
fn context_is_appended_to_each_message() {
    let (mut socket, remote) = wrapped(TraceContextLayer::new(|| Some(parent())));
    assert_pending!(socket.poll_ready());
    remote.make_room(1);
    assert!(socket.is_woken());
    assert_ready_ok!(socket.poll_ready());
    socket.start_send(Message::multipart(["topic", "body"])).unwrap();
    let frame = format!("traceparent: {TEXT}");
    assert_eq!(remote.sent(), [Message::multipart(["topic", "body", &frame])]);
    assert_ready_ok!(socket.poll_flush());
    assert_ready_ok!(socket.poll_close());
    assert!(remote.flushes() == 1 && remote.is_closed());
}

#[test]
fn messages_without_context_are_unchanged() {
    let (mut socket, remote) = wrapped(TraceContextLayer::new(|| None));
    remote.make_room(1);
    assert_ready_ok!(socket.poll_ready());
    socket.start_send("plain").unwrap();
    assert_eq!(remote.sent(), ["plain"]);

    assert_pending!(socket.poll_next());
    remote.deliver("plain");
    assert!(socket.is_woken());
    assert_eq!(assert_ready!(socket.poll_next()), Some(Ok(Message::from("plain"))));
    assert_eq!(socket.received(), None);
}

#[test]
fn received_context_is_kept_until_next_message() {
    let (mut socket, remote) = wrapped(TraceContextLayer::new(|| None));
    let frame = format!("traceparent: {TEXT}\r\ntracestate: vendor=x,other=y");
    remote.deliver(Message::multipart(["body", &frame]));
    assert_eq!(assert_ready!(socket.poll_next()), Some(Ok(Message::from("body"))));
    assert_eq!(socket.received(), Some(&parent().with_state("vendor=x,other=y")));
    remote.fail_receiving("receiving");
    assert_eq!(assert_ready!(socket.poll_next()), Some(Err(Failure::Of("receiving"))));
    remote.deliver("no context");
    assert_ready!(socket.poll_next());
    assert_eq!(socket.received(), None);
}

/// What is sent goes on with what was received.
#[derive(Clone, Default)]
struct GoOn(Option<TraceParent>);

impl Propagate for GoOn {
    fn current(&mut self) -> Option<TraceParent> {
        self.0.clone()
    }

    fn received(&mut self, parent: Option<&TraceParent>) {
        self.0 = parent.cloned();
    }
}

#[test]
fn propagator_gets_received_contexts() {
    let (mut socket, remote) = wrapped(TraceContextLayer::new(GoOn::default()));
    let frame = format!("traceparent: {TEXT}\r\ntracestate: vendor=x");
    let message = Message::multipart(["question", &frame]);
    remote.deliver(message);
    assert_ready!(socket.poll_next());
    remote.make_room(1);
    assert_ready_ok!(socket.poll_ready());
    socket.start_send("answer").unwrap();
    assert_eq!(remote.sent(), [Message::multipart(["answer", &frame])]);
}

#[test]
fn frames_without_valid_context_stay() {
    let (mut socket, remote) = wrapped(TraceContextLayer::new(|| None));
    let zero = format!("traceparent: 00-{:032}-00f067aa0ba902b7-01", 0);
    let whole = format!("traceparent: {TEXT}");
    for message in [
        Message::multipart(["body", "traceparent: nonsense"]),
        Message::multipart(["body", &zero]),
        Message::from(&whole[..]), // there would be no message left
        Message::multipart([&whole[..], "behind it"]),
        Message::multipart([&b"body"[..], b"traceparent: \xff"]),
        Message::multipart(["body", &format!("{whole}\r\ntracestate: ")]),
        Message::multipart(["body", &format!("{whole}\r\ntracestate: {}", "x".repeat(513))]),
        Message::multipart(["body", &format!("{whole}\r\ntracestate: a=b\r\nmore: c")]),
        Message::multipart(["body", &format!("{whole}\r\n")]),
    ] {
        remote.deliver(message.clone());
        assert_eq!(assert_ready!(socket.poll_next()), Some(Ok(message)));
        assert_eq!(socket.received(), None);
    }
}

/// Also where a ROUTER puts a frame in front of a single one.
#[test]
fn body_that_looks_like_context_is_preserved() {
    let (mut sender, wire) = wrapped(TraceContextLayer::new(|| None));
    let (mut receiver, remote) = wrapped(TraceContextLayer::new(|| None));
    let whole = format!("traceparent: {TEXT}");
    let with_state = format!("{whole}\r\ntracestate: vendor=x");
    for last in [&whole[..], &with_state, "traceparent: "] {
        for message in [Message::from(last), Message::multipart(["body", last])] {
            wire.make_room(1);
            assert_ready_ok!(sender.poll_ready());
            sender.start_send(message.clone()).unwrap();
            let [mut sent] = wire.sent().try_into().unwrap();
            sent.push_front("whom it is from");
            remote.deliver(sent);
            let mut received = assert_ready!(receiver.poll_next()).unwrap().unwrap();
            received.pop_front();
            assert_eq!(received, message);
            assert_eq!(receiver.received(), None);
        }
    }
}

#[test]
fn traceparent_parses_per_w3c() {
    assert_eq!(parent().to_string(), TEXT);
    assert_eq!((parent().flags(), parent().is_sampled(), parent().parent_id()[7]), (1, true, 0xb7));
    let later = format!("cc{}-and-more", &TEXT[2..]);
    assert_eq!(later.parse(), Ok(parent()));
    let hex = TEXT.to_uppercase();
    let more = format!("{TEXT}-more");
    let version = format!("ff{}", &TEXT[2..]);
    for wrong in ["", "00", &TEXT[..54], &hex, &more, &version, &TEXT.replace('-', "_")] {
        assert_eq!(wrong.parse::<TraceParent>(), Err(TraceParentError), "{wrong}");
    }
    assert_eq!(parent().with_state(&"x".repeat(513)).state(), None);
    assert_eq!(parent().with_state("line\nbreak").state(), None);
}
