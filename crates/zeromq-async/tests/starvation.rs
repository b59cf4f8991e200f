//! Peers that cause as much work as they can, and the round trips of another peer on the same
//! runtime, beside four flooders of each kind.
//!
//! The strict limit, five milliseconds for 99 of 100 round trips, needs an idle machine:
//!
//! ```text
//! cargo test --release -p zeromq-async --test starvation -- --ignored --nocapture --test-threads 1
//! ```
//!
//! The other tests tolerate a busy machine. They add the measured lateness of threads to the limit
//! and detect unbounded work, which takes seconds.

#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use support::hostile::{command, frame, greeting, ready};
use support::lateness::Lateness;
use support::{ANY_PORT, address, within};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinHandle as Task, spawn};
use zeromq_async::{Endpoint, PubSocket, PullSocket, RepSocket, ReqSocket, XPubSocket};

const FLOODERS: usize = 4;

const ROUND_TRIPS: usize = 100;

const STRICT: Duration = Duration::from_millis(5);

/// The limit for 99 of 100 round trips on any machine. Without optimisation a turn takes ten times
/// as long, and a round trip waits for several turns of each flooder.
const FLOOR: Duration = Duration::from_millis(500);

/// Threads and tasks on the way of a round trip. Each may wake late.
const HOPS: u32 = 4;

/// A kind of work that a peer causes.
#[derive(Debug, Clone, Copy)]
enum Flood {
    /// Repeated subscriptions and cancellations at a PUB.
    Subscriptions,
    /// The same with long topics.
    LongTopics,
    /// The same as messages of ZMTP 3.0.
    OldSubscriptions,
    /// Messages to a PUB, which receives none.
    Unheard,
    /// Unknown commands.
    Unknown,
    /// PINGs without reading the PONGs.
    Pings,
    /// One message of many frames after the other.
    Frames,
    /// Messages of one byte to a receiving socket without a high-water mark.
    Messages,
    /// Messages of 64 KiB to the same.
    Large,
    /// Subscriptions to an XPUB that receives the changes.
    Changes,
}

const ALL: [Flood; 10] = [
    Flood::Subscriptions,
    Flood::LongTopics,
    Flood::OldSubscriptions,
    Flood::Unheard,
    Flood::Unknown,
    Flood::Pings,
    Flood::Frames,
    Flood::Messages,
    Flood::Large,
    Flood::Changes,
];

impl Flood {
    /// The factor for the time limit. A message is received whole, and one of 60,000 frames takes more
    /// than a millisecond.
    fn allowance(self) -> u32 {
        if let Self::Frames = self { 2 } else { 1 }
    }

    fn socket_type(self) -> &'static str {
        match self {
            Self::Subscriptions | Self::LongTopics | Self::OldSubscriptions | Self::Unheard => {
                "SUB"
            }
            Self::Changes => "SUB",
            _ => "PUSH",
        }
    }

    fn minor(self) -> u8 {
        if matches!(self, Self::OldSubscriptions) { 0 } else { 1 }
    }

    /// The bytes that are repeated.
    fn unit(self) -> Vec<u8> {
        match self {
            Self::Subscriptions | Self::Changes => {
                [command("SUBSCRIBE", b"x"), command("CANCEL", b"x")].concat()
            }
            Self::LongTopics => {
                let topic = [b'x'; 60_000];
                [command("SUBSCRIBE", &topic), command("CANCEL", &topic)].concat()
            }
            Self::OldSubscriptions => [frame(0, b"\x01x"), frame(0, b"\0x")].concat(),
            Self::Unheard => frame(0, b"x"),
            Self::Unknown => command("A", b""),
            Self::Pings => command("PING", b"\0\0context"),
            Self::Frames => [frame(1, b"").repeat(60_000), frame(0, b"")].concat(),
            Self::Messages => frame(0, b"x"),
            Self::Large => frame(0, &[b'x'; 65_536]),
        }
    }

    /// The flooded socket, which lives in a task.
    async fn flooded_socket(self) -> (Endpoint, Task<()>) {
        match self {
            Self::Subscriptions | Self::LongTopics | Self::OldSubscriptions | Self::Unheard => {
                let publisher = PubSocket::new();
                let endpoint = publisher.bind(ANY_PORT).await.unwrap();
                (
                    endpoint,
                    spawn(async move {
                        let _publisher = publisher;
                        std::future::pending::<()>().await;
                    }),
                )
            }
            Self::Changes => {
                let mut xpub = XPubSocket::new();
                let endpoint = xpub.bind(ANY_PORT).await.unwrap();
                (endpoint, spawn(async move { while xpub.recv().await.is_ok() {} }))
            }
            _ => {
                let mut pull = PullSocket::builder().receive_high_water_mark(0).build();
                let endpoint = pull.bind(ANY_PORT).await.unwrap();
                (endpoint, spawn(async move { while pull.recv().await.is_ok() {} }))
            }
        }
    }
}

