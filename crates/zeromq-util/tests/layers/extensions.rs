//! `send` and `recv` through layers, and what happens when they are dropped.

use std::time::Duration;

use futures_util::FutureExt;
use tokio_test::{assert_pending, assert_ready_ok, task::spawn};
use tower::ServiceBuilder;
use zeromq_async::{DealerSocket, RecvError};
use zeromq_util::layer::{
    CircuitBreakerLayer, CompressionLayer, RateLimitLayer, RecvExt, SendExt, TraceContextLayer,
    TraceParent, WithLayer,
};

use crate::mock::{Failure, mock};

#[test]
fn send_waits_for_room_without_flush() {
    let (mut socket, remote) = mock();
    let mut sending = spawn(socket.send("hello"));
    assert_pending!(sending.poll());
    assert!(remote.sent().is_empty());
    remote.make_room(1);
    assert!(sending.is_woken());
    assert_ready_ok!(sending.poll());
    assert_eq!(remote.sent(), ["hello"]);
    assert_eq!(remote.flushes(), 0);
}

#[test]
fn dropped_send_and_ready_have_no_effect() {
    let (mut socket, remote) = mock();
    assert!(socket.send("given up").now_or_never().is_none());
    assert!(socket.ready().now_or_never().is_none());
    remote.make_room(1);
    assert!(remote.sent().is_empty());
    socket.ready().now_or_never().unwrap().unwrap();
    socket.send("hello").now_or_never().unwrap().unwrap();
    assert_eq!(remote.sent(), ["hello"]);
    socket.flush().now_or_never().unwrap().unwrap();
    assert_eq!(remote.flushes(), 1);
}

#[test]
fn dropped_recv_loses_nothing() {
    let (mut socket, remote) = mock();
    assert!(socket.recv().now_or_never().is_none());
    remote.deliver("hello");
    let mut receiving = spawn(socket.recv());
    assert_eq!(assert_ready_ok!(receiving.poll()), "hello");
}

#[test]
fn end_of_stream_is_an_error_in_all_layers() {
    let (socket, remote) = mock();
    remote.end();
    let mut socket = socket
        .with_layer(RateLimitLayer::new())
        .with_layer(CompressionLayer::lz4())
        .with_layer(CompressionLayer::zstd(3));
    let end = socket.recv().now_or_never().unwrap().unwrap_err();
    assert_eq!(end.to_string(), Failure::Ended(RecvError::Closed).to_string());
}

/// The first of tower's builder is the outermost, and the last of `with_layer`.
#[test]
fn layers_stack_in_both_orders() {
    let parent: TraceParent = CONTEXT.parse().unwrap();
    let compress = || CompressionLayer::lz4().threshold(0);
    let trace = || {
        let parent = parent.clone();
        TraceContextLayer::new(move || Some(parent.clone()))
    };
    let (one, first) = mock();
    let (other, second) = mock();
    let mut one = one.with_layer(compress()).with_layer(trace());
    let mut other = ServiceBuilder::new().layer(trace()).layer(compress()).service(other);
    first.make_room(1);
    second.make_room(1);
    let text = "a text that can be compressed ".repeat(100);
    one.send(text.as_str()).now_or_never().unwrap().unwrap();
    other.send(text.as_str()).now_or_never().unwrap().unwrap();
    // The context was added first, and then compressed.
    let sent = first.sent();
    assert_eq!(sent[0].frame_count(), 1);
    assert_eq!(sent, second.sent());
}

const CONTEXT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Compiles: sockets in layers move between tasks.
#[tokio::test]
async fn wrapped_sockets_and_futures_are_send() {
    let layers = ServiceBuilder::new()
        .layer(RateLimitLayer::new())
        .layer(CircuitBreakerLayer::on_send(1, Duration::from_secs(1)));
    let mut socket = layers.service(DealerSocket::new());
    let task = async move { (socket.send("hello").now_or_never(), socket.recv().now_or_never()) };
    let (sent, received) = tokio::spawn(task).await.unwrap();
    assert!(sent.is_none() && received.is_none());
}
