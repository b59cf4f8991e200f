//! Deadlines of layers around a source that never runs dry.

use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll, ready};
use std::thread;
use std::time::Duration;

use futures_util::{Sink, Stream};
use tokio::runtime::Builder;
use tokio::task::{coop, unconstrained};
use tokio::time::timeout;
use zeromq_async::{Message, RecvError, SendError};
use zeromq_util::layer::{
    FilterRecvLayer, RecvExt, RetryError, RetryLayer, SendExt, TimeoutError, TimeoutLayer,
    WithLayer,
};

const SHORT: Duration = Duration::from_millis(20);

/// Only a deadline that never fires takes as long.
const LONG: Duration = Duration::from_secs(20);

/// Always has a message, and spends the task's budget on each, as a flooded socket does.
struct Flood;

impl Stream for Flood {
    type Item = Result<Message, RecvError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        ready!(coop::poll_proceed(cx)).made_progress();
        Poll::Ready(Some(Ok("junk".into())))
    }
}

/// Has room once: a request can be sent.
impl Sink<Message> for Flood {
    type Error = SendError;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, _: Message) -> Result<(), SendError> {
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        Poll::Ready(Ok(()))
    }
}

/// Never has room, and spends all of the task's budget on looking for it.
struct Full;

impl Sink<Message> for Full {
    type Error = SendError;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        loop {
            ready!(coop::poll_proceed(cx)).made_progress();
        }
    }

    fn start_send(self: Pin<&mut Self>, _: Message) -> Result<(), SendError> {
        unreachable!("it has no room")
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        Poll::Ready(Ok(()))
    }
}

fn nothing(_: &Message) -> bool {
    false
}

#[tokio::test]
async fn recv_timeout_fires_under_a_flood() {
    let mut stream =
        Flood.with_layer(FilterRecvLayer::new(nothing)).with_layer(TimeoutLayer::new().recv(SHORT));
    let received = timeout(LONG, RecvExt::recv(&mut stream)).await.expect("the layer's timeout");
    assert_eq!(received.unwrap_err(), TimeoutError::Idle { after: SHORT });
}

#[tokio::test]
async fn send_timeout_fires_without_budget() {
    let mut sink = Full.with_layer(TimeoutLayer::new().send(SHORT));
    let sent = timeout(LONG, sink.send("hello")).await.expect("the layer's timeout");
    assert!(matches!(sent.unwrap_err(), TimeoutError::NoRoom { after: SHORT }));
}

#[tokio::test]
async fn retry_deadline_fires_under_a_flood() {
    let mut socket = Flood.with_layer(RetryLayer::new(SHORT).correlate(true).attempts(2));
    socket.send("request").await.unwrap();
    let received = timeout(LONG, RecvExt::recv(&mut socket)).await.expect("the layer's deadline");
    assert!(matches!(received.unwrap_err(), RetryError::Unanswered { attempts: 2, .. }));
}

/// Without Tokio's budget a flooded socket never yields.
#[test]
fn deadlines_fire_in_a_task_without_budget() {
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let retried = runtime.block_on(unconstrained(async {
            let mut socket = Flood.with_layer(RetryLayer::new(SHORT).correlate(true).attempts(1));
            socket.send("request").await.unwrap();
            RecvExt::recv(&mut socket).await
        }));
        let filtered = runtime.block_on(unconstrained(async {
            let filter = FilterRecvLayer::new(nothing);
            let mut stream = Flood.with_layer(filter).with_layer(TimeoutLayer::new().recv(SHORT));
            RecvExt::recv(&mut stream).await
        }));
        done.send((retried.is_err(), filtered.is_err())).unwrap();
    });
    assert_eq!(ended.recv_timeout(LONG), Ok((true, true)));
}
