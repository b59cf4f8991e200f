//! Ending a socket: what is queued is written within the linger time, and the rest is reported.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::timeout;

use super::{Dialled, Engine};
use crate::endpoint::Endpoint;
use crate::peer::{Pipe, Waiter};
use crate::unsent::UnsentMessages;

/// What became of a socket's messages when it was closed.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use zeromq_async::PushSocket;
///
/// let mut push = PushSocket::builder().linger(Duration::ZERO).build();
/// push.connect("inproc://close-report").await?;
/// push.send("never read").await?;
/// assert_eq!(push.close().await.unsent, 1);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CloseReport {
    /// Messages that were not wholly handed to the kernel before the linger time was over, and
    /// those that were lost before with peers that had gone
    /// ([`SocketStats::lost`](crate::SocketStats::lost)).
    pub unsent: usize,
    messages: UnsentMessages,
}

impl CloseReport {
    /// The messages that were in queues when the linger time was over, to send them elsewhere or to
    /// keep them until tomorrow.
    ///
    /// Those that had been lost before with peers that had gone are counted in
    /// [`unsent`](Self::unsent), but are here only where
    /// [`keep_unsent`](crate::SocketBuilder::keep_unsent) kept them and nobody took them. A message
    /// that was partly written is here; one that was wholly written and that the peer may never
    /// have read is not.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use zeromq_async::{Message, PushSocket};
    ///
    /// let mut push = PushSocket::builder().linger(Duration::ZERO).build();
    /// push.connect("inproc://into-unsent").await?;
    /// push.send("one").await?;
    /// push.send("two").await?;
    /// let unsent: Vec<Message> = push.close().await.into_unsent().map(|one| one.message).collect();
    /// assert_eq!(unsent, ["one", "two"]);
    /// # Ok(()) }
    /// ```
    pub fn into_unsent(self) -> UnsentMessages {
        self.messages
    }

    fn add(&mut self, other: Self) {
        self.unsent += other.unsent;
        self.messages.append(other.messages);
    }
}

impl Engine {
    /// Closes every endpoint and peer, writing for `linger` at most; `None` for as long as it
    /// takes.
    pub(crate) async fn close(self: Arc<Self>, linger: Option<Duration>) -> CloseReport {
        self.begin_close();
        if Handle::try_current().is_ok() {
            let ending = async {
                self.flush().await;
                self.hang_up_all();
                self.tasks.wait().await;
            };
            match linger {
                None => ending.await,
                // Where the time is over, what is left is counted below.
                Some(limit) => drop(timeout(limit, ending).await),
            }
            self.abort();
            self.tasks.wait().await;
        }
        self.finish_close()
    }

    /// Closes all of them at the same time, and adds up what was not sent.
    pub(crate) async fn close_all(engines: Vec<Arc<Self>>) -> CloseReport {
        let mut total = CloseReport::default();
        if Handle::try_current().is_err() {
            for engine in engines {
                let linger = engine.options.linger;
                total.add(engine.close(linger).await);
            }
            return total;
        }
        let closing = engines.into_iter().map(|engine| {
            let linger = engine.options.linger;
            tokio::spawn(engine.close(linger))
        });
        for closing in closing.collect::<Vec<_>>() {
            // A task that ends otherwise does so with the runtime, and takes this one along.
            total.add(closing.await.unwrap_or_default());
        }
        total
    }

