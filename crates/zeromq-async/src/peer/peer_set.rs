//! The pipes of a socket.

use std::sync::Arc;

use tokio::sync::watch;

use super::pipe::{Origin, Shared};
use super::{Account, Counts, HotPipes, Ledger, Pattern, Pipe, ReadyQueue, SendWaiters};
use crate::endpoint::Endpoint;
use crate::error::{Rejected, SendErrorKind};
use crate::identity::PeerId;
use crate::options::PipeOptions;
use crate::stats::SocketStats;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// Who is here. Senders keep a copy of the list and look at `generation` to know it is current.
#[derive(Debug)]
pub(crate) struct PeerSet {
    pipes: Mutex<Vec<Arc<Pipe>>>,
    /// How many there may be, those counted that have left messages behind.
    max: Option<usize>,
    /// Who has gone and left messages that nobody has taken. Kept only where there is a limit.
    departed: Mutex<Vec<Arc<Pipe>>>,
    generation: AtomicU64,
    closed: AtomicBool,
    next_id: AtomicU64,
    senders: AtomicUsize,
    waiters: std::sync::atomic::AtomicU64,
    arrivals: Arc<ReadyQueue>,
    room: Arc<SendWaiters>,
    hot: Arc<HotPipes>,
    /// How many peers have a connection whose handshake is done.
    connected: watch::Sender<usize>,
    ledger: Arc<Ledger>,
}

impl PeerSet {
    pub(crate) fn new(max: Option<usize>) -> Self {
        Self {
            pipes: Mutex::default(),
            max,
            departed: Mutex::default(),
            generation: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            next_id: AtomicU64::new(1),
            senders: AtomicUsize::new(0),
            waiters: std::sync::atomic::AtomicU64::new(0),
            arrivals: Arc::default(),
            room: Arc::default(),
            hot: Arc::default(),
            connected: watch::Sender::new(0),
            ledger: Arc::default(),
        }
    }

    /// Makes a pipe for an accepted peer. It is not yet in the set.
    pub(crate) fn open(
        &self,
        options: &PipeOptions,
        pattern: &Arc<dyn Pattern>,
        endpoint: Arc<Endpoint>,
    ) -> Arc<Pipe> {
        self.open_from(options, pattern, Origin { endpoint, connects: false })
    }

    /// Makes a pipe for a peer that is connected to. It is not yet in the set.
    pub(crate) fn open_connecting(
        &self,
        options: &PipeOptions,
        pattern: &Arc<dyn Pattern>,
        endpoint: Arc<Endpoint>,
    ) -> Arc<Pipe> {
        self.open_from(options, pattern, Origin { endpoint, connects: true })
    }

    fn open_from(
        &self,
        options: &PipeOptions,
        pattern: &Arc<dyn Pattern>,
        origin: Origin,
    ) -> Arc<Pipe> {
        let id = PeerId::new(self.next_id.fetch_add(1, Ordering::Relaxed));
        let shared = Shared {
            arrivals: self.arrivals.clone(),
            room: self.room.clone(),
            hot: self.hot.clone(),
            pattern: pattern.clone(),
        };
        Arc::new(Pipe::new(id, origin, options, shared, Account::new(self.ledger.clone())))
    }

    /// Adds a pipe, if the pattern takes it; senders that wait for a peer are woken.
    pub(crate) fn join(&self, pipe: &Arc<Pipe>) -> Result<(), Rejected> {
        pipe.pattern().join(pipe)?;
        {
            let mut pipes = self.pipes.lock();
            // Looked at under the lock: whoever closes the socket finds every pipe in the list.
            let rejected = match self.max {
                _ if self.is_closed() => Some(Rejected::Closed),
                Some(limit) if pipes.len() + self.departed() >= limit => {
                    Some(Rejected::Full { limit })
                }
                _ => None,
            };
            if let Some(rejected) = rejected {
                drop(pipes);
                pipe.pattern().leave(pipe);
                return Err(rejected);
            }
            pipes.push(pipe.clone());
        }
        self.generation.fetch_add(1, Ordering::Release);
        self.room.wake();
        Ok(())
    }

    /// Removes a pipe for good; what it sent can still be received. Returns how many messages for it
    /// are lost: none are taken from now on, so that this is all of them.
    pub(crate) fn leave(&self, pipe: &Arc<Pipe>) -> usize {
        let (lost, stream) = {
            let mut pipes = self.pipes.lock();
            let before = pipes.len();
            pipes.retain(|other| other.id() != pipe.id());
            if pipes.len() == before {
                return 0;
            }
            // In one step with the removal, so that the counts never miss a peer.
            let (unsent, stream) = pipe.end();
            let lost = unsent.messages();
            self.ledger.close_account(pipe, unsent);
            if self.max.is_some() {
                self.departed.lock().push(pipe.clone());
                self.departed();
            }
            (lost, stream)
        };
        self.generation.fetch_add(1, Ordering::Release);
        pipe.pattern().leave(pipe);
        // A sender may hold a message for this pipe alone, and must look again.
        self.room.wake();
        // Last and under no lock: it may be an application's, and ask this socket something.
        drop(stream);
        lost
    }

    /// How many have gone and left something to be received; lets go of all others.
    fn departed(&self) -> usize {
        let mut departed = self.departed.lock();
        departed.retain(|pipe| !pipe.inbound.is_over());
        departed.len()
    }

    /// Senders are refused from now on.
    pub(crate) fn close(&self) {
        // Whoever closes the socket is told of every message.
        self.ledger.keep_unsent(usize::MAX);
        self.closed.store(true, Ordering::Release);
        self.generation.fetch_add(1, Ordering::Release);
        // Whoever waits for peers looks again.
        self.connected.send_modify(|_| ());
        self.room.wake();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Refuses to send once the socket is closed.
    #[inline]
    pub(crate) fn check_open(&self) -> Result<(), SendErrorKind> {
        if self.is_closed() { Err(SendErrorKind::Closed) } else { Ok(()) }
    }

    #[inline]
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Counts a sender, and says how many there were before it.
    pub(crate) fn add_sender(&self) -> usize {
        self.senders.fetch_add(1, Ordering::Relaxed)
    }

    /// A name for one who waits, which no other has.
    pub(super) fn next_waiter(&self) -> u64 {
        self.waiters.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn has(&self, pipe: &Pipe) -> bool {
        self.pipes.lock().iter().any(|other| other.id() == pipe.id())
    }

    pub(crate) fn pipes(&self) -> Vec<Arc<Pipe>> {
        self.pipes.lock().clone()
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(crate) fn stats(&self) -> SocketStats {
        let pipes = self.pipes.lock();
        self.ledger.total(&pipes, self.arrivals.popped())
    }

    /// What went astray so far.
    pub(crate) fn astray(&self) -> Counts {
        let pipes = self.pipes.lock();
        self.ledger.counts(&pipes)
    }

    pub(crate) fn arrivals(&self) -> &Arc<ReadyQueue> {
        &self.arrivals
    }

    pub(crate) fn room(&self) -> &Arc<SendWaiters> {
        &self.room
    }

    pub(crate) fn peer_connected(&self) {
        self.connected.send_modify(|count| *count += 1);
    }

    pub(crate) fn peer_disconnected(&self) {
        self.connected.send_modify(|count| *count = count.saturating_sub(1));
    }

    pub(crate) fn connected(&self) -> watch::Receiver<usize> {
        self.connected.subscribe()
    }
}
