//! Looking up host names, with a bound on what that costs.
//!
//! The system's resolver blocks its thread, for half a minute where a name server does not answer,
//! and cannot be stopped: a look-up that is given up goes on. So a name is looked up once at a time
//! and everyone who asks for it waits for that answer, no more than [`MAX_THREADS`] names are looked
//! up at once, and an attempt to connect that comes right after a failure is given the same failure.
//! The threads are not the runtime's: its own work does not wait for them, and neither does its end.

use std::collections::{HashMap, VecDeque};
use std::error::Error;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use std::{fmt, io, thread};

use tokio::sync::watch;

use crate::sync::Mutex;

/// The look-ups of the process.
pub(super) static LOOKUPS: LazyLock<Lookups> =
    LazyLock::new(|| Lookups::new(|name| Ok((name, 0).to_socket_addrs()?.collect())));

/// How many names are looked up at the same time; others wait for their turn.
const MAX_THREADS: usize = 16;

/// How long a failure answers attempts to connect.
const FAILURE_KEPT: Duration = Duration::from_secs(1);

/// The look-ups that share one bound.
#[derive(Clone)]
pub(super) struct Lookups(Arc<Shared>);

struct Shared {
    resolve: Resolve,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What everyone who waits for a name is told.
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

    /// The addresses of a name, with port 0, asked for now.
    pub(super) async fn find(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        let mut answer = self.ask(name)?;
        let answer = answer.wait_for(Option::is_some).await.ok().and_then(|answer| answer.clone());
        match answer {
            Some(Ok(addresses)) if !addresses.is_empty() => Ok(addresses),
            Some(Err(error)) => Err(unknown(name, error)),
            _ => Err(unknown(name, Arc::new(io::Error::other("the name has no address")))),
        }
    }

    /// The same, or a failure of a moment ago.
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

    /// Joins the look-up of a name, or begins one.
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
    /// Looks up what is asked for, until nothing is.
    fn work(&self) {
        while let Some(name) = self.next() {
            let answer = (self.resolve)(&name).map_err(Arc::new);
            self.answer(name, answer);
        }
    }

    /// The next name that somebody still waits for.
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
        // Those who asked may have gone.
        tell.into_iter().for_each(|tell| drop(tell.send(Some(answer.clone()))));
    }

    /// A thread could not be started. Where there are others they take the names; else they are
    /// given up.
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

/// The resolver's errors have no kind that tells an unknown name from a mistake elsewhere.
fn unknown(name: &str, error: Arc<io::Error>) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, UnknownHost { name: name.into(), error })
}

/// A name without an address.
#[derive(Debug)]
struct UnknownHost {
    name: String,
    error: Arc<io::Error>,
}

impl fmt::Display for UnknownHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no address was found for the host {:?}: {}", self.name, self.error)
    }
}

impl Error for UnknownHost {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.error)
    }
}

#[cfg(test)]
mod tests;
