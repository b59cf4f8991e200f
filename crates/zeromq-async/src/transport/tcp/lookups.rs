//! Looks up host names on a bounded number of threads.
//!
//! The system's resolver blocks its thread, for half a minute if a name server does not answer, and
//! cannot be cancelled. So all callers that want the same name share one lookup. At most
//! [`MAX_THREADS`] run at a time. An attempt right after a failure fails with the same error.
//! The threads are not the runtime's, which does not wait for them.

use std::collections::{HashMap, VecDeque};
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use std::{io, thread};

use tokio::sync::watch;

use crate::sync::Mutex;
use crate::transport::error::with_source;

/// The lookups of the process.
pub(in crate::transport) static LOOKUPS: LazyLock<Lookups> =
    LazyLock::new(|| Lookups::new(|name| Ok((name, 0).to_socket_addrs()?.collect())));

const MAX_THREADS: usize = 16;

/// How long a failure is the answer to attempts to connect.
const FAILURE_KEPT: Duration = Duration::from_secs(1);

/// Look-ups that share their threads.
#[derive(Clone)]
pub(in crate::transport) struct Lookups(Arc<Shared>);

struct Shared {
    resolve: Resolve,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By name, the channel to all callers that wait for it.
    asked: HashMap<String, watch::Sender<Option<Answer>>>,
    /// Names that wait for a thread.
    queue: VecDeque<String>,
    threads: usize,
    failed: HashMap<String, (Instant, Arc<io::Error>)>,
}

type Resolve = Box<dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

type Answer = Result<Vec<SocketAddr>, Arc<io::Error>>;

impl Lookups {
    pub(super) fn new(
        resolve: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Shared { resolve: Box::new(resolve), state: Mutex::default() }))
    }

    /// Looks up the addresses of a name. Their port is 0.
    pub(super) async fn find(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        let mut answer = self.ask(name)?;
        let answer = answer.wait_for(Option::is_some).await.ok().and_then(|answer| answer.clone());
        match answer {
            Some(Ok(addresses)) if !addresses.is_empty() => Ok(addresses),
            Some(Err(error)) => Err(unknown(name, error)),
            _ => Err(unknown(name, Arc::new(io::Error::other("the name has no address")))),
        }
    }

    /// Looks up a name, unless it failed a moment ago: then the same error.
    pub(super) async fn find_again(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        match self.recent_failure(name) {
            Some(error) => Err(unknown(name, error)),
            None => self.find(name).await,
        }
    }

    fn recent_failure(&self, name: &str) -> Option<Arc<io::Error>> {
        let state = self.0.state.lock();
        let (when, error) = state.failed.get(name)?;
        (when.elapsed() < FAILURE_KEPT).then(|| error.clone())
    }

    /// Joins the lookup of a name, or starts one.
    fn ask(&self, name: &str) -> io::Result<watch::Receiver<Option<Answer>>> {
        let mut state = self.0.state.lock();
        if let Some(answer) = state.asked.get(name) {
            return Ok(answer.subscribe());
        }
        let (tell, answer) = watch::channel(None);
        state.asked.insert(name.into(), tell);
        state.queue.push_back(name.into());
        if state.threads == MAX_THREADS {
            return Ok(answer);
        }
        state.threads += 1;
        drop(state);
        match self.start_thread() {
            Err(error) if !self.0.has_other_threads() => Err(error),
            _ => Ok(answer),
        }
    }

    fn start_thread(&self) -> io::Result<()> {
        let shared = self.0.clone();
        let thread = thread::Builder::new().name("zmq-lookup".into());
        thread.spawn(move || shared.work()).map(drop)
    }
}

impl Shared {
    /// Looks up names until none is queued.
    fn work(&self) {
        while let Some(name) = self.next() {
            let answer = (self.resolve)(&name).map_err(Arc::new);
            self.answer(name, answer);
        }
    }

    /// The next name that a caller still waits for.
    fn next(&self) -> Option<String> {
        let mut state = self.state.lock();
        while let Some(name) = state.queue.pop_front() {
            if state.asked.get(&name).is_some_and(|tell| tell.receiver_count() > 0) {
                return Some(name);
            }
            state.asked.remove(&name);
        }
        state.threads -= 1;
        None
    }

    fn answer(&self, name: String, answer: Answer) {
        let mut state = self.state.lock();
        state.failed.retain(|_, (when, _)| when.elapsed() < FAILURE_KEPT);
        let tell = state.asked.remove(&name);
        match &answer {
            Err(error) => drop(state.failed.insert(name, (Instant::now(), error.clone()))),
            Ok(_) => drop(state.failed.remove(&name)),
        }
        drop(state);
        // The callers may have gone.
        tell.into_iter().for_each(|tell| drop(tell.send(Some(answer.clone()))));
    }

    /// After a thread could not be started: other threads look up the names, or else they fail.
    fn has_other_threads(&self) -> bool {
        let mut state = self.state.lock();
        state.threads -= 1;
        if state.threads == 0 {
            state.asked.clear();
            state.queue.clear();
        }
        state.threads > 0
    }
}

/// The error for a name without an address. The resolver's errors have no kind that says so.
fn unknown(name: &str, error: Arc<io::Error>) -> io::Error {
    with_source(
        io::ErrorKind::NotFound,
        format!("no address was found for the host {name:?}"),
        error,
    )
}

#[cfg(test)]
mod tests;
