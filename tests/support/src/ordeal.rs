//! Requests and replies over many connections at once, something happening to each on the way, and
//! what becomes of them.

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

/// A DEALER or a ROUTER, of whichever library.
pub trait Party {
    async fn send(&mut self, message: Vec<Vec<u8>>);
    async fn recv(&mut self) -> Vec<Vec<u8>>;
    /// Waits until its only connection has ended, and says whether only because time was over.
    async fn ended_by_time(&mut self) -> bool;
}

/// What became of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It ended.
    Ended,
    /// It ended because its time was over.
    EndedByTime,
    /// It went on as if nothing had happened.
    WentOn,
}

/// What a client is called by the ROUTER: all names have the same size.
pub fn name(client: usize) -> String {
    format!("client-{client:05}")
}

/// What a client says: another body each time, so that whatever is changed, missing or out of order
/// shows. The third has a frame of the long form.
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

/// The requests that a ROUTER has received.
#[derive(Debug, Default)]
pub struct Requests(HashMap<Vec<u8>, usize>);

impl Requests {
    /// Notes one.
    ///
    /// # Panics
    ///
    /// When it is not the next of its client.
    pub fn note(&mut self, request: &[Vec<u8>]) {
        let number = self.0.entry(request[0].clone()).or_default();
        let expected = [request[0].clone(), body(&request[0], *number)];
        assert!(request == expected, "request {number} arrived as {request:?}");
        *number += 1;
    }
}

/// Answers every request with itself.
///
/// # Panics
///
/// When a request is not the next of its client.
pub async fn serve(router: &mut impl Party) -> Infallible {
    let mut requests = Requests::default();
    loop {
        let request = router.recv().await;
        requests.note(&request);
        router.send(request).await;
    }
}

/// Asks every now and then, with nobody in between.
///
/// # Panics
///
/// When a reply is not to the request, or does not come.
pub async fn ask(client: &mut impl Party, name: &str) -> Infallible {
    let mut ticks = interval(Duration::from_millis(5));
    for number in 0.. {
        ticks.tick().await;
        let request = vec![body(name.as_bytes(), number)];
        client.send(request.clone()).await;
        let reply = timeout(Duration::from_secs(20), client.recv()).await;
        assert!(reply.expect("a reply in time") == request, "reply {number} to {name}");
    }
    unreachable!("nobody counts that far");
}

/// The sizes of the frames that go each way when nothing happens, up to the fourth exchange.
pub async fn frames<P: Party>(
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

/// Messages that a client sends ahead, once the fault has happened: more octets together than any
/// record may have, so that nobody waits for the rest of one for ever.
const AHEAD: usize = 100;

/// Replies after the fault that say that nothing has come of it.
const ENOUGH: usize = 3;

/// Exchanges messages over a connection to which `fault` happens.
///
/// # Panics
///
/// When a reply is not the next one.
pub async fn suffer<P: Party>(
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
    let (mut sent, mut received, mut received_since) = (0, 0, 0);
    let mut ended = pin!(relay.wait_for_ended(1));
    loop {
        let has_happened = *happened.borrow();
        // One at a time until then, so that each message is a record of its own.
        if sent - received < if has_happened { AHEAD } else { 1 } {
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
                received_since += usize::from(has_happened);
                if received_since == ENOUGH {
                    return Outcome::WentOn;
                }
            }
            _ = happened.wait_for(|happened| *happened), if !has_happened => {}
            () = yield_now(), if has_happened && sent - received < AHEAD => {}
        }
    }
    if client.ended_by_time().await { Outcome::EndedByTime } else { Outcome::Ended }
}

/// How many connections there are at the same time.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// All of them: most wait, for octets that never come.
    pub at_a_time: usize,
    /// Those at work: few, so that none is late because of the others.
    pub at_work: usize,
}

/// After this long, a connection waits, and another may work.
const WAITING: Duration = Duration::from_millis(50);

/// What becomes of each of many connections.
pub async fn outcomes(
    faults: Vec<Fault>,
    load: Load,
    suffer: impl AsyncFn(Fault, &str) -> Outcome,
) -> Vec<(Fault, Outcome)> {
    let places = Semaphore::new(load.at_work);
    iter(faults.into_iter().enumerate())
        .map(async |(number, fault)| {
            let place = places.acquire().await.expect("it is open");
            let name = name(number);
            let mut suffering = pin!(suffer(fault, &name));
            let outcome = tokio::select! {
                outcome = &mut suffering => outcome,
                () = sleep(WAITING) => {
                    drop(place);
                    suffering.await
                }
            };
            (fault, outcome)
        })
        .buffer_unordered(load.at_a_time)
        .collect()
        .await
}

/// Holds outcomes against what is protected. Returns the part of those that time alone has ended.
///
/// # Panics
///
/// When a connection went on that should have ended, or the other way round.
pub fn judge(
    outcomes: &[(Fault, Outcome)],
    unprotected: impl Fn(&Fault) -> Option<&'static str>,
) -> f64 {
    let wrong: Vec<_> = outcomes
        .iter()
        .map(|&(fault, outcome)| (fault, outcome, unprotected(&fault)))
        .filter(|(_, outcome, reason)| reason.is_some() != (*outcome == Outcome::WentOn))
        .collect();
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), outcomes.len());
    let late = outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::EndedByTime).count();
    late as f64 / outcomes.len() as f64
}
