//! One socket at work: attached, fed and printed, and closed in order.

use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::timeout;
use zeromq_async::SocketHandle;

mod exchange;
mod halves;
mod printer;
mod reply;
mod request;
mod transfer;
mod wait;

use crate::arguments::Plan;
use crate::endpoints::{self, list};
use crate::exit::{self, Failure, GRACE};
use crate::format::Delimiter;
use crate::input::{Backlog, Input};
use crate::kind::Kind;
use crate::monitor;
use crate::refusal::Refusals;
use crate::signals::Signals;
use crate::socket::Parts;
use crate::trouble;
use halves::{Inlet, Outlet, Patience};
use printer::Printer;
use reply::Answer;

/// Does what the command line asks of one socket.
pub(crate) async fn run(plan: Plan) -> Result<(), Failure> {
    let mut signals = Signals::new()?;
    let parts = plan.socket_options()?.open(plan.kind)?;
    let mut refusals = Refusals::new(parts.handle.events());
    let closing = Closing {
        handle: parts.handle.clone(),
        telling: match parts.handle.events() {
            events if plan.common.monitor => tokio::spawn(monitor::report(events)),
            events => tokio::spawn(trouble::report(events)),
        },
        endpoints: list(&plan.places()),
        linger: plan.common.linger,
        drops: plan.kind.drops(),
    };
    // A task of its own: a write to a terminal that nobody reads may hold it up, but not the
    // signals.
    let backlog = Backlog::default();
    let mut work = tokio::spawn(work(plan, parts, backlog.clone()));
    let worked = tokio::select! {
        worked = &mut work => worked.unwrap_or_else(|panic| Err(Failure::error(panic))),
        () = signals.recv() => {
            work.abort();
            return closing.on_signal(&backlog).await;
        }
        refused = refusals.next() => {
            work.abort();
            return closing.soon(Err(refused)).await;
        }
    };
    match worked {
        Ok(()) => closing.when_sent(&mut signals, refusals, &backlog).await,
        // A refusal may be what the work has failed for.
        Err(failure) => closing.soon(Err(refusals.told().unwrap_or(failure))).await,
    }
}

/// The work of a socket, until it is done.
async fn work(plan: Plan, parts: Parts, backlog: Backlog) -> Result<(), Failure> {
    let Parts { outgoing, incoming, handle } = parts;
    let places = plan.places();
    let attachments: Vec<_> = places.iter().map(|place| (&handle, place)).collect();
    endpoints::attach(&attachments).await?;

    let (patience, subject) = (Patience(plan.common.timeout), list(&places));
    let outlet = outgoing.map(|sink| Outlet::new(sink, patience, &subject, plan.sending.interval));
    let inlet = incoming.map(|stream| Inlet::new(stream, patience, &subject));
    if !plan.kind.publishes() {
        patience.wait(handle.wait_for_peers(plan.sending.wait_peers)).await?;
    }
    match (outlet, inlet) {
        (None, None) => Ok(()),
        (None, Some(inlet)) => transfer::receive(inlet, plan.printer()).await,
        (Some(outlet), None) => {
            transfer::send(plan.input(backlog), outlet, plan.common.count).await
        }
        (Some(outlet), Some(inlet)) => converse(plan, outlet, inlet, backlog).await,
    }
}

/// The work of a socket that sends and receives.
async fn converse(
    plan: Plan,
    outlet: Outlet,
    inlet: Inlet,
    backlog: Backlog,
) -> Result<(), Failure> {
    match plan.kind {
        Kind::Pub | Kind::Xpub => publish(plan, outlet, inlet, backlog).await,
        Kind::Req => request::run(plan.input(backlog), outlet, inlet, plan.printer()).await,
        kind => match Answer::new(&plan) {
            Some(answer) => reply::run(answer, outlet, inlet, plan.printer()).await,
            None if kind == Kind::Rep => {
                // What no request has come for is not unsent.
                reply::run(
                    Answer::Next(plan.input(Backlog::default())),
                    outlet,
                    inlet,
                    plan.printer(),
                )
                .await
            }
            None => exchange::run(plan.input(backlog), outlet, inlet, plan.printer()).await,
        },
    }
}

