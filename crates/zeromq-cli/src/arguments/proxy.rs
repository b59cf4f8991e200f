//! The arguments of `zmq proxy`.

use std::str::FromStr;

use clap::Args;
use zeromq_async::SocketType;

use super::TlsArguments;
use crate::endpoints::Attachment;
use crate::kind;

#[derive(Debug, Args)]
pub(crate) struct ProxyArguments {
    /// Socket for clients, such as router:bind:tcp://*:5555
    #[arg(long, value_name = END)]
    pub(crate) frontend: End,

    /// Socket for services, such as dealer:bind:tcp://*:5556
    #[arg(long, value_name = END)]
    pub(crate) backend: End,

    /// Socket that sends a copy of every message. Forwarding stops while its queue is full
    #[arg(long, value_name = END)]
    pub(crate) capture: Option<End>,

    /// Socket that receives commands: PAUSE, RESUME, STATISTICS, TERMINATE
    #[arg(long, value_name = END)]
    pub(crate) control: Option<End>,

    #[command(flatten)]
    pub(crate) tls: TlsArguments,
}

/// One socket of a proxy.
#[derive(Debug, Clone)]
pub(crate) struct End {
    pub(crate) kind: SocketType,
    pub(crate) attachment: Attachment,
}

impl ProxyArguments {
    /// All sockets, in the order in which they bind and connect.
    pub(crate) fn ends(&self) -> impl Iterator<Item = &End> {
        [&self.frontend, &self.backend].into_iter().chain(&self.capture).chain(&self.control)
    }

    /// Rejects socket types that cannot work together.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let (front, back) = (self.frontend.kind, self.backend.kind);
        if !kind::forwards_to(front, back) && !kind::forwards_to(back, front) {
            return Err("--frontend and --backend: neither can send what the other receives");
        }
        let duplex = |kind: SocketType| kind.sends() && kind.receives();
        if (kind::alternates(front) || kind::alternates(back)) && !(duplex(front) && duplex(back)) {
            return Err(
                "--frontend and --backend: the other side of req and rep must send and receive",
            );
        }
        if kind::alternates(front) && front == back {
            return Err("--frontend and --backend: req and rep cannot be on both sides");
        }
        if self.control.as_ref().is_some_and(|control| !kind::takes_commands(control.kind)) {
            return Err("--control: this socket type cannot receive a series of commands");
        }
        match &self.capture {
            Some(capture) if !capture.kind.sends() || kind::alternates(capture.kind) => {
                Err("--capture: this socket type cannot send a series of messages")
            }
            _ => Ok(()),
        }
    }
}

impl FromStr for End {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, ':');
        let (Some(kind), Some(side), Some(endpoint)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err("expected SOCKET:(bind|connect):EP");
        };
        let kind = kind::named(kind).ok_or("unknown socket type")?;
        if !kind::is_forwarded(kind) {
            return Err("a proxy cannot forward the messages of this socket type");
        }
        let attachment = match side {
            "bind" => Attachment::Bind(endpoint.to_owned()),
            "connect" => Attachment::Connect(endpoint.to_owned()),
            _ => return Err("expected bind or connect after the socket type"),
        };
        Ok(Self { kind, attachment })
    }
}

const END: &str = "SOCKET:(bind|connect):EP";
