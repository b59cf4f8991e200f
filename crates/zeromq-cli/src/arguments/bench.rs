//! The arguments of `zmq bench`.

use clap::{Args, Subcommand};

use super::TlsArguments;
use crate::endpoints::Attachment;

#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// Send to `bench pull` until it disconnects
    Push(BenchArguments),
    /// Measure the messages per second from `bench push`
    Pull(BenchArguments),
    /// Measure round trips to `bench rep`
    Req(BenchArguments),
    /// Echo the requests of `bench req` until it disconnects
    Rep(BenchArguments),
    /// Publish to `bench sub` until it disconnects
    Pub(BenchArguments),
    /// Measure the messages per second from `bench pub`
    Sub(BenchArguments),
    /// Measure PUSH to PULL within this process
    Inproc(Load),
}

#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    #[command(flatten)]
    pub(crate) side: Side,

    #[command(flatten)]
    pub(crate) load: Load,

    /// Number of peers to wait for before sending. For sub, the number of subscribers to open in this
    /// process; the sum of their results is reported
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) peers: usize,

    #[command(flatten)]
    pub(crate) tls: TlsArguments,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Side {
    /// Bind to this endpoint
    #[arg(long, value_name = "EP")]
    bind: Option<String>,

    /// Connect to this endpoint
    #[arg(long, value_name = "EP")]
    connect: Option<String>,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Load {
    /// Size of each message in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 64)]
    pub(crate) size: usize,

    /// Number of messages or round trips to measure, after a tenth of it as warm-up [default: 1000000
    /// messages, 100000 round trips]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,

    /// Print the result as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

impl BenchCommand {
    /// Rejects contradictory options.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        match self {
            Self::Sub(BenchArguments { side: Side { bind: Some(_), .. }, peers: 2.., .. }) => {
                Err("only one subscriber can bind: --bind cannot be used with --peers 2 or more")
            }
            _ => Ok(()),
        }
    }
}

impl Side {
    pub(crate) fn attachment(&self) -> Attachment {
        let connect = || Attachment::Connect(self.connect.clone().unwrap_or_default());
        self.bind.clone().map_or_else(connect, Attachment::Bind)
    }
}
