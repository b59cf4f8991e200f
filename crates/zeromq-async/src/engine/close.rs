//! Closes a socket: writes queued messages within the linger time, and reports the rest.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::core::SocketCore;
use super::disconnect::{give_up, hang_up};
use super::linger;
use super::task::{self, Interrupted, Task};
use super::trace;
use crate::unsent::UnsentMessages;

/// What closing a socket left unsent.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use zeromq_async::{Message, PushSocket};
///
/// let mut push = PushSocket::builder().linger(Duration::ZERO).build();
/// push.connect("inproc://close-report")?;
/// push.send("one").await?;
/// push.send("two").await?;
///
/// let report = push.close().await;
/// assert_eq!(report.unsent, 2);
/// let unsent: Vec<Message> = report.into_unsent().map(|unsent| unsent.message).collect();
/// assert_eq!(unsent, ["one", "two"]);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CloseReport {
    /// How many messages were not wholly handed to the kernel before the linger time was over. Those
    /// lost before with disconnected peers count too ([`SocketStats::lost`](crate::SocketStats::lost)).
    pub unsent: usize,
    messages: UnsentMessages,
}

impl CloseReport {
    /// Returns the messages that were queued when the linger time was over.
    ///
    /// A partly written message is here. A wholly written one is not, even if the peer never read
    /// it. Messages lost before with disconnected peers are here only if
    /// [`keep_unsent`](crate::SocketBuilder::keep_unsent) kept them and they were not taken since.
    pub fn into_unsent(self) -> UnsentMessages {
        self.messages
    }

    fn add(&mut self, other: Self) {
        self.unsent += other.unsent;
        self.messages.append(other.messages);
    }
}

/// Closes every endpoint and peer. Writes for `linger` at most; `None` is without limit.
pub(super) async fn close(core: Arc<SocketCore>, linger: Option<Duration>) -> CloseReport {
    begin(&core);
    if core.runtimes.has_current() {
        write_and_end(&core, linger).await
    } else {
        let runtime = core.runtimes.oldest();
        close_in_background(core, runtime, linger).await
    }
}

/// Closes all sockets at the same time, and adds up the reports. Dropped early, closing goes on in
/// the background.
pub(super) async fn close_all(sockets: Vec<Arc<SocketCore>>) -> CloseReport {
    let closing = sockets.into_iter().map(|core| {
        begin(&core);
        let (runtime, linger) = (core.runtimes.current_or_oldest(), core.options.linger);
        close_in_background(core, runtime, linger)
    });
    let mut total = CloseReport::default();
    for report in join_all(closing.collect::<Vec<_>>()).await {
        total.add(report);
    }
    total
}

/// Closes a dropped socket within its linger time, or at once without a runtime. The addresses are
/// free when this returns.
pub(super) fn close_dropped(core: Arc<SocketCore>) {
    begin(&core);
    match core.runtimes.oldest_or_current() {
        Some(runtime) => Closing::spawn(&runtime, core, None),
        None => drop(abandon(&core)),
    }
}

/// Closes in a task, or at once without a runtime.
fn close_in_background(
    core: Arc<SocketCore>,
    runtime: Option<Handle>,
    linger: Option<Duration>,
) -> impl Future<Output = CloseReport> + use<> {
    let (sender, report) = oneshot::channel();
    match runtime {
        Some(runtime) => Closing::spawn(&runtime, core, Some((linger, sender))),
        None => drop(sender.send(abandon(&core))),
    }
    // The task sends a report, however it ends.
    async { report.await.unwrap_or_default() }
}

/// Accepts no more peers and takes no more messages.
fn begin(core: &SocketCore) {
    for (endpoint, bound) in core.endpoints.close() {
        core.stop_listening(&endpoint, &bound);
    }
    core.drops.begin_close();
    core.shutdown.begin();
    core.peers.close();
}

/// Writes within the linger time, then ends all tasks.
async fn write_and_end(core: &Arc<SocketCore>, linger: Option<Duration>) -> CloseReport {
    let writing = async {
        for pipe in core.peers.pipes() {
            linger::flush(core, &pipe).await;
        }
        hang_up_all(core);
        core.shutdown.wait_for_tasks().await;
    };
    match linger {
        None => writing.await,
        Some(limit) => drop(timeout(limit, writing).await),
    }
    abort(core);
    core.shutdown.wait_for_tasks().await;
    finish(core)
}

fn hang_up_all(core: &SocketCore) {
    for dialed in core.endpoints.take_all_dialed() {
        give_up(core, &dialed);
    }
    for pipe in core.peers.pipes() {
        hang_up(core, &pipe);
    }
}

/// Ends every task at once.
fn abort(core: &SocketCore) {
    core.shutdown.abort.cancel();
    for pipe in core.peers.pipes() {
        pipe.outbound.abort();
    }
}

fn finish(core: &SocketCore) -> CloseReport {
    // Again: the linger time may have ended before the first time.
    hang_up_all(core);
    for pipe in core.peers.pipes() {
        core.peers.leave(&pipe);
    }
    core.peers.ready_queue().close();
    core.drops.report();
    let ledger = core.peers.ledger();
    let unsent = ledger.lost_so_far();
    if core.events.close() {
        trace::closed(core.socket_type, unsent);
    }
    CloseReport { unsent, messages: ledger.take_unsent() }
}

/// Ends everything at once: there is no runtime to linger on.
fn abandon(core: &SocketCore) -> CloseReport {
    begin(core);
    abort(core);
    finish(core)
}

/// The task that closes a socket.
struct Closing {
    core: Arc<SocketCore>,
    linger: Option<Duration>,
    report: Option<CloseReport>,
    /// To the caller that waits for the report.
    caller: Option<oneshot::Sender<CloseReport>>,
    /// Messages lost before.
    lost: usize,
}

impl Closing {
    /// Closes for a caller that waits, with a linger time of its own, or for none.
    fn spawn(
        runtime: &Handle,
        core: Arc<SocketCore>,
        waiting: Option<(Option<Duration>, oneshot::Sender<CloseReport>)>,
    ) {
        let lost = core.peers.ledger().lost_so_far();
        let (linger, caller) = match waiting {
            Some((linger, caller)) => (linger, Some(caller)),
            None => (core.options.linger, None),
        };
        task::spawn(runtime, None, Self { core, linger, report: None, caller, lost });
    }
}

impl Task for Closing {
    async fn run(&mut self) {
        self.report = Some(write_and_end(&self.core, self.linger).await);
    }

    /// Starts again on another runtime of the socket, if this one has ended.
    fn end(mut self, interrupted: Option<Interrupted>) {
        if let Some(Interrupted::RuntimeEnded) = interrupted
            && let Some(runtime) = self.core.runtimes.oldest()
        {
            return task::spawn(&runtime, None, self);
        }
        let report = self.report.take().unwrap_or_else(|| abandon(&self.core));
        let unsent = report.unsent.saturating_sub(self.lost);
        let is_received = self.caller.take().is_some_and(|caller| caller.send(report).is_ok());
        if !is_received {
            trace::warn_unsent(self.core.socket_type, unsent);
        }
    }
}
