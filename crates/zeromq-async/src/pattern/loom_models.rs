//! Senders, the receiver and connection tasks that meet in a pipe, under every interleaving that loom
//! finds. None of them may wait for ever.
//!
//! `RUSTFLAGS="--cfg zmq_loom" cargo test --release -p zeromq-async --lib models`
//!
//! A lost wake-up shows as a deadlock. Loom reports it with the schedule that led there.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::future::block_on;
use loom::thread::{self, JoinHandle};
use tokio::io::AsyncWrite;
use zmtp::{Encoder, Message};

use super::{FairQueue, Peers, ReceiveStrategy, RoundRobin, SendStrategy};
use crate::endpoint::Endpoint;
use crate::error::{RecvError, SendErrorKind};
use crate::options::{HighWaterMark, PipeOptions};
use crate::pipe::{Drained, FrameWriter, Pattern, PeerSet, Pipe};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};

/// Tries every schedule with at most two preemptions.
pub(crate) fn check(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(model);
}

/// A socket's peers, each queue holding one message.
fn peers() -> Arc<PeerSet> {
    Arc::new(PeerSet::new(None))
}

fn one_each() -> PipeOptions {
    let mark = HighWaterMark::from(1);
    PipeOptions { send_high_water_mark: mark, receive_high_water_mark: mark, ..Default::default() }
}

fn open(peers: &PeerSet) -> Arc<Pipe> {
    let pattern: Arc<dyn Pattern> = Arc::new(());
    peers.open(&one_each(), &pattern, Arc::new(Endpoint::Inproc("model".into())))
}

/// Two sockets of one process, connected: a queue of two messages.
pub(crate) struct Inproc(pub(crate) Arc<PeerSet>, pub(crate) Arc<PeerSet>);

impl Drop for Inproc {
    fn drop(&mut self) {
        // The two pipes hold each other until they are parted.
        for pipe in self.0.pipes().iter().chain(&self.1.pipes()) {
            pipe.outbound.disconnect();
        }
    }
}

pub(crate) fn inproc() -> Inproc {
    let (sending, receiving) = (peers(), peers());
    let (one, other) = (open(&sending), open(&receiving));
    // The receiver is there before anything is sent, as in a socket.
    receiving.ready_queue().attach();
    Pipe::join_inproc(&one, &one_each(), &other, &one_each());
    sending.join(&one).unwrap();
    receiving.join(&other).unwrap();
    Inproc(sending, receiving)
}

/// Sends as `Socket::send` does.
fn send(sender: &mut RoundRobin, text: &'static str) -> Result<(), SendErrorKind> {
    let mut message = Message::from(text);
    block_on(poll_fn(|cx| {
        loop {
            match sender.poll_ready(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
            if sender.offer(&mut message).is_ok() {
                return Poll::Ready(Ok(()));
            }
        }
    }))
}

fn recv(queue: &mut FairQueue) -> Result<Message, RecvError> {
    block_on(poll_fn(|cx| queue.poll_recv(cx)))
}

pub(crate) fn sending(peers: &Arc<PeerSet>, texts: &'static [&'static str]) -> JoinHandle<()> {
    let mut sender = RoundRobin::new(&Peers::new(peers.clone()));
    thread::spawn(move || texts.iter().for_each(|text| send(&mut sender, text).unwrap()))
}

#[test]
fn sender_and_receiver_wake_each_other() {
    check(|| {
        let joined = inproc();
        let Inproc(ours, theirs) = &joined;
        let sender = sending(ours, &["1", "2", "3"]);
        let mut queue = FairQueue::new(&Peers::new(theirs.clone()));
        for text in ["1", "2", "3"] {
            assert_eq!(recv(&mut queue).unwrap(), text);
        }
        sender.join().unwrap();
    });
}

#[test]
fn two_waiting_senders_both_get_room() {
    check(|| {
        let joined = inproc();
        let Inproc(ours, theirs) = &joined;
        let senders = [sending(ours, &["1", "2"]), sending(ours, &["1"])];
        let mut queue = FairQueue::new(&Peers::new(theirs.clone()));
        for _ in 0..3 {
            recv(&mut queue).unwrap();
        }
        for sender in senders {
            sender.join().unwrap();
        }
    });
}

#[test]
fn senders_continue_after_receiver_drop() {
    check(|| {
        let joined = inproc();
        let Inproc(ours, theirs) = &joined;
        let queue = FairQueue::new(&Peers::new(theirs.clone()));
        let sender = sending(ours, &["1", "2", "3"]);
        drop(queue);
        sender.join().unwrap();
        assert!(
            theirs.pipes().iter().all(|pipe| pipe.inbound.unread() == 0),
            "kept without a receiver"
        );
    });
}

