//! Ending a socket: what is queued is written within the linger time, and the rest is reported.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::task::{self, Crash, Task};
use super::{Dialed, Engine};
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
/// push.connect("inproc://close-report")?;
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
    /// push.connect("inproc://into-unsent")?;
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
        if self.home.has_current() {
            self.wind_up(linger).await
        } else {
            let runtime = self.home.find();
            self.close_in_background(runtime, linger).await
        }
    }

    /// Closes all of them at the same time, and adds up what was not sent. Dropped early, that goes
    /// on in the background.
    pub(crate) async fn close_all(engines: Vec<Arc<Self>>) -> CloseReport {
        let closing = engines.into_iter().map(|engine| {
            engine.begin_close();
            let (runtime, linger) = (engine.home.current_or_find(), engine.options.linger);
            engine.close_in_background(runtime, linger)
        });
        let mut total = CloseReport::default();
        for report in join_all(closing.collect::<Vec<_>>()).await {
            total.add(report);
        }
        total
    }

    /// Closes within the linger time while nobody waits; at once where there is no runtime to do it
    /// in. The addresses are free when this returns.
    pub(crate) fn end_in_background(self: Arc<Self>) {
        self.begin_close();
        match self.home.find_or_current() {
            Some(runtime) => Closing::spawn(&runtime, self, None),
            None => drop(self.abandon()),
        }
    }

    /// Closes on the runtime, and gives the report; at once where there is none.
    fn close_in_background(
        self: Arc<Self>,
        runtime: Option<Handle>,
        linger: Option<Duration>,
    ) -> impl Future<Output = CloseReport> + use<> {
        let (tell, told) = oneshot::channel();
        match runtime {
            Some(runtime) => Closing::spawn(&runtime, self, Some((linger, tell))),
            // Told at once, and heard below.
            None => drop(tell.send(self.abandon())),
        }
        // The task tells, however it ends.
        async { told.await.unwrap_or_default() }
    }

    /// Writes within the linger time, and ends all tasks.
    async fn wind_up(self: &Arc<Self>, linger: Option<Duration>) -> CloseReport {
        let ending = async {
            self.flush().await;
            self.hang_up_all();
            self.wait_for_tasks().await;
        };
        match linger {
            None => ending.await,
            // Where the time is over, what is left is counted below.
            Some(limit) => drop(timeout(limit, ending).await),
        }
        self.abort();
        self.wait_for_tasks().await;
        self.finish_close()
    }

    /// Waits for tasks that have been told to end. One on a runtime that is not driven does not hear.
    async fn wait_for_tasks(&self) {
        let _ = timeout(LAST_TURNS, self.tasks.wait()).await;
    }

    /// Takes no more peers at bound endpoints, and no more messages.
    fn begin_close(&self) {
        let bound = {
            let mut endpoints = self.endpoints.lock();
            endpoints.closed = true;
            endpoints.bound.take_all()
        };
        for (endpoint, bound) in bound {
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
        let dialed = std::mem::take(&mut self.endpoints.lock().dialed);
        for (endpoint, dialed) in dialed {
            self.give_up(&endpoint, &dialed);
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
        if pipe.outbound.queued() > 0
            && let Some(runtime) = self.home.find_or_current()
        {
            self.spawn_linger(&runtime, pipe.clone(), None);
        }
    }

    /// Ends one peer, or connected endpoint, within the linger time.
    pub(super) fn spawn_linger(
        self: &Arc<Self>,
        runtime: &Handle,
        pipe: Arc<Pipe>,
        dialed: Option<(Endpoint, Dialed)>,
    ) {
        let lingering = Lingering { engine: self.clone(), pipe, dialed };
        task::spawn(runtime, Some(&self.tasks), lingering);
    }

    /// Waits until the queue of a peer is written, and ends its connection when the linger time is
    /// over before that.
    async fn linger(&self, pipe: &Arc<Pipe>) {
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
    pub(super) fn give_up(&self, endpoint: &Endpoint, dialed: &Dialed) {
        dialed.stop.cancel();
        let Some(pipe) = dialed.pipe.get() else { return };
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
    fn abandon(self: &Arc<Self>) -> CloseReport {
        self.begin_close();
        self.abort();
        self.finish_close()
    }
}

/// How long tasks have for their last turns: the time for a farewell, and some.
const LAST_TURNS: Duration = Duration::from_secs(3);

/// The task that ends a peer within the linger time.
struct Lingering {
    engine: Arc<Engine>,
    pipe: Arc<Pipe>,
    /// The endpoint that was connected to, where the peer is that of one.
    dialed: Option<(Endpoint, Dialed)>,
}

impl Task for Lingering {
    async fn run(&mut self) {
        self.engine.linger(&self.pipe).await;
    }

    fn end(self, crash: Option<Crash>) {
        if crash.is_some() {
            self.pipe.outbound.abort();
        }
        if let Some((endpoint, dialed)) = &self.dialed {
            self.engine.give_up(endpoint, dialed);
        }
    }
}

/// The task that closes a socket. Where it crashes, the socket ends at once, or on another of its
/// runtimes within the linger time.
struct Closing {
    engine: Arc<Engine>,
    linger: Option<Duration>,
    report: Option<CloseReport>,
    /// Who waits for the report.
    tell: Option<oneshot::Sender<CloseReport>>,
    /// Messages that were lost before.
    lost: usize,
}

impl Closing {
    /// Closes for one who waits, with a linger time, or else for no one.
    fn spawn(
        runtime: &Handle,
        engine: Arc<Engine>,
        waiting: Option<(Option<Duration>, oneshot::Sender<CloseReport>)>,
    ) {
        let lost = engine.peers.ledger().lost_so_far();
        let (linger, tell) = match waiting {
            Some((linger, tell)) => (linger, Some(tell)),
            None => (engine.options.linger, None),
        };
        task::spawn(runtime, None, Self { engine, linger, report: None, tell, lost });
    }
}

impl Task for Closing {
    async fn run(&mut self) {
        self.report = Some(self.engine.wind_up(self.linger).await);
    }

    fn end(mut self, crash: Option<Crash>) {
        if let Some(Crash::RuntimeEnded) = crash
            && let Some(runtime) = self.engine.home.find()
        {
            return task::spawn(&runtime, None, self);
        }
        let report = self.report.take().unwrap_or_else(|| self.engine.abandon());
        let unsent = report.unsent.saturating_sub(self.lost);
        let is_heard = self.tell.take().is_some_and(|tell| tell.send(report).is_ok());
        if !is_heard {
            self.engine.warn_unsent(unsent);
        }
    }
}
