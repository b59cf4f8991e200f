//! The `zmq` command: send, receive, proxy and measure ZeroMQ from a shell.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::runtime::Runtime;

mod arguments;
mod bench;
mod console;
mod endpoints;
mod exit;
mod signals;

use arguments::{Arguments, Command};
use exit::Failure;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return exit::code(Err(Failure::error(error))),
    };
    let result = runtime.block_on(run(arguments.command));
    // Sockets leave the file system as they found it, unless a task hangs in a write to a terminal
    // that nobody reads.
    runtime.shutdown_timeout(SHUTDOWN);
    exit::code(result)
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Bench(bench) => bench::run(bench).await,
    }
}

/// How long tasks may take to notice that it is over.
const SHUTDOWN: Duration = Duration::from_millis(500);
