//! What `zmq bench` is told.

use clap::{Args, Subcommand};

use crate::endpoints::Place;

#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// Send to `bench pull` for as long as it is there
    Push(BenchArguments),
    /// Measure how many messages a second come from `bench push`
    Pull(BenchArguments),
    /// Measure round trips to `bench rep`
    Req(BenchArguments),
    /// Send each request of `bench req` back, for as long as it is there
    Rep(BenchArguments),
    /// Publish to `bench sub` for as long as it is there
    Pub(BenchArguments),
    /// Measure how many messages a second come from `bench pub`
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

    /// Peers to wait for before anything is sent; for sub, how many subscribers to open in this
    /// process, whose sum is reported
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) peers: usize,
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
    /// Bytes of each message
    #[arg(long, value_name = "BYTES", default_value_t = 64)]
    pub(crate) size: usize,

    /// Messages or round trips to measure, after a tenth of that to warm up [default: 1000000
    /// messages, 100000 round trips]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,

    /// Print the result as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

impl BenchCommand {
    /// Finds what contradicts itself.
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
    /// The one place that was given.
    pub(crate) fn place(&self) -> Place {
        let connect = || Place::Connect(self.connect.clone().unwrap_or_default());
        self.bind.clone().map_or_else(connect, Place::Bind)
    }
}
