//! `zmq SOCKET`: one socket, from bind and connect to close.

use zeromq_async::{AnyReceiver, AnySender, AnySocket, SocketType};

mod attaching;
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
use crate::kind;
use crate::monitor;
use crate::refusal::Refusals;
use crate::signals::Signals;
use crate::targets::Targets;
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
    let socket = arguments.socket_options()?.open(arguments.kind)?;
    let mut refusals = Refusals::new(socket.events());
    let backlog = Backlog::default();
    let closing = Closing {
        handle: socket.handle().clone(),
        reporting: match socket.events() {
            events if arguments.common.monitor => tokio::spawn(monitor::report(events)),
            events => tokio::spawn(warnings::report(events)),
        },
        endpoints: endpoints::list(&arguments.attachments()),
        linger: arguments.common.linger,
        drops: kind::drops(arguments.kind),
        backlog: backlog.clone(),
    };
    // The work has its own task, because a write to a terminal may block it but not the signals.
    let session = Session { arguments, backlog };
    let mut work = tokio::spawn(session.work(socket));
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
    async fn work(self, socket: AnySocket) -> Result<(), Failure> {
        let targets = attaching::attach(&socket, &self.arguments).await?;
        self.timeout().wait(self.wait_for_peers(&socket)).await?;
        let kind = socket.kind();
        let (sender, receiver) = socket.split();
        let (sender, receiver) = (self.sender(sender), self.receiver(receiver));
        match (kind.sends(), kind.receives()) {
            (false, _) => transfer::receive(receiver, self.printer()).await,
            (true, false) => {
                let input = self.input()?.to(targets);
                transfer::send(input, sender, self.arguments.common.count).await
            }
            (true, true) => self.send_and_receive(targets, sender, receiver).await,
        }
    }

    /// Waits for `--wait-peers`. PUB and XPUB wait for subscriptions later.
    async fn wait_for_peers(&self, socket: &AnySocket) {
        let SocketArguments { kind, sending, interests, .. } = &self.arguments;
        match (socket, interests.groups.first()) {
            _ if sending.wait_peers == 0 || kind::publishes(*kind) => {}
            (AnySocket::Radio(radio), Some(group)) => {
                radio.wait_for_members(group.as_encoded_bytes(), sending.wait_peers).await;
            }
            _ => socket.wait_for_peers(sending.wait_peers).await,
        }
    }

    fn sender(&self, half: AnySender) -> Sender {
        Sender::new(half, self.timeout(), &self.endpoints(), self.arguments.sending.interval)
    }

    fn receiver(&self, half: AnyReceiver) -> Receiver {
        Receiver::new(half, self.timeout(), &self.endpoints())
    }

    fn timeout(&self) -> Timeout {
        Timeout(self.arguments.common.timeout)
    }

    fn endpoints(&self) -> String {
        endpoints::list(&self.arguments.attachments())
    }

    async fn send_and_receive(
        self,
        targets: Targets,
        sender: Sender,
        receiver: Receiver,
    ) -> Result<(), Failure> {
        let printer = self.printer();
        match self.arguments.kind {
            SocketType::Pub | SocketType::XPub => self.publish(sender, receiver).await,
            SocketType::Req => {
                exchange::in_lockstep(self.input()?, sender, receiver, printer).await
            }
            _ => match self.replies()? {
                Some(replies) => {
                    reply::run(replies, self.arguments.kind, sender, receiver, printer).await
                }
                None => {
                    let input = self.input()?.to(targets);
                    let idle = self.arguments.answering.after_input;
                    exchange::concurrently(input, sender, receiver, printer, idle).await
                }
            },
        }
    }

    /// Publishes the input. Only `xpub` prints the subscriptions.
    async fn publish(self, sender: Sender, mut receiver: Receiver) -> Result<(), Failure> {
        let mut printer = (self.arguments.kind == SocketType::XPub).then(|| self.printer());
        let count = self.arguments.sending.wait_peers;
        let waited = publish::wait_for_subscribers(count, &mut receiver, printer.as_mut()).await?;
        if waited.is_break() {
            return Ok(());
        }
        match printer {
            Some(printer) => {
                exchange::concurrently(self.input()?, sender, receiver, printer, None).await
            }
            None => {
                let _discarding = receiver.discard();
                transfer::send(self.input()?, sender, self.arguments.common.count).await
            }
        }
    }

    /// The replies of a type that answers each request, or of others with `--echo` or `--reply`.
    fn replies(&self) -> Result<Option<Replies>, Failure> {
        let SocketArguments { kind, answering, sending, .. } = &self.arguments;
        if answering.echo {
            return Ok(Some(Replies::Echo));
        }
        if let Some(text) = answering.reply.clone() {
            let body = self.delimiter().split(text.into_encoded_bytes());
            return Ok(Some(Replies::Fixed(body)));
        }
        // A reply without a request is not an unsent message, so it is not in the backlog.
        let input = || Input::new(sending.input(), self.delimiter(), Backlog::default());
        let answers = match kind {
            SocketType::Rep | SocketType::Server => true,
            SocketType::Peer => !self.arguments.connects(),
            _ => false,
        };
        answers.then(|| input().map(Replies::Input)).transpose()
    }

    fn delimiter(&self) -> Delimiter {
        Delimiter::new(self.arguments.common.delimiter.clone())
    }

    fn printer(&self) -> Printer {
        let SocketArguments { receiving, common, .. } = &self.arguments;
        Printer::new(receiving.format, self.delimiter(), common.count, self.arguments.kind)
    }

    /// The messages of the command line, or else standard input.
    fn input(&self) -> Result<Input, Failure> {
        Input::new(self.arguments.sending.input(), self.delimiter(), self.backlog.clone())
    }
}
