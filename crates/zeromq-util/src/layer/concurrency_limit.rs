//! A limit on requests without a reply.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_sink::Sink;
use parking_lot::Mutex;
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower_layer::Layer;

use super::deadline::Deadline;

/// Limits the number of requests without a reply. Sending another waits for a reply.
///
/// Each sent message is a request. Each received message or error ends the oldest request. Receive
/// replies while requests wait to be sent: in another task, or with `tokio::select!`. Everything
/// wrapped with one layer value or its clones shares the limit, such as the halves of a socket:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::layer::{ConcurrencyLimitLayer, RecvExt, SendExt, WithLayer};
/// use zeromq_async::{DealerSocket, Message, RepSocket};
///
/// let (dealer, mut rep) = (DealerSocket::new(), RepSocket::new());
/// dealer.connect(rep.bind("tcp://127.0.0.1:*").await?)?;
///
/// let limit = ConcurrencyLimitLayer::new(2);
/// let (sender, receiver) = dealer.split();
/// let (mut sender, mut receiver) = (sender.with_layer(&limit), receiver.with_layer(&limit));
/// let sending = tokio::spawn(async move {
///     for request in ["one", "two", "three"] {
///         sender.send(Message::multipart(["", request])).await?; // "three" waits for a reply
///     }
///     Ok::<_, zeromq_async::SendError>(())
/// });
/// for _ in 0..3 {
///     let request = rep.recv().await?;
///     assert!(limit.in_flight() <= 2);
///     rep.send(request).await?;
///     receiver.recv().await?;
/// }
/// sending.await??;
/// # Ok(()) }
/// ```
///
/// A dropped `send` does not count. After [`ready`](super::SendExt::ready) a sink counts as a
/// request until it sends, is flushed or is dropped.
///
/// A request without a reply counts forever, unless [`forget_after`](Self::forget_after) is set.
/// Set it where one layer wraps sockets that come and go: when a socket is dropped, its requests
/// still count, because its other half may get the replies.
#[derive(Debug, Clone)]
pub struct ConcurrencyLimitLayer {
    requests: Arc<Mutex<Requests>>,
    forget_after: Option<Duration>,
}

impl ConcurrencyLimitLayer {
    /// Limits the requests without a reply to this number, at least 1.
    pub fn new(requests: usize) -> Self {
        let requests = Requests { limit: requests.max(1), ..Requests::default() };
        Self { requests: Arc::new(Mutex::new(requests)), forget_after: None }
    }

    /// Stops counting a request when it has had no reply for this long. Default: never.
    #[must_use]
    pub fn forget_after(mut self, time: Duration) -> Self {
        self.forget_after = Some(time);
        self
    }

    /// Returns the number of requests that were sent and have no reply.
    pub fn in_flight(&self) -> usize {
        self.requests.lock().sent.len()
    }
}

impl<S> Layer<S> for ConcurrencyLimitLayer {
    type Service = ConcurrencyLimit<S>;

    fn layer(&self, inner: S) -> ConcurrencyLimit<S> {
        let sender = self.requests.lock().new_sender();
        let requests = self.requests.clone();
        ConcurrencyLimit {
            inner,
            reservation: Reservation { requests, sender, held: false },
            forget_after: self.forget_after,
            deadline: Deadline::default(),
        }
    }
}

pin_project! {
    /// A socket with a [`ConcurrencyLimitLayer`].
    #[derive(Debug)]
    pub struct ConcurrencyLimit<S> {
        #[pin]
        inner: S,
        reservation: Reservation,
        forget_after: Option<Duration>,
        deadline: Deadline,
    }
}

accessors!(ConcurrencyLimit<S>);

impl<S: Sink<T>, T> Sink<T> for ConcurrencyLimit<S> {
    type Error = S::Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let this = self.project();
        while this.reservation.poll_take(cx).is_pending() {
            ready!(this.reservation.poll_forget(*this.forget_after, this.deadline, cx));
        }
        let ready = this.inner.poll_ready(cx);
        if !matches!(ready, Poll::Ready(Ok(()))) {
            // Other senders may have room, and this one may never be polled again.
            this.reservation.release();
        }
        ready
    }

    fn start_send(self: Pin<&mut Self>, item: T) -> Result<(), S::Error> {
        let this = self.project();
        // Counted first: the reply may be received before this returns.
        this.reservation.spend();
        this.inner.start_send(item).inspect_err(|_| this.reservation.take_back())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let this = self.project();
        this.reservation.release();
        this.inner.poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let this = self.project();
        this.reservation.release();
        this.inner.poll_close(cx)
    }
}

impl<S: Stream> Stream for ConcurrencyLimit<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let next = this.inner.poll_next(cx);
        if let Poll::Ready(Some(_)) = next {
            this.reservation.end_oldest();
        }
        next
    }
}

