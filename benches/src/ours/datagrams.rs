//! Datagrams: RADIO to DISH over udp.

use std::convert::Infallible;

use zeromq_async::{DishSocket, Group, RadioSocket};

use crate::counters::Counters;
use crate::line::Line;
use crate::order::Order;
use crate::process::Failure;

const GROUP: &str = "all";

pub(super) async fn dish(order: &Order) -> Result<Infallible, Failure> {
    let socket = DishSocket::new();
    socket.join(GROUP).map_err(Failure::new)?;
    let endpoint = socket.bind(&*order.endpoint).await.map_err(Failure::new)?;
    Line::Bound(endpoint.to_string()).say()?;
    let counters = Counters::new(1);
    let counter = counters.counter(0);
    counters.measure(order);
    loop {
        let (_, body) = socket.recv().await.map_err(Failure::new)?;
        counter.add_numbered(order.number_in(&body)?);
    }
}

pub(super) async fn radio(order: &Order) -> Result<Infallible, Failure> {
    let socket = RadioSocket::builder().no_drop(true).build();
    socket.connect(&*order.endpoint).map_err(Failure::new)?;
    let group = Group::new(GROUP).map_err(Failure::new)?;
    for bytes in order.numbered() {
        socket.send_to(group.clone(), bytes).await.map_err(Failure::new)?;
    }
    Err(Failure::new("the numbers have ended"))
}
