//! `zmq bench`: messages per second, and round-trip times.
//!
//! The measured loops do the same as a typical program: they call `send` or `recv` for each message in
//! a task of Tokio's multi-thread runtime, with default high-water marks. The payload is created once
//! and cloned for each message.

use std::future::Future;
use std::time::Duration;

use zeromq_async::{
    Context, Message, PubSocket, PullSocket, PushSocket, RepSocket, ReqSocket, Socket,
    SocketHandle, SocketKind,
};

mod inproc;
mod peers;
mod round_trip;
mod throughput;

use crate::arguments::{BenchArguments, BenchCommand};
use crate::endpoints;
use crate::failure::Failure;
use crate::signals::Signals;
use crate::tls;
use crate::warnings;
use peers::until_gone;

/// Runs a benchmark until it is done or a signal arrives.
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
            let socket: PushSocket = socket(&arguments.context()?);
            let handle = socket.handle().clone();
            let payload = payload(arguments.load.size);
            serve(&handle, &arguments, throughput::send(socket, payload)).await
        }
        BenchCommand::Pub(arguments) => {
            let socket: PubSocket = socket(&arguments.context()?);
            let handle = socket.handle().clone();
            let payload = payload(arguments.load.size);
            serve(&handle, &arguments, throughput::send(socket, payload)).await
        }
        BenchCommand::Rep(arguments) => {
            let socket: RepSocket = socket(&arguments.context()?);
            let handle = socket.handle().clone();
            serve(&handle, &arguments, round_trip::echo(socket)).await
        }
        BenchCommand::Pull(arguments) => {
            let socket: PullSocket = socket(&arguments.context()?);
            attach(socket.handle(), &arguments).await?;
            throughput::receive(vec![socket], arguments.load).await
        }
        BenchCommand::Sub(arguments) => {
            let sockets = throughput::subscribers(&arguments.context()?, arguments.peers);
            let attachment = arguments.side.attachment();
            let handles: Vec<_> =
                sockets.iter().map(|socket| (socket.handle(), &attachment)).collect();
            for (handle, _) in &handles {
                tokio::spawn(warnings::report(handle.events()));
            }
            endpoints::attach(&handles).await?;
            throughput::receive(sockets, arguments.load).await
        }
        BenchCommand::Req(arguments) => {
            let socket: ReqSocket = socket(&arguments.context()?);
            attach(socket.handle(), &arguments).await?;
            round_trip::ask(socket, arguments.load).await
        }
        BenchCommand::Inproc(load) => inproc::run(load).await,
    }
}

impl BenchArguments {
    fn context(&self) -> Result<Context, Failure> {
        tls::context(&self.tls, [&self.side.attachment()])
    }
}

/// Serves the peers until the last one disconnects.
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

/// Binds or connects the socket and waits for its peers.
async fn attach(handle: &SocketHandle, arguments: &BenchArguments) -> Result<(), Failure> {
    tokio::spawn(warnings::report(handle.events()));
    endpoints::attach(&[(handle, &arguments.side.attachment())]).await?;
    handle.wait_for_peers(arguments.peers).await;
    Ok(())
}

/// A socket that does not linger, because messages after the measurement are useless.
fn socket<P: SocketKind>(context: &Context) -> Socket<P> {
    Socket::builder_in(context).linger(Duration::ZERO).build()
}

fn payload(bytes: usize) -> Message {
    Message::from(vec![0; bytes])
}
