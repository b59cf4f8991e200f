//! The time that a layer without effect adds to a message.
//!
//! The test needs an optimized build, so it is ignored by default:
//!
//! ```text
//! cargo test --release -p zeromq-util --test layer_cost -- --ignored --nocapture
//! ```
//!
//! `zeromq-async/tests/allocations.rs` measures its allocations.

#![allow(clippy::unwrap_used, reason = "a test may fail where something goes wrong")]

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::{Duration, Instant};

use futures_util::{Sink, Stream};
use support::{ANY_PORT, within};
use tokio::runtime::Builder;
use zeromq_async::{Context, Message, PullSocket, PushSocket};
use zeromq_util::layer::{Layer, RecvExt, SendExt, WithLayer};

/// What a layer may cost of the throughput. Receiving costs nothing more, and sending up to three
/// nanoseconds, for a `Sink` takes a message by value: how much of that the compiler saves depends
/// on what else is in the program, and ratios from 1.00 to 1.04 have been seen.
const MOST: f64 = 1.05;

/// Of each kind, in turns.
const ROUNDS: usize = 5000;

/// In a round: it is over before another program has its turn, mostly.
const MESSAGES: usize = 1000;

const BURST: usize = 100;

/// How long messages take from one socket to another, by whatever is called `send` and `recv` there.
macro_rules! time {
    ($runtime:ident, $push:ident, $pull:ident) => {
        $runtime.block_on(async {
            let message = Message::from([7; 32]);
            let start = Instant::now();
            for _ in 0..MESSAGES / BURST {
                for _ in 0..BURST {
                    $push.send(message.clone()).await.unwrap();
                }
                for _ in 0..BURST {
                    assert_eq!($pull.recv().await.unwrap().size(), 32);
                }
            }
            start.elapsed()
        })
    };
}

#[test]
#[allow(clippy::print_stdout, reason = "the figures are for the person who runs it")]
#[ignore = "needs an optimised build"]
fn no_op_layer_keeps_throughput() {
    let mut ratios = Vec::new();
    for endpoint in ["inproc://layer-cost", ANY_PORT] {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (mut push, mut pull) = runtime.block_on(sockets(endpoint));
        let (layered_push, layered_pull) = runtime.block_on(sockets(endpoint));
        let mut layered_push = layered_push.with_layer(Nothing);
        let mut layered_pull = layered_pull.with_layer(Nothing);

        // Whatever else runs makes a round longer and never shorter, so the fastest tell most.
        let (mut bare, mut layered) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            bare.push(time!(runtime, push, pull));
            layered.push(time!(runtime, layered_push, layered_pull));
        }
        let [bare, layered] = [bare, layered].map(fastest_tenth);
        let ratio = layered / bare;
        println!(
            "{endpoint}: {bare:.1} ns a message, {layered:.1} with the layer: {ratio:.4} times"
        );
        ratios.push(ratio);
    }
    assert!(ratios.iter().all(|ratio| *ratio <= MOST), "{ratios:?} times as long");
}

/// Nanoseconds a message, in the slowest of the fastest tenth of the rounds.
fn fastest_tenth(mut rounds: Vec<Duration>) -> f64 {
    rounds.sort();
    rounds[ROUNDS / 10].as_secs_f64() * 1e9 / MESSAGES as f64
}

async fn sockets(endpoint: &str) -> (PushSocket, PullSocket) {
    let context = Context::new();
    let pull = PullSocket::builder_in(&context).build();
    let push = PushSocket::builder_in(&context).build();
    push.connect(pull.bind(endpoint).await.unwrap()).unwrap();
    within("the peer", pull.wait_for_peers(1)).await;
    (push, pull)
}

/// A layer that does nothing.
struct Nothing;

/// What it makes of a socket.
struct Wrapped<S>(S);

impl<S> Layer<S> for Nothing {
    type Service = Wrapped<S>;

    fn layer(&self, inner: S) -> Wrapped<S> {
        Wrapped(inner)
    }
}

impl<S: Sink<T> + Unpin, T> Sink<T> for Wrapped<S> {
    type Error = S::Error;

    #[inline]
    fn poll_ready(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Result<(), S::Error>> {
        Pin::new(&mut self.0).poll_ready(cx)
    }

    #[inline]
    fn start_send(mut self: Pin<&mut Self>, item: T) -> Result<(), S::Error> {
        Pin::new(&mut self.0).start_send(item)
    }

    #[inline]
    fn poll_flush(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Result<(), S::Error>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    #[inline]
    fn poll_close(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Result<(), S::Error>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}

impl<S: Stream + Unpin> Stream for Wrapped<S> {
    type Item = S::Item;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<S::Item>> {
        Pin::new(&mut self.0).poll_next(cx)
    }
}
