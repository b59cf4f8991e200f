//! REQ and REP: one round trip after another.

use std::convert::Infallible;
use std::thread;

use super::{Context, Kind, Message, Socket, Source, bound, connected};
use crate::counters::Counters;
use crate::order::Order;
use crate::process::Failure;
use crate::round_trips::RoundTrips;

pub(super) fn rep(context: &Context, order: &Order) -> Result<Infallible, Failure> {
    let socket = bound(context, Kind::Rep, order)?;
    serve(&socket, context.message(&[])?)
}

pub(super) fn req(context: &Context, order: &Order) -> Result<Infallible, Failure> {
    let socket = connected(context, Kind::Req, order)?;
    ask(context, &socket, order)
}

pub(super) fn inproc(context: &Context, order: &Order) -> Result<Infallible, Failure> {
    let rep = context.socket(Kind::Rep)?;
    rep.bind(&order.endpoint)?;
    let req = connected(context, Kind::Req, order)?;
    let message = context.message(&[])?;
    thread::spawn(move || serve(&rep, message));
    ask(context, &req, order)
}

pub(super) fn call(context: &Context, order: &Order) -> Result<Infallible, Failure> {
    let (mut source, counters) = (Source::new(context, order)?, Counters::new(1));
    let counter = counters.counter(0);
    counters.measure(order);
    let mut reply = context.message(&[])?;
    loop {
        let socket = connected(context, Kind::Req, order)?;
        socket.send(source.message()?)?;
        socket.recv(&mut reply)?;
        drop(socket);
        counter.add_one();
    }
}

fn serve(socket: &Socket, mut message: Message) -> Result<Infallible, Failure> {
    loop {
        socket.recv(&mut message)?;
        socket.send(message.take()?)?;
    }
}

fn ask(context: &Context, socket: &Socket, order: &Order) -> Result<Infallible, Failure> {
    let (mut source, mut reply) = (Source::new(context, order)?, context.message(&[])?);
    let mut trips = RoundTrips::new(order);
    loop {
        socket.send(source.message()?)?;
        socket.recv(&mut reply)?;
        if !trips.lap()? {
            return trips.finish();
        }
    }
}
