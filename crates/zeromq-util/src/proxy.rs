//! A proxy between two sockets: queue, forwarder, streamer.
//!
//! | device of libzmq | front | back |
//! |---|---|---|
//! | queue, for clients and servers | ROUTER | DEALER |
//! | forwarder, for publishers and subscribers | XSUB | XPUB |
//! | streamer, for a pipeline | PULL | PUSH |
//!
//! An end is any `Stream` and `Sink` of messages; see [`ProxyEnd`] and [`End`]. For a pipeline use
//! [`Proxy::one_way`].
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use zeromq_util::proxy::Proxy;
//! use zeromq_async::{DealerSocket, RepSocket, ReqSocket, RouterSocket};
//!
//! let (front, back) = (RouterSocket::new(), DealerSocket::new());
//! let (mut client, mut service) = (ReqSocket::new(), RepSocket::new());
//! client.connect(front.bind("tcp://127.0.0.1:0").await?)?;
//! service.connect(back.bind("tcp://127.0.0.1:0").await?)?;
//!
//! let mut proxy = Proxy::new(front, back);
//! let handle = proxy.handle();
//! let running = tokio::spawn(async move { proxy.run().await });
//! client.send("2 + 2?").await?;
//! assert_eq!(service.recv().await?, "2 + 2?");
//! service.send("4").await?;
//! assert_eq!(client.recv().await?, "4");
//!
//! handle.terminate();
//! let statistics = running.await??;
//! assert_eq!((statistics.front.received, statistics.front.sent), (1, 1));
//! # Ok(()) }
//! ```

mod control;
mod end;
mod error;
mod forward;
mod statistics;
mod steering;

pub use end::{End, ProxyEnd};
pub use error::{ProxyError, ProxySide};
pub use statistics::{EndStatistics, ProxyStatistics};
pub use steering::ProxyHandle;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_sink::Sink;
use parking_lot::Mutex;
use zeromq_async::{Message, PullSocket, PushSocket, RecvError, SendError};

use control::Control;
use forward::{EndState, Side, forward};
use steering::{State, Steering};

/// Forwards messages between two ends, both ways if both can.
///
/// The proxy takes a message from one end only when the other has room for it, and hands it over in
/// the same step. So a slow end slows the fast one down, and the proxy can stop at any time without
/// losing a message. The two directions take turns of at most 256 messages. Large frames are shared
/// and not copied.
///
/// It runs in the task of [`run`](Self::run). With a REQ or REP it forwards one request and its
/// reply at a time. If the server of a REQ is lost, the request goes to the next one.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::proxy::Proxy;
/// use zeromq_async::{PullSocket, PushSocket, RepSocket, ReqSocket};
///
/// let (front, back, copies, control) =
///     (PullSocket::new(), PushSocket::new(), PushSocket::new(), RepSocket::new());
/// let (mut push, mut pull, mut captured, mut req) =
///     (PushSocket::new(), PullSocket::new(), PullSocket::new(), ReqSocket::new());
/// push.connect(front.bind("tcp://127.0.0.1:0").await?)?;
/// pull.connect(back.bind("tcp://127.0.0.1:0").await?)?;
/// captured.connect(copies.bind("tcp://127.0.0.1:0").await?)?;
/// req.connect(control.bind("tcp://127.0.0.1:0").await?)?;
///
/// let mut proxy = Proxy::one_way(front, back).capture(copies).control(control);
/// let running = tokio::spawn(async move { proxy.run().await });
/// push.send("hello").await?;
/// assert_eq!((pull.recv().await?, captured.recv().await?), ("hello".into(), "hello".into()));
/// req.send("TERMINATE").await?; // or PAUSE, RESUME, STATISTICS
/// assert_eq!(req.recv().await?, "");
/// assert_eq!(running.await??.front.received, 1);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Proxy<F, B, C = PushSocket> {
    front: F,
    back: B,
    capture: Option<C>,
    control: Option<Control>,
    front_state: EndState,
    back_state: EndState,
    steering: Arc<Mutex<Steering>>,
    back_first: bool,
}

/// The most rounds in one poll. Then other tasks run.
const ROUNDS_PER_POLL: usize = 8;

impl<F: ProxyEnd, B: ProxyEnd> Proxy<F, B> {
    /// Makes a proxy between two ends. Statistics name the first one the front.
    pub fn new(front: F, back: B) -> Self {
        Self {
            front,
            back,
            capture: None,
            control: None,
            front_state: EndState::default(),
            back_state: EndState::default(),
            steering: Arc::default(),
            back_first: true,
        }
    }
}

