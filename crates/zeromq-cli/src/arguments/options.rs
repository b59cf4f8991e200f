//! Groups of socket options. Each socket type has some of the groups.

use std::ffi::OsString;
use std::num::NonZeroU64;
use std::time::Duration;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};

use super::{SecurityArguments, seconds};
use crate::format::Format;

/// The options of every socket type.
#[derive(Debug, Args)]
pub(crate) struct Common {
    #[command(flatten)]
    pub(super) endpoints: EndpointArguments,

    /// Stop after N received messages (req: N replies), or N sent messages if the socket only sends
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) count: Option<NonZeroU64>,

    /// Split each line or TEXT into frames at STR, and join frames with STR on output [default: no
    /// splitting; frames are joined with a tab]
    #[arg(short, long, value_name = "STR")]
    #[arg(value_parser = OsStringValueParser::new().try_map(not_empty))]
    pub(crate) delimiter: Option<OsString>,

    /// Exit with status 3 if nothing arrives for this time
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,

    /// How long to keep sending queued messages at the end [default: until all are sent]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) linger: Option<Duration>,

    /// Print connection events to standard error, one JSON object per line
    #[arg(long)]
    pub(crate) monitor: bool,

    #[command(flatten)]
    pub(crate) security: SecurityArguments,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct EndpointArguments {
    /// Bind to this endpoint; repeatable
    #[arg(long, value_name = "EP")]
    pub(super) bind: Vec<String>,

    /// Connect to this endpoint; repeatable
    #[arg(long, value_name = "EP")]
    pub(super) connect: Vec<String>,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Sending {
    /// Message to send; repeatable, sent in order [default: the lines of standard input]
    #[arg(short = 'm', long = "message", value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) messages: Vec<OsString>,

    /// Wait for N peers (pub and xpub: N subscriptions, radio: N members of the group) before the first
    /// send
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) wait_peers: usize,

    /// Pause between sends
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) interval: Option<Duration>,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Receiving {
    /// Output format of received messages
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Naming {
    /// Routing id that identifies this socket to ROUTER peers
    #[arg(long, value_name = "ID")]
    pub(super) routing_id: Option<OsString>,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Subscribing {
    /// Subscribe to messages that begin with PREFIX; repeatable [default: all messages]
    #[arg(short = 's', long = "subscribe", value_name = "PREFIX", allow_hyphen_values = true)]
    topics: Vec<OsString>,
}

/// What a socket receives of all that its peers send, or the group that it sends to.
#[derive(Debug, Default)]
pub(crate) struct Interests {
    pub(crate) topics: Vec<OsString>,
    pub(crate) groups: Vec<OsString>,
}

impl From<Subscribing> for Interests {
    fn from(Subscribing { topics }: Subscribing) -> Self {
        Self { topics, groups: Vec::new() }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Joining {
    /// Join group G; repeatable
    #[arg(long = "group", value_name = "G", required = true, allow_hyphen_values = true)]
    groups: Vec<OsString>,
}

impl From<Joining> for Interests {
    fn from(Joining { groups }: Joining) -> Self {
        Self { topics: Vec::new(), groups }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Addressing {
    /// Send to the members of group G
    #[arg(long, value_name = "G", allow_hyphen_values = true)]
    group: OsString,
}

impl From<Addressing> for Interests {
    fn from(Addressing { group }: Addressing) -> Self {
        Self { topics: Vec::new(), groups: vec![group] }
    }
}

#[derive(Debug, Default, Args)]
pub(crate) struct Answering {
    /// Reply to each request with the request itself
    #[arg(long, conflicts_with_all = ["reply", "messages"])]
    pub(crate) echo: bool,

    /// Reply to each request with TEXT
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, conflicts_with = "messages")]
    pub(crate) reply: Option<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct Echoing {
    /// Send back what is received
    #[arg(long, conflicts_with = "messages")]
    echo: bool,
}

impl From<Echoing> for Answering {
    fn from(Echoing { echo }: Echoing) -> Self {
        Self { echo, reply: None }
    }
}

fn not_empty(text: OsString) -> Result<OsString, &'static str> {
    if text.is_empty() { Err("must not be empty") } else { Ok(text) }
}

/// A socket type without a group has the defaults of the group.
macro_rules! default_from_unit {
    ($($Group:ty),*) => {
        $(impl From<()> for $Group {
            fn from((): ()) -> Self {
                Self::default()
            }
        })*
    };
}

default_from_unit!(Sending, Receiving, Naming, Interests, Answering);
