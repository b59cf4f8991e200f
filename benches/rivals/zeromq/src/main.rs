//! Plays the roles of `versus` with the crate zeromq (zmq.rs).

use std::convert::Infallible;
use std::process::ExitCode;

use benches::{Counters, Failure, Line, Order, Role, RoundTrips, rival};
use bytes::Bytes;
use zeromq::{
    PullSocket, PushSocket, RepSocket, ReqSocket, Socket, SocketRecv, SocketSend, ZmqMessage,
};

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
    match order.role {
        Role::Pull => pull(PullSocket::new(), &order).await,
        Role::Push => push(PushSocket::new(), &order).await,
        Role::Rep => rep(RepSocket::new(), &order).await,
        Role::Req => req(ReqSocket::new(), &order).await,
        role => Err(Failure::new(format!("{role} is not supported"))),
    }
}

async fn pull(mut socket: PullSocket, order: &Order) -> Result<Infallible, Failure> {
    bind(&mut socket, order).await?;
    let counters = Counters::new(1);
    let counter = counters.counter(0);
    counters.measure(order);
    loop {
        socket.recv().await.map_err(Failure::new)?;
        counter.add_one();
    }
}

async fn push(mut socket: PushSocket, order: &Order) -> Result<Infallible, Failure> {
    connect(&mut socket, order).await?;
    let message = message(order);
    loop {
        socket.send(message.clone()).await.map_err(Failure::new)?;
    }
}

async fn rep(mut socket: RepSocket, order: &Order) -> Result<Infallible, Failure> {
    bind(&mut socket, order).await?;
    loop {
        let request = socket.recv().await.map_err(Failure::new)?;
        socket.send(request).await.map_err(Failure::new)?;
    }
}

async fn req(mut socket: ReqSocket, order: &Order) -> Result<Infallible, Failure> {
    connect(&mut socket, order).await?;
    let (message, mut trips) = (message(order), RoundTrips::new(order));
    loop {
        socket.send(message.clone()).await.map_err(Failure::new)?;
        socket.recv().await.map_err(Failure::new)?;
        if !trips.lap()? {
            return trips.finish();
        }
    }
}

async fn bind(socket: &mut impl Socket, order: &Order) -> Result<(), Failure> {
    let endpoint = order.endpoint.replace('*', "0");
    let bound = socket.bind(&endpoint).await.map_err(Failure::new)?;
    Line::Bound(bound.to_string()).say()
}

async fn connect(socket: &mut impl Socket, order: &Order) -> Result<(), Failure> {
    socket.connect(&order.endpoint).await.map_err(Failure::new)
}

fn message(order: &Order) -> ZmqMessage {
    ZmqMessage::from(Bytes::from(order.bytes()))
}
