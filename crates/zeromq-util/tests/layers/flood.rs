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
use zeromq_util::layer::{DeduplicateLayer, RecvExt, RetryError, RetryLayer, SendExt, WithLayer};

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
        let deduplicated = runtime.block_on(unconstrained(async {
            let mut stream = Flood.with_layer(DeduplicateLayer::new(1, |_: &Message| ()));
            RecvExt::recv(&mut stream).await.unwrap();
            timeout(SHORT, RecvExt::recv(&mut stream)).await
        }));
        done.send((retried.is_err(), deduplicated.is_err())).unwrap();
    });
    assert_eq!(ended.recv_timeout(LONG), Ok((true, true)));
}
