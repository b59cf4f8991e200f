//! The arguments of `zmq proxy`.

use std::str::FromStr;

use clap::{Args, ValueEnum};

use crate::endpoints::Attachment;
use crate::kind::Kind;

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
}

/// One socket of a proxy.
#[derive(Debug, Clone)]
pub(crate) struct End {
    pub(crate) kind: Kind,
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
        if !front.forwards_to(back) && !back.forwards_to(front) {
            return Err("--frontend and --backend: neither can send what the other receives");
        }
        let duplex = |kind: Kind| kind.sends() && kind.receives();
        if (front.alternates() || back.alternates()) && !(duplex(front) && duplex(back)) {
            return Err(
                "--frontend and --backend: the other side of req and rep must send and receive",
            );
        }
        if front.alternates() && front == back {
            return Err("--frontend and --backend: req and rep cannot be on both sides");
        }
        if self.control.as_ref().is_some_and(|control| !control.kind.takes_commands()) {
            return Err("--control: this socket type cannot receive a series of commands");
        }
        match &self.capture {
            Some(capture) if !capture.kind.sends() || capture.kind.alternates() => {
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
        let kind = Kind::from_str(kind, false).map_err(|_| "unknown socket type")?;
        let attachment = match side {
            "bind" => Attachment::Bind(endpoint.to_owned()),
            "connect" => Attachment::Connect(endpoint.to_owned()),
            _ => return Err("expected bind or connect after the socket type"),
        };
        Ok(Self { kind, attachment })
    }
}

const END: &str = "SOCKET:(bind|connect):EP";
