//! The `zmq` command: send, receive, proxy and measure ZeroMQ from a shell.

use std::process::ExitCode;
use std::time::Duration;

use tokio::runtime::Runtime;

mod arguments;
mod bench;
mod console;
mod endpoints;
mod failure;
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
mod shutdown;
mod signals;
mod socket;
mod targets;
mod tls;
mod warnings;

use arguments::{Arguments, Command};
use failure::Failure;

fn main() -> ExitCode {
    let arguments = Arguments::read();
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return exit_code(Err(Failure::error(error))),
    };
    let result = runtime.block_on(run(arguments.command));
    // This lets sockets remove their ipc files. A task may be blocked in a write to a terminal, so
    // the time is limited.
    runtime.shutdown_timeout(RUNTIME_SHUTDOWN);
    exit_code(result)
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

/// Reports a failure on standard error. The status for wrong usage, 2, comes from clap.
fn exit_code(result: Result<(), Failure>) -> ExitCode {
    let (text, status) = match result {
        Ok(()) | Err(Failure::OutputClosed) => return ExitCode::SUCCESS,
        Err(Failure::Error(text)) => (text, 1),
        Err(Failure::TimedOut(text)) => (text, 3),
    };
    console::log(format_args!("zmq: {}", text.replace('\n', " ")));
    ExitCode::from(status)
}

const RUNTIME_SHUTDOWN: Duration = Duration::from_millis(500);
