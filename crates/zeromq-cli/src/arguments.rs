//! The command line.

use clap::{Parser, Subcommand};

mod bench;

pub(crate) use bench::{BenchArguments, BenchCommand, Load};

/// Send, receive, proxy and measure ZeroMQ from a shell.
///
/// Each socket type is a command of its own: `zmq push --connect tcp://127.0.0.1:5555 -m hello`
/// sends, `zmq pull --bind tcp://127.0.0.1:5555` prints what comes, one message a line.
#[derive(Debug, Parser)]
#[command(name = "zmq", version, after_help = EXIT_STATUS)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measure throughput and round trips
    #[command(subcommand)]
    Bench(BenchCommand),
}

const EXIT_STATUS: &str = "\
Exit status: 0 done, 1 an error, 2 wrong usage, 3 timed out (--timeout). Ctrl-C and SIGTERM close
the sockets in order and exit with 0.";
