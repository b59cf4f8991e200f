//! Measuring: how many messages a second, and how long a round trip takes.
//!
//! The loops that are measured do what a program would: `send` and `recv`, one message after the
//! other, in a task of Tokio's multi-thread runtime, with the default high-water marks. The payload
//! is made once and cloned for each message.

use std::future::Future;
use std::time::Duration;

use zeromq_async::{
    Message, PubSocket, PullSocket, PushSocket, RepSocket, ReqSocket, Socket, SocketHandle,
    SocketKind,
};

mod inproc;
mod peers;
mod round_trip;
mod throughput;

use crate::arguments::{BenchArguments, BenchCommand};
use crate::endpoints;
use crate::exit::Failure;
use crate::signals::Signals;
use crate::trouble;
use peers::until_gone;

/// Runs one benchmark to its end, or until it is told to end.
pub(crate) async fn run(command: BenchCommand) -> Result<(), Failure> {
    let mut signals = Signals::new()?;
    tokio::select! {
        result = measure(command) => result,
        () = signals.recv() => Ok(()),
    }
}

async fn measure(command: BenchCommand) -> Result<(), Failure> {
    match command {
        BenchCommand::Push(arguments) => {
            let socket: PushSocket = prompt();
            let handle = socket.handle().clone();
            let payload = payload(arguments.load.size);
            serve(&handle, &arguments, throughput::send(socket, payload)).await
        }
        BenchCommand::Pub(arguments) => {
            let socket: PubSocket = prompt();
            let handle = socket.handle().clone();
            let payload = payload(arguments.load.size);
            serve(&handle, &arguments, throughput::send(socket, payload)).await
        }
        BenchCommand::Rep(arguments) => {
            let socket: RepSocket = prompt();
            let handle = socket.handle().clone();
            serve(&handle, &arguments, round_trip::echo(socket)).await
        }
        BenchCommand::Pull(arguments) => {
            let socket: PullSocket = prompt();
            attach(socket.handle(), &arguments).await?;
            throughput::receive(vec![socket], arguments.load).await
        }
        BenchCommand::Sub(arguments) => {
            let sockets = throughput::subscribers(arguments.peers);
            let place = arguments.side.place();
            let attachments: Vec<_> =
                sockets.iter().map(|socket| (socket.handle(), &place)).collect();
            for (handle, _) in &attachments {
                tokio::spawn(trouble::report(handle.events()));
            }
            endpoints::attach(&attachments).await?;
            throughput::receive(sockets, arguments.load).await
        }
        BenchCommand::Req(arguments) => {
            let socket: ReqSocket = prompt();
            attach(socket.handle(), &arguments).await?;
            round_trip::ask(socket, arguments.load).await
        }
        BenchCommand::Inproc(load) => inproc::run(load).await,
    }
}

/// Does the peers' work until the last of them has gone.
async fn serve(
    handle: &SocketHandle,
    arguments: &BenchArguments,
    work: impl Future<Output = Result<(), Failure>> + Send + 'static,
) -> Result<(), Failure> {
    let events = handle.events();
    attach(handle, arguments).await?;
    let mut working = tokio::spawn(work);
    let result = tokio::select! {
        result = &mut working => result.unwrap_or_else(|error| Err(Failure::error(error))),
        () = until_gone(events) => Ok(()),
    };
    working.abort();
    handle.close().await;
    result
}

/// Attaches the socket and waits for its peers.
async fn attach(handle: &SocketHandle, arguments: &BenchArguments) -> Result<(), Failure> {
    tokio::spawn(trouble::report(handle.events()));
    endpoints::attach(&[(handle, &arguments.side.place())]).await?;
    handle.wait_for_peers(arguments.peers).await;
    Ok(())
}

/// A socket that does not linger: what is left over when the measuring is done is of no use.
fn prompt<P: SocketKind>() -> Socket<P> {
    Socket::builder().linger(Duration::ZERO).build()
}

fn payload(bytes: usize) -> Message {
    Message::from(vec![0; bytes])
}
