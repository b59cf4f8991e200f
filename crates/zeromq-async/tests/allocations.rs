//! Allocations per small message, after buffers have grown and connections are established.
//!
//! One direction needs none. Where a test allows some, the number is today's number: a change that
//! saves allocations lowers it.
//!
//! Everything runs on the thread of the test, and only allocations of that thread are counted: of
//! both sockets, their connection tasks and Tokio. Counting begins after the setup.

#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

use allocation_counter::measure;
use support::{ANY_PORT, DEADLINE, within};
use tokio::runtime::{Builder, Runtime};
use zeromq_async::{
    Context, DealerSocket, PubSocket, PullSocket, PushSocket, Receives, RepSocket, ReqSocket,
    RouterSocket, Sends, Socket, SocketKind, SubSocket,
};
use zeromq_util::layer::{CircuitBreakerLayer, RateLimitLayer, RecvExt, SendExt, WithLayer};
use zeromq_util::proxy::Proxy;

/// Small enough to be stored inside a message.
const SMALL: [u8; 32] = [7; 32];

const MESSAGES: usize = 10_000;

/// Tokio allocates occasionally, when a task has used up its budget.
const NOTHING: f64 = 0.001;

/// For sockets that allocate a buffer for many messages and free it when it is empty.
const AMORTISED: f64 = 0.01;

/// A message with several frames has a list of them.
const LIST: f64 = 1.0;

/// A message that is read alone needs two or three read buffers of 8 KiB and their reference count.
const READ_ALONE: f64 = 3.5;

/// The same if each message is awaited and nothing else is read in between.
const READ_ALONE_AT_ONCE: f64 = 3.0;

/// Less than the default high-water mark, so that no send waits.
const BURST: usize = 500;

const INPROC: &str = "inproc://allocations";

/// Sockets on a current-thread runtime.
struct Bench {
    runtime: Runtime,
    context: Context,
}

impl Bench {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        Self { runtime, context: Context::new() }
    }

    /// A bound socket and the sockets that are connected to it.
    fn sockets<A: SocketKind, B: SocketKind>(
        &self,
        endpoint: &str,
        mut connecting: Vec<Socket<B>>,
    ) -> (Socket<A>, Vec<Socket<B>>) {
        let bound = Socket::builder_in(&self.context).build();
        self.runtime.block_on(within("peers", async {
            let endpoint = bound.bind(endpoint).await.unwrap();
            for socket in &mut connecting {
                socket.connect(&endpoint).unwrap();
                socket.wait_for_peers(1).await;
            }
            bound.wait_for_peers(connecting.len()).await;
        }));
        (bound, connecting)
    }

    fn pair<A: SocketKind, B: SocketKind>(&self, endpoint: &str) -> (Socket<A>, Socket<B>) {
        let connecting = Socket::builder_in(&self.context).build();
        let (bound, mut connecting) = self.sockets(endpoint, vec![connecting]);
        (bound, connecting.remove(0))
    }

    fn subscribers(&self, count: usize) -> Vec<SubSocket> {
        let subscriber = |_| SubSocket::builder_in(&self.context).subscribe("").build();
        (0..count).map(subscriber).collect()
    }

    /// Returns the allocations per message of `step`, which sends `messages` messages, after a
    /// warm-up.
    fn allocations(&self, messages: usize, mut step: impl AsyncFnMut()) -> f64 {
        let steps = MESSAGES / messages;
        let mut run = || {
            let steps = async {
                for _ in 0..steps {
                    step().await;
                }
            };
            self.runtime.block_on(within("messages", steps));
        };
        run();
        let counted = measure(run).count_total;
        counted as f64 / (steps * messages) as f64
    }

    /// Like [`allocations`](Self::allocations) with a sender that never stops and sends each message to all receivers.
    fn allocations_of_stream<S: Sends, R: Receives>(
        &self,
        mut sender: Socket<S>,
        receivers: &mut [Socket<R>],
    ) -> f64
    where
        Socket<S>: Send + 'static,
    {
        let sending = self.runtime.spawn(async move { while sender.send(SMALL).await.is_ok() {} });
        let allocations = self.allocations(BURST * receivers.len(), async || {
            for receiver in &mut *receivers {
                receive(receiver, BURST).await;
            }
        });
        sending.abort();
        allocations
    }
}

