//! Groups of socket options. Each socket type has some of the groups.

use std::ffi::OsString;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};

use super::{SecurityArguments, TlsArguments, seconds};
use crate::format::Format;
use crate::input::{InputFormat, InputOptions};

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

    #[command(flatten)]
    pub(crate) tls: TlsArguments,
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
    messages: Vec<OsString>,

    /// Send the content of a file as one message; repeatable, sent in order
    #[arg(long = "file", value_name = "PATH", conflicts_with = "messages")]
    files: Vec<PathBuf>,

    /// What a message of standard input is
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    #[arg(conflicts_with_all = ["messages", "files"])]
    input: InputFormat,

    /// With --input raw: the most bytes of a message [default: 65536]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..=MAX_CHUNK))]
    #[arg(requires = "input")]
    chunk: Option<u32>,

    /// Wait for N peers (pub and xpub: N subscriptions, radio: N members of the group) before the first
    /// send
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) wait_peers: usize,

    /// Pause between sends
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) interval: Option<Duration>,
}

impl Sending {
    pub(crate) fn input(&self) -> InputOptions<'_> {
        let Self { messages, files, input, chunk, .. } = self;
        InputOptions { messages, files, format: *input, chunk: *chunk }
    }
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
    #[arg(long, conflicts_with_all = ["reply", "messages", "files", "input"])]
    pub(crate) echo: bool,

    /// Reply to each request with TEXT
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    #[arg(conflicts_with_all = ["messages", "files", "input"])]
    pub(crate) reply: Option<OsString>,

    #[arg(skip)]
    pub(crate) after_input: Option<Duration>,
}

/// What a socket does that sends its input and prints what it receives at the same time.
#[derive(Debug, Default, Args)]
pub(crate) struct Exchanging {
    /// Exit with status 0 when nothing has arrived for this time after the end of the input
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    after_input: Option<Duration>,
}

impl From<Exchanging> for Answering {
    fn from(Exchanging { after_input }: Exchanging) -> Self {
        Self { after_input, ..Self::default() }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Echoing {
    /// Send back what is received
    #[arg(long, conflicts_with_all = ["messages", "files", "input"])]
    echo: bool,

    #[command(flatten)]
    exchanging: Exchanging,
}

impl From<Echoing> for Answering {
    fn from(Echoing { echo, exchanging }: Echoing) -> Self {
        Self { echo, ..exchanging.into() }
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

/// The limit of `--chunk`: 16 MiB.
const MAX_CHUNK: i64 = 16 << 20;
