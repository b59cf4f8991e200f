//! So many requests under way at once.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_sink::Sink;
use tokio::time::Instant;
use tower_layer::Layer;

use super::deadline::Deadline;
use super::place;
use crate::line::{Line, Ticket};
use parking_lot::Mutex;

/// Lets no more than so many requests be without a reply; who sends another waits for a reply.
///
/// A message that is sent is a request, and whatever is received, a reply or an error, ends the
/// oldest of them. Replies must be received while requests wait to be sent: in another task, or in
/// the same with `tokio::select!`. For that, everything wrapped with one layer value or its clones
/// counts together, such as the halves of a socket:
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
/// A place belongs to the future that sends, and to none after it: a `send` that is dropped leaves the
/// line, and others go on. A `Sink` that is polled by hand, or with [`ready`], finds a place free and
/// takes it when it sends; where another was faster, there is one request more than the limit.
///
/// A request whose reply never comes is counted for ever, unless [`forget_after`] says otherwise. So
/// are those under way when a socket is dropped: the half that sent them may be gone, and the other
/// still gets their replies. Set it where one layer goes around sockets that come and go.
///
/// [`forget_after`]: Self::forget_after
/// [`ready`]: super::SendExt::ready
#[derive(Debug, Clone)]
pub struct ConcurrencyLimitLayer {
    flights: Arc<Flights>,
    forget_after: Option<Duration>,
}

impl ConcurrencyLimitLayer {
    /// Lets so many requests be under way, at least 1.
    ///
    /// ```
    /// let layer = zeromq_util::layer::ConcurrencyLimitLayer::new(64);
    /// assert_eq!(layer.in_flight(), 0);
    /// ```
    pub fn new(requests: usize) -> Self {
        let room = Arc::new(Line::new(requests.max(1)));
        let flights = Flights { room, departures: Mutex::default() };
        Self { flights: Arc::new(flights), forget_after: None }
    }

    /// Counts a request no longer when it has had no reply for so long. Default: for ever.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeromq_util::layer::ConcurrencyLimitLayer;
    ///
    /// let layer = ConcurrencyLimitLayer::new(64).forget_after(Duration::from_secs(30));
    /// # drop(layer);
    /// ```
    #[must_use]
    pub fn forget_after(mut self, time: Duration) -> Self {
        self.forget_after = Some(time);
        self
    }

    /// How many requests have had no reply.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::DealerSocket;
    /// use zeromq_util::layer::{ConcurrencyLimitLayer, SendExt, WithLayer};
    ///
    /// let limit = ConcurrencyLimitLayer::new(64);
    /// let dealer = DealerSocket::new();
    /// dealer.connect("inproc://in-flight")?;
    /// dealer.with_layer(&limit).send("to nobody yet").await?;
    /// assert_eq!(limit.in_flight(), 1);
    /// # Ok(()) }
    /// ```
    pub fn in_flight(&self) -> usize {
        self.flights.departures.lock().len()
    }
}

impl<S> Layer<S> for ConcurrencyLimitLayer {
    type Service = ConcurrencyLimit<S>;

    fn layer(&self, inner: S) -> ConcurrencyLimit<S> {
        ConcurrencyLimit {
            inner,
            flights: self.flights.clone(),
            by_hand: Standing { room: self.flights.room.clone(), ticket: None },
            forget_after: self.forget_after,
            deadline: Deadline::default(),
        }
    }
}

/// What a [`ConcurrencyLimitLayer`] makes of a socket.
#[derive(Debug)]
pub struct ConcurrencyLimit<S> {
    inner: S,
    flights: Arc<Flights>,
    by_hand: Standing,
    forget_after: Option<Duration>,
    deadline: Deadline,
}

wraps!(ConcurrencyLimit<S>, ConcurrencyLimitLayer, "new(64)");

impl<S> ConcurrencyLimit<S> {
    fn poll_reserve(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Standing { room, ticket } = &mut self.by_hand;
        while place::poll_take(room, ticket, cx).is_pending() {
            ready!(poll_forget(&self.flights, self.forget_after, &mut self.deadline, cx));
        }
        Poll::Ready(())
    }
}

/// Ready when a request has been forgotten.
fn poll_forget(
    flights: &Flights,
    after: Option<Duration>,
    deadline: &mut Deadline,
    cx: &mut Context<'_>,
) -> Poll<()> {
    let Some(time) = after else { return Poll::Pending };
    while !flights.forget_older_than(time) {
        deadline.set_after(flights.until_oldest_is(time));
        ready!(deadline.poll(cx));
    }
    Poll::Ready(())
}

/// The turn of a wrapper whose `Sink` is polled by hand, outside the futures of `SendExt`.
#[derive(Debug)]
struct Standing {
    room: Arc<Line>,
    ticket: Ticket,
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.room.leave(&mut self.ticket);
    }
}

impl<S: Sink<T> + Unpin, T> Sink<T> for ConcurrencyLimit<S> {
    type Error = S::Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        ready!(self.poll_reserve(cx));
        let ready = Pin::new(&mut self.inner).poll_ready(cx);
        if !matches!(ready, Poll::Ready(Ok(()))) {
            // Others may have room, and this may never be asked again.
            place::give_back(&self.flights.room);
        }
        ready
    }

    fn start_send(mut self: Pin<&mut Self>, item: T) -> Result<(), S::Error> {
        let this = &mut *self;
        place::spend(&this.flights.room);
        let sent = Pin::new(&mut this.inner).start_send(item);
        match &sent {
            Ok(()) => this.flights.depart(),
            Err(_) => this.flights.room.give_back(1),
        }
        sent
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let Standing { room, ticket } = &mut self.by_hand;
        room.leave(ticket);
        place::give_back(room);
        Pin::new(&mut self.inner).poll_close(cx)
    }
}

impl<S: Stream + Unpin> Stream for ConcurrencyLimit<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let next = Pin::new(&mut self.inner).poll_next(cx);
        if let Poll::Ready(Some(_)) = next {
            self.flights.arrive();
        }
        next
    }
}

/// The requests under way.
#[derive(Debug)]
struct Flights {
    /// A place for each request that may be under way.
    room: Arc<Line>,
    /// When those that are under way were sent.
    departures: Mutex<VecDeque<Instant>>,
}

impl Flights {
    fn depart(&self) {
        self.departures.lock().push_back(Instant::now());
    }

    fn arrive(&self) {
        if self.departures.lock().pop_front().is_some() {
            self.room.give_back(1);
        }
    }

    fn forget_older_than(&self, time: Duration) -> bool {
        let mut departures = self.departures.lock();
        let before = departures.len();
        while departures.front().is_some_and(|departure| departure.elapsed() >= time) {
            departures.pop_front();
        }
        let forgotten = before - departures.len();
        drop(departures);
        if forgotten > 0 {
            self.room.give_back(forgotten);
        }
        forgotten > 0
    }

    /// What is reserved may depart at any time from now on.
    fn until_oldest_is(&self, age: Duration) -> Duration {
        let departures = self.departures.lock();
        departures.front().map_or(age, |departure| age.saturating_sub(departure.elapsed()))
    }
}
