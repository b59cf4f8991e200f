//! CURVE over tcp: sealing, sending, receiving and opening small messages.

use std::time::Instant;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::{Builder, Runtime};
use zeromq_async::security::{Attempt, Decision, generate_curve_keys};
use zeromq_async::{PullSocket, PushSocket};

/// Messages sent before they are received: less than the high-water mark.
const BURST: u64 = 500;

fn throughput(c: &mut Criterion) {
    let mut group = c.benchmark_group("curve over tcp");
    group.throughput(Throughput::Elements(1));
    let runtime = runtime();
    for size in [64, 1024] {
        let (mut push, mut pull) = runtime.block_on(pair());
        let body = vec![1; size];
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter_custom(|count| {
                runtime.block_on(async {
                    let start = Instant::now();
                    let mut left = count;
                    while left > 0 {
                        let burst = left.min(BURST);
                        for _ in 0..burst {
                            push.send(&body[..]).await.expect("it is open");
                        }
                        for _ in 0..burst {
                            pull.recv().await.expect("it is open");
                        }
                        left -= burst;
                    }
                    start.elapsed()
                })
            });
        });
    }
    group.finish();
}

async fn pair() -> (PushSocket, PullSocket) {
    let (server, client) = (generate_curve_keys(), generate_curve_keys());
    let server_key = *server.public_key();
    let allow = |_: Attempt| async { Decision::allow() };
    let pull = PullSocket::builder().curve_server(server, allow).build();
    let push = PushSocket::builder().curve_client(client, server_key).build();
    let endpoint = pull.bind("tcp://127.0.0.1:*").await.expect("a free port");
    push.connect(endpoint).expect("it is open");
    push.wait_for_peers(1).await;
    (push, pull)
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

criterion_group!(benches, throughput);
criterion_main!(benches);
