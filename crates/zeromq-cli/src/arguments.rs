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
mod tls;

pub(crate) use bench::{BenchArguments, BenchCommand, Load};
pub(crate) use keygen::{KeyMechanism, KeygenArguments};
pub(crate) use proxy::{End, ProxyArguments};
pub(crate) use security::{CurveArguments, NoiseArguments, SecurityArguments};
pub(crate) use socket::{SocketArguments, SocketCommand};
pub(crate) use tls::TlsArguments;

/// Send, receive, proxy and measure ZeroMQ from a shell.
///
/// Each socket type is a command. `zmq push --connect tcp://127.0.0.1:5555 -m hello` sends a message,
/// and `zmq pull --bind tcp://127.0.0.1:5555` prints received messages, one per line.
#[derive(Debug, Parser)]
#[command(name = "zmq", version, after_help = EXIT_STATUS)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is only one value")]
pub(crate) enum Command {
    #[command(flatten)]
    Socket(SocketCommand),

    /// Forward messages between two sockets, in both directions if their types allow it
    Proxy(ProxyArguments),

    /// Generate a key pair
    Keygen(KeygenArguments),

    /// Read a password without echo, and print its Argon2 hash for the FILE of --plain-server
    HashPassword,

    /// Measure throughput and round trips
    #[command(subcommand)]
    Bench(BenchCommand),
}

impl Arguments {
    /// Parses the command line. Wrong usage ends the process.
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

/// Parses a number of seconds, which may have a fraction.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

const EXIT_STATUS: &str = "\
Exit status: 0 success, 1 error, 2 wrong usage, 3 timeout (--timeout). Ctrl-C and SIGTERM close \
the sockets; the exit status is then 0, or 1 if messages were not sent.";
