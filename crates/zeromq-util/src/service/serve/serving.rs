//! The loop of a server: replies out, requests in.

use std::any::Any;
use std::future::{Future, Ready, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::{CatchUnwind, Join, join};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::time::{Instant, timeout_at};
use tower_service::Service;
use zeromq_async::Message;

use super::answers::Exchange;
use super::{Answers, Overload, ServeReport};
use zeromq_async::RecvError;
use zeromq_async::{Receiver, Sender, Socket};

/// A request that is being served, and where its reply goes.
type Call<P, F> = Join<Ready<<P as Exchange>::Address>, CatchUnwind<AssertUnwindSafe<F>>>;

/// What serving a request came to; the outer error is a panic.
type Outcome<E> = Result<Result<Message, E>, Box<dyn Any + Send>>;

/// Requests taken in one turn: then those that are being served go on, and others have their turn.
const REQUESTS_PER_TURN: usize = 64;

pub(super) struct Serving<P: Answers, S: Service<Message>> {
    sender: Sender<P>,
    receiver: Receiver<P>,
    service: S,
    max_in_flight: usize,
    overload: Overload,
    failure_answer: Option<Message>,
    in_flight: FuturesUnordered<Call<P, S::Future>>,
    /// A request that was received, and for which the service is to be ready.
    waiting: Option<(<P as Exchange>::Address, Message)>,
    report: ServeReport,
    /// What the socket itself had dropped before.
    dropped_before: u64,
}

impl<P: Answers, S: Service<Message, Response = Message>> Serving<P, S> {
    pub(super) fn new(
        socket: Socket<P>,
        service: S,
        max_in_flight: usize,
        overload: Overload,
        failure_answer: Option<Message>,
    ) -> Self {
        let (sender, receiver) = socket.split();
        let mut serving = Self {
            sender,
            receiver,
            service,
            max_in_flight: max_in_flight.min(P::CONCURRENT),
            overload,
            failure_answer,
            in_flight: FuturesUnordered::new(),
            waiting: None,
            report: ServeReport::default(),
            dropped_before: 0,
        };
        serving.dropped_before = serving.dropped();
        serving
    }

    /// Serves until `stop` completes, the socket is closed, or the service fails.
    pub(super) async fn until(
        &mut self,
        mut stop: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<(), S::Error> {
        poll_fn(|cx| {
            if stop.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            self.poll_turn(cx)
        })
        .await
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        for _ in 0..REQUESTS_PER_TURN {
            self.poll_replies(cx);
            match self.poll_request(cx) {
                Poll::Ready(Ok(true)) => {}
                Poll::Ready(Ok(false)) => return Poll::Ready(Ok(())),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Serves on, and sends what has been answered.
    fn poll_replies(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(Some((address, outcome))) = self.in_flight.poll_next_unpin(cx) {
            self.conclude(address, outcome);
        }
    }

    /// Takes a request, if there is room for it or it is to be shed; false where no more will come.
    fn poll_request(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, S::Error>> {
        let has_room = self.in_flight.len() < self.max_in_flight;
        let waits = self.overload == Overload::Wait;
        if !has_room && waits {
            return Poll::Pending;
        }
        if self.waiting.is_none() {
            match self.poll_recv(cx) {
                Poll::Ready(Ok(message)) => self.waiting = self.open(message),
                // A REP in the middle of a request takes no other.
                Poll::Ready(Err(RecvError::OutOfTurn)) | Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => return Poll::Ready(Ok(false)),
            }
        }
        if self.waiting.is_none() {
            return Poll::Ready(Ok(true));
        }
        // Not asked before: what being ready takes may be another server's turn to have.
        let is_ready = has_room && self.service.poll_ready(cx)?.is_ready();
        if !is_ready && waits {
            return Poll::Pending;
        }
        match self.waiting.take() {
            Some((address, request)) if is_ready => self.serve(address, request),
            Some((address, _)) => self.shed(address),
            None => {}
        }
        Poll::Ready(Ok(true))
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        pin!(self.receiver.recv()).poll(cx)
    }

    fn open(&mut self, message: Message) -> Option<(P::Address, Message)> {
        let request = P::open(message);
        self.report.malformed += u64::from(request.is_none());
        request
    }

    fn serve(&mut self, address: P::Address, request: Message) {
        match catch_unwind(AssertUnwindSafe(|| self.service.call(request))) {
            Ok(serving) => {
                let serving = AssertUnwindSafe(serving).catch_unwind();
                self.in_flight.push(join(ready(address), serving));
            }
            Err(panic) => self.conclude(address, Err(panic)),
        }
    }

    fn shed(&mut self, address: P::Address) {
        self.report.shed += 1;
        match &self.overload {
            Overload::Answer(answer) => self.reply(address, Some(answer.clone())),
            Overload::Wait | Overload::Drop => self.reply(address, None),
        }
    }

    fn conclude(&mut self, address: P::Address, outcome: Outcome<S::Error>) {
        let reply = match outcome {
            Ok(Ok(reply)) => {
                self.report.answered += 1;
                Some(reply)
            }
            Ok(Err(_)) => {
                self.report.failed += 1;
                self.failure_answer.clone()
            }
            Err(_) => {
                tracing::error!("the service panicked; the request it served gets no reply");
                self.report.panicked += 1;
                self.failure_answer.clone()
            }
        };
        self.reply(address, reply);
    }

    /// Sends a reply, or drops it as a ROUTER and a REP do where its receiver is gone or full.
    fn reply(&mut self, address: P::Address, reply: Option<Message>) {
        match reply {
            None => P::discard(&mut self.receiver),
            Some(reply) => {
                if self.sender.try_send(P::seal(address, reply)).is_err() {
                    self.report.undelivered += 1;
                }
            }
        }
    }

    /// Lets what is being served end, closes the socket, and reports.
    pub(super) async fn drain(mut self, within: Option<Duration>) -> ServeReport {
        // A limit beyond the end of the clock is none.
        let deadline = within.and_then(|limit| Instant::now().checked_add(limit));
        let draining = poll_fn(|cx| self.poll_drain(cx));
        match deadline {
            None => draining.await,
            // Where the time is over, what is left is counted below.
            Some(deadline) => drop(timeout_at(deadline, draining).await),
        }
        self.report.abandoned = self.in_flight.len() as u64;
        self.in_flight.clear();
        self.count_untaken();
        let handle = self.receiver.handle().clone();
        let closed = match deadline {
            None => handle.close().await,
            Some(deadline) => {
                handle.close_within(deadline.saturating_duration_since(Instant::now())).await
            }
        };
        self.report.undelivered += self.dropped() - self.dropped_before;
        self.report.unsent = closed.unsent;
        self.report
    }

    /// Ready when nothing is being served any more. Who asks meanwhile is told, where it is said how.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_replies(cx);
        if matches!(self.overload, Overload::Answer(_)) {
            self.poll_shed(cx);
        }
        if self.in_flight.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn poll_shed(&mut self, cx: &mut Context<'_>) {
        for _ in 0..REQUESTS_PER_TURN {
            match self.poll_recv(cx) {
                Poll::Ready(Ok(message)) => {
                    if let Some((address, _)) = self.open(message) {
                        self.shed(address);
                    }
                }
                Poll::Ready(Err(_)) | Poll::Pending => return,
            }
        }
        cx.waker().wake_by_ref();
    }

    /// Counts what waits, or answers it where it is said how; whatever comes after that is lost as
    /// with any socket that is closed.
    fn count_untaken(&mut self) {
        if let Some((address, _)) = self.waiting.take() {
            self.leave(address);
        }
        for _ in 0..MOST_UNTAKEN {
            let Ok(message) = self.receiver.try_recv() else { return };
            if let Some((address, _)) = self.open(message) {
                self.leave(address);
            }
        }
    }

    fn leave(&mut self, address: P::Address) {
        if matches!(self.overload, Overload::Answer(_)) {
            self.shed(address);
        } else {
            self.report.untaken += 1;
            self.reply(address, None);
        }
    }

    /// Replies that the socket has dropped, by the rule of its type.
    fn dropped(&self) -> u64 {
        let dropped = self.receiver.handle().stats().dropped;
        dropped.full + dropped.unroutable
    }
}

/// More than wait in the queues of most servers; peers that go on sending do not keep it from
/// ending.
const MOST_UNTAKEN: usize = 100_000;