#[test]
fn receiver_and_peer_leave_together() {
    check(|| {
        let joined = inproc();
        let Inproc(ours, theirs) = &joined;
        let queue = FairQueue::new(&Peers::new(theirs.clone()));
        let mut sender = RoundRobin::new(&Peers::new(ours.clone()));
        send(&mut sender, "1").unwrap();
        let leaving = thread::spawn({
            let (theirs, pipe) = (theirs.clone(), theirs.pipes()[0].clone());
            move || {
                theirs.leave(&pipe);
                pipe.outbound.disconnect();
            }
        });
        drop(queue);
        leaving.join().unwrap();
        let stats = theirs.stats();
        assert_eq!((stats.received, stats.discarded.abandoned), (1, 1));
    });
}

#[test]
fn waiting_sender_finds_new_peer() {
    check(|| {
        let ours = peers();
        let sender = sending(&ours, &["1"]);
        ours.join(&open(&ours)).unwrap();
        sender.join().unwrap();
        assert_eq!(ours.stats().queued, 1);
    });
}

#[test]
fn closing_wakes_sender_and_receiver() {
    check(|| {
        let ours = peers();
        let mut sender = RoundRobin::new(&Peers::new(ours.clone()));
        let mut queue = FairQueue::new(&Peers::new(ours.clone()));
        let sender = thread::spawn(move || send(&mut sender, "1").unwrap_err());
        let receiver = thread::spawn(move || recv(&mut queue).unwrap_err());
        ours.close();
        ours.ready_queue().close();
        assert_eq!(sender.join().unwrap(), SendErrorKind::Closed);
        assert_eq!(receiver.join().unwrap(), RecvError::Closed);
    });
}

#[test]
fn leaving_peer_wakes_sender_waiting_on_it() {
    check(|| {
        let ours = peers();
        let pipe = open(&ours);
        ours.join(&pipe).unwrap();
        let mut sender = RoundRobin::new(&Peers::new(ours.clone()));
        send(&mut sender, "1").unwrap();
        let sender = thread::spawn(move || {
            // Waits for room with the first peer, then for another peer.
            send(&mut sender, "2").unwrap();
        });
        ours.leave(&pipe);
        ours.join(&open(&ours)).unwrap();
        sender.join().unwrap();
        let stats = ours.stats();
        assert_eq!((stats.queued, stats.lost), (1, 1));
    });
}

/// A leaving peer reports as lost every message that was taken for it. One taken after that would be
/// in no count.
#[test]
fn left_peer_takes_no_message() {
    check(|| {
        let ours = peers();
        let pipe = open(&ours);
        ours.join(&pipe).unwrap();
        let mut sender = RoundRobin::new(&Peers::new(ours.clone()));
        let leaving = thread::spawn({
            let (ours, pipe) = (ours.clone(), pipe.clone());
            move || ours.leave(&pipe)
        });
        let taken = usize::from(sender.offer(&mut Message::from("1")).is_ok());
        let told = leaving.join().unwrap();
        assert_eq!((taken, pipe.outbound.queued()), (told, 0));
        assert!(sender.offer(&mut Message::from("2")).is_err(), "taken after the end was told");
        assert_eq!(ours.stats().lost, told as u64);
    });
}

/// A peer is silenced while its messages arrive and are received. Each is received or counted, and no
/// later poll of the receiver returns one.
#[test]
fn silenced_peer_is_not_received() {
    check(|| {
        let joined = inproc();
        let Inproc(ours, theirs) = &joined;
        let mut queue = FairQueue::new(&Peers::new(theirs.clone()));
        let sender = sending(ours, &["1", "2"]);
        let mut cx = Context::from_waker(Waker::noop());
        let before = u64::from(queue.poll_recv(&mut cx).is_ready());
        theirs.pipes()[0].silence();
        assert!(queue.poll_recv(&mut cx).is_pending(), "received after it was silenced");
        sender.join().unwrap();
        assert!(queue.poll_recv(&mut cx).is_pending(), "received after it was silenced");
        let stats = theirs.stats();
        assert_eq!((stats.received, stats.discarded.unheard), (2, 2 - before));
        assert_eq!(stats.unread, 0);
    });
}

/// A kernel's buffer of a few bytes, and the tasks that wait for it.
#[derive(Debug, Default)]
struct Kernel {
    held: Vec<u8>,
    writer: Option<Waker>,
    reader: Option<Waker>,
}

#[derive(Debug, Clone)]
struct Wire(Arc<Mutex<Kernel>>);

/// Room for one message of one byte and its header.
const CAPACITY: usize = 3;

