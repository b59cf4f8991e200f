use std::net::Ipv4Addr;
use std::pin::pin;
use std::sync::{Condvar, Mutex as StdMutex, mpsc};
use std::task::{Context, Waker};

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::*;

const DEADLINE: Duration = Duration::from_secs(20);

/// A resolver that answers when it is told to, and says what it is asked.
struct Stub {
    lookups: Lookups,
    asked: mpsc::Receiver<String>,
    gate: Arc<(StdMutex<bool>, Condvar)>,
}

impl Stub {
    fn new() -> Self {
        let (tell, asked) = mpsc::channel();
        let tell = StdMutex::new(tell);
        let gate = Arc::new((StdMutex::new(false), Condvar::new()));
        let opened = gate.clone();
        let lookups = Lookups::new(move |name| {
            tell.lock().unwrap().send(name.to_owned()).unwrap();
            let (is_open, opening) = &*opened;
            drop(opening.wait_while(is_open.lock().unwrap(), |is_open| !*is_open).unwrap());
            match name {
                "unknown" => Err(io::Error::other("no such host")),
                _ => Ok(vec![(Ipv4Addr::LOCALHOST, 0).into()]),
            }
        });
        Self { lookups, asked, gate }
    }

    fn open(&self) {
        *self.gate.0.lock().unwrap() = true;
        self.gate.1.notify_all();
    }

    fn next_asked(&self) -> String {
        self.asked.recv_timeout(DEADLINE).expect("a lookup")
    }

    /// Asks, and gives up at once.
    fn abandon(&self, name: &str) {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(pin!(self.lookups.find(name)).poll(&mut cx).is_pending());
    }

    /// Asks, and gives up when the resolver has been asked.
    fn abandon_late(&self, name: &str) {
        let mut cx = Context::from_waker(Waker::noop());
        let mut finding = pin!(self.lookups.find(name));
        assert!(finding.as_mut().poll(&mut cx).is_pending());
        assert_eq!(self.next_asked(), name);
    }
}

#[tokio::test]
async fn abandoned_lookups_of_a_name_are_one() {
    let stub = Stub::new();
    stub.abandon_late("slow");
    for _ in 0..600 {
        stub.abandon("slow");
    }
    let mut joined = JoinSet::new();
    for _ in 0..10 {
        let lookups = stub.lookups.clone();
        joined.spawn(async move { lookups.find("slow").await });
    }
    tokio::task::yield_now().await;
    stub.open();
    while let Some(found) = joined.join_next().await {
        assert_eq!(found.unwrap().unwrap().len(), 1);
    }
    assert!(stub.asked.try_recv().is_err(), "asked once in all");
}

#[tokio::test]
async fn lookups_of_many_names_take_few_threads() {
    let stub = Stub::new();
    for number in 0..MAX_THREADS {
        stub.abandon_late(&format!("slow-{number}"));
    }
    for number in 0..600 {
        stub.abandon(&format!("waits-{number}"));
    }
    let lookups = stub.lookups.clone();
    let kept = tokio::spawn(async move { lookups.find("kept").await });
    tokio::task::yield_now().await;
    assert_eq!(stub.lookups.0.state.lock().threads, MAX_THREADS);
    assert!(stub.asked.try_recv().is_err(), "no more than that at once");

    stub.open();
    timeout(DEADLINE, kept).await.expect("an answer").unwrap().unwrap();
    assert_eq!(stub.next_asked(), "kept", "those that were given up are not looked up");
}

#[tokio::test]
async fn a_failed_lookup_answers_for_a_moment() {
    let stub = Stub::new();
    stub.open();
    for _ in 0..600 {
        let error = stub.lookups.find_again("unknown").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains("\"unknown\": no such host"), "{error}");
    }
    let asked = stub.asked.try_iter().count();
    assert!(asked < 600 / 2, "asked {asked} times");
    // Who binds has a reason to ask again.
    stub.lookups.find("unknown").await.unwrap_err();
    assert_eq!(stub.next_asked(), "unknown");
    stub.lookups.find_again("known").await.unwrap();
    stub.lookups.find_again("known").await.unwrap();
    assert_eq!(stub.asked.try_iter().count(), 2, "success is asked for anew");
}

/// A runtime that ends takes no lookup with it that another one waits for.
#[test]
fn a_lookup_outlives_the_runtime_it_began_in() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stub = Stub::new();
    let first = runtime();
    first.block_on(async { stub.abandon_late("slow") });
    drop(first); // would wait for a blocking thread of its own
    let found = runtime().block_on(async {
        let lookups = stub.lookups.clone();
        let found = tokio::spawn(async move { lookups.find("slow").await });
        tokio::task::yield_now().await;
        stub.open();
        found.await.unwrap()
    });
    assert_eq!(found.unwrap().len(), 1);
}
