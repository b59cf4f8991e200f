//! Forwarding between two sockets, with a copy of everything for a third.
//!
//! No message is taken from one side before there is room for it at the other: a slow side holds
//! up the fast one, and nothing piles up here.

use std::ffi::OsString;

use futures_util::future::join_all;
use tokio::time::timeout;
use zeromq_async::SocketHandle;

mod capture;
mod relay;
mod side;

use crate::arguments::{End, ProxyArguments};
use crate::endpoints;
use crate::exit::{Failure, GRACE};
use crate::kind::Kind;
use crate::signals::Signals;
use crate::socket::{Options, Parts};
use capture::Capture;
use side::Side;

/// Forwards until it is told to end.
pub(crate) async fn run(arguments: ProxyArguments) -> Result<(), Failure> {
    let ProxyArguments { frontend, backend, capture } = arguments;
    let mut signals = Signals::new()?;
    let mut sockets = vec![(open(&frontend, Some(backend.kind))?, frontend)];
    sockets.push((open(&backend, Some(sockets[0].1.kind))?, backend));
    if let Some(capture) = capture {
        sockets.push((open(&capture, None)?, capture));
    }
    let handles: Vec<_> = sockets.iter().map(|(parts, _)| parts.handle.clone()).collect();
    let result = tokio::select! {
        result = forward(sockets) => result,
        () = signals.recv() => Ok(()),
    };
    let closing = join_all(handles.iter().map(SocketHandle::close));
    // What is under way to peers that do not read is lost, as with any proxy that ends.
    let _ = timeout(GRACE, closing).await;
    result
}

/// Opens a socket that is to forward to and from one of type `other`.
fn open(end: &End, other: Option<Kind>) -> Result<Parts, Failure> {
    let mut options = Options::default();
    // An XSUB subscribes to what the other side is asked for, if it can be asked.
    if end.kind == Kind::Sub || other.is_some_and(|other| !other.receives()) {
        options.subscriptions.push(OsString::new());
    }
    options.open(end.kind)
}

async fn forward(sockets: Vec<(Parts, End)>) -> Result<(), Failure> {
    let attachments: Vec<_> =
        sockets.iter().map(|(parts, end)| (&parts.handle, &end.place)).collect();
    endpoints::attach(&attachments).await?;

    let mut sides = sockets.into_iter().map(|(parts, end)| Side::new(parts, &end));
    let (Some(front), Some(back)) = (sides.next(), sides.next()) else { return Ok(()) };
    let capture = Capture::new(sides.next());
    if front.kind.alternates() || back.kind.alternates() {
        // Whoever is asked by its peers, or does not ask its own, begins.
        let front_begins = front.kind == Kind::Rep || back.kind == Kind::Req;
        let (asked, asking) = if front_begins { (front, back) } else { (back, front) };
        relay::in_turn(asked, asking, capture).await
    } else {
        relay::both_ways(front, back, capture).await
    }
}