impl Wire {
    /// Reads all there is, once there is something.
    fn read(&self) -> Vec<u8> {
        block_on(poll_fn(|cx| {
            let mut kernel = self.0.lock();
            if kernel.held.is_empty() {
                kernel.reader = Some(cx.waker().clone());
                return Poll::Pending;
            }
            let read = std::mem::take(&mut kernel.held);
            let writer = kernel.writer.take();
            drop(kernel);
            writer.into_iter().for_each(Waker::wake);
            Poll::Ready(read)
        }))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut kernel = self.0.lock();
        let taken = bytes.len().min(CAPACITY - kernel.held.len());
        if taken == 0 {
            kernel.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        kernel.held.extend_from_slice(&bytes[..taken]);
        let reader = kernel.reader.take();
        drop(kernel);
        reader.into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The writing of a connection task, until the pipe is closed and everything is written.
fn connection_task(pipe: Arc<Pipe>) -> JoinHandle<()> {
    thread::spawn(move || {
        block_on(poll_fn(|cx| {
            loop {
                let drained = pipe.drive(cx).unwrap();
                match drained {
                    Drained::Closed => return Poll::Ready(()),
                    Drained::Busy => {}
                    Drained::Idle | Drained::Blocked => return Poll::Pending,
                }
            }
        }));
    })
}

/// Every message reaches the kernel, whether the sender or the task writes it. A sender that waits for
/// room while the kernel is full is woken when the task makes some.
#[test]
fn sender_and_task_write_every_message() {
    check(|| {
        let ours = peers();
        let pipe = open(&ours);
        ours.join(&pipe).unwrap();
        let wire = Wire(Arc::new(Mutex::new(Kernel::default())));
        pipe.set_writer(FrameWriter::new(Box::new(wire.clone()), false, Encoder::new((3, 1))));
        let task = connection_task(pipe.clone());
        let sender = sending(&ours, &["1", "2"]);
        let mut read = Vec::new();
        while read.len() < 6 {
            read.extend(wire.read());
        }
        assert_eq!(read, b"\x00\x011\x00\x012");
        sender.join().unwrap();
        pipe.close();
        task.join().unwrap();
    });
}

/// Two peers. The kernel takes everything. `woken` is the task of the second.
struct TwoPeers {
    ending: Arc<Pipe>,
    staying: Arc<Pipe>,
    woken: Arc<Woken>,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl TwoPeers {
    fn new() -> Self {
        let (ours, woken) = (peers(), Arc::<Woken>::default());
        let [ending, staying] = [Waker::noop().clone(), woken.clone().into()].map(|task| {
            let (pipe, sink) = (open(&ours), Box::new(tokio::io::sink()));
            ours.join(&pipe).unwrap();
            pipe.set_writer(FrameWriter::new(sink, false, Encoder::new((3, 1))));
            drive(&pipe, &task);
            pipe
        });
        Self { ending, staying, woken }
    }
}

/// The writing in a turn of the connection task.
fn drive(pipe: &Pipe, task: &Waker) {
    let drained = pipe.drive(&Context::from_waker(task)).unwrap();
    assert_eq!(drained, Drained::Idle);
}

/// Refused only where the queue is full and the task has ended.
fn send_to(pipe: &Arc<Pipe>) {
    let _ = pipe.send(&mut Message::from("1"));
}

/// The task of the first peer, which is to write for both, ends. It has written for the other, or the
/// other's task is woken.
#[test]
fn ending_task_strands_no_other_peer() {
    check(|| {
        let TwoPeers { ending, staying, woken } = TwoPeers::new();
        let task = thread::spawn({
            let ending = ending.clone();
            move || {
                drive(&ending, Waker::noop());
                ending.end_task();
            }
        });
        for _ in 0..2 {
            send_to(&ending);
            send_to(&staying);
        }
        task.join().unwrap();
        assert!(staying.outbound.queued() == 0 || woken.0.load(Ordering::Relaxed));
    });
}

/// The task of one peer has just written, and the peer is still listed. At that moment the task of
/// the other peer ends, and the first peer gets more to write.
#[test]
fn ending_task_and_sender_do_not_deadlock() {
    check(|| {
        let TwoPeers { ending, staying, woken } = TwoPeers::new();
        for pipe in [&ending, &staying, &ending, &staying] {
            send_to(pipe);
        }
        drive(&staying, &woken.clone().into());
        send_to(&staying);
        let task = thread::spawn(move || ending.end_task());
        send_to(&staying);
        task.join().unwrap();
        assert!(staying.outbound.queued() == 0 || woken.0.load(Ordering::Relaxed));
    });
}

/// The task of the first peer ends and its peer has a new connection at once, while messages are sent.
/// No message is left without a task that writes it.
#[test]
fn reconnecting_peer_strands_no_message() {
    check(|| {
        let TwoPeers { ending, staying, woken } = TwoPeers::new();
        let (wire, task) = (Box::new(tokio::io::sink()), Arc::<Woken>::default());
        let reconnecting = thread::spawn({
            let (ending, task) = (ending.clone(), task.clone());
            move || {
                ending.end_task();
                ending.outbound.disconnect();
                ending.set_writer(FrameWriter::new(wire, false, Encoder::new((3, 1))));
                drive(&ending, &task.into());
            }
        });
        for _ in 0..2 {
            send_to(&ending);
            send_to(&staying);
        }
        reconnecting.join().unwrap();
        let is_seen = task.0.load(Ordering::Relaxed);
        assert!(ending.outbound.queued() == 0 || is_seen);
        // The task of the first peer writes for both where it is woken.
        assert!(staying.outbound.queued() == 0 || is_seen || woken.0.load(Ordering::Relaxed));
    });
}
