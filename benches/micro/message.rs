//! Creating and copying messages.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use zmtp_codec::{Frame, Message};

const SIZES: [usize; 5] = [16, 64, 65, 1024, 16 * 1024];

fn from_slice(c: &mut Criterion) {
    let mut group = c.benchmark_group("message from slice");
    for size in SIZES {
        let bytes = vec![1; size];
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter(|| Message::from(black_box(&bytes[..])));
        });
    }
    group.finish();
}

fn from_bytes(c: &mut Criterion) {
    let mut group = c.benchmark_group("message from shared bytes");
    for size in SIZES {
        let bytes = Bytes::from(vec![1; size]);
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter(|| Message::from(black_box(&bytes).clone()));
        });
    }
    group.finish();
}

fn clone(c: &mut Criterion) {
    let mut group = c.benchmark_group("message clone");
    for size in SIZES {
        let message = Message::from(vec![1; size]);
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter(|| black_box(&message).clone());
        });
    }
    group.finish();
}

fn multipart(c: &mut Criterion) {
    let mut group = c.benchmark_group("message of frames");
    for frames in [2, 3, 10] {
        group.bench_function(BenchmarkId::from_parameter(frames), |b| {
            b.iter(|| Message::multipart((0..frames).map(|_| Frame::from(black_box("frame")))));
        });
    }
    group.finish();
}

criterion_group!(benches, from_slice, from_bytes, clone, multipart);
criterion_main!(benches);
