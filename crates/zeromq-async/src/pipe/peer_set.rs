//! The pipes of a socket.

use std::sync::Arc;

use tokio::sync::watch;

use super::ledger::{DropAccount, DropCounts, Ledger};
use super::notify::{Notify, ReadyQueue, SendWaiters};
use super::{Pattern, PeerOrigin, Pipe};
use crate::endpoint::Endpoint;
use crate::error::{Rejected, SendErrorKind};
use crate::identity::PeerId;
use crate::options::PipeOptions;
use crate::stats::SocketStats;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// The peers of a socket. Senders copy the list, and compare `generation` to know that it is current.
#[derive(Debug)]
pub(crate) struct PeerSet {
    pipes: Mutex<Vec<Arc<Pipe>>>,
    /// The most peers, counting peers that have gone and left unread messages.
    max: Option<usize>,
    /// Peers that have gone and left unread messages. Kept only where there is a limit.
    departed: Mutex<Vec<Arc<Pipe>>>,
    generation: AtomicU64,
    closed: AtomicBool,
    next_id: AtomicU64,
    senders: AtomicUsize,
    next_waiter: std::sync::atomic::AtomicU64,
    notify: Notify<Arc<Pipe>>,
    /// How many peers have a connection with a finished handshake.
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
            next_waiter: std::sync::atomic::AtomicU64::new(0),
            notify: Notify::default(),
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
        let origin = PeerOrigin { endpoint, connects: false, max_datagram: None };
        self.open_from(options, pattern, origin)
    }

    /// Makes a pipe for a peer to connect to. It is not yet in the set.
    pub(crate) fn open_connecting(
        &self,
        options: &PipeOptions,
        pattern: &Arc<dyn Pattern>,
        endpoint: Arc<Endpoint>,
    ) -> Arc<Pipe> {
        let origin = PeerOrigin { endpoint, connects: true, max_datagram: None };
        self.open_from(options, pattern, origin)
    }

    /// Makes a pipe for an endpoint of datagrams, which have this many bytes at most. It is not yet in
    /// the set.
    pub(crate) fn open_datagrams(
        &self,
        options: &PipeOptions,
        pattern: &Arc<dyn Pattern>,
        endpoint: Arc<Endpoint>,
        connects: bool,
        max_datagram: usize,
    ) -> Arc<Pipe> {
        let origin = PeerOrigin { endpoint, connects, max_datagram: Some(max_datagram) };
        self.open_from(options, pattern, origin)
    }

    fn open_from(
        &self,
        options: &PipeOptions,
        pattern: &Arc<dyn Pattern>,
        origin: PeerOrigin,
    ) -> Arc<Pipe> {
        let id = PeerId::new(self.next_id.fetch_add(1, Ordering::Relaxed));
        let account = DropAccount::new(self.ledger.clone());
        let (notify, pattern) = (self.notify.clone(), pattern.clone());
        Arc::new(Pipe::new(id, origin, options, notify, pattern, account))
    }

    /// Adds a pipe, if the pattern takes it, and wakes senders that wait for a peer.
    pub(crate) fn join(&self, pipe: &Arc<Pipe>) -> Result<(), Rejected> {
        pipe.pattern().join(pipe)?;
        {
            let mut pipes = self.pipes.lock();
            // Under the lock, so that closing the socket finds every pipe in the list.
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
        self.notify.senders.wake();
        Ok(())
    }

    /// Removes a pipe for good. Its messages can still be received.
    ///
    /// Returns how many messages for it are lost. That is all of them, for it takes none after this.
    pub(crate) fn leave(&self, pipe: &Arc<Pipe>) -> usize {
        let (lost, writer) = {
            let mut pipes = self.pipes.lock();
            let before = pipes.len();
            pipes.retain(|other| other.id() != pipe.id());
            if pipes.len() == before {
                return 0;
            }
            // In one step with the removal, so that the counts never miss a peer.
            let ended = pipe.end();
            if self.max.is_some() {
                self.departed.lock().push(pipe.clone());
                self.departed();
            }
            ended
        };
        self.generation.fetch_add(1, Ordering::Release);
        pipe.pattern().leave(pipe);
        // A sender may hold a message for this pipe alone, and must look again.
        self.notify.senders.wake();
        // Last and under no lock: a writer may be the application's, and call this socket.
        drop(writer);
        lost
    }

    /// Counts the peers that have gone and left unread messages, and forgets the others.
    fn departed(&self) -> usize {
        let mut departed = self.departed.lock();
        departed.retain(|pipe| !pipe.inbound.is_over());
        departed.len()
    }

    /// Refuses senders from now on.
    pub(crate) fn close(&self) {
        // Closing returns every message that was not sent.
        self.ledger.keep_unsent(usize::MAX);
        self.closed.store(true, Ordering::Release);
        self.generation.fetch_add(1, Ordering::Release);
        // Wakes tasks that wait for peers.
        self.connected.send_modify(|_| ());
        self.notify.senders.wake();
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

    /// Counts a sender, and returns how many there were before it.
    pub(crate) fn add_sender(&self) -> usize {
        self.senders.fetch_add(1, Ordering::Relaxed)
    }

    /// An id for a waiter.
    pub(super) fn next_waiter(&self) -> u64 {
        self.next_waiter.fetch_add(1, Ordering::Relaxed)
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
        let peers = pipes.iter().map(|pipe| pipe.stats()).collect();
        let drops = self.ledger.drops(pipes.iter().map(|pipe| pipe.drops()));
        self.ledger.total(peers, &drops, self.notify.ready.popped())
    }

    /// The drops so far, of all peers.
    pub(crate) fn drops(&self) -> DropCounts {
        let pipes = self.pipes.lock();
        self.ledger.drops(pipes.iter().map(|pipe| pipe.drops()))
    }

    pub(crate) fn ready_queue(&self) -> &Arc<ReadyQueue<Arc<Pipe>>> {
        &self.notify.ready
    }

    pub(super) fn send_waiters(&self) -> &SendWaiters {
        &self.notify.senders
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
