//! Messages in one direction: PUSH to PULL, PUB to SUB.

use std::convert::Infallible;
use std::thread;

use super::{Context, Kind, Poll, Socket, Source, all_connected, bound, connected};
use crate::counters::{Counter, Counters};
use crate::order::Order;
use crate::process::Failure;

pub(super) fn pull(context: &Context, order: &Order) -> Result<Infallible, Failure> {
    let socket = bound(context, Kind::Pull, order)?;
    let counters = Counters::new(1);
    counters.measure(order);
    receive(context, &socket, &counters.counter(0))
}

pub(super) fn push(context: &Context, order: &Order) -> Result<Infallible, Failure> {
    let source = Source::new(context, order)?;
    match &*all_connected(context, Kind::Push, order)? {
        [socket] => send(socket, source),
        sockets => send_in_turn(context, sockets, source),
    }
}

pub(super) fn inproc(context: &Context, order: &Order) -> Result<Infallible, Failure> {
    let pull = context.socket(Kind::Pull)?;
    pull.bind(&order.endpoint)?;
    let push = connected(context, Kind::Push, order)?;
    let source = Source::new(context, order)?;
    let counters = Counters::new(1);
    counters.measure(order);
    thread::spawn(move || send(&push, source));
    receive(context, &pull, &counters.counter(0))
}

pub(super) fn publish(context: &Context, order: &Order) -> Result<Infallible, Failure> {
    let socket = bound(context, Kind::Pub, order)?;
    send(&socket, Source::new(context, order)?)
}

pub(super) fn subscribe(context: &Context, order: &Order) -> Result<Infallible, Failure> {
    let counters = Counters::new(order.sockets);
    counters.measure(order);
    let sockets = all_connected(context, Kind::Sub, order)?;
    match &*sockets {
        [socket] => receive(context, socket, &counters.counter(0)),
        sockets => receive_in_turn(context, sockets, &counters),
    }
}

fn send(socket: &Socket, mut source: Source) -> Result<Infallible, Failure> {
    loop {
        socket.send(source.message()?)?;
    }
}

pub(super) fn receive(
    context: &Context,
    socket: &Socket,
    counter: &Counter,
) -> Result<Infallible, Failure> {
    let mut message = context.message(&[])?;
    loop {
        socket.recv(&mut message)?;
        counter.add_one();
    }
}

/// Sends from each socket in turn, and polls when all sockets are full.
fn send_in_turn(
    context: &Context,
    sockets: &[Socket],
    mut source: Source,
) -> Result<Infallible, Failure> {
    let mut next = source.message()?;
    loop {
        let mut idle = true;
        for socket in sockets {
            for _ in 0..TURN {
                if !socket.try_send(&mut next)? {
                    break;
                }
                next = source.message()?;
                idle = false;
            }
        }
        if idle {
            context.wait_for_any(sockets, Poll::Out)?;
        }
    }
}

/// Receives from each socket in turn, and polls when all sockets are empty.
fn receive_in_turn(
    context: &Context,
    sockets: &[Socket],
    counters: &Counters,
) -> Result<Infallible, Failure> {
    let counters: Vec<Counter> = (0..sockets.len()).map(|index| counters.counter(index)).collect();
    let mut message = context.message(&[])?;
    loop {
        let mut idle = true;
        for (socket, counter) in sockets.iter().zip(&counters) {
            for _ in 0..TURN {
                if !socket.try_recv(&mut message)? {
                    break;
                }
                counter.add_one();
                idle = false;
            }
        }
        if idle {
            context.wait_for_any(sockets, Poll::In)?;
        }
    }
}

/// The number of messages per turn of a socket. It is large, so that switching sockets costs
/// little.
const TURN: usize = 64;