    /// Closes within the linger time while nobody waits; at once where there is no runtime to do it
    /// in.
    pub(crate) fn end_in_background(self: Arc<Self>) {
        let ending = Ending(Some(self));
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(ending.run());
        }
    }

    /// Takes no more peers at bound endpoints, and no more messages.
    fn begin_close(&self) {
        let bound = {
            let mut endpoints = self.endpoints.lock();
            endpoints.closed = true;
            std::mem::take(&mut endpoints.bound)
        };
        for (endpoint, _, bound) in bound {
            self.stop_accepting(&endpoint, &bound);
        }
        self.begin_last_telling();
        self.closing.cancel();
        self.peers.close();
        self.tasks.close();
    }

    /// Completes when every message is with the kernel, or with an inproc peer.
    async fn flush(&self) {
        let mut waiter = Waiter::new(self.peers.clone());
        for pipe in self.peers.pipes() {
            poll_fn(|cx| waiter.poll_flush_of(&pipe, cx)).await;
        }
    }

    fn hang_up_all(self: &Arc<Self>) {
        let dialled = std::mem::take(&mut self.endpoints.lock().dialled);
        for (endpoint, dialled) in dialled {
            self.give_up(&endpoint, &dialled);
        }
        for pipe in self.peers.pipes() {
            self.hang_up(&pipe);
        }
    }

    /// Ends the connection to one peer; what is still queued for it is written first.
    pub(super) fn hang_up(&self, pipe: &Arc<Pipe>) {
        if !self.part_inproc(pipe) {
            pipe.close();
        }
    }

    /// Ends the connection to a peer that another has taken the place of, or that was sent away:
    /// nothing is received from it any more, and what is queued for it is written within the linger
    /// time.
    pub(super) fn dismiss(self: &Arc<Self>, pipe: &Arc<Pipe>) {
        pipe.silence();
        if !self.part_inproc(pipe) {
            self.close_within_linger(pipe);
        }
    }

    pub(super) fn close_within_linger(self: &Arc<Self>, pipe: &Arc<Pipe>) {
        pipe.close();
        if pipe.outbound.queued() > 0 && Handle::try_current().is_ok() {
            let (engine, pipe) = (self.clone(), pipe.clone());
            self.tasks.spawn(async move { engine.linger(&pipe).await });
        }
    }

    /// Ends one connected endpoint within the linger time.
    pub(super) async fn end_dialled(
        self: Arc<Self>,
        endpoint: Endpoint,
        dialled: Dialled,
        pipe: Arc<Pipe>,
    ) {
        self.linger(&pipe).await;
        self.give_up(&endpoint, &dialled);
    }

    /// Waits until the queue of a peer is written, and ends its connection when the linger time is
    /// over before that.
    pub(super) async fn linger(&self, pipe: &Arc<Pipe>) {
        let mut waiter = Waiter::new(self.peers.clone());
        let flush = poll_fn(|cx| waiter.poll_flush_of(pipe, cx));
        let flush = self.abort.run_until_cancelled(flush);
        let flushed = match self.options.linger {
            None => flush.await,
            Some(limit) => timeout(limit, flush).await.ok().flatten(),
        };
        if flushed.is_none() {
            pipe.outbound.abort();
        }
    }

    /// Ends one connected endpoint.
    pub(super) fn give_up(&self, endpoint: &Endpoint, dialled: &Dialled) {
        dialled.stop.cancel();
        let Some(pipe) = dialled.pipe.get() else { return };
        match endpoint {
            Endpoint::Inproc(_) => self.give_up_inproc(endpoint, &pipe),
            _ => pipe.close(),
        }
    }

    /// Ends every task at once.
    fn abort(&self) {
        self.abort.cancel();
        for pipe in self.peers.pipes() {
            pipe.outbound.abort();
        }
    }

    fn finish_close(self: &Arc<Self>) -> CloseReport {
        // Where the linger time was over before all was written, nobody has hung up yet.
        self.hang_up_all();
        for pipe in self.peers.pipes() {
            self.peers.leave(&pipe);
        }
        self.peers.arrivals().close();
        self.tell();
        let ledger = self.peers.ledger();
        let unsent = ledger.lost_so_far();
        if self.events.close() {
            self.trace_closed(unsent);
        }
        CloseReport { unsent, messages: ledger.take_unsent() }
    }

    /// Stops everything at once, where there is no runtime left to linger in.
    pub(crate) fn abandon(self: &Arc<Self>) {
        self.begin_close();
        self.abort();
        self.finish_close();
    }
}

/// Closes a socket in the background; dropped before that is done, with its runtime or for want of
/// one, it ends the socket at once.
struct Ending(Option<Arc<Engine>>);

impl Ending {
    async fn run(mut self) {
        if let Some(engine) = self.0.clone() {
            let (linger, before) = (engine.options.linger, engine.peers.ledger().lost_so_far());
            let unsent = engine.clone().close(linger).await.unsent;
            engine.warn_unsent(unsent.saturating_sub(before));
            self.0 = None;
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(engine) = self.0.take() {
            engine.abandon();
        }
    }
}
