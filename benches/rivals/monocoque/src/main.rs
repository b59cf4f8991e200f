//! Plays the roles of `versus` with monocoque-rs, on its Tokio backend.
//!
//! Each of its sockets is created from one connection.

use std::convert::Infallible;
use std::process::ExitCode;

use benches::{Counters, Failure, Line, Order, Role, RoundTrips, rival};
use bytes::Bytes;
use monocoque::SocketOptions;
use monocoque::rt::{LocalRuntime, TcpListener, TcpStream, UnixListener, UnixStream};
use monocoque::zmq::{PullSocket, PushSocket, RepSocket, ReqSocket};

fn main() -> ExitCode {
    rival(play)
}

fn play(order: Order) -> Result<Infallible, Failure> {
    let runtime = LocalRuntime::new().map_err(Failure::new)?;
    runtime.block_on(async {
        let stream = match order.role {
            Role::Pull | Role::Rep => accept(&order.endpoint).await?,
            _ => connect(&order.endpoint).await?,
        };
        play_role(stream, &order).await
    })
}

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

async fn accept(endpoint: &str) -> Result<Stream, Failure> {
    if let Some(path) = endpoint.strip_prefix("ipc://") {
        let listener = UnixListener::bind(path).await.map_err(Failure::new)?;
        Line::Bound(endpoint.to_owned()).say()?;
        return Ok(Stream::Unix(listener.accept().await.map_err(Failure::new)?.0));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Failure::new)?;
    let address = listener.local_addr().map_err(Failure::new)?;
    Line::Bound(format!("tcp://{address}")).say()?;
    Ok(Stream::Tcp(listener.accept().await.map_err(Failure::new)?.0))
}

async fn connect(endpoint: &str) -> Result<Stream, Failure> {
    if let Some(path) = endpoint.strip_prefix("ipc://") {
        return UnixStream::connect(path).await.map(Stream::Unix).map_err(Failure::new);
    }
    let address = endpoint.trim_start_matches("tcp://");
    TcpStream::connect(address).await.map(Stream::Tcp).map_err(Failure::new)
}

async fn play_role(stream: Stream, order: &Order) -> Result<Infallible, Failure> {
    let options = SocketOptions::default;
    match (order.role, stream) {
        (Role::Pull, Stream::Tcp(stream)) => {
            let mut socket = PullSocket::from_tcp(stream).await.map_err(Failure::new)?;
            count(order, async || socket.recv().await.map(|got| got.is_some())).await
        }
        (Role::Pull, Stream::Unix(stream)) => {
            let mut socket = PullSocket::from_unix_stream(stream).await.map_err(Failure::new)?;
            count(order, async || socket.recv().await.map(|got| got.is_some())).await
        }
        (Role::Push, Stream::Tcp(stream)) => {
            let options = options().with_write_coalescing(true);
            let mut socket =
                PushSocket::from_tcp_with_options(stream, options).await.map_err(Failure::new)?;
            for_ever(order, async |bytes| socket.send_one(bytes).await).await
        }
        (Role::Push, Stream::Unix(stream)) => {
            let options = options().with_write_coalescing(true);
            let mut socket = PushSocket::from_unix_stream_with_options(stream, options)
                .await
                .map_err(Failure::new)?;
            for_ever(order, async |bytes| socket.send_one(bytes).await).await
        }
        (Role::Rep, Stream::Tcp(stream)) => {
            let mut socket = RepSocket::from_tcp(stream).await.map_err(Failure::new)?;
            loop {
                let request = socket.recv().await.map_err(Failure::new)?.ok_or_else(gone)?;
                socket.send(request).await.map_err(Failure::new)?;
            }
        }
        (Role::Rep, Stream::Unix(stream)) => {
            let mut socket = RepSocket::from_unix_stream(stream).await.map_err(Failure::new)?;
            loop {
                let request = socket.recv().await.map_err(Failure::new)?.ok_or_else(gone)?;
                socket.send(request).await.map_err(Failure::new)?;
            }
        }
        (Role::Req, Stream::Tcp(stream)) => {
            let mut socket = ReqSocket::from_tcp(stream).await.map_err(Failure::new)?;
            time(order, async |bytes| {
                socket.send_one(bytes).await?;
                socket.recv().await.map(|reply| reply.is_some())
            })
            .await
        }
        (Role::Req, Stream::Unix(stream)) => {
            let mut socket = ReqSocket::from_unix_stream(stream).await.map_err(Failure::new)?;
            time(order, async |bytes| {
                socket.send_one(bytes).await?;
                socket.recv().await.map(|reply| reply.is_some())
            })
            .await
        }
        (role, _) => Err(Failure::new(format!("{role} is not supported"))),
    }
}

async fn count(
    order: &Order,
    mut recv: impl AsyncFnMut() -> std::io::Result<bool>,
) -> Result<Infallible, Failure> {
    let counters = Counters::new(1);
    let counter = counters.counter(0);
    counters.measure(order);
    while recv().await.map_err(Failure::new)? {
        counter.add_one();
    }
    Err(gone())
}

async fn for_ever(
    order: &Order,
    mut send: impl AsyncFnMut(Bytes) -> std::io::Result<()>,
) -> Result<Infallible, Failure> {
    let bytes = Bytes::from(order.bytes());
    loop {
        send(bytes.clone()).await.map_err(Failure::new)?;
    }
}

async fn time(
    order: &Order,
    mut ask: impl AsyncFnMut(Bytes) -> std::io::Result<bool>,
) -> Result<Infallible, Failure> {
    let (bytes, mut trips) = (Bytes::from(order.bytes()), RoundTrips::new(order));
    while ask(bytes.clone()).await.map_err(Failure::new)? {
        if !trips.lap()? {
            return trips.finish();
        }
    }
    Err(gone())
}

fn gone() -> Failure {
    Failure::new("the peer disconnected")
}
