//! A relay cuts connections at random offsets and records complete messages. The counts of the
//! sockets must match its records.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};

use socket2::SockRef;
use support::{ANY_PORT, address, fast_reconnect, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use zeromq_async::{
    DealerSocket, Endpoint, Message, PubSocket, PullSocket, PushSocket, Receives, RouterSocket,
    Sends, Socket, SocketStats, SubSocket,
};

/// The numbers of the messages that a relay has seen completely, by outcome.
#[derive(Debug, Default)]
struct Records {
    passed: Vec<u64>,
    swallowed: Vec<u64>,
    cuts: usize,
}

/// Forwards each connection up to an offset, then reads the rest and forwards nothing.
struct Cutter {
    endpoint: Endpoint,
    books: Arc<Mutex<Records>>,
    /// The number of open connections.
    open: Arc<tokio::sync::watch::Sender<usize>>,
    task: AbortHandle,
}

/// The direction of the recorded messages.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// From the connecting socket.
    Up,
    Down,
}

impl Cutter {
    /// Cuts each connection after a number of bytes in `lengths`, up to `cuts` times.
    async fn start(
        bound: &Endpoint,
        flow: Flow,
        seed: u64,
        cuts: usize,
        lengths: RangeInclusive<u64>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        set_small_buffers(&listener);
        let endpoint = Endpoint::from(listener.local_addr().unwrap());
        let books = Arc::new(Mutex::new(Records::default()));
        let open = Arc::new(tokio::sync::watch::Sender::new(0));
        let (bound, kept, opened) = (address(bound), books.clone(), open.clone());
        let task = tokio::spawn(async move {
            let mut random = Random(seed);
            let mut connections = JoinSet::new();
            while let Ok((below, _)) = listener.accept().await {
                let may_cut = kept.lock().unwrap().cuts < cuts;
                let after = if may_cut { random.in_range(&lengths) } else { u64::MAX };
                kept.lock().unwrap().cuts += usize::from(may_cut);
                let (books, open) = (kept.clone(), opened.clone());
                open.send_modify(|open| *open += 1);
                connections.spawn(async move {
                    // This fails if the bound socket was the sender and has closed.
                    if let Ok(above) = TcpStream::connect(bound).await {
                        set_small_buffers(&above);
                        relay(below, above, flow, after, &books).await;
                    }
                    open.send_modify(|open| *open -= 1);
                });
            }
        });
        Self { endpoint, books, open, task: task.abort_handle() }
    }

    /// Waits until every connection has ended, and returns the records.
    async fn finish(self) -> Records {
        let mut open = self.open.subscribe();
        within("connections to end", open.wait_for(|open| *open == 0)).await.unwrap();
        self.task.abort();
        std::mem::take(&mut self.books.lock().unwrap())
    }
}

/// Asks the kernel for small buffers, so that a cut loses little and connections end while messages
/// wait.
fn set_small_buffers(socket: &impl AsFd) {
    SockRef::from(socket).set_recv_buffer_size(SMALL_BUFFER).unwrap();
}

/// The requested size of a kernel buffer. The kernel may choose another size.
const SMALL_BUFFER: usize = 4 * 1024;

async fn relay(below: TcpStream, above: TcpStream, flow: Flow, after: u64, books: &Mutex<Records>) {
    let (from_below, to_below) = below.into_split();
    let (from_above, to_above) = above.into_split();
    let ((from, to), (back_from, back_to)) = match flow {
        Flow::Up => ((from_below, to_above), (from_above, to_below)),
        Flow::Down => ((from_above, to_below), (from_below, to_above)),
    };
    // The reverse direction ends together with the forward direction, so that each socket sees its
    // peer close.
    let back = tokio::spawn(pass(back_from, back_to));
    count(from, to, after, back.abort_handle(), books).await;
}

/// Forwards bytes unchanged.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let _ = tokio::io::copy(&mut from, &mut to).await;
}

/// Forwards `after` bytes, reads the rest, and records each message at its end.
async fn count(
    mut from: OwnedReadHalf,
    to: OwnedWriteHalf,
    after: u64,
    back: AbortHandle,
    books: &Mutex<Records>,
) {
    let mut frames = Frames::default();
    let mut to = Some(to);
    let mut bytes = vec![0; 64 * 1024];
    let mut left = after;
    loop {
        let count = match from.read(&mut bytes).await {
            Ok(0) | Err(_) => break,
            Ok(count) => count,
        };
        let now = count.min(usize::try_from(left).unwrap_or(usize::MAX));
        if let Some(writer) = &mut to {
            // A closed socket accepts no bytes, which has the effect of a cut.
            writer.write_all(&bytes[..now]).await.expect("the socket reads to the end");
        }
        {
            let mut books = books.lock().unwrap();
            frames.read(&bytes[..now], &mut books.passed);
            frames.read(&bytes[now..count], &mut books.swallowed);
        }
        left -= now as u64;
        if left == 0 && to.take().is_some() {
            // Ends both directions, and reads from a side that still writes until it ends.
            back.abort();
        }
    }
}