async fn send<P: Sends>(socket: &mut Socket<P>, count: usize) {
    for _ in 0..count {
        socket.send(SMALL).await.unwrap();
    }
}

async fn receive<P: Receives>(socket: &mut Socket<P>, count: usize) {
    for _ in 0..count {
        socket.recv().await.unwrap();
    }
}

async fn echo<P: Receives + Sends>(socket: &mut Socket<P>, count: usize) {
    for _ in 0..count {
        let message = socket.recv().await.unwrap();
        socket.send(message).await.unwrap();
    }
}

#[test]
fn push_to_pull_inproc_allocates_nothing() {
    for burst in [1, BURST] {
        let bench = Bench::new();
        let (mut pull, mut push): (PullSocket, PushSocket) = bench.pair(INPROC);
        let allocations = bench.allocations(burst, async || {
            send(&mut push, burst).await;
            receive(&mut pull, burst).await;
        });
        assert!(allocations < NOTHING, "{allocations} for each message, in bursts of {burst}");
    }
}

#[test]
fn layers_allocate_nothing() {
    let bench = Bench::new();
    let (pull, push): (PullSocket, PushSocket) = bench.pair(INPROC);
    let mut push = push
        .with_layer(RateLimitLayer::new())
        .with_layer(CircuitBreakerLayer::on_send(1, DEADLINE));
    let mut pull = pull
        .with_layer(RateLimitLayer::new())
        .with_layer(CircuitBreakerLayer::on_reply(1, DEADLINE));
    let allocations = bench.allocations(BURST, async || {
        for _ in 0..BURST {
            push.send(SMALL).await.unwrap();
        }
        for _ in 0..BURST {
            pull.recv().await.unwrap();
        }
    });
    assert!(allocations < NOTHING, "{allocations} for each message");
}

/// Wrapping a socket does not allocate either.
#[test]
fn layer_adds_no_heap_to_a_socket() {
    let bench = Bench::new();
    let make = || PushSocket::builder_in(&bench.context).build();
    let _enter = bench.runtime.enter();
    drop(make()); // what is made once is there
    let bare = measure(|| drop(make()));
    let wrapped = measure(|| {
        drop(
            make()
                .with_layer(RateLimitLayer::new())
                .with_layer(CircuitBreakerLayer::on_send(1, DEADLINE)),
        );
    });
    assert_eq!(
        (wrapped.count_total, wrapped.bytes_total),
        (bare.count_total, bare.bytes_total),
        "allocations, and their bytes"
    );
}

#[test]
fn pub_to_sub_inproc_allocates_nothing() {
    for (subscribers, burst) in [(1, 1), (1, BURST), (3, 1), (3, BURST)] {
        let bench = Bench::new();
        let (mut publisher, mut subscribers): (PubSocket, _) =
            bench.sockets(INPROC, bench.subscribers(subscribers));
        let allocations = bench.allocations(burst, async || {
            send(&mut publisher, burst).await;
            for subscriber in &mut subscribers {
                receive(subscriber, burst).await;
            }
        });
        let subscribers = subscribers.len();
        assert!(
            allocations < NOTHING,
            "{allocations} for each message to {subscribers} subscribers, in bursts of {burst}"
        );
    }
}

#[test]
fn push_to_pull_over_tcp_rarely_allocates() {
    let bench = Bench::new();
    let (pull, push): (PullSocket, PushSocket) = bench.pair(ANY_PORT);
    let allocations = bench.allocations_of_stream(push, &mut [pull]);
    assert!(allocations < AMORTISED, "{allocations} for each message");
}

