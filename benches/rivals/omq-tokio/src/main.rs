//! Plays the roles of `versus` with omq-tokio.

use std::convert::Infallible;
use std::process::ExitCode;

use benches::{Counters, Failure, Line, Order, Role, RoundTrips, rival};
use bytes::Bytes;
use omq_tokio::{Context, Message, Options, Socket, SocketType};

fn main() -> ExitCode {
    rival(play)
}

fn play(order: Order) -> Result<Infallible, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let context = Context::new(); // has its own I/O thread
    runtime.map_err(Failure::new)?.block_on(play_role(&context, &order))
}

async fn play_role(context: &Context, order: &Order) -> Result<Infallible, Failure> {
    let socket = |kind| context.socket(kind, Options::default());
    match order.role {
        Role::Pull => pull(socket(SocketType::Pull), order).await,
        Role::Push => push(socket(SocketType::Push), order).await,
        Role::Rep => rep(socket(SocketType::Rep), order).await,
        Role::Req => req(socket(SocketType::Req), order).await,
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
    let message = message(order);
    loop {
        socket.send(message.clone()).await.map_err(Failure::new)?;
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
    let (message, mut trips) = (message(order), RoundTrips::new(order));
    loop {
        socket.send(message.clone()).await.map_err(Failure::new)?;
        socket.recv().await.map_err(Failure::new)?;
        if !trips.lap()? {
            return trips.finish();
        }
    }
}

async fn bind(socket: &Socket, order: &Order) -> Result<(), Failure> {
    let endpoint = order.endpoint.replace('*', "0");
    let bound = socket.bind(&*endpoint).await.map_err(Failure::new)?;
    Line::Bound(bound.to_string()).say()
}

async fn connect(socket: &Socket, order: &Order) -> Result<(), Failure> {
    socket.connect(&*order.endpoint).await.map_err(Failure::new)
}

fn message(order: &Order) -> Message {
    Message::single(Bytes::from(order.bytes()))
}