/// A thread that writes the same bytes for ever to a socket after the handshake.
struct Flooder {
    stream: TcpStream,
    thread: JoinHandle<usize>,
}

impl Flooder {
    fn start(flood: Flood, to: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(to).unwrap();
        let hello = [greeting(flood.minor(), "NULL"), ready(flood.socket_type())].concat();
        stream.write_all(&hello).unwrap();
        let unit = flood.unit();
        let chunk = unit.repeat((64 * 1024 / unit.len()).max(1));
        let mut writing = stream.try_clone().unwrap();
        let thread = thread::spawn(move || {
            let mut chunks = 0;
            while writing.write_all(&chunk).is_ok() {
                chunks += 1;
            }
            chunks * chunk.len()
        });
        Self { stream, thread }
    }

    /// Ends the thread and returns the number of written bytes.
    fn stop(self) -> usize {
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
        self.thread.join().unwrap()
    }
}

/// The time of 99 of 100 round trips beside flooders of a kind, and the lateness of threads.
#[allow(clippy::print_stderr, reason = "the figures of a run on an idle machine")]
async fn round_trips_beside(flood: Flood) -> (Duration, Duration) {
    let (endpoint, victim) = flood.flooded_socket().await;
    let (mut rep, mut req) = (RepSocket::new(), ReqSocket::new());
    req.connect(rep.bind(ANY_PORT).await.unwrap()).unwrap();
    let echo = spawn(async move {
        while let Ok(request) = rep.recv().await {
            rep.send(request).await.unwrap();
        }
    });
    round_trip(&mut req).await;
    let to = address(&endpoint);
    let flooders: Vec<_> = (0..FLOODERS).map(|_| Flooder::start(flood, to)).collect();
    let lateness = Lateness::watch();
    let mut times = Vec::with_capacity(ROUND_TRIPS);
    for _ in 0..ROUND_TRIPS {
        times.push(round_trip(&mut req).await);
    }
    let lateness = lateness.max();
    victim.abort();
    echo.abort();
    let bytes: usize = flooders.into_iter().map(Flooder::stop).sum();
    times.sort_unstable();
    let p99 = times[(times.len() - 1) * 99 / 100];
    eprintln!("{flood:?}: p99 {p99:?}, most {:?}, {} MiB", times[times.len() - 1], bytes >> 20);
    assert!(bytes > 0, "the flooders did nothing");
    (p99, lateness)
}

async fn round_trip(req: &mut ReqSocket) -> Duration {
    let start = Instant::now();
    within("a round trip", async {
        req.send("ping").await.unwrap();
        req.recv().await.unwrap();
    })
    .await;
    start.elapsed()
}

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn two_threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Runs in a task, as in a program: the thread of the test is no worker.
fn check(runtime: Runtime, limit: impl Fn(Duration) -> Duration) {
    let results = runtime.block_on(spawn_on(&runtime));
    runtime.shutdown_background();
    for (flood, p99, lateness) in results {
        let limit = limit(lateness) * flood.allowance();
        assert!(
            p99 <= limit,
            "{flood:?}: {p99:?}, and may be {limit:?}; threads {lateness:?} late"
        );
    }
}

fn spawn_on(runtime: &Runtime) -> impl Future<Output = Vec<(Flood, Duration, Duration)>> + use<> {
    let measuring = runtime.spawn(async {
        let mut results = Vec::new();
        for flood in ALL {
            let (p99, lateness) = round_trips_beside(flood).await;
            results.push((flood, p99, lateness));
        }
        results
    });
    async { measuring.await.unwrap() }
}

#[test]
fn floods_leave_time_on_one_thread() {
    check(one_thread(), |lateness| FLOOR + lateness * HOPS);
}

#[test]
fn floods_leave_time_on_two_threads() {
    check(two_threads(), |lateness| FLOOR + lateness * HOPS);
}

#[test]
#[ignore = "needs a machine without other work, and an optimised build"]
fn floods_cost_five_milliseconds_on_one_thread() {
    check(one_thread(), |_| STRICT);
}

#[test]
#[ignore = "needs a machine without other work, and an optimised build"]
fn floods_cost_five_milliseconds_on_two_threads() {
    check(two_threads(), |_| STRICT);
}
