//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Plays zeromq-async against the system's libzmq, bare sockets and others.
///
/// Every case is played by each contestant in turn, in processes of their own, for several rounds;
/// what is told are medians. A run of all cases writes docs/benchmarks; any other writes files only
/// where --output says.
#[derive(Debug, Parser)]
#[command(name = "versus")]
pub(crate) struct Arguments {
    /// Play only the cases whose names contain one of these, as --list shows them
    #[arg(long, value_delimiter = ',', value_name = "TEXT")]
    pub(crate) cases: Vec<String>,
    /// How often each case is played [default: 5, or 1 with --quick]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: Option<u32>,
    /// Measure each trial for a shorter time: to see that all works, not to publish
    #[arg(long)]
    pub(crate) quick: bool,
    /// Measure each trial for this long, in milliseconds [default: 800, or 400 with --quick]
    #[arg(long, value_name = "MILLISECONDS")]
    pub(crate) window: Option<u64>,
    /// Let the programs of benches/rivals play too, those that are built
    #[arg(long, value_name = "DIRECTORY", num_args = 0..=1, default_missing_value = RIVALS)]
    pub(crate) rivals: Option<PathBuf>,
    /// Write versus.json, README.md and plots here
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) output: Option<PathBuf>,
    /// Name the cases and play none
    #[arg(long)]
    pub(crate) list: bool,
}

impl Arguments {
    pub(crate) fn rounds(&self) -> u32 {
        self.rounds.unwrap_or(if self.quick { 1 } else { 5 })
    }

    pub(crate) fn window(&self) -> Duration {
        Duration::from_millis(self.window.unwrap_or(if self.quick { 400 } else { 800 }))
    }

    /// Where to write, if anywhere.
    pub(crate) fn output(&self) -> Option<PathBuf> {
        let published = self.cases.is_empty() && !self.quick;
        self.output.clone().or_else(|| published.then(|| PathBuf::from(PUBLISHED)))
    }
}

const PUBLISHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/benchmarks");
const RIVALS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/rivals/target/release");
