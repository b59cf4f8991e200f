//! Forwarding between two sockets: queue, forwarder, streamer.
//!
//! | device of libzmq | front | back |
//! |---|---|---|
//! | queue, for clients and services | ROUTER | DEALER |
//! | forwarder, for publishers and subscribers | XSUB | XPUB |
//! | streamer, for a pipeline | PULL | PUSH |
//!
//! Any two sockets will do of which one can send what the other receives, and [`Halves`] makes an
//! end of any `Stream` and `Sink` of messages, with layers around them or not.
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

pub use end::{Halves, ProxyEnd};
pub use error::{ProxyError, ProxySide};
pub use statistics::{EndStatistics, ProxyStatistics};
pub use steering::ProxyHandle;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_sink::Sink;
use zeromq_async::Message;

use control::Control;
use forward::{Forwarding, Side, forward};
use parking_lot::Mutex;
use steering::{State, Steering};
use zeromq_async::PushSocket;
use zeromq_async::SendError;

/// Forwards whole messages between two ends, both ways where both can.
///
/// No message is taken from one end before the other has room for it, and it is handed over in the
/// same step: a slow end holds up the fast one, and nothing is ever in between. So the proxy can
/// stop at any time without losing what it has read. The two directions take turns, at most
/// 256 messages each. Frames are not looked at, and large ones are shared and not copied.
///
/// It runs in the task of [`run`](Self::run). With a REQ or a REP it forwards one request and its
/// reply after the other, and a request whose server goes away is sent to the next.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::proxy::Proxy;
/// use zeromq_async::{PullSocket, PushSocket, RepSocket};
///
/// let (front, back) = (PullSocket::new(), PushSocket::new());
/// front.bind("tcp://127.0.0.1:0").await?;
/// back.bind("tcp://127.0.0.1:0").await?;
/// let copies = PushSocket::new(); // to whoever connects, of all that passes
/// copies.bind("tcp://127.0.0.1:0").await?;
/// let orders = RepSocket::new(); // PAUSE, RESUME, STATISTICS, TERMINATE
/// orders.bind("tcp://127.0.0.1:0").await?;
/// let mut proxy = Proxy::new(front, back).capture(copies).control(orders);
/// tokio::spawn(async move { proxy.run().await });
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Proxy<F, B, C = PushSocket> {
    front: F,
    back: B,
    capture: Option<C>,
    control: Option<Control>,
    forwarding: Forwarding,
    steering: Arc<Mutex<Steering>>,
    back_first: bool,
}

/// Rounds in one turn of the task: then others have theirs.
const ROUNDS_PER_TURN: usize = 8;

impl<F: ProxyEnd, B: ProxyEnd> Proxy<F, B> {
    /// A proxy between two ends; which one is the front matters for statistics only.
    ///
    /// See the [example](Self).
    pub fn new(front: F, back: B) -> Self {
        Self {
            front,
            back,
            capture: None,
            control: None,
            forwarding: Forwarding::default(),
            steering: Arc::default(),
            back_first: true,
        }
    }
}

impl<F: ProxyEnd, B: ProxyEnd, C> Proxy<F, B, C> {
    /// Sends a copy of every message that passes to `capture` as well: a PUB, PUSH or PAIR, or any
    /// other `Sink`. While that has no room, nothing passes.
    ///
    /// See the [example](Self).
    pub fn capture<D>(self, capture: D) -> Proxy<F, B, D>
    where
        D: Sink<Message, Error = SendError> + Unpin,
    {
        let Self { front, back, control, forwarding, steering, back_first, .. } = self;
        Proxy { front, back, capture: Some(capture), control, forwarding, steering, back_first }
    }

    /// Takes orders from `control`, as `zmq_proxy_steerable` does: `PAUSE`, `RESUME`, `TERMINATE`,
    /// and `STATISTICS`, which is answered by eight frames (see
    /// [`ProxyStatistics::to_message`]). A REP answers everything else with an empty message; a
    /// PAIR, PULL or SUB takes orders in silence. A ROUTER takes orders too, and its answers reach
    /// nobody; a REQ, which would have to ask for them, gets none.
    ///
    /// Whoever can connect there can stop the proxy.
    ///
    /// See the [example](Self).
    pub fn control(mut self, control: impl ProxyEnd + Send + 'static) -> Self {
        self.control = Some(Control::new(control));
        self
    }

    /// What steers the proxy from elsewhere.
    ///
    /// See the [example](ProxyHandle).
    pub fn handle(&self) -> ProxyHandle {
        ProxyHandle::new(Arc::clone(&self.steering))
    }

    /// Takes the ends back, and the capture.
    ///
    /// What has been forwarded and not yet sent waits in their queues, and closing them reports it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_util::proxy::Proxy;
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let mut proxy = Proxy::new(PullSocket::new(), PushSocket::new());
    /// proxy.handle().terminate();
    /// proxy.run().await?;
    /// let (pull, push, _) = proxy.into_ends();
    /// pull.close().await;
    /// assert_eq!(push.close().await.unsent, 0);
    /// # Ok(()) }
    /// ```
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
    /// Forwards until it is told to terminate, by its [`handle`](Self::handle) or `control`.
    ///
    /// See the [example](Self).
    ///
    /// # Errors
    ///
    /// A socket of the proxy was closed, or forbids what the proxy does with it.
    ///
    /// # Cancel safety
    ///
    /// No message is lost when the future is dropped, and it can be run again: to stop a proxy with
    /// `select!` is as good as to terminate it.
    pub async fn run(&mut self) -> Result<ProxyStatistics, ProxyError> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<ProxyStatistics, ProxyError>> {
        // The first may use up the task's budget, and the other then has none in this turn.
        self.back_first = !self.back_first;
        for _ in 0..ROUNDS_PER_TURN {
            if let Some(control) = &mut self.control {
                control.poll(cx, &self.steering)?;
            }
            match self.steering.lock().look(cx) {
                State::Active => {}
                State::Paused => return Poll::Pending,
                State::Terminated => return Poll::Ready(Ok(self.forwarding.statistics())),
            }
            let forwarded = self.forward(cx);
            self.steering.lock().publish(self.forwarding.statistics());
            if !forwarded? {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// A round in each direction; false where nothing moved.
    fn forward(&mut self, cx: &mut Context<'_>) -> Result<bool, ProxyError> {
        let back_first = self.back_first;
        let Self { front, back, capture, forwarding: Forwarding { at_front, at_back, .. }, .. } =
            self;
        let mut front = Side { end: front, name: ProxySide::Front, account: at_front };
        let mut back = Side { end: back, name: ProxySide::Back, account: at_back };
        let (one, other) = if back_first {
            let one = forward(&mut back, &mut front, capture, cx)?;
            (one, forward(&mut front, &mut back, capture, cx)?)
        } else {
            let one = forward(&mut front, &mut back, capture, cx)?;
            (one, forward(&mut back, &mut front, capture, cx)?)
        };
        Ok(one || other)
    }
}
