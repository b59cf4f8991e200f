//! The effect of a stream that never stops on other sockets, and on other peers of its own socket.
//!
//! The strict limits, three times the idle latency and ten milliseconds, need an idle machine.
//! Their tests are ignored by default.
//!
//! ```text
//! cargo test --release -p zeromq-async --test latency_under_load -- --ignored
//! ```
//!
//! The other tests tolerate a busy machine. A thread beside them sleeps for a millisecond
//! repeatedly and measures how late it wakes. The limits grow by that lateness, once for each task
//! on the way. They still detect a stream that occupies all threads of the runtime.

#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

use std::time::{Duration, Instant};

use support::lateness::Lateness;
use support::{ANY_PORT, within};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::sleep;
use zeromq_async::{Endpoint, PullSocket, PushSocket, Receives, RepSocket, ReqSocket, Socket};

const SMALL: [u8; 32] = [7; 32];

const ROUND_TRIPS: usize = 2000;

const TRICKLES: usize = 50;

/// Messages of each trickle.
const DROPS: usize = 40;

/// The pause between two messages of a trickle.
const PAUSE: Duration = Duration::from_millis(20);

/// The allowed delay of trickle messages because of a firehose.
const DELAY: Duration = Duration::from_millis(10);

/// The limit for 99 of 100 messages on any machine. Without optimisation a task runs for ten
/// milliseconds until its budget is used up, and the runtime rarely polls for input while all its
/// threads are busy.
const FLOOR: Duration = Duration::from_millis(100);

/// The same for an idle machine and optimised code. A round trip of microseconds that never leaves
/// its thread triples with the first task that it waits for.
const STRICT_FLOOR: Duration = Duration::from_millis(1);

/// The tasks and threads on the way of a message. Each may have to wait for a processor.
const HOPS: u32 = 4;

/// Worker threads of the runtimes.
const WORKERS: usize = 2;

