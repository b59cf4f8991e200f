//! The state that a proxy shares with its handles.

use std::sync::Arc;
use std::task::{Context, Waker};

use parking_lot::Mutex;

use super::statistics::ProxyStatistics;

/// Pauses, resumes and terminates a proxy, and returns its statistics.
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
/// let mut proxy = Proxy::one_way(front, back);
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

    /// Stops forwarding until [`resume`](Self::resume). A proxy on another thread completes its
    /// round of up to 256 messages each way first.
    pub fn pause(&self) {
        self.0.lock().set(State::Paused);
    }

    /// Resumes forwarding.
    pub fn resume(&self) {
        self.0.lock().set(State::Active);
    }

    /// Ends [`run`](super::Proxy::run), now and in later calls. Every message that was received was
    /// handed over.
    pub fn terminate(&self) {
        self.0.lock().set(State::Terminated);
    }

    /// Returns the statistics as of the last round.
    pub fn statistics(&self) -> ProxyStatistics {
        self.0.lock().statistics
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    #[default]
    Active,
    Paused,
    /// Final.
    Terminated,
}

#[derive(Debug, Default)]
pub(super) struct Steering {
    state: State,
    statistics: ProxyStatistics,
    proxy: Option<Waker>,
}

impl Steering {
    pub(super) fn set(&mut self, state: State) {
        if self.state != State::Terminated {
            self.state = state;
        }
        if let Some(proxy) = self.proxy.take() {
            proxy.wake();
        }
    }

    /// Returns the state. The task is woken when it changes.
    pub(super) fn poll_state(&mut self, cx: &Context<'_>) -> State {
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
