//! Rows about reconnecting and lost replies.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use interop::peer::{Peer, PeerEvent, Sent, Settings};
use interop::{Mechanism, ReservedPort, Secured, TCP};
use libzmq_peer::SocketKind::{Pull, Push, Rep, Req, Router};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::sleep;
use zeromq_async::PullSocket;
use zeromq_async::security::{Attempt, Decision, DenyStatus};

use crate::support::{Child, DEADLINE, ProcessState, SHORT, next, single, times};

side_by_side! {
    /// The cost of many clients for a server that rejects them, that refuses connections, or that
    /// is absent.
    row_11_reconnect_storm: storms,
    ours: Storms { hung_up_on: false, turned_away: false, nobody_there: false },
    libzmq: Storms { hung_up_on: true, turned_away: false, nobody_there: false },
}

/// Whether a client tried more often than a backoff from 10 to 320 ms allows.
#[derive(Debug, PartialEq)]
struct Storms {
    hung_up_on: bool,
    turned_away: bool,
    nobody_there: bool,
}

/// The measured time: with the shortest waits there are 5 attempts during the backoff and 5 after
/// it.
const MEASURED: Duration = Duration::from_secs(1);
const MOST: usize = 12;
const CLIENTS: usize = 10;

async fn storms<P: Peer>() -> Storms {
    let hung_up_on = async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let to = format!("tcp://{}", listener.local_addr().expect("bound"));
        let attempts = Arc::new(AtomicUsize::new(0));
        let mut task = JoinSet::new();
        let counter = attempts.clone();
        task.spawn(async move {
            while listener.accept().await.is_ok() {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        let _clients = clients::<P>(&to, None).await;
        sleep(MEASURED).await;
        attempts.load(Ordering::Relaxed) > CLIENTS * MOST
    };
    let turned_away = async {
        let refuses = |_: Attempt| async { Decision::Deny(DenyStatus::AuthenticationFailure) };
        let server = PullSocket::builder().plain_server(refuses).build();
        let mut events = server.events();
        let to = server.bind(TCP).await.expect("bound").to_string();
        let client = Secured { mechanism: Mechanism::Plain, is_server: false };
        let _clients = clients::<P>(&to, Some(client)).await;
        sleep(MEASURED).await;
        drop(server);
        let mut attempts = 0;
        while let Some(event) = events.next().await {
            attempts += usize::from(matches!(event, zeromq_async::SocketEvent::Accepted { .. }));
        }
        attempts > CLIENTS * MOST
    };
    let nobody_there = async {
        let port = ReservedPort::new();
        let mut clients = clients::<P>(&port.endpoint(), None).await;
        let mut attempts = 0;
        let until = Instant::now() + MEASURED;
        for client in &mut clients {
            let rest = || until.saturating_duration_since(Instant::now());
            while client.observes(PeerEvent::Retried, rest()).await {
                attempts += 1;
            }
        }
        attempts > CLIENTS * MOST
    };
    let (hung_up_on, turned_away, nobody_there) =
        tokio::join!(hung_up_on, turned_away, nobody_there);
    Storms { hung_up_on, turned_away, nobody_there }
}

async fn clients<P: Peer>(to: &str, secured: Option<Secured>) -> Vec<P> {
    let mut settings = Settings::new(Push).reconnect(10).reconnect_most(320);
    settings.secured = secured;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = P::start(&settings).await;
        client.connect(to).await;
        clients.push(client);
    }
    clients
}

side_by_side! {
    /// Extreme intervals, each in its own process: no division by zero and no busy loop.
    row_11_extreme_reconnect_intervals: extremes,
    ours: vec![
        (0, ProcessState::Alive, false, true),
        (-1, ProcessState::Alive, false, false),
        (i32::MAX, ProcessState::Alive, false, false),
    ],
    libzmq: vec![
        (0, ProcessState::Alive, false, false),
        (-1, ProcessState::Alive, false, false),
        (i32::MAX, ProcessState::Alive, false, false),
    ],
}

/// For each interval: the state of the process, whether it was busy, and whether it connects to a
/// late peer.
async fn extremes<P: Peer>() -> Vec<(i32, ProcessState, bool, bool)> {
    let outcomes = [0, -1, i32::MAX].map(|interval| async move {
        let port = ReservedPort::new();
        let mut child =
            Child::start(P::LIBRARY, &Settings::new(Push).reconnect(interval).linger(-1)).await;
        child.connect(&port.endpoint()).await;
        let before = child.processor();
        sleep(SHORT).await;
        let is_busy = child.processor() - before > SHORT / 2;
        let mut pull = P::start(&Settings::new(Pull)).await;
        pull.bind(&port.endpoint()).await;
        // A socket that has given up has no peer to send to.
        child.send(single("waited"), SHORT).await;
        let connects = pull.recv(2 * SHORT).await.is_some();
        (interval, child.state(), is_busy, connects)
    });
    join_all(outcomes).await
}

side_by_side! {
    /// A REQ whose REP dies with the request.
    row_12_req_whose_rep_is_killed: killed_rep,
    ours: KilledRep { told: true, strict_asks_again: true, relaxed_asks_again: true },
    libzmq: KilledRep { told: false, strict_asks_again: false, relaxed_asks_again: true },
}

#[derive(Debug, PartialEq)]
struct KilledRep {
    /// Whether `recv` ends without a reply.
    told: bool,
    strict_asks_again: bool,
    relaxed_asks_again: bool,
}

async fn killed_rep<P: Peer>() -> KilledRep {
    let (told, strict_asks_again) = kill_rep::<P>(Settings::new(Req), 4 * SHORT).await;
    let (_, relaxed_asks_again) =
        kill_rep::<P>(Settings::new(Req).relaxed(true).correlate(true), SHORT).await;
    KilledRep { told, strict_asks_again, relaxed_asks_again }
}

/// Whether `recv` ends without a reply before the test's limit, and the next request is accepted.
async fn kill_rep<P: Peer>(settings: Settings, patience: Duration) -> (bool, bool) {
    let port = ReservedPort::new();
    let mut req = P::start(&settings.reconnect(5)).await;
    req.connect(&port.endpoint()).await;
    let (mut told, mut asks_again) = (true, true);
    let mut rep = Child::start(P::LIBRARY, &Settings::new(Rep)).await;
    rep.bind(&port.endpoint()).await;
    for _ in 0..times(5, 100) {
        if req.send(single("lost"), DEADLINE).await != Sent::Taken {
            return (told, false);
        }
        assert_eq!(rep.recv(DEADLINE).await, Some(single("lost")));
        rep.killed().await;
        let since = Instant::now();
        assert_eq!(req.recv(patience).await, None);
        told &= since.elapsed() < patience;
        rep = Child::start(P::LIBRARY, &Settings::new(Rep)).await;
        rep.bind(&port.endpoint()).await;
        asks_again &= req.send(single("again"), 4 * SHORT).await == Sent::Taken;
        if asks_again {
            assert_eq!(rep.recv(DEADLINE).await, Some(single("again")));
            assert_eq!(rep.send(single("reply"), DEADLINE).await, Sent::Taken);
            assert_eq!(next(&mut req, "the reply").await, single("reply"));
        }
    }
    (told, asks_again)
}

side_by_side! {
    /// A late reply is not taken for the reply to the next request.
    row_12_late_replies: late_replies,
    ours: 0,
    libzmq: 0,
}

/// The number of replies that are matched to another request.
async fn late_replies<P: Peer>() -> usize {
    let mut router = P::start(&Settings::new(Router)).await;
    let mut req = P::start(&Settings::new(Req).relaxed(true).correlate(true)).await;
    req.connect(&router.bind(TCP).await).await;
    let mut wrong = 0;
    let mut late = None;
    for number in 0..100 {
        let body = single(number.to_string());
        assert_eq!(req.send(body.clone(), DEADLINE).await, Sent::Taken);
        let request = next(&mut router, "a request").await;
        if let Some(late) = late.replace(request.clone()) {
            assert_eq!(router.send(late, DEADLINE).await, Sent::Taken);
        }
        if number % 3 == 0 {
            late = None;
            assert_eq!(router.send(request, DEADLINE).await, Sent::Taken);
            wrong += usize::from(next(&mut req, "its reply").await != body);
        }
    }
    wrong
}
