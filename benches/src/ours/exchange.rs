//! REQ and REP: one round trip after another.

use std::convert::Infallible;

use zeromq_async::{RepSocket, ReqSocket};

use super::{Source, bind, connect};
use crate::counters::Counters;
use crate::order::Order;
use crate::process::Failure;
use crate::round_trips::RoundTrips;

pub(super) async fn rep(order: &Order) -> Result<Infallible, Failure> {
    let socket = RepSocket::new();
    bind(&socket, order).await?;
    serve(socket).await
}

pub(super) async fn req(order: &Order) -> Result<Infallible, Failure> {
    let socket = ReqSocket::new();
    connect(&socket, order).await?;
    ask(socket, order).await
}

pub(super) async fn inproc(order: &Order) -> Result<Infallible, Failure> {
    let (req, rep) = (ReqSocket::new(), RepSocket::new());
    rep.bind(&*order.endpoint).await.map_err(Failure::new)?;
    connect(&req, order).await?;
    tokio::spawn(serve(rep));
    ask(req, order).await
}

pub(super) async fn call(order: &Order) -> Result<Infallible, Failure> {
    let (source, counters) = (Source::new(order), Counters::new(1));
    let counter = counters.counter(0);
    counters.measure(order);
    loop {
        let mut socket = ReqSocket::new();
        connect(&socket, order).await?;
        socket.send(source.message()).await.map_err(Failure::new)?;
        socket.recv().await.map_err(Failure::new)?;
        socket.close().await;
        counter.add_one();
    }
}

async fn serve(mut socket: RepSocket) -> Result<Infallible, Failure> {
    loop {
        let request = socket.recv().await.map_err(Failure::new)?;
        socket.send(request).await.map_err(Failure::new)?;
    }
}

async fn ask(mut socket: ReqSocket, order: &Order) -> Result<Infallible, Failure> {
    let (source, mut trips) = (Source::new(order), RoundTrips::new(order));
    loop {
        socket.send(source.message()).await.map_err(Failure::new)?;
        socket.recv().await.map_err(Failure::new)?;
        if !trips.lap()? {
            return trips.finish();
        }
    }
}
