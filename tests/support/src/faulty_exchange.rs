//! Requests and replies over many connections at once, with one fault on each of them.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::iter;
use tokio::sync::{Semaphore, watch};
use tokio::task::yield_now;
use tokio::time::{interval, sleep, timeout};
use zeromq_async::Endpoint;

use super::fault::{Fault, measure};
use super::relay::{Way, relay};

/// A DEALER or a ROUTER of either library.
pub trait ExchangeSocket {
    async fn send(&mut self, message: Vec<Vec<u8>>);
    async fn recv(&mut self) -> Vec<Vec<u8>>;
    /// Waits until its only connection ends. Returns whether a time limit ended it.
    async fn ended_by_time(&mut self) -> bool;
}

/// The outcome of a connection with a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The connection ended.
    Ended,
    /// A time limit ended the connection.
    EndedByTime,
    /// The connection continued unaffected.
    Unaffected,
}

/// The routing id of a client. All have the same size.
pub fn client_name(client: usize) -> String {
    format!("client-{client:05}")
}

/// The body of a request. Each one differs, so that changed, missing and reordered requests are
/// detected. The third request has a long frame.
fn body(client: &[u8], number: usize) -> Vec<u8> {
    let size = match number {
        0 | 1 => 24,
        2 => 256,
        _ => 1000,
    };
    let mut body = [client, format!("-{number:05}-").as_bytes()].concat();
    body.extend((0..=255).cycle().take(size - body.len()));
    body
}

/// The number of requests that a ROUTER has received from each client.
#[derive(Debug, Default)]
pub struct Requests(HashMap<Vec<u8>, usize>);

impl Requests {
    /// Records a request.
    ///
    /// # Panics
    ///
    /// If it is not the next request of its client.
    pub fn check(&mut self, request: &[Vec<u8>]) {
        let number = self.0.entry(request[0].clone()).or_default();
        let expected = [request[0].clone(), body(&request[0], *number)];
        assert!(request == expected, "request {number} arrived as {request:?}");
        *number += 1;
    }
}

/// Echoes every request.
///
/// # Panics
///
/// If a request is not the next one of its client.
pub async fn echo_requests(router: &mut impl ExchangeSocket) -> Infallible {
    let mut requests = Requests::default();
    loop {
        let request = router.recv().await;
        requests.check(&request);
        router.send(request).await;
    }
}

/// Sends requests at intervals over an unaffected connection.
///
/// # Panics
///
/// If a reply does not match its request or does not arrive.
pub async fn request_repeatedly(client: &mut impl ExchangeSocket, name: &str) -> Infallible {
    let mut ticks = interval(Duration::from_millis(5));
    for number in 0.. {
        ticks.tick().await;
        let request = vec![body(name.as_bytes(), number)];
        client.send(request.clone()).await;
        let reply = timeout(Duration::from_secs(120), client.recv()).await;
        assert!(reply.expect("a reply in time") == request, "reply {number} to {name}");
    }
    unreachable!("the range has no end");
}

/// The frame sizes in each direction without faults, up to the fourth exchange.
pub async fn measure_frames<P: ExchangeSocket>(
    bound: &Endpoint,
    name: &str,
    connect: impl AsyncFnOnce(&Endpoint) -> P,
) -> [Vec<usize>; 2] {
    let sizes = Way::BOTH.map(|_| Arc::new(Mutex::new(Vec::new())));
    let [up, down] = sizes.clone();
    let relay = relay(bound, move |way| {
        let sizes = if way == Way::Up { up.clone() } else { down.clone() };
        measure(move |size| sizes.lock().expect("no panic").push(size))
    })
    .await;
    let mut client = connect(relay.endpoint()).await;
    for number in 0..4 {
        client.send(vec![body(name.as_bytes(), number)]).await;
        client.recv().await;
    }
    sizes.map(|sizes| sizes.lock().expect("no panic").clone())
}

/// The number of requests in flight after the fault. Together they are longer than any record, so
/// that no receiver waits without end for the rest of a record.
const IN_FLIGHT: usize = 100;

