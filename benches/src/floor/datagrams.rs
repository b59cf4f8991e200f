//! Datagrams in one direction.

use std::convert::Infallible;
use std::net::UdpSocket;

use crate::counters::Counters;
use crate::line::Line;
use crate::order::Order;
use crate::process::Failure;

pub(super) fn receive(order: &Order) -> Result<Infallible, Failure> {
    let socket = UdpSocket::bind(address(order)?).map_err(Failure::new)?;
    let endpoint = socket.local_addr().map_err(Failure::new)?;
    Line::Bound(format!("udp://{endpoint}")).say()?;
    let counters = Counters::new(1);
    let counter = counters.counter(0);
    counters.measure(order);
    let mut buffer = vec![0; order.size];
    loop {
        let received = socket.recv(&mut buffer).map_err(Failure::new)?;
        counter.add_numbered(order.number_in(&buffer[..received])?);
    }
}

pub(super) fn send(order: &Order) -> Result<Infallible, Failure> {
    let socket = UdpSocket::bind("127.0.0.1:0").map_err(Failure::new)?;
    socket.connect(address(order)?).map_err(Failure::new)?;
    for bytes in order.numbered() {
        socket.send(&bytes).map_err(Failure::new)?;
    }
    Err(Failure::new("the numbers have ended"))
}

fn address(order: &Order) -> Result<String, Failure> {
    let address = order.endpoint.strip_prefix("udp://");
    let address = address.ok_or_else(|| Failure::new("the endpoint is not of udp"))?;
    Ok(address.replace('*', "0"))
}
