//! The cost of a message in `zmtp-codec` alone: decoding and encoding.

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use zmtp_codec::{Batch, Decoder, Inbound, Limits, Message};

const SIZES: [usize; 5] = [16, 64, 256, 1024, 16 * 1024];

/// The number of messages per batch, about as many as one read returns.
const MESSAGES: usize = 100;

fn push(c: &mut Criterion) {
    let mut group = c.benchmark_group("push");
    group.throughput(Throughput::Elements(MESSAGES as u64));
    for size in SIZES {
        let message = message(size);
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            let mut batch = Batch::new();
            b.iter(|| {
                batch.clear();
                for _ in 0..MESSAGES {
                    batch.push(black_box(&message).clone());
                }
                batch.bytes()
            });
        });
    }
    group.finish();
}

fn write(c: &mut Criterion) {
    let mut group = c.benchmark_group("write");
    group.throughput(Throughput::Elements(MESSAGES as u64));
    for size in SIZES {
        let full = batch(size);
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter_batched_ref(|| full.clone(), write_all, BatchSize::SmallInput);
        });
    }
    group.finish();
}

/// Drains a batch in writes of 64 KiB, like a socket.
fn write_all(batch: &mut Batch) -> usize {
    let mut bytes = 0;
    while !batch.is_empty() {
        let chunk = batch.first_chunk().len().min(64 * 1024);
        bytes += chunk;
        batch.advance(chunk);
    }
    bytes
}

fn decode(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode");
    group.throughput(Throughput::Elements(MESSAGES as u64));
    for size in SIZES {
        let wire = wire(size);
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter_batched_ref(|| wire.clone(), decode_run, BatchSize::SmallInput);
        });
    }
    group.finish();
}

fn pop(c: &mut Criterion) {
    let mut group = c.benchmark_group("pop");
    group.throughput(Throughput::Elements(MESSAGES as u64));
    for size in SIZES {
        let mut received = Batch::new();
        if let Inbound::Messages(run) = decode_run(&mut wire(size)) {
            received.push_run(run);
        }
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter_batched_ref(
                || received.clone(),
                |batch| {
                    while let Some(message) = batch.pop() {
                        black_box(message);
                    }
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn message(size: usize) -> Message {
    Message::from(vec![1; size])
}

fn batch(size: usize) -> Batch {
    let mut batch = Batch::new();
    batch.extend((0..MESSAGES).map(|_| message(size)));
    batch
}

fn wire(size: usize) -> BytesMut {
    let (mut batch, mut wire) = (batch(size), BytesMut::new());
    while !batch.is_empty() {
        wire.extend_from_slice(batch.first_chunk());
        batch.advance(batch.first_chunk().len());
    }
    wire
}

fn decode_run(wire: &mut BytesMut) -> Inbound {
    let decoded = Decoder::new(Limits::default()).decode(wire, usize::MAX);
    decoded.expect("these are messages").expect("they are whole")
}

criterion_group!(benches, push, write, decode, pop);
criterion_main!(benches);
