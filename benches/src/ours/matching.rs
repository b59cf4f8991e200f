//! Publishing to one of many topics: XPUB to SUB.

use std::convert::Infallible;

use zeromq_async::{SubSocket, XPubSocket};

use super::flow::receive;
use super::{bind, connect};
use crate::counters::Counters;
use crate::order::Order;
use crate::process::Failure;
use crate::topics::Topics;

pub(super) async fn publish(order: &Order) -> Result<Infallible, Failure> {
    let mut socket = XPubSocket::builder().no_drop(true).build();
    bind(&socket, order).await?;
    for _ in 0..order.topics {
        socket.recv().await.map_err(Failure::new)?;
    }
    let mut topics = Topics::new(order);
    loop {
        socket.send(topics.message()).await.map_err(Failure::new)?;
    }
}

pub(super) async fn subscribe(order: &Order) -> Result<Infallible, Failure> {
    let counters = Counters::new(1);
    counters.measure(order);
    let socket = SubSocket::new();
    Topics::new(order).all().for_each(|topic| socket.subscribe(topic));
    connect(&socket, order).await?;
    receive(socket, counters.counter(0)).await
}
