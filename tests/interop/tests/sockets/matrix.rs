//! Every pattern with this library on each side, each side bound, over tcp, ipc and ws, with bodies of
//! every kind of size, single and in threes, with assigned and generated routing ids. The same with
//! PLAIN and CURVE, each side as the server.

mod script;

use std::fmt;

use interop::{Attach, End, IPC, Mechanism, Secured, Setup, TCP, WS};
use libzmq_peer::SocketKind::{
    self, Dealer, Pair, Pub, Pull, Push, Rep, Req, Router, Sub, Xpub, Xsub,
};
use script::{FIRST_ID, SECOND_ID, exchange};

const REQUEST_REPLY: &[(SocketKind, SocketKind)] = &[
    (Req, Rep),
    (Req, Router),
    (Dealer, Rep),
    (Dealer, Router),
    (Dealer, Dealer),
    (Router, Router),
];

const PUBLISH_SUBSCRIBE: &[(SocketKind, SocketKind)] =
    &[(Pub, Sub), (Xpub, Sub), (Pub, Xsub), (Xpub, Xsub)];

const PIPELINE_AND_PAIR: &[(SocketKind, SocketKind)] = &[(Push, Pull), (Pair, Pair)];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_reply_over_tcp() {
    run(REQUEST_REPLY, TCP).await;
}

