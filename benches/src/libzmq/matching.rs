//! Publishing to one of many topics: XPUB to SUB.

use std::convert::Infallible;

use super::flow::receive;
use super::{Context, Kind};
use crate::counters::Counters;
use crate::line::Line;
use crate::order::Order;
use crate::process::Failure;
use crate::topics::Topics;

pub(super) fn publish(context: &Context, order: &Order) -> Result<Infallible, Failure> {
    let socket = context.socket(Kind::XPub)?;
    socket.drop_nothing()?;
    Line::Bound(socket.bind(&order.endpoint)?).say()?;
    let mut notice = context.message(&[])?;
    for _ in 0..order.topics {
        socket.recv(&mut notice)?;
    }
    let mut topics = Topics::new(order);
    loop {
        socket.send(context.message(topics.message())?)?;
    }
}

pub(super) fn subscribe(context: &Context, order: &Order) -> Result<Infallible, Failure> {
    let counters = Counters::new(1);
    counters.measure(order);
    let socket = context.socket(Kind::Sub)?;
    socket.queue_without_limit()?;
    Topics::new(order).all().try_for_each(|topic| socket.subscribe(&topic))?;
    socket.connect(&order.endpoint)?;
    receive(context, &socket, &counters.counter(0))
}
