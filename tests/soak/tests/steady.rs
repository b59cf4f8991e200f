//! The workload leaks nothing.

#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use soak::Sample;
use soak::workload::{self, Residents};

/// Waits until there are no more descriptors and tasks than before. Panics with both samples
/// otherwise.
async fn settles(before: Sample) {
    let begun = Instant::now();
    loop {
        let now = Sample::take().expect("a sample");
        if now.descriptors <= before.descriptors && now.tasks <= before.tasks {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "before {before:?}, now {now:?}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rounds_release_descriptors_and_tasks() {
    let mut residents = Residents::bind().await.expect("free ports");
    let before = Sample::take().expect("a sample");
    for _ in 0..10 {
        residents.subscribe().await.expect("subscribers");
        residents.push().await.expect("senders");
        workload::request().await.expect("clients and servers");
        workload::reconnect().await.expect("a client that reconnects");
        workload::drop_unsent().await.expect("sockets without peers");
        settles(before).await;
    }
}