impl<I, O> Proxy<End<I, PushSocket>, End<PullSocket, O>>
where
    I: Stream<Item = Result<Message, RecvError>> + Unpin,
    O: Sink<Message, Error = SendError> + Unpin,
{
    /// Makes a proxy in one direction: from a PULL, a SUB or another `Stream`, to a PUSH, a PUB or
    /// another `Sink`.
    pub fn one_way(from: I, to: O) -> Self {
        Proxy::new(End::receive_only(from), End::send_only(to))
    }
}

impl<F: ProxyEnd, B: ProxyEnd, C> Proxy<F, B, C> {
    /// Sends a copy of every message to `capture` too: a PUB, PUSH or PAIR, or any other `Sink`.
    /// While it has no room, no message passes.
    pub fn capture<D>(self, capture: D) -> Proxy<F, B, D>
    where
        D: Sink<Message, Error = SendError> + Unpin,
    {
        Proxy {
            front: self.front,
            back: self.back,
            capture: Some(capture),
            control: self.control,
            front_state: self.front_state,
            back_state: self.back_state,
            steering: self.steering,
            back_first: self.back_first,
        }
    }

    /// Executes commands from `control`, as `zmq_proxy_steerable` does: `PAUSE`, `RESUME`,
    /// `TERMINATE` and `STATISTICS` (see [`ProxyStatistics::to_message`] for its reply).
    ///
    /// A REP replies to all other commands with an empty message. A PAIR, and a PULL or SUB in an
    /// [`End`], reply only to `STATISTICS`, if they can. A ROUTER's replies reach no client.
    ///
    /// Every client of `control` can stop the proxy.
    pub fn control(mut self, control: impl ProxyEnd + Send + 'static) -> Self {
        self.control = Some(Control::new(control));
        self
    }

    /// Returns a handle to pause, resume and terminate the proxy.
    pub fn handle(&self) -> ProxyHandle {
        ProxyHandle::new(Arc::clone(&self.steering))
    }

    /// Returns the ends and the capture.
    ///
    /// Messages that were forwarded and not written yet wait in the sockets' queues. Closing a
    /// socket reports them.
    pub fn into_ends(self) -> (F, B, Option<C>) {
        (self.front, self.back, self.capture)
    }
}

impl<F, B, C> Proxy<F, B, C>
where
    F: ProxyEnd,
    B: ProxyEnd,
    C: Sink<Message, Error = SendError> + Unpin,
{
    /// Forwards until its [`handle`](Self::handle) or `control` terminates it.
    ///
    /// # Errors
    ///
    /// A socket of the proxy was closed, or cannot do what the proxy needs.
    ///
    /// # Cancel safety
    ///
    /// No message is lost when the future is dropped, and it can be run again.
    pub async fn run(&mut self) -> Result<ProxyStatistics, ProxyError> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<ProxyStatistics, ProxyError>> {
        // The first direction may use up the task's budget, so they alternate.
        self.back_first = !self.back_first;
        for _ in 0..ROUNDS_PER_POLL {
            if let Some(control) = &mut self.control {
                control.poll(cx, &self.steering)?;
            }
            match self.steering.lock().poll_state(cx) {
                State::Active => {}
                State::Paused => return Poll::Pending,
                State::Terminated => return Poll::Ready(Ok(self.statistics())),
            }
            let forwarded = self.forward(cx);
            self.steering.lock().publish(self.statistics());
            if !forwarded? {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn statistics(&self) -> ProxyStatistics {
        ProxyStatistics {
            front: self.front_state.counts,
            back: self.back_state.counts,
            dropped: self.front_state.dropped + self.back_state.dropped,
        }
    }

    /// Forwards a round in each direction. Returns false if there were no messages.
    fn forward(&mut self, cx: &mut Context<'_>) -> Result<bool, ProxyError> {
        let Self { front, back, capture, front_state, back_state, back_first, .. } = self;
        let mut front = Side { end: front, name: ProxySide::Front, state: front_state };
        let mut back = Side { end: back, name: ProxySide::Back, state: back_state };
        let (one, other) = if *back_first {
            let one = forward(&mut back, &mut front, capture, cx)?;
            (one, forward(&mut front, &mut back, capture, cx)?)
        } else {
            let one = forward(&mut front, &mut back, capture, cx)?;
            (one, forward(&mut back, &mut front, capture, cx)?)
        };
        Ok(one || other)
    }
}