/// The tests run one at a time, because they would disturb each other's measurements.
static ALONE: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bulk_stream_lets_round_trips_through() {
    let _alone = ALONE.lock().await;
    let Trips { idle, beside, lateness } = trips(1).await;
    let most = (idle.p50 * 3).max(DELAY) + lateness;
    assert!(beside.p50 <= most, "{beside:?} and {idle:?} idle, threads {lateness:?} late");
    let most = (idle.p99 * 3).max(FLOOR) + lateness * HOPS;
    assert!(beside.p99 <= most, "{beside:?} and {idle:?} idle, threads {lateness:?} late");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a machine without other work, and an optimised build"]
async fn bulk_stream_at_most_triples_round_trips() {
    triples_at_most(1).await;
}

/// The streams occupy all threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a machine without other work, and an optimised build"]
async fn bulk_per_thread_at_most_triples_round_trips() {
    triples_at_most(WORKERS).await;
}

async fn triples_at_most(streams: usize) {
    let _alone = ALONE.lock().await;
    let Trips { idle, beside, .. } = trips(streams).await;
    assert!(beside.p99 <= (idle.p99 * 3).max(STRICT_FLOOR), "{beside:?} and {idle:?} idle");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn firehose_lets_slow_peers_through() {
    let _alone = ALONE.lock().await;
    let (delays, lateness) = trickles_beside_firehose().await;
    assert!(delays.p50 <= DELAY + lateness, "{delays:?} where threads are {lateness:?} late");
    let most = FLOOR + lateness * HOPS;
    assert!(delays.p99 <= most, "{delays:?} where threads are {lateness:?} late");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a machine without other work, and an optimised build"]
async fn firehose_delays_slow_peers_at_most_10_ms() {
    let _alone = ALONE.lock().await;
    let (delays, _) = trickles_beside_firehose().await;
    assert!(delays.p99 <= DELAY, "{delays:?}");
}

/// Round trips of one pair of sockets, without and with streams between others.
struct Trips {
    idle: Times,
    beside: Times,
    lateness: Duration,
}

async fn trips(streams: usize) -> Trips {
    // Runs in a task, as in a program: the thread of the test is no worker.
    let trips = tokio::spawn(async move {
        let (rep, mut req) = (RepSocket::new(), ReqSocket::new());
        req.connect(rep.bind(ANY_PORT).await.unwrap()).unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(echo(rep));
        round_trips(&mut req).await; // to warm up
        let idle = round_trips(&mut req).await;
        for _ in 0..streams {
            let mut pull = PullSocket::new();
            tasks.spawn(firehose(pull.bind(ANY_PORT).await.unwrap()));
            pull.recv().await.unwrap();
            tasks.spawn(receive_all(pull));
        }
        let lateness = Lateness::watch();
        let beside = round_trips(&mut req).await;
        Trips { idle, beside, lateness: lateness.max() }
    });
    within("round trips", trips).await.unwrap()
}

async fn round_trips(req: &mut ReqSocket) -> Times {
    let mut times = Vec::with_capacity(ROUND_TRIPS);
    for _ in 0..ROUND_TRIPS {
        let start = Instant::now();
        req.send(SMALL).await.unwrap();
        req.recv().await.unwrap();
        times.push(start.elapsed());
    }
    Times::of(times)
}

async fn echo(mut rep: RepSocket) {
    while let Ok(request) = rep.recv().await {
        rep.send(request).await.unwrap();
    }
}

async fn firehose(endpoint: Endpoint) {
    let mut push = PushSocket::new();
    push.connect(endpoint).unwrap();
    while push.send(SMALL).await.is_ok() {}
}

async fn receive_all<P: Receives>(mut socket: Socket<P>) {
    while socket.recv().await.is_ok() {}
}

/// The latencies of messages from many slow senders to a receiver that also has a fast sender, and
/// the lateness of threads on this machine.
async fn trickles_beside_firehose() -> (Times, Duration) {
    let delays = tokio::spawn(async {
        let mut pull = PullSocket::new();
        let endpoint = pull.bind(ANY_PORT).await.unwrap();
        let start = Instant::now();
        let mut tasks = JoinSet::new();
        tasks.spawn(firehose(endpoint.clone()));
        for number in 0..TRICKLES {
            let first = PAUSE * u32::try_from(number).unwrap() / u32::try_from(TRICKLES).unwrap();
            tasks.spawn(trickle(endpoint.clone(), start, first));
        }
        pull.wait_for_peers(1 + TRICKLES).await;
        let lateness = Lateness::watch();
        let mut delays = Vec::with_capacity(TRICKLES * DROPS);
        while delays.len() < TRICKLES * DROPS {
            let message = pull.recv().await.unwrap();
            if let Ok(sent) = <[u8; 8]>::try_from(&message.first().unwrap()[..]) {
                let sent = Duration::from_nanos(u64::from_be_bytes(sent));
                delays.push(start.elapsed().saturating_sub(sent));
            }
        }
        assert_eq!(tasks.len(), 1 + TRICKLES, "a sender has stopped");
        (Times::of(delays), lateness.max())
    });
    within("trickles", delays).await.unwrap()
}

/// Sends the time since `start` at intervals.
async fn trickle(endpoint: Endpoint, start: Instant, first: Duration) {
    let mut push = PushSocket::new();
    push.connect(endpoint).unwrap();
    push.wait_for_peers(1).await;
    sleep(first).await;
    loop {
        let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap();
        push.send(nanos.to_be_bytes()).await.unwrap();
        sleep(PAUSE).await;
    }
}

/// Sorted times, for quantiles.
#[derive(Debug)]
struct Times {
    p50: Duration,
    p99: Duration,
    #[expect(dead_code, reason = "shown where a test fails")]
    most: Duration,
}

impl Times {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |hundredths| times[(times.len() - 1) * hundredths / 100];
        Self { p50: at(50), p99: at(99), most: at(100) }
    }
}