/// The work of a publisher that sees subscriptions, which only an `xpub` prints.
async fn publish(
    plan: Plan,
    outlet: Outlet,
    mut inlet: Inlet,
    backlog: Backlog,
) -> Result<(), Failure> {
    let mut printer = (plan.kind == Kind::Xpub).then(|| plan.printer());
    let peers = plan.sending.wait_peers;
    if wait::for_subscribers(peers, &mut inlet, printer.as_mut()).await?.is_break() {
        return Ok(());
    }
    match printer {
        Some(printer) => exchange::run(plan.input(backlog), outlet, inlet, printer).await,
        None => {
            let _ignoring = wait::ignore(inlet);
            transfer::send(plan.input(backlog), outlet, plan.common.count).await
        }
    }
}

impl Plan {
    fn delimiter(&self) -> Delimiter {
        Delimiter::new(self.common.delimiter.clone())
    }

    fn printer(&self) -> Printer {
        Printer::new(self.receiving.format, self.delimiter(), self.common.count)
    }

    /// Begins to read standard input where the command line has no messages.
    fn input(&self, backlog: Backlog) -> Input {
        Input::new(&self.sending.messages, self.delimiter(), backlog)
    }
}

/// What is left to do when the work is done.
struct Closing {
    handle: SocketHandle,
    /// The task that tells of events on standard error.
    telling: JoinHandle<()>,
    endpoints: String,
    linger: Option<Duration>,
    /// Losing messages with peers that go is the socket type's rule.
    drops: bool,
}

impl Closing {
    /// Closes when all is sent, or the linger time is over, or the next signal comes.
    async fn when_sent(
        self,
        signals: &mut Signals,
        mut refusals: Refusals,
        backlog: &Backlog,
    ) -> Result<(), Failure> {
        let start = Instant::now();
        let count = tokio::select! {
            report = self.handle.close() => report.unsent,
            () = signals.recv() => return self.on_signal(backlog).await,
            refused = refusals.next() => return self.soon(Err(refused)).await,
        };
        let in_time = self.linger.is_none_or(|linger| start.elapsed() < linger);
        let unsent = |text: &str| {
            // A refusal may be what they were not sent for.
            Err(refusals.told().unwrap_or_else(|| Failure::about(&self.endpoints, text)))
        };
        let result = match count {
            0 => Ok(()),
            _ if self.drops && in_time => Ok(()),
            count => unsent(&exit::unsent(count)),
        };
        self.end(result).await
    }

    /// Closes as [`soon`](Self::soon) does, and tells what was not sent for that.
    async fn on_signal(self, backlog: &Backlog) -> Result<(), Failure> {
        // What went with peers that had gone before is not this signal's doing.
        let lost = self.handle.stats().lost;
        let report = self.handle.close_within(self.linger.unwrap_or(GRACE)).await;
        let lost = usize::try_from(lost).unwrap_or(usize::MAX);
        let result = match report.unsent.saturating_sub(lost) + backlog.messages() {
            0 => Ok(()),
            count => Err(Failure::about(&self.endpoints, exit::unsent(count))),
        };
        self.end(result).await
    }

    /// Closes without waiting for peers that do not read, unless told to with `--linger`.
    async fn soon(self, result: Result<(), Failure>) -> Result<(), Failure> {
        let _ = timeout(self.linger.unwrap_or(GRACE), self.handle.close()).await;
        self.end(result).await
    }

    /// Sees that every event is told.
    async fn end(self, result: Result<(), Failure>) -> Result<(), Failure> {
        let _ = timeout(GRACE, self.telling).await;
        result
    }
}
