//! Round trips of bytes over Tokio, with the same number of threads as the other contestants.

use std::convert::Infallible;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::runtime::Builder;

use super::stream::Address;
use crate::counters::Counters;
use crate::line::Line;
use crate::order::{Order, Role};
use crate::process::Failure;
use crate::round_trips::RoundTrips;

const THREADS: usize = 2;

pub(super) fn play(order: Order) -> Result<Infallible, Failure> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .map_err(Failure::new)?;
    let played = runtime.spawn(play_role(order));
    runtime.block_on(played).map_err(Failure::new)?
}

async fn play_role(order: Order) -> Result<Infallible, Failure> {
    let address = Address::parse(&order.endpoint)?;
    match order.role {
        Role::Rep => serve(&address, order.size).await,
        Role::Req => ask(connect(&address).await?, &order).await,
        _ => call(&address, &order).await,
    }
}

async fn serve(address: &Address, size: usize) -> Result<Infallible, Failure> {
    match address {
        Address::Tcp(name) => {
            let listener = TcpListener::bind(name).await.map_err(Failure::new)?;
            let bound = listener.local_addr().map_err(Failure::new)?;
            Line::Bound(format!("tcp://{bound}")).say()?;
            loop {
                let (stream, _) = listener.accept().await.map_err(Failure::new)?;
                stream.set_nodelay(true).map_err(Failure::new)?;
                tokio::spawn(echo(stream, size));
            }
        }
        Address::Ipc(path) => {
            let listener = UnixListener::bind(path).map_err(Failure::new)?;
            Line::Bound(format!("ipc://{path}")).say()?;
            loop {
                let (stream, _) = listener.accept().await.map_err(Failure::new)?;
                tokio::spawn(echo(stream, size));
            }
        }
    }
}

/// Echoes all bytes until the peer disconnects.
async fn echo(mut stream: impl AsyncRead + AsyncWrite + Unpin, size: usize) {
    let mut bytes = vec![0; size];
    while stream.read_exact(&mut bytes).await.is_ok() && stream.write_all(&bytes).await.is_ok() {}
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

async fn connect(address: &Address) -> Result<Box<dyn Stream>, Failure> {
    match address {
        Address::Tcp(name) => {
            let stream = TcpStream::connect(name).await.map_err(Failure::new)?;
            stream.set_nodelay(true).map_err(Failure::new)?;
            Ok(Box::new(stream))
        }
        Address::Ipc(path) => Ok(Box::new(UnixStream::connect(path).await.map_err(Failure::new)?)),
    }
}

async fn ask(mut stream: Box<dyn Stream>, order: &Order) -> Result<Infallible, Failure> {
    let (bytes, mut reply) = (order.bytes(), vec![0; order.size]);
    let mut trips = RoundTrips::new(order);
    loop {
        stream.write_all(&bytes).await.map_err(Failure::new)?;
        stream.read_exact(&mut reply).await.map_err(Failure::new)?;
        if !trips.lap()? {
            return trips.finish();
        }
    }
}

async fn call(address: &Address, order: &Order) -> Result<Infallible, Failure> {
    let (bytes, mut reply) = (order.bytes(), vec![0; order.size]);
    let counters = Counters::new(1);
    let counter = counters.counter(0);
    counters.measure(order);
    loop {
        let mut stream = connect(address).await?;
        stream.write_all(&bytes).await.map_err(Failure::new)?;
        stream.read_exact(&mut reply).await.map_err(Failure::new)?;
        counter.add_one();
    }
}
