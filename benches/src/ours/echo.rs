//! ROUTER and DEALER: many messages in flight, each sent back.

use std::convert::Infallible;

use tokio::task::JoinSet;
use zeromq_async::{DealerSocket, RouterSocket};

use super::{Source, bind, connect, flow::first};
use crate::counters::{Counter, Counters};
use crate::order::{IN_FLIGHT, Order};
use crate::process::Failure;

pub(super) async fn router(order: &Order) -> Result<Infallible, Failure> {
    let mut socket = RouterSocket::new();
    bind(&socket, order).await?;
    loop {
        let message = socket.recv().await.map_err(Failure::new)?;
        socket.send(message).await.map_err(Failure::new)?;
    }
}

pub(super) async fn dealers(order: &Order) -> Result<Infallible, Failure> {
    let counters = Counters::new(order.sockets);
    counters.measure(order);
    let mut clients = JoinSet::new();
    for index in 0..order.sockets {
        let socket = DealerSocket::new();
        connect(&socket, order).await?;
        clients.spawn(dealer(socket, Source::new(order), counters.counter(index)));
    }
    first(clients).await
}

async fn dealer(
    mut socket: DealerSocket,
    source: Source,
    counter: Counter,
) -> Result<Infallible, Failure> {
    for _ in 0..IN_FLIGHT {
        socket.send(source.message()).await.map_err(Failure::new)?;
    }
    loop {
        socket.recv().await.map_err(Failure::new)?;
        counter.add_one();
        socket.send(source.message()).await.map_err(Failure::new)?;
    }
}
