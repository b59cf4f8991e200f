//! ROUTER and DEALER: many messages in flight, each sent back.

use std::convert::Infallible;

use super::{Context, Kind, Poll, Source, all_connected, bound};
use crate::counters::{Counter, Counters};
use crate::order::{IN_FLIGHT, Order};
use crate::process::Failure;

pub(super) fn router(context: &Context, order: &Order) -> Result<Infallible, Failure> {
    let socket = bound(context, Kind::Router, order)?;
    let (mut peer, mut body) = (context.message(&[])?, context.message(&[])?);
    loop {
        socket.recv(&mut peer)?;
        socket.recv(&mut body)?;
        socket.send_more(peer.take()?)?;
        socket.send(body.take()?)?;
    }
}

pub(super) fn dealers(context: &Context, order: &Order) -> Result<Infallible, Failure> {
    let counters = Counters::new(order.sockets);
    counters.measure(order);
    let counts: Vec<Counter> = (0..order.sockets).map(|index| counters.counter(index)).collect();
    let sockets = all_connected(context, Kind::Dealer, order)?;
    let mut source = Source::new(context, order)?;
    for socket in &sockets {
        for _ in 0..IN_FLIGHT {
            socket.send(source.message()?)?;
        }
    }
    let mut message = context.message(&[])?;
    loop {
        let mut idle = true;
        for (socket, counter) in sockets.iter().zip(&counts) {
            while socket.try_recv(&mut message)? {
                counter.add_one();
                socket.send(source.message()?)?;
                idle = false;
            }
        }
        if idle {
            context.wait_for_any(&sockets, Poll::In)?;
        }
    }
}
