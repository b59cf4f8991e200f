//! Messages in one direction: PUSH to PULL, PUB to SUB.

use std::convert::Infallible;

use tokio::task::JoinSet;
use zeromq_async::{PubSocket, PullSocket, PushSocket, Receives, Sends, Socket, SubSocket};

use super::{Source, bind, connect, security};
use crate::counters::{Counter, Counters};
use crate::order::Order;
use crate::process::Failure;

pub(super) async fn pull(order: &Order) -> Result<Infallible, Failure> {
    let socket = security::server(PullSocket::builder(), order.mechanism).build();
    bind(&socket, order).await?;
    let counters = Counters::new(1);
    counters.measure(order);
    receive(socket, counters.counter(0)).await
}

pub(super) async fn push(order: &Order) -> Result<Infallible, Failure> {
    let mut sending = JoinSet::new();
    for _ in 0..order.sockets {
        let socket = security::client(PushSocket::builder(), order.mechanism).build();
        connect(&socket, order).await?;
        sending.spawn(send(socket, Source::new(order)));
    }
    first(sending).await
}

pub(super) async fn inproc(order: &Order) -> Result<Infallible, Failure> {
    let (push, pull) = (PushSocket::new(), PullSocket::new());
    pull.bind(&*order.endpoint).await.map_err(Failure::new)?;
    connect(&push, order).await?;
    let counters = Counters::new(1);
    counters.measure(order);
    tokio::spawn(send(push, Source::new(order)));
    receive(pull, counters.counter(0)).await
}

pub(super) async fn publish(order: &Order) -> Result<Infallible, Failure> {
    let socket = PubSocket::new();
    bind(&socket, order).await?;
    socket.wait_for_peers(order.sockets).await;
    send(socket, Source::new(order)).await
}

pub(super) async fn subscribe(order: &Order) -> Result<Infallible, Failure> {
    let counters = Counters::new(order.sockets);
    counters.measure(order);
    let mut receiving = JoinSet::new();
    for index in 0..order.sockets {
        let socket = SubSocket::builder().subscribe("").build();
        connect(&socket, order).await?;
        receiving.spawn(receive(socket, counters.counter(index)));
    }
    first(receiving).await
}

async fn send<P: Sends>(mut socket: Socket<P>, source: Source) -> Result<Infallible, Failure> {
    loop {
        socket.send(source.message()).await.map_err(Failure::new)?;
    }
}

pub(super) async fn receive<P: Receives>(
    mut socket: Socket<P>,
    counter: Counter,
) -> Result<Infallible, Failure> {
    loop {
        socket.recv().await.map_err(Failure::new)?;
        counter.add_one();
    }
}

/// Waits for the first task to fail. The tasks never end otherwise.
pub(super) async fn first(
    mut tasks: JoinSet<Result<Infallible, Failure>>,
) -> Result<Infallible, Failure> {
    match tasks.join_next().await {
        Some(ended) => ended.map_err(Failure::new)?,
        None => Err(Failure::new("the order has no sockets")),
    }
}