/// One request that a sender may send, held from `poll_ready` to `start_send`.
#[derive(Debug)]
struct Reservation {
    requests: Arc<Mutex<Requests>>,
    sender: u64,
    held: bool,
}

impl Reservation {
    fn poll_take(&mut self, cx: &Context<'_>) -> Poll<()> {
        if !self.held {
            self.held = self.requests.lock().reserve(self.sender, cx.waker());
        }
        if self.held { Poll::Ready(()) } else { Poll::Pending }
    }

    fn release(&mut self) {
        if std::mem::take(&mut self.held) {
            let woken = {
                let mut requests = self.requests.lock();
                requests.reserved -= 1;
                requests.take_waiting()
            };
            wake(woken);
        }
    }

    /// Counts a request that is about to be sent. It may exceed the limit if it had no reservation.
    fn spend(&mut self) {
        let mut requests = self.requests.lock();
        requests.reserved -= usize::from(std::mem::take(&mut self.held));
        requests.sent.push_back(Instant::now());
    }

    /// Uncounts a request that was rejected.
    fn take_back(&self) {
        let woken = {
            let mut requests = self.requests.lock();
            requests.sent.pop_back();
            requests.take_waiting()
        };
        wake(woken);
    }

    fn end_oldest(&self) {
        let woken = {
            let mut requests = self.requests.lock();
            requests.sent.pop_front();
            requests.take_waiting()
        };
        wake(woken);
    }

    /// Ready when a request was forgotten.
    fn poll_forget(
        &self,
        after: Option<Duration>,
        deadline: &mut Deadline,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let Some(time) = after else { return Poll::Pending };
        loop {
            let mut requests = self.requests.lock();
            if requests.forget_older_than(time) {
                let woken = requests.take_waiting();
                drop(requests);
                wake(woken);
                return Poll::Ready(());
            }
            let wait = requests.until_oldest_is(time);
            drop(requests);
            deadline.set_after(wait);
            ready!(deadline.poll(cx));
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.release();
        self.requests.lock().waiting.retain(|(sender, _)| *sender != self.sender);
    }
}

/// The requests of all senders that share a limit.
#[derive(Debug, Default)]
struct Requests {
    limit: usize,
    reserved: usize,
    /// When each request without a reply was sent.
    sent: VecDeque<Instant>,
    /// Senders that found the limit reached. Some may have given up, so all of them are woken.
    waiting: Vec<(u64, Waker)>,
    senders: u64,
}

impl Requests {
    fn new_sender(&mut self) -> u64 {
        self.senders += 1;
        self.senders
    }

    fn reserve(&mut self, sender: u64, waker: &Waker) -> bool {
        if self.reserved + self.sent.len() < self.limit {
            self.reserved += 1;
            return true;
        }
        match self.waiting.iter_mut().find(|(waiting, _)| *waiting == sender) {
            Some((_, known)) => known.clone_from(waker),
            None => self.waiting.push((sender, waker.clone())),
        }
        false
    }

    fn take_waiting(&mut self) -> Vec<(u64, Waker)> {
        if self.reserved + self.sent.len() < self.limit {
            std::mem::take(&mut self.waiting)
        } else {
            Vec::new()
        }
    }

    fn forget_older_than(&mut self, time: Duration) -> bool {
        let before = self.sent.len();
        while self.sent.front().is_some_and(|sent| sent.elapsed() >= time) {
            self.sent.pop_front();
        }
        self.sent.len() < before
    }

    /// Without a sent request, waits the whole time: a reserved one may be sent at any moment.
    fn until_oldest_is(&self, age: Duration) -> Duration {
        self.sent.front().map_or(age, |sent| age.saturating_sub(sent.elapsed()))
    }
}

fn wake(waiting: Vec<(u64, Waker)>) {
    waiting.into_iter().for_each(|(_, waker)| waker.wake());
}

#[cfg(all(test, feature = "service"))]
mod tests {
    use std::convert::Infallible;

    use futures_util::{FutureExt, SinkExt, StreamExt, future, sink, stream};
    use tower_layer::Layer;

    use super::ConcurrencyLimitLayer;

    #[test]
    fn reply_may_overtake_its_send() {
        let limit = ConcurrencyLimitLayer::new(1);
        let mut receiver = limit.layer(stream::repeat(()));
        let answering = sink::unfold((), move |(), ()| {
            assert!(receiver.next().now_or_never().is_some());
            future::ready(Ok::<_, Infallible>(()))
        });
        let mut sender = limit.layer(Box::pin(answering));
        for _ in 0..2 {
            assert_eq!(sender.send(()).now_or_never(), Some(Ok(())), "the limit has room");
        }
        assert_eq!(limit.in_flight(), 0);
    }
}
