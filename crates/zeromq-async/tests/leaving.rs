//! Peers that leave: what is sent, queued and told at that moment.

#![allow(clippy::unwrap_used, reason = "a test may fail where something goes wrong")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use support::{ANY_PORT, RawPeer, at_once, disconnected, listen, within};
use tokio::task::JoinSet;
use tower::ServiceExt;
use zeromq_async::{DealerSocket, RepSocket, SendErrorKind, SocketType, service};

/// Threads that compete with the runtime for the processor.
struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let busy = |stop: Arc<AtomicBool>| move || while !stop.load(Ordering::Relaxed) {};
        let threads = (0..2).map(|_| thread::spawn(busy(stop.clone()))).collect();
        Self { stop, threads }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
}

/// How long the races below are looked for.
const A_WHILE: Duration = Duration::from_secs(3);

/// A queue that takes a message after its end was told loses it, and no count says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_taken_after_disconnected() {
    let _load = Load::start();
    let mut dealer = DealerSocket::new();
    let endpoint = dealer.bind(ANY_PORT).await.unwrap();
    let mut events = dealer.events();
    let start = Instant::now();
    while start.elapsed() < A_WHILE {
        drop(RawPeer::connect(&endpoint, SocketType::Dealer).await);
        disconnected(&mut events).await;
        let refused = dealer.try_send("too late").unwrap_err();
        assert_eq!(*refused.kind(), SendErrorKind::Full);
    }
}

/// The same for a connecting socket that queues nothing without a connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn immediate_takes_nothing_after_disconnected() {
    let _load = Load::start();
    let (listener, endpoint) = listen().await;
    let mut dealer = DealerSocket::builder().immediate(true).reconnect(at_once()).build();
    dealer.connect(&endpoint).await.unwrap();
    let mut events = dealer.events();
    let start = Instant::now();
    while start.elapsed() < A_WHILE {
        drop(RawPeer::accept(&listener, SocketType::Dealer).await);
        disconnected(&mut events).await;
        // The next connection is not accepted before the next round.
        let refused = dealer.try_send("too late").unwrap_err();
        assert_eq!(*refused.kind(), SendErrorKind::Full);
    }
}

/// What was taken before the peer left is either sent or told as unsent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_is_sent_or_told_as_unsent() {
    let _load = Load::start();
    let dealer = DealerSocket::new();
    let endpoint = dealer.bind(ANY_PORT).await.unwrap();
    let mut events = dealer.events();
    let mut sender = dealer.sender();
    let (mut taken, mut unsent) = (0, 0);
    let start = Instant::now();
    while start.elapsed() < A_WHILE {
        let peer = RawPeer::connect(&endpoint, SocketType::Dealer).await;
        let leaving = tokio::spawn(async move { drop(peer) });
        while !leaving.is_finished() {
            taken += u64::from(sender.try_send("now").is_ok());
        }
        unsent += disconnected(&mut events).await as u64;
        let stats = dealer.stats();
        assert_eq!((stats.sent + stats.lost, stats.lost), (taken, unsent));
    }
}

/// Every request of a client whose servers come and go has an end: a reply, or an error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_end_though_servers_come_and_go() {
    let _load = Load::start();
    let dealer = DealerSocket::new();
    let endpoint = dealer.bind(ANY_PORT).await.unwrap();
    let (client, driver) = service::client(dealer);
    let driving = tokio::spawn(driver.run());
    let done = Arc::new(AtomicBool::new(false));
    let mut servers = JoinSet::new();
    for _ in 0..3 {
        let (endpoint, done) = (endpoint.clone(), done.clone());
        servers.spawn(async move {
            while !done.load(Ordering::Relaxed) {
                let mut rep = RepSocket::builder().linger(Duration::ZERO).build();
                rep.connect(&endpoint).await.unwrap();
                for _ in 0..20 {
                    let Ok(request) = rep.recv().await else { break };
                    rep.send(request).await.unwrap();
                }
                rep.close().await;
            }
        });
    }
    let mut requests = JoinSet::new();
    let start = Instant::now();
    for _ in 0..8 {
        let client = client.clone();
        requests.spawn(async move {
            while start.elapsed() < A_WHILE {
                // Either outcome will do.
                let _ = client.clone().oneshot("a question".into()).await;
            }
        });
    }
    within("every request to end", async { while requests.join_next().await.is_some() {} }).await;
    done.store(true, Ordering::Relaxed);
    servers.abort_all();
    drop(client);
    within("the driver to end", driving).await.unwrap();
}
