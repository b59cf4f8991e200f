//! Publishing: matching messages against few and many subscriptions, all of them in use.

use std::time::Instant;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::{Builder, Runtime};
use zeromq_async::{Context, PubSocket, SubSocket};

const ENDPOINT: &str = "inproc://bench";

/// The suffix of subscribed topics.
const END: u8 = b'/';

/// A prime, so that the pseudo-random sequence visits all topics.
const STEP: u64 = 611_953;

/// Sends and receives messages that each match one of many subscriptions.
fn matching(c: &mut Criterion) {
    one_of_many(c, "publish, matched", b'/');
}

/// Drops messages that match none of many subscriptions.
fn dropping(c: &mut Criterion) {
    one_of_many(c, "publish, not matched", b'-');
}

fn one_of_many(c: &mut Criterion, name: &str, end: u8) {
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(1));
    let runtime = runtime();
    for subscriptions in [1, 1_000, 1_000_000] {
        let (mut publisher, mut subscriber) = runtime.block_on(subscribed(subscriptions));
        let mut number = 0;
        group.bench_function(BenchmarkId::from_parameter(subscriptions), |b| {
            b.iter_custom(|count| {
                runtime.block_on(async {
                    let start = Instant::now();
                    for _ in 0..count {
                        number = (number + STEP) % subscriptions;
                        publisher.send(&topic(number, end)[..]).await.expect("it is open");
                        if end == END {
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

/// Sends a message to every subscriber.
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
                subscriber.connect(ENDPOINT).expect("the name is bound");
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

/// A PUB, and a SUB with the given number of subscriptions.
async fn subscribed(subscriptions: u64) -> (PubSocket, SubSocket) {
    let context = Context::new();
    let publisher = PubSocket::builder_in(&context).build();
    let subscriber = SubSocket::builder_in(&context).build();
    (0..subscriptions).for_each(|number| subscriber.subscribe(topic(number, END)));
    publisher.bind(ENDPOINT).await.expect("the name is free");
    subscriber.connect(ENDPOINT).expect("the name is bound");
    (publisher, subscriber)
}

/// `topic/1234567` with a suffix.
fn topic(number: u64, end: u8) -> [u8; 14] {
    let mut topic = *b"topic/0000000/";
    let (mut rest, digits) = (number, 6..13);
    for digit in topic[digits].iter_mut().rev() {
        *digit = b"0123456789"[(rest % 10) as usize];
        rest /= 10;
    }
    topic[13] = end;
    topic
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

criterion_group!(benches, matching, dropping, fan_out);
criterion_main!(benches);