/// Finds the messages in a stream: after the greeting, frames of at most 255 bytes, the last of
/// each message with its number in front.
#[derive(Default)]
struct Frames {
    rest: Vec<u8>,
    greeted: bool,
}

impl Frames {
    fn read(&mut self, bytes: &[u8], numbers: &mut Vec<u64>) {
        self.rest.extend_from_slice(bytes);
        let mut at = 0;
        if !self.greeted {
            if self.rest.len() < 64 {
                return;
            }
            (self.greeted, at) = (true, 64);
        }
        while let Some([flags, size]) = self.rest.get(at..at + 2) {
            let (is_message, is_last) = (flags & 4 == 0, flags & 1 == 0);
            assert_eq!(flags & 2, 0, "a long frame");
            let Some(body) = self.rest.get(at + 2..at + 2 + usize::from(*size)) else { break };
            if is_message && is_last {
                numbers.push(number(body));
            }
            at += 2 + body.len();
        }
        self.rest.drain(..at);
    }
}

fn number(body: &[u8]) -> u64 {
    u64::from_be_bytes(body[..8].try_into().expect("a number"))
}

/// Marsaglia's xorshift, for the same cuts in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn in_range(&mut self, range: &RangeInclusive<u64>) -> u64 {
        range.start() + self.next() % (range.end() - range.start() + 1)
    }
}

/// The received numbers, in order for each connection.
#[derive(Default)]
struct Received {
    numbers: Vec<u64>,
    last: std::collections::HashMap<zeromq_async::PeerId, u64>,
}

impl Received {
    fn record(&mut self, message: &Message, peer: zeromq_async::PeerId) {
        let number = number(message.last().expect("a frame"));
        let before = self.last.insert(peer, number);
        assert!(before.is_none_or(|before| before < number), "{number} after {before:?}");
        self.numbers.push(number);
    }
}

/// Receives until the number of forwarded messages is known and all of them have arrived.
async fn receive<P: Receives>(
    mut socket: Socket<P>,
    mut passed: tokio::sync::watch::Receiver<usize>,
) -> (Socket<P>, Received) {
    let mut received = Received::default();
    while received.numbers.len() != *passed.borrow_and_update() {
        tokio::select! {
            message = socket.recv_from() => {
                let (message, peer) = message.unwrap();
                received.record(&message, peer.id());
            }
            changed = passed.changed() => changed.expect("the number of forwarded messages"),
        }
    }
    assert!(socket.try_recv().is_err(), "more came than passed");
    (socket, received)
}

/// More than any run forwards: the number is not known yet.
const UNKNOWN: usize = usize::MAX;