#[tokio::test]
async fn request_reply_over_ipc() {
    run(REQUEST_REPLY, IPC).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_reply_over_ws() {
    run(REQUEST_REPLY, WS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publish_subscribe_over_tcp() {
    run(PUBLISH_SUBSCRIBE, TCP).await;
}

#[tokio::test]
async fn publish_subscribe_over_ipc() {
    run(PUBLISH_SUBSCRIBE, IPC).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publish_subscribe_over_ws() {
    run(PUBLISH_SUBSCRIBE, WS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipeline_and_pair_over_tcp() {
    run(PIPELINE_AND_PAIR, TCP).await;
}

#[tokio::test]
async fn pipeline_and_pair_over_ipc() {
    run(PIPELINE_AND_PAIR, IPC).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipeline_and_pair_over_ws() {
    run(PIPELINE_AND_PAIR, WS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_reply_with_plain() {
    run_secured(REQUEST_REPLY, Mechanism::Plain).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publish_subscribe_with_plain() {
    run_secured(PUBLISH_SUBSCRIBE, Mechanism::Plain).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipeline_and_pair_with_plain() {
    run_secured(PIPELINE_AND_PAIR, Mechanism::Plain).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_reply_with_curve() {
    run_secured(REQUEST_REPLY, Mechanism::Curve).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_reply_over_secured_ws() {
    run_secured_at(REQUEST_REPLY, Mechanism::Plain, &[(WS, true), (WS, false)]).await;
    run_secured_at(REQUEST_REPLY, Mechanism::Curve, &[(WS, true), (WS, false)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publish_subscribe_with_curve() {
    run_secured(PUBLISH_SUBSCRIBE, Mechanism::Curve).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publish_subscribe_over_secured_ws() {
    run_secured_at(PUBLISH_SUBSCRIBE, Mechanism::Plain, &[(WS, true), (WS, false)]).await;
    run_secured_at(PUBLISH_SUBSCRIBE, Mechanism::Curve, &[(WS, true), (WS, false)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipeline_and_pair_with_curve() {
    run_secured(PIPELINE_AND_PAIR, Mechanism::Curve).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipeline_and_pair_over_secured_ws() {
    run_secured_at(PIPELINE_AND_PAIR, Mechanism::Plain, &[(WS, true), (WS, false)]).await;
    run_secured_at(PIPELINE_AND_PAIR, Mechanism::Curve, &[(WS, true), (WS, false)]).await;
}

/// One pair of sockets.
#[derive(Clone, Copy)]
struct Cell {
    kinds: (SocketKind, SocketKind),
    first_is_ours: bool,
    first_binds: bool,
    place: &'static str,
    named: bool,
    /// The mechanism, and whether the first socket is its server.
    secured: Option<(Mechanism, bool)>,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |ours: bool, binds: bool| {
            format!(
                "{} {}",
                if ours { "ours" } else { "libzmq's" },
                if binds { "binds" } else { "connects" }
            )
        };
        let scheme = self.place.split(':').next().unwrap_or_default();
        let (first, second) = self.kinds;
        let one = side(self.first_is_ours, self.first_binds);
        let other = side(!self.first_is_ours, !self.first_binds);
        let named = if self.named { ", with routing ids" } else { "" };
        write!(f, "{first:?} ({one}) and {second:?} ({other}) over {scheme}{named}")?;
        match self.secured {
            Some((mechanism, true)) => write!(f, ", the first a {mechanism:?} server"),
            Some((mechanism, false)) => write!(f, ", the second a {mechanism:?} server"),
            None => Ok(()),
        }
    }
}

async fn run(pairs: &[(SocketKind, SocketKind)], place: &'static str) {
    for &kinds in pairs {
        let sides: &[bool] = if kinds.0 == kinds.1 { &[true] } else { &[true, false] };
        let has_id = |kind| matches!(kind, Req | Rep | Dealer | Router);
        let names: &[bool] = if has_id(kinds.0) { &[false, true] } else { &[false] };
        for &first_is_ours in sides {
            for first_binds in [true, false] {
                for &named in names {
                    let secured = None;
                    let pair = Cell { kinds, first_is_ours, first_binds, place, named, secured };
                    cell(pair).await;
                }
            }
        }
    }
}

/// The server binds over tcp, the client over ipc.
async fn run_secured(pairs: &[(SocketKind, SocketKind)], mechanism: Mechanism) {
    run_secured_at(pairs, mechanism, &[(TCP, true), (IPC, false)]).await;
}

/// At each place the server binds, or else the client.
async fn run_secured_at(
    pairs: &[(SocketKind, SocketKind)],
    mechanism: Mechanism,
    places: &[(&'static str, bool)],
) {
    for &kinds in pairs {
        for first_is_ours in [true, false] {
            for first_is_server in [true, false] {
                for &(place, server_binds) in places {
                    let first_binds = first_is_server == server_binds;
                    let (named, secured) = (false, Some((mechanism, first_is_server)));
                    let pair = Cell { kinds, first_is_ours, first_binds, place, named, secured };
                    cell(pair).await;
                }
            }
        }
    }
}

/// All bodies through one fresh pair of sockets.
async fn cell(cell: Cell) {
    let (first, second) = cell.kinds;
    // Two ROUTERs learn of each other by probing, because neither could send first otherwise.
    let probe = cell.kinds == (Router, Router);
    let routing_id = |id| cell.named.then_some(id);
    let part = |is_first| {
        let part = |(mechanism, first)| Secured { mechanism, is_server: is_first == first };
        cell.secured.map(part)
    };
    let first = Setup { kind: first, routing_id: routing_id(FIRST_ID), probe, secured: part(true) };
    let second =
        Setup { kind: second, routing_id: routing_id(SECOND_ID), probe, secured: part(false) };

    let (mut first, mut second) = if cell.first_binds {
        let (one, endpoint) = end(first, cell.first_is_ours, Attach::Bind(cell.place)).await;
        let (other, _) = end(second, !cell.first_is_ours, Attach::Connect(&endpoint)).await;
        (one, other)
    } else {
        let (other, endpoint) = end(second, !cell.first_is_ours, Attach::Bind(cell.place)).await;
        let (one, _) = end(first, cell.first_is_ours, Attach::Connect(&endpoint)).await;
        (one, other)
    };
    exchange(cell, &mut first, &mut second).await;
}

async fn end(setup: Setup, ours: bool, place: Attach<'_>) -> (End, String) {
    if ours { End::ours(setup, place).await } else { End::theirs(setup, place) }
}
