//! Sockets in one process: the cost of layers, queues and wake-ups without a transport.

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::{Builder, Runtime};
use zeromq_async::{
    Context, Message, PullSocket, PushSocket, RepSocket, ReqSocket, Socket, SocketKind,
};

const SIZES: [usize; 4] = [16, 64, 1024, 16 * 1024];
const ENDPOINT: &str = "inproc://bench";

/// One task sends a message and then receives it.
fn send_and_receive(c: &mut Criterion) {
    let mut group = c.benchmark_group("inproc send and receive");
    group.throughput(Throughput::Elements(1));
    let runtime = single_thread();
    for size in SIZES {
        let message = Message::from(vec![1; size]);
        let (mut push, mut pull) =
            runtime.block_on(pair::<zeromq_async::Push, zeromq_async::Pull>());
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter_custom(|count| {
                runtime.block_on(async {
                    let start = Instant::now();
                    for _ in 0..count {
                        push.send(message.clone()).await.expect("there is a peer");
                        pull.recv().await.expect("there is a message");
                    }
                    start.elapsed()
                })
            });
        });
    }
    group.finish();
}

/// Two tasks on two threads.
fn flow(c: &mut Criterion) {
    let mut group = c.benchmark_group("inproc push to pull");
    group.throughput(Throughput::Elements(1));
    let runtime = two_threads();
    for size in SIZES {
        let message = Message::from(vec![1; size]);
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter_custom(|count| {
                let message = message.clone();
                let flowing = runtime.spawn(async move {
                    let (push, pull) = pair().await;
                    flow_of(push, pull, message, count).await
                });
                runtime.block_on(flowing).expect("no task panics")
            });
        });
    }
    group.finish();
}

async fn flow_of(
    mut push: PushSocket,
    mut pull: PullSocket,
    message: Message,
    count: u64,
) -> Duration {
    let start = Instant::now();
    let sending = tokio::spawn(async move {
        for _ in 0..count {
            push.send(message.clone()).await.expect("there is a peer");
        }
        push
    });
    for _ in 0..count {
        pull.recv().await.expect("there is a message");
    }
    let elapsed = start.elapsed();
    sending.await.expect("no task panics");
    elapsed
}

/// Two tasks, on one thread and on two threads.
fn round_trip(c: &mut Criterion) {
    let mut group = c.benchmark_group("inproc round trip");
    for (name, runtime) in [("one thread", single_thread()), ("two threads", two_threads())] {
        group.bench_function(name, |b| {
            b.iter_custom(|count| {
                let asking = runtime.spawn(async move {
                    let (req, rep) = pair().await;
                    ask(req, rep, count).await
                });
                runtime.block_on(asking).expect("no task panics")
            });
        });
    }
    group.finish();
}

async fn ask(mut req: ReqSocket, mut rep: RepSocket, count: u64) -> Duration {
    let serving = tokio::spawn(async move {
        while let Ok(request) = rep.recv().await {
            rep.send(request).await.expect("the peer waits");
        }
    });
    let start = Instant::now();
    for _ in 0..count {
        req.send([1; 64]).await.expect("there is a peer");
        req.recv().await.expect("there is a reply");
    }
    let elapsed = start.elapsed();
    serving.abort();
    elapsed
}

/// Two connected sockets in their own context.
async fn pair<A: SocketKind, B: SocketKind>() -> (Socket<A>, Socket<B>) {
    let context = Context::new();
    let (one, other) = (Socket::builder_in(&context).build(), Socket::builder_in(&context).build());
    one.bind(ENDPOINT).await.expect("the name is free");
    other.connect(ENDPOINT).expect("the name is bound");
    (one, other)
}

fn single_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

fn two_threads() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().expect("a runtime starts")
}

criterion_group!(benches, send_and_receive, flow, round_trip);
criterion_main!(benches);
