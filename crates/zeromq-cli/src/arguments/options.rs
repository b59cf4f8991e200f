//! The options of sockets, in groups that a socket type has or has not.

use std::ffi::OsString;
use std::num::NonZeroU64;
use std::time::Duration;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};

use super::{SecurityArguments, seconds};
use crate::format::Format;

/// What every socket is told.
#[derive(Debug, Args)]
pub(crate) struct Common {
    #[command(flatten)]
    pub(super) attachment: Attachment,

    /// Stop after N messages received (req: N replies), or N sent where the socket only sends
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) count: Option<NonZeroU64>,

    /// Split each line or TEXT into frames at STR, and join frames with it on output [default: no
    /// splitting; frames are joined by a tab]
    #[arg(short, long, value_name = "STR")]
    #[arg(value_parser = OsStringValueParser::new().try_map(not_empty))]
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
    pub(crate) security: SecurityArguments,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct Attachment {
    /// Bind to this endpoint; repeatable
    #[arg(long, value_name = "EP")]
    pub(super) bind: Vec<String>,

    /// Connect to this endpoint; repeatable
    #[arg(long, value_name = "EP")]
    pub(super) connect: Vec<String>,
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
    pub(super) routing_id: Option<OsString>,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Subscribing {
    /// Subscribe to what begins with PREFIX; repeatable [default: everything]
    #[arg(short = 's', long = "subscribe", value_name = "PREFIX", allow_hyphen_values = true)]
    pub(super) topics: Vec<OsString>,
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

fn not_empty(text: OsString) -> Result<OsString, &'static str> {
    if text.is_empty() { Err("an empty string splits nothing") } else { Ok(text) }
}
