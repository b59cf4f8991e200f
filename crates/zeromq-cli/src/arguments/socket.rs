//! What `zmq <SOCKET>` is told: each socket type has the options that mean something to it.

use std::ffi::OsString;
use std::num::NonZeroU64;
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, Subcommand};

use super::{Security, seconds};
use crate::endpoints::Place;
use crate::format::Format;
use crate::kind::Kind;
use crate::socket::Options;

#[derive(Debug, Subcommand)]
pub(crate) enum SocketCommand {
    /// Send requests, and print the reply to each before the next
    Req {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
        #[command(flatten)]
        receiving: Receiving,
        #[command(flatten)]
        naming: Naming,
    },
    /// Print requests, and reply to each before the next
    Rep {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
        #[command(flatten)]
        receiving: Receiving,
        #[command(flatten)]
        naming: Naming,
        #[command(flatten)]
        answering: Answering,
    },
    /// Send to peers in turn, and print what comes from any
    Dealer {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
        #[command(flatten)]
        receiving: Receiving,
        #[command(flatten)]
        naming: Naming,
    },
    /// Send to the peer that the first frame names, and print what comes with its sender's name
    Router {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
        #[command(flatten)]
        receiving: Receiving,
        #[command(flatten)]
        naming: Naming,
        #[command(flatten)]
        answering: Answering,
    },
    /// Publish to all who have subscribed
    Pub {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
    },
    /// Print what is published
    Sub {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        receiving: Receiving,
        #[command(flatten)]
        subscribing: Subscribing,
    },
    /// Publish, and print the subscriptions: the octet 1, or 0 for an end, and the topic
    Xpub {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
        #[command(flatten)]
        receiving: Receiving,
    },
    /// Print what is published, and send to the publishers
    Xsub {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
        #[command(flatten)]
        receiving: Receiving,
        #[command(flatten)]
        subscribing: Subscribing,
    },
    /// Hand messages out to peers in turn
    Push {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
    },
    /// Print what peers hand out
    Pull {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        receiving: Receiving,
    },
    /// Send to and print from one peer and no other
    Pair {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
        #[command(flatten)]
        receiving: Receiving,
    },
}

/// What every socket is told.
#[derive(Debug, Args)]
pub(crate) struct Common {
    #[command(flatten)]
    attachment: Attachment,

    /// Stop after N messages received (req: N replies), or N sent where the socket only sends
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) count: Option<NonZeroU64>,

    /// Split each line or TEXT into frames at STR, and join frames with it on output [default: no
    /// splitting; frames are joined by a tab]
    #[arg(short, long, value_name = "STR", value_parser = OsStringValueParser::new().try_map(not_empty))]
    pub(crate) delimiter: Option<OsString>,

    /// Give up, with exit status 3, when nothing has arrived for so long
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,

    /// How long to go on writing at the end [default: until all is sent]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) linger: Option<Duration>,

    /// Print connection events to standard error, one JSON object a line
    #[arg(long)]
    pub(crate) monitor: bool,

    #[command(flatten)]
    pub(crate) security: Security,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Attachment {
    /// Bind to this endpoint; repeatable
    #[arg(long, value_name = "EP")]
    bind: Vec<String>,

    /// Connect to this endpoint; repeatable
    #[arg(long, value_name = "EP")]
    connect: Vec<String>,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Sending {
    /// A message to send; repeatable, sent in order. Without it standard input is read, one
    /// message a line
    #[arg(short = 'm', long = "message", value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) messages: Vec<OsString>,

    /// Wait until N peers are ready (pub and xpub: have subscribed) before the first send
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) wait_peers: usize,

    /// Pause between sends
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) interval: Option<Duration>,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Receiving {
    /// How received messages are printed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Naming {
    /// The socket's routing id, by which ROUTER peers know it
    #[arg(long, value_name = "ID")]
    routing_id: Option<OsString>,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Subscribing {
    /// Subscribe to what begins with PREFIX; repeatable [default: everything]
    #[arg(short = 's', long = "subscribe", value_name = "PREFIX", allow_hyphen_values = true)]
    topics: Vec<OsString>,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Answering {
    /// Answer every request with itself
    #[arg(long, conflicts_with_all = ["reply", "messages"])]
    pub(crate) echo: bool,

    /// Answer every request with TEXT
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, conflicts_with = "messages")]
    pub(crate) reply: Option<OsString>,
}

/// What a socket is to do, whichever its type: what it does not take is as if not given.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    pub(crate) common: Common,
    pub(crate) sending: Sending,
    pub(crate) receiving: Receiving,
    pub(crate) naming: Naming,
    pub(crate) subscribing: Subscribing,
    pub(crate) answering: Answering,
}

impl Plan {
    fn new(kind: Kind, common: Common) -> Self {
        Self {
            kind,
            common,
            sending: Sending::default(),
            receiving: Receiving::default(),
            naming: Naming::default(),
            subscribing: Subscribing::default(),
            answering: Answering::default(),
        }
    }

    /// Where to bind and connect, in that order.
    pub(crate) fn places(&self) -> Vec<Place> {
        let Attachment { bind, connect } = &self.common.attachment;
        let bind = bind.iter().cloned().map(Place::Bind);
        bind.chain(connect.iter().cloned().map(Place::Connect)).collect()
    }

    pub(crate) fn socket_options(&self) -> Options {
        let mut subscriptions = self.subscribing.topics.clone();
        if subscriptions.is_empty() {
            subscriptions.push(OsString::new());
        }
        Options {
            linger: self.common.linger,
            routing_id: self.naming.routing_id.clone(),
            subscriptions,
            sees_subscriptions: self.sending.wait_peers > 0,
        }
    }
}

impl From<SocketCommand> for Plan {
    fn from(command: SocketCommand) -> Self {
        match command {
            SocketCommand::Req { common, sending, receiving, naming } => {
                Self { sending, receiving, naming, ..Self::new(Kind::Req, common) }
            }
            SocketCommand::Rep { common, sending, receiving, naming, answering } => {
                Self { sending, receiving, naming, answering, ..Self::new(Kind::Rep, common) }
            }
            SocketCommand::Dealer { common, sending, receiving, naming } => {
                Self { sending, receiving, naming, ..Self::new(Kind::Dealer, common) }
            }
            SocketCommand::Router { common, sending, receiving, naming, answering } => {
                Self { sending, receiving, naming, answering, ..Self::new(Kind::Router, common) }
            }
            SocketCommand::Pub { common, sending } => {
                Self { sending, ..Self::new(Kind::Pub, common) }
            }
            SocketCommand::Sub { common, receiving, subscribing } => {
                Self { receiving, subscribing, ..Self::new(Kind::Sub, common) }
            }
            SocketCommand::Xpub { common, sending, receiving } => {
                Self { sending, receiving, ..Self::new(Kind::Xpub, common) }
            }
            SocketCommand::Xsub { common, sending, receiving, subscribing } => {
                Self { sending, receiving, subscribing, ..Self::new(Kind::Xsub, common) }
            }
            SocketCommand::Push { common, sending } => {
                Self { sending, ..Self::new(Kind::Push, common) }
            }
            SocketCommand::Pull { common, receiving } => {
                Self { receiving, ..Self::new(Kind::Pull, common) }
            }
            SocketCommand::Pair { common, sending, receiving } => {
                Self { sending, receiving, ..Self::new(Kind::Pair, common) }
            }
        }
    }
}

fn not_empty(text: OsString) -> Result<OsString, &'static str> {
    if text.is_empty() { Err("an empty string splits nothing") } else { Ok(text) }
}
