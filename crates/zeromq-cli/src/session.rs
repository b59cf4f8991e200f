//! `zmq SOCKET`: one socket, from bind and connect to close.

use zeromq_async::SocketHandle;

mod closing;
mod exchange;
mod printer;
mod publish;
mod receiver;
mod reply;
mod sender;
mod timeout;
mod transfer;

use crate::arguments::SocketArguments;
use crate::endpoints;
use crate::failure::Failure;
use crate::format::Delimiter;
use crate::input::{Backlog, Input};
use crate::kind::Kind;
use crate::monitor;
use crate::refusal::Refusals;
use crate::signals::Signals;
use crate::socket::Parts;
use crate::warnings;
use closing::Closing;
use printer::Printer;
use receiver::Receiver;
use reply::Replies;
use sender::Sender;
use timeout::Timeout;

/// Runs the socket until its work is done, a signal arrives, or a peer refuses the connection.
pub(crate) async fn run(arguments: SocketArguments) -> Result<(), Failure> {
    let mut signals = Signals::new()?;
    let parts = arguments.socket_options()?.open(arguments.kind)?;
    let mut refusals = Refusals::new(parts.handle.events());
    let backlog = Backlog::default();
    let closing = Closing {
        handle: parts.handle.clone(),
        reporting: match parts.handle.events() {
            events if arguments.common.monitor => tokio::spawn(monitor::report(events)),
            events => tokio::spawn(warnings::report(events)),
        },
        endpoints: endpoints::list(&arguments.attachments()),
        linger: arguments.common.linger,
        drops: arguments.kind.drops(),
        backlog: backlog.clone(),
    };
    // The work has its own task, because a write to a terminal may block it but not the signals.
    let session = Session { arguments, backlog };
    let mut work = tokio::spawn(session.work(parts));
    let worked = tokio::select! {
        worked = &mut work => worked.unwrap_or_else(|panic| Err(Failure::error(panic))),
        () = signals.recv() => {
            work.abort();
            return closing.on_signal().await;
        }
        refused = refusals.next() => {
            work.abort();
            return closing.on_failure(refused).await;
        }
    };
    match worked {
        Ok(()) => closing.when_sent(&mut signals, refusals).await,
        Err(failure) => closing.on_failure(refusals.last().unwrap_or(failure)).await,
    }
}

struct Session {
    arguments: SocketArguments,
    backlog: Backlog,
}

impl Session {
    async fn work(self, parts: Parts) -> Result<(), Failure> {
        let Parts { outgoing, incoming, handle } = parts;
        self.attach(&handle).await?;
        let timeout = Timeout(self.arguments.common.timeout);
        let endpoints = endpoints::list(&self.arguments.attachments());
        let interval = self.arguments.sending.interval;
        let sender = outgoing.map(|sink| Sender::new(sink, timeout, &endpoints, interval));
        let receiver = incoming.map(|stream| Receiver::new(stream, timeout, &endpoints));
        if !self.arguments.kind.publishes() {
            timeout.wait(handle.wait_for_peers(self.arguments.sending.wait_peers)).await?;
        }
        match (sender, receiver) {
            (None, None) => Ok(()),
            (None, Some(receiver)) => transfer::receive(receiver, self.printer()).await,
            (Some(sender), None) => {
                transfer::send(self.input(), sender, self.arguments.common.count).await
            }
            (Some(sender), Some(receiver)) => self.send_and_receive(sender, receiver).await,
        }
    }

    async fn attach(&self, handle: &SocketHandle) -> Result<(), Failure> {
        let attachments = self.arguments.attachments();
        let sockets: Vec<_> = attachments.iter().map(|attachment| (handle, attachment)).collect();
        endpoints::attach(&sockets).await
    }

    async fn send_and_receive(self, sender: Sender, receiver: Receiver) -> Result<(), Failure> {
        let printer = self.printer();
        match self.arguments.kind {
            Kind::Pub | Kind::Xpub => self.publish(sender, receiver).await,
            Kind::Req => exchange::in_lockstep(self.input(), sender, receiver, printer).await,
            _ => match self.replies() {
                Some(replies) => reply::run(replies, sender, receiver, printer).await,
                None => exchange::concurrently(self.input(), sender, receiver, printer).await,
            },
        }
    }

    /// Publishes the input. Only `xpub` prints the subscriptions.
    async fn publish(self, sender: Sender, mut receiver: Receiver) -> Result<(), Failure> {
        let mut printer = (self.arguments.kind == Kind::Xpub).then(|| self.printer());
        let count = self.arguments.sending.wait_peers;
        let waited = publish::wait_for_subscribers(count, &mut receiver, printer.as_mut()).await?;
        if waited.is_break() {
            return Ok(());
        }
        match printer {
            Some(printer) => exchange::concurrently(self.input(), sender, receiver, printer).await,
            None => {
                let _discarding = receiver.discard();
                transfer::send(self.input(), sender, self.arguments.common.count).await
            }
        }
    }

    /// The replies of a REP, or of a ROUTER with `--echo` or `--reply`.
    fn replies(&self) -> Option<Replies> {
        let SocketArguments { kind, answering, sending, .. } = &self.arguments;
        if answering.echo {
            return Some(Replies::Echo);
        }
        if let Some(text) = answering.reply.clone() {
            let body = self.delimiter().split(text.into_encoded_bytes());
            return Some(Replies::Fixed { body, routed: *kind == Kind::Router });
        }
        // A reply without a request is not an unsent message, so it is not in the backlog.
        let input = || Input::new(&sending.messages, self.delimiter(), Backlog::default());
        (*kind == Kind::Rep).then(|| Replies::Input(input()))
    }

    fn delimiter(&self) -> Delimiter {
        Delimiter::new(self.arguments.common.delimiter.clone())
    }

    fn printer(&self) -> Printer {
        let SocketArguments { receiving, common, .. } = &self.arguments;
        Printer::new(receiving.format, self.delimiter(), common.count)
    }

    /// The messages of the command line, or else standard input.
    fn input(&self) -> Input {
        Input::new(&self.arguments.sending.messages, self.delimiter(), self.backlog.clone())
    }
}
