//! What `zmq proxy` is told.

use std::str::FromStr;

use clap::{Args, ValueEnum};

use crate::endpoints::Place;
use crate::kind::Kind;

#[derive(Debug, Args)]
pub(crate) struct ProxyArguments {
    /// The side that clients use, as router:bind:tcp://*:5555
    #[arg(long, value_name = END)]
    pub(crate) frontend: End,

    /// The side that services use, as dealer:bind:tcp://*:5556
    #[arg(long, value_name = END)]
    pub(crate) backend: End,

    /// A socket that sends a copy of every message; nothing passes while it has no room
    #[arg(long, value_name = END)]
    pub(crate) capture: Option<End>,

    /// A socket that takes orders: PAUSE, RESUME, STATISTICS, TERMINATE
    #[arg(long, value_name = END)]
    pub(crate) control: Option<End>,
}

/// One socket of a proxy.
#[derive(Debug, Clone)]
pub(crate) struct End {
    pub(crate) kind: Kind,
    pub(crate) place: Place,
}

impl ProxyArguments {
    /// All sockets, in the order in which they are attached.
    pub(crate) fn ends(&self) -> impl Iterator<Item = &End> {
        [&self.frontend, &self.backend].into_iter().chain(&self.capture).chain(&self.control)
    }

    /// Finds sockets that have nothing to say to each other.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let (front, back) = (self.frontend.kind, self.backend.kind);
        if !front.forwards_to(back) && !back.forwards_to(front) {
            return Err("--frontend and --backend: neither can send what the other receives");
        }
        let duplex = |kind: Kind| kind.sends() && kind.receives();
        if (front.alternates() || back.alternates()) && !(duplex(front) && duplex(back)) {
            return Err("--frontend and --backend: req and rep need a socket that sends and \
                        receives at the other side");
        }
        if front.alternates() && front == back {
            return Err("--frontend and --backend: one of them must ask and the other answer");
        }
        if self.control.as_ref().is_some_and(|control| !control.kind.takes_orders()) {
            return Err("--control: a socket of this type cannot take one order after the other");
        }
        match &self.capture {
            Some(capture) if !capture.kind.sends() || capture.kind.alternates() => {
                Err("--capture: a socket of this type cannot send one message after the other")
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
            return Err("not of the form SOCKET:(bind|connect):EP");
        };
        let kind = Kind::from_str(kind, false).map_err(|_| "no socket type has this name")?;
        let place = match side {
            "bind" => Place::Bind(endpoint.to_owned()),
            "connect" => Place::Connect(endpoint.to_owned()),
            _ => return Err("after the socket type comes bind or connect"),
        };
        Ok(Self { kind, place })
    }
}

const END: &str = "SOCKET:(bind|connect):EP";
