//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Compares zeromq-async with the system's libzmq, bare sockets and other implementations.
///
/// Each contestant runs each case in turn, in its own processes, for several rounds. The results
/// are medians. A run of all cases writes docs/benchmarks. Other runs write files only with
/// --output.
#[derive(Debug, Parser)]
#[command(name = "versus")]
pub(crate) struct Arguments {
    /// Run only the cases with one of these texts in their name; --list shows the names
    #[arg(long, value_delimiter = ',', value_name = "TEXT")]
    pub(crate) cases: Vec<String>,
    /// The number of rounds of each case [default: 5, or 1 with --quick]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: Option<u32>,
    /// Measure for a shorter time, to check that all cases work
    #[arg(long)]
    pub(crate) quick: bool,
    /// The measured time of each trial in milliseconds [default: 800, or 400 with --quick]
    #[arg(long, value_name = "MILLISECONDS")]
    pub(crate) window: Option<u64>,
    /// Include the programs of benches/rivals that are built
    #[arg(long, value_name = "DIRECTORY", num_args = 0..=1, default_missing_value = RIVALS)]
    pub(crate) rivals: Option<PathBuf>,
    /// Write versus.json, README.md and plots to this directory
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) output: Option<PathBuf>,
    /// List the cases and run none
    #[arg(long)]
    pub(crate) list: bool,
    /// Draw the plots again from the versus.json in this directory, and run nothing
    #[arg(long, value_name = "DIRECTORY", conflicts_with_all = ["cases", "list"])]
    pub(crate) redraw: Option<PathBuf>,
}

impl Arguments {
    pub(crate) fn rounds(&self) -> u32 {
        self.rounds.unwrap_or(if self.quick { 1 } else { 5 })
    }

    pub(crate) fn window(&self) -> Duration {
        Duration::from_millis(self.window.unwrap_or(if self.quick { 400 } else { 800 }))
    }

    /// The output directory, if any.
    pub(crate) fn output(&self) -> Option<PathBuf> {
        let published = self.cases.is_empty() && !self.quick;
        self.output.clone().or_else(|| published.then(|| PathBuf::from(PUBLISHED)))
    }
}

const PUBLISHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/benchmarks");
const RIVALS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/rivals/target/release");