/// The number of replies after the fault that show that it had no effect.
const REPLIES_AFTER_FAULT: usize = 3;

/// Exchanges messages over a connection with a fault.
///
/// # Panics
///
/// If a reply is not the next one.
pub async fn exchange_with_fault<P: ExchangeSocket>(
    fault: Fault,
    bound: &Endpoint,
    name: &str,
    connect: impl AsyncFnOnce(&Endpoint) -> P,
) -> Outcome {
    let (done, mut happened) = watch::channel(false);
    let relay = relay(bound, move |way| {
        let done = done.clone();
        fault.alter(way, move || {
            done.send_replace(true);
        })
    })
    .await;
    let mut client = connect(relay.endpoint()).await;
    let (mut sent, mut received, mut received_after_fault) = (0, 0, 0);
    let mut ended = pin!(relay.wait_for_ended(1));
    loop {
        let fault_happened = *happened.borrow();
        // One at a time until the fault, so that each message is one record.
        if sent - received < if fault_happened { IN_FLIGHT } else { 1 } {
            tokio::select! {
                biased;
                () = &mut ended => break,
                () = client.send(vec![body(name.as_bytes(), sent)]) => sent += 1,
            }
        }
        tokio::select! {
            biased;
            () = &mut ended => break,
            reply = client.recv() => {
                let expected = [body(name.as_bytes(), received)];
                assert!(reply == expected, "{fault:?}: reply {received} arrived as {reply:?}");
                received += 1;
                received_after_fault += usize::from(fault_happened);
                if received_after_fault == REPLIES_AFTER_FAULT {
                    return Outcome::Unaffected;
                }
            }
            _ = happened.wait_for(|happened| *happened), if !fault_happened => {}
            () = yield_now(), if fault_happened && sent - received < IN_FLIGHT => {}
        }
    }
    if client.ended_by_time().await { Outcome::EndedByTime } else { Outcome::Ended }
}

/// The number of concurrent connections.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// All connections. Most of them wait for bytes that never arrive.
    pub connections: usize,
    /// The connections that exchange messages. They are few, so that none delays another.
    pub active: usize,
}

/// A connection counts as waiting after this time, and another one may start.
const STALLED_AFTER: Duration = Duration::from_millis(50);

/// Runs many connections, one per fault, and returns their outcomes.
pub async fn run_faults(
    faults: Vec<Fault>,
    load: Load,
    exchange: impl AsyncFn(Fault, &str) -> Outcome,
) -> Vec<(Fault, Outcome)> {
    let permits = Semaphore::new(load.active);
    iter(faults.into_iter().enumerate())
        .map(async |(number, fault)| {
            let permit = permits.acquire().await.expect("an open semaphore");
            let name = client_name(number);
            let mut exchange = pin!(exchange(fault, &name));
            let outcome = tokio::select! {
                outcome = &mut exchange => outcome,
                () = sleep(STALLED_AFTER) => {
                    drop(permit);
                    exchange.await
                }
            };
            (fault, outcome)
        })
        .buffer_unordered(load.connections)
        .collect()
        .await
}

/// Checks the outcomes. Returns the share of connections that a time limit ended.
///
/// # Panics
///
/// If a connection continued that should have ended, or the reverse, or one waited for its time limit
/// though no byte was missing.
pub fn check_outcomes(
    outcomes: &[(Fault, Outcome)],
    unprotected: impl Fn(&Fault) -> Option<&'static str>,
) -> f64 {
    let wrong: Vec<_> = outcomes
        .iter()
        .map(|&(fault, outcome)| (fault, outcome, unprotected(&fault)))
        .filter(|(_, outcome, reason)| reason.is_some() != (*outcome == Outcome::Unaffected))
        .collect();
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), outcomes.len());
    let idle: Vec<_> = outcomes
        .iter()
        .filter(|(fault, outcome)| *outcome == Outcome::EndedByTime && fault.keeps_length())
        .collect();
    assert!(idle.is_empty(), "{} of {}: {idle:#?}", idle.len(), outcomes.len());
    let late = outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::EndedByTime).count();
    late as f64 / outcomes.len() as f64
}
