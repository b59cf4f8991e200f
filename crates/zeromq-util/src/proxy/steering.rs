//! Steering a proxy from elsewhere.

use std::sync::Arc;
use std::task::{Context, Waker};

use super::ProxyStatistics;
use parking_lot::Mutex;

/// Pauses, resumes and terminates a proxy, and tells what has passed.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::proxy::Proxy;
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let (front, back) = (PullSocket::new(), PushSocket::new());
/// let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(front.bind("tcp://127.0.0.1:0").await?)?;
/// back.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
/// let mut proxy = Proxy::new(front, back);
/// let handle = proxy.handle();
///
/// handle.pause();
/// let running = tokio::spawn(async move { proxy.run().await });
/// push.send("hello").await?;
/// tokio::task::yield_now().await;
/// assert_eq!(handle.statistics().front.received, 0);
/// handle.resume();
/// assert_eq!(pull.recv().await?, "hello");
/// handle.terminate();
/// assert_eq!(running.await??.back.sent, 1);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct ProxyHandle(Arc<Mutex<Steering>>);

impl ProxyHandle {
    pub(super) fn new(steering: Arc<Mutex<Steering>>) -> Self {
        Self(steering)
    }

    /// Takes no more messages from either end until [`resume`](Self::resume); in a proxy that is
    /// running on another thread, when it is done with its round, of 256 messages each way at most.
    ///
    /// See the [example](Self).
    pub fn pause(&self) {
        self.0.lock().order(State::Paused);
    }

    /// Goes on.
    ///
    /// See the [example](Self).
    pub fn resume(&self) {
        self.0.lock().order(State::Active);
    }

    /// Has [`run`](super::Proxy::run) return, now and whenever it is called again. What was read
    /// has been handed over.
    ///
    /// See the [example](Self).
    pub fn terminate(&self) {
        self.0.lock().order(State::Terminated);
    }

    /// What has passed so far, as of the last round.
    ///
    /// See the [example](Self).
    pub fn statistics(&self) -> ProxyStatistics {
        self.0.lock().statistics
    }
}

/// What a proxy was told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    #[default]
    Active,
    Paused,
    /// For good.
    Terminated,
}

/// What a proxy and its handles share.
#[derive(Debug, Default)]
pub(super) struct Steering {
    state: State,
    statistics: ProxyStatistics,
    proxy: Option<Waker>,
}

impl Steering {
    pub(super) fn order(&mut self, state: State) {
        if self.state != State::Terminated {
            self.state = state;
        }
        if let Some(proxy) = self.proxy.take() {
            proxy.wake();
        }
    }

    /// What to do; the task is woken when that changes.
    pub(super) fn look(&mut self, cx: &Context<'_>) -> State {
        if !self.proxy.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.proxy = Some(cx.waker().clone());
        }
        self.state
    }

    pub(super) fn publish(&mut self, statistics: ProxyStatistics) {
        self.statistics = statistics;
    }

    pub(super) fn statistics(&self) -> ProxyStatistics {
        self.statistics
    }
}
