//! The command line.

use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

mod bench;
mod keygen;
mod options;
mod proxy;
mod security;
mod socket;

pub(crate) use bench::{BenchArguments, BenchCommand, Load};
pub(crate) use keygen::{KeyMechanism, KeygenArguments};
pub(crate) use proxy::{End, ProxyArguments};
pub(crate) use security::{CurveArguments, NoiseArguments, SecurityArguments};
pub(crate) use socket::{Plan, SocketCommand};

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
#[expect(clippy::large_enum_variant, reason = "there is one, read once")]
pub(crate) enum Command {
    #[command(flatten)]
    Socket(SocketCommand),

    /// Forward between two sockets, both ways where their types allow
    Proxy(ProxyArguments),

    /// Make a pair of keys
    Keygen(KeygenArguments),

    /// Read a password, unseen, and print its Argon2 hash for the FILE of --plain-server
    HashPassword,

    /// Measure throughput and round trips
    #[command(subcommand)]
    Bench(BenchCommand),
}

impl Arguments {
    /// Reads the command line, and ends the process where it is wrong.
    pub(crate) fn read() -> Self {
        let arguments = Self::parse();
        let checked = match &arguments.command {
            Command::Bench(bench) => bench.check(),
            Command::Proxy(proxy) => proxy.check(),
            Command::Socket(_) | Command::Keygen(_) | Command::HashPassword => Ok(()),
        };
        match checked {
            Ok(()) => arguments,
            Err(text) => Self::command().error(ErrorKind::ArgumentConflict, text).exit(),
        }
    }
}

/// Reads a number of seconds, fractions allowed.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

const EXIT_STATUS: &str = "\
Exit status: 0 done, 1 an error, 2 wrong usage, 3 timed out (--timeout). Ctrl-C and SIGTERM close \
the sockets in order and exit with 0, or with 1 where messages were not sent.";
