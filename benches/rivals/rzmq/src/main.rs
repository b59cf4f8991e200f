//! Plays the roles of `versus` with rzmq.

use std::convert::Infallible;
use std::process::ExitCode;

use benches::{Counters, Failure, Line, Order, Role, RoundTrips, rival};
use bytes::Bytes;
use rzmq::socket::options::LAST_ENDPOINT;
use rzmq::{Context, Msg, Socket, SocketType};

fn main() -> ExitCode {
    rival(play)
}

fn play(order: Order) -> Result<Infallible, Failure> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().map_err(Failure::new)?;
    let played = runtime.spawn(play_role(order));
    runtime.block_on(played).map_err(Failure::new)?
}

async fn play_role(order: Order) -> Result<Infallible, Failure> {
    let context = Context::new().map_err(Failure::new)?;
    let socket = |kind| context.socket(kind).map_err(Failure::new);
    match order.role {
        Role::Pull => pull(socket(SocketType::Pull)?, &order).await,
        Role::Push => push(socket(SocketType::Push)?, &order).await,
        Role::Rep => rep(socket(SocketType::Rep)?, &order).await,
        Role::Req => req(socket(SocketType::Req)?, &order).await,
        role => Err(Failure::new(format!("{role} is not supported"))),
    }
}

async fn pull(socket: Socket, order: &Order) -> Result<Infallible, Failure> {
    bind(&socket, order).await?;
    let counters = Counters::new(1);
    let counter = counters.counter(0);
    counters.measure(order);
    loop {
        socket.recv().await.map_err(Failure::new)?;
        counter.add_one();
    }
}

async fn push(socket: Socket, order: &Order) -> Result<Infallible, Failure> {
    connect(&socket, order).await?;
    let bytes = Bytes::from(order.bytes());
    loop {
        socket.send(Msg::from_bytes(bytes.clone())).await.map_err(Failure::new)?;
    }
}

async fn rep(socket: Socket, order: &Order) -> Result<Infallible, Failure> {
    bind(&socket, order).await?;
    loop {
        let request = socket.recv().await.map_err(Failure::new)?;
        socket.send(request).await.map_err(Failure::new)?;
    }
}

async fn req(socket: Socket, order: &Order) -> Result<Infallible, Failure> {
    connect(&socket, order).await?;
    let (bytes, mut trips) = (Bytes::from(order.bytes()), RoundTrips::new(order));
    loop {
        socket.send(Msg::from_bytes(bytes.clone())).await.map_err(Failure::new)?;
        socket.recv().await.map_err(Failure::new)?;
        if !trips.lap()? {
            return trips.finish();
        }
    }
}

async fn bind(socket: &Socket, order: &Order) -> Result<(), Failure> {
    socket.bind(&order.endpoint.replace('*', "0")).await.map_err(Failure::new)?;
    let bound = socket.get_option(LAST_ENDPOINT).await.map_err(Failure::new)?;
    Line::Bound(String::from_utf8_lossy(&bound).trim_end_matches('\0').to_owned()).say()
}

async fn connect(socket: &Socket, order: &Order) -> Result<(), Failure> {
    socket.connect(&order.endpoint).await.map_err(Failure::new)
}
