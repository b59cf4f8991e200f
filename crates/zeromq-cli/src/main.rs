//! The `zmq` command: send, receive, proxy and measure ZeroMQ from a shell.

use std::process::ExitCode;
use std::time::Duration;

use tokio::runtime::Runtime;

mod arguments;
mod bench;
mod console;
mod endpoints;
mod exit;
mod format;
mod input;
mod keygen;
mod kind;
mod monitor;
mod password;
mod proxy;
mod refusal;
mod security;
mod session;
mod signals;
mod socket;
mod trouble;

use arguments::{Arguments, Command};
use exit::Failure;

fn main() -> ExitCode {
    let arguments = Arguments::read();
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
        Command::Socket(socket) => session::run(socket.into()).await,
        Command::Proxy(proxy) => proxy::run(proxy).await,
        Command::Keygen(arguments) => keygen::run(arguments),
        Command::HashPassword => keygen::hash_password().await,
        Command::Bench(bench) => bench::run(bench).await,
    }
}

/// How long tasks may take to notice that it is over.
const SHUTDOWN: Duration = Duration::from_millis(500);