#[test]
fn pub_to_sub_over_tcp_rarely_allocates() {
    for subscribers in [1, 3] {
        let bench = Bench::new();
        let (publisher, mut subscribers): (PubSocket, _) =
            bench.sockets(ANY_PORT, bench.subscribers(subscribers));
        let allocations = bench.allocations_of_stream(publisher, &mut subscribers);
        let subscribers = subscribers.len();
        assert!(
            allocations < AMORTISED,
            "{allocations} for each message to each of {subscribers} subscribers"
        );
    }
}

/// ROUTER allocates a list of two frames, the routing id of five bytes and the body.
#[test]
fn dealer_to_router_allocates_one_frame_list() {
    for (endpoint, most) in [(INPROC, LIST + NOTHING), (ANY_PORT, LIST + 3.0 * AMORTISED)] {
        let bench = Bench::new();
        let (mut router, mut dealer): (RouterSocket, DealerSocket) = bench.pair(endpoint);
        let allocations = bench.allocations(BURST, async || {
            send(&mut dealer, BURST).await;
            echo(&mut router, BURST).await;
            receive(&mut dealer, BURST).await;
        });
        assert!(allocations <= most, "{allocations} for each round trip over {endpoint}");
    }
}

/// Each side allocates a list for the received delimiter and body. A sent message reuses its list.
#[test]
fn req_to_rep_allocates_only_envelopes() {
    const ENVELOPES: f64 = 2.0 * LIST;
    for (endpoint, most) in
        [(INPROC, ENVELOPES + NOTHING), (ANY_PORT, ENVELOPES + 2.0 * READ_ALONE_AT_ONCE + NOTHING)]
    {
        let bench = Bench::new();
        let (mut rep, mut req): (RepSocket, ReqSocket) = bench.pair(endpoint);
        let allocations = bench.allocations(1, async || {
            send(&mut req, 1).await;
            echo(&mut rep, 1).await;
            receive(&mut req, 1).await;
        });
        assert!(allocations <= most, "{allocations} for each round trip over {endpoint}");
    }
}

/// An idle connection keeps no buffer, so a single message allocates one.
#[test]
fn lone_tcp_message_allocates_its_read_buffer() {
    let bench = Bench::new();
    let (mut pull, mut push): (PullSocket, PushSocket) = bench.pair(ANY_PORT);
    let allocations = bench.allocations(1, async || {
        send(&mut push, 1).await;
        receive(&mut pull, 1).await;
    });
    assert!(allocations <= READ_ALONE + NOTHING, "{allocations} for each message");
}

/// A proxy adds no allocation to a small message and no copy to a large one.
#[test]
fn proxy_neither_allocates_nor_copies() {
    const LARGE: usize = 1 << 20;
    /// The buffers of the two queues grow during the first burst.
    const GROWTH: f64 = 0.05;
    let bench = Bench::new();
    let (front, mut push): (PullSocket, PushSocket) = bench.pair("inproc://proxy-front");
    let (back, mut pull): (PushSocket, PullSocket) = bench.pair("inproc://proxy-back");
    let mut proxy = Proxy::one_way(front, back);
    bench.runtime.spawn(async move { proxy.run().await });
    for (burst, most) in [(1, NOTHING), (BURST, GROWTH)] {
        let allocations = bench.allocations(burst, async || {
            send(&mut push, burst).await;
            receive(&mut pull, burst).await;
        });
        assert!(allocations < most, "{allocations} for each message, in bursts of {burst}");
    }
    let large = bytes::Bytes::from(vec![7; LARGE]);
    let counted = measure(|| {
        bench.runtime.block_on(async {
            for _ in 0..10 {
                push.send(large.clone()).await.unwrap();
                assert_eq!(pull.recv().await.unwrap().size(), LARGE);
            }
        });
    });
    let bytes = counted.bytes_total;
    assert!(bytes < LARGE as u64, "{bytes} bytes allocated for 10 messages of {LARGE}");
}
