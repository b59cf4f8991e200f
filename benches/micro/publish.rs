//! Publishing: finding who subscribed, among few subscriptions and many.

use std::time::Instant;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::{Builder, Runtime};
use zeromq_async::{Context, Message, PubSocket, SubSocket};

const ENDPOINT: &str = "inproc://bench";

/// A message that one subscription of so many matches is sent and received.
fn matching(c: &mut Criterion) {
    one_of_many(c, "publish, matched", "topic/7/price", true);
}

/// A message that no subscription of so many matches is dropped.
fn dropping(c: &mut Criterion) {
    one_of_many(c, "publish, not matched", "topic/7-price", false);
}

fn one_of_many(c: &mut Criterion, name: &str, topic: &str, matches: bool) {
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(1));
    let runtime = runtime();
    for subscriptions in [1_usize, 1_000, 100_000] {
        let (mut publisher, mut subscriber) = runtime.block_on(subscribed(subscriptions));
        let message = Message::multipart([topic, "12.50"]);
        group.bench_function(BenchmarkId::from_parameter(subscriptions), |b| {
            b.iter_custom(|count| {
                runtime.block_on(async {
                    let start = Instant::now();
                    for _ in 0..count {
                        publisher.send(message.clone()).await.expect("it is open");
                        if matches {
                            subscriber.recv().await.expect("it is subscribed");
                        }
                    }
                    start.elapsed()
                })
            });
        });
    }
    group.finish();
}

/// A message that every subscriber gets.
fn fan_out(c: &mut Criterion) {
    let mut group = c.benchmark_group("publish to all");
    let runtime = runtime();
    for subscribers in [1, 4, 64] {
        group.throughput(Throughput::Elements(subscribers));
        let context = Context::new();
        let (mut publisher, mut all) = runtime.block_on(async {
            let publisher = PubSocket::builder_in(&context).build();
            publisher.bind(ENDPOINT).await.expect("the name is free");
            let mut all = Vec::new();
            for _ in 0..subscribers {
                let subscriber = SubSocket::builder_in(&context).subscribe("").build();
                subscriber.connect(ENDPOINT).await.expect("the name is bound");
                all.push(subscriber);
            }
            (publisher, all)
        });
        group.bench_function(BenchmarkId::from_parameter(subscribers), |b| {
            b.iter_custom(|count| {
                runtime.block_on(async {
                    let start = Instant::now();
                    for _ in 0..count {
                        publisher.send([1; 64]).await.expect("it is open");
                        for subscriber in &mut all {
                            subscriber.recv().await.expect("it is subscribed");
                        }
                    }
                    start.elapsed()
                })
            });
        });
    }
    group.finish();
}

/// A PUB, and a SUB with so many subscriptions, of which the seventh is `topic/7/`.
async fn subscribed(subscriptions: usize) -> (PubSocket, SubSocket) {
    let context = Context::new();
    let publisher = PubSocket::builder_in(&context).build();
    let subscriber = SubSocket::builder_in(&context).build();
    for topic in (0..subscriptions).map(|number| if number == 0 { 7 } else { number + 7 }) {
        subscriber.subscribe(format!("topic/{topic}/"));
    }
    publisher.bind(ENDPOINT).await.expect("the name is free");
    subscriber.connect(ENDPOINT).await.expect("the name is bound");
    (publisher, subscriber)
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

criterion_group!(benches, matching, dropping, fan_out);
criterion_main!(benches);