fn body(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

/// Sends `count` numbered messages, with frames in front of the number if `envelope` says so.
async fn send<P: Sends>(socket: &mut Socket<P>, count: u64) {
    for number in 0..count {
        socket.send(&body(number)[..]).await.unwrap();
    }
}

/// One socket sends numbers to another through a relay that cuts connections. The result holds the
/// records of all three.
struct Trial {
    stats: SocketStats,
    unsent: usize,
    books: Records,
    received: Received,
    receiver: SocketStats,
}

async fn trial<S: Sends, R: Receives>(
    sender: Socket<S>,
    receiver: Socket<R>,
    flow: Flow,
    (messages, cuts, longest): (u64, usize, u64),
) -> Trial
where
    Socket<S>: Send + 'static,
    Socket<R>: Send + 'static,
{
    let (bound, connecting) = match flow {
        Flow::Up => (receiver.handle(), sender.handle()),
        Flow::Down => (sender.handle(), receiver.handle()),
    };
    let bound = bound.bind(ANY_PORT).await.unwrap();
    let cutter = Cutter::start(&bound, flow, 0x5eed, cuts, 1..=longest).await;
    connecting.connect(&cutter.endpoint).unwrap();
    let handle = sender.handle().clone();
    let (total, passed) = tokio::sync::watch::channel(UNKNOWN);
    let receiving = tokio::spawn(receive(receiver, passed));
    let sending = tokio::spawn(async move {
        let mut sender = sender;
        send(&mut sender, messages).await;
        sender.close().await
    });
    let report = tokio::time::timeout(LONG, sending).await.expect("to send all").unwrap();
    let books = cutter.finish().await;
    total.send_replace(books.passed.len());
    let (receiver, received) = within("what passed", receiving).await.unwrap();
    assert_eq!(books.cuts, cuts);
    let (stats, receiver) = (handle.stats(), receiver.stats());
    Trial { stats, unsent: report.unsent, books, received, receiver }
}

/// For a million messages on a busy machine.
const LONG: std::time::Duration = std::time::Duration::from_secs(120);

impl Trial {
    /// The relay's records match the receiver's and the sender's.
    fn check(&self, accepted: u64) {
        let Self { stats, books, received, receiver, .. } = self;
        let gone = stats.sent + stats.queued + stats.lost + stats.dropped.total();
        assert_eq!(accepted + stats.own, gone, "{stats:?}");
        assert_eq!(self.unsent as u64, stats.queued + stats.lost);
        let (passed, swallowed) = (books.passed.len() as u64, books.swallowed.len() as u64);
        assert_eq!(stats.sent, passed + swallowed, "{stats:?}");
        assert_ne!(swallowed, 0, "no cut cost a message");

        let mut seen = HashSet::with_capacity(books.passed.len());
        for number in books.passed.iter().chain(&books.swallowed) {
            assert!(seen.insert(*number), "{number} was sent twice");
        }
        assert_eq!(received.numbers.len() as u64, passed);
        assert!(received.numbers.iter().collect::<HashSet<_>>() == books.passed.iter().collect());
        assert_eq!((receiver.received, receiver.taken), (passed, passed));
        assert_eq!((receiver.unread, receiver.discarded.total()), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn million_push_messages_are_accounted_for() {
    let push = PushSocket::builder().reconnect(fast_reconnect()).send_buffer(SMALL_BUFFER).build();
    let trial = trial(push, PullSocket::new(), Flow::Up, (1_000_000, 100, 80_000)).await;
    trial.check(1_000_000);
    assert_eq!((trial.unsent, trial.stats.dropped.total()), (0, 0));
}

#[tokio::test]
async fn dealer_messages_are_accounted_for() {
    let dealer =
        DealerSocket::builder().reconnect(fast_reconnect()).send_buffer(SMALL_BUFFER).build();
    let trial = trial(dealer, RouterSocket::new(), Flow::Up, (100_000, 15, 20_000)).await;
    trial.check(100_000);
    assert_eq!((trial.unsent, trial.stats.dropped.total()), (0, 0));
}

/// On the accepted side, messages that a connection did not take are lost and counted.
#[tokio::test]
async fn accepted_peer_messages_are_sent_or_lost() {
    let pull = PullSocket::builder().reconnect(fast_reconnect()).build();
    let push = PushSocket::builder().send_buffer(SMALL_BUFFER).build();
    let trial = trial(push, pull, Flow::Down, (100_000, 15, 20_000)).await;
    trial.check(100_000);
}

/// Row 2 of the catalogue: the publisher's drop count at the high-water mark is exactly the number
/// of missing messages.
#[tokio::test]
async fn publisher_drops_equal_subscriber_misses() {
    const MESSAGES: u64 = 20_000;
    let mut publisher = PubSocket::builder().send_high_water_mark(50).build();
    let mut sub = SubSocket::builder().subscribe("").receive_high_water_mark(50).build();
    sub.connect(publisher.bind(ANY_PORT).await.unwrap()).unwrap();
    within("the subscriber", publisher.wait_for_subscribers("", 1)).await;
    for number in 0..MESSAGES {
        // Large enough to fill the kernel's buffers soon.
        let mut message = vec![0; 2_000];
        message[..8].copy_from_slice(&body(number));
        publisher.send(message).await.unwrap();
    }
    let handle = publisher.handle().clone();
    let mut closing = tokio::spawn(publisher.close());
    let mut report = None;
    let mut received = 0;
    let mut last = None;
    while report.is_none() || received < handle.stats().sent {
        let message = within("a message, or the end", async {
            tokio::select! {
                message = sub.recv() => Some(message.unwrap()),
                ended = &mut closing, if report.is_none() => {
                    report = Some(ended.unwrap());
                    None
                }
            }
        });
        let Some(message) = message.await else { continue };
        let number = number(message.first().unwrap());
        assert!(last.is_none_or(|last| last < number));
        (received, last) = (received + 1, Some(number));
    }
    let stats = handle.stats();
    assert!(stats.dropped.full > 0, "nothing was dropped");
    assert_eq!(received + stats.dropped.full, MESSAGES);
    assert_eq!((stats.sent, stats.lost, stats.queued), (received, 0, 0));
    assert_eq!(sub.stats().taken, received);
    assert_eq!(report.unwrap().unsent, 0);
}
