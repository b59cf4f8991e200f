//! The loop of a server.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::task::{coop, yield_now};
use tokio::time::{Instant, sleep_until};
use tower_service::Service;
use zeromq_async::{Message, Peer, Receiver, RecvError, Sender, Socket};

use super::answers::{Answers, Exchange};
use super::arrived::Arrived;
use super::call::{Call, Panic, drop_caught};
use super::overload::Overload;
use super::report::ServeReport;

/// The result of a call. The outer error is a panic.
type Outcome<E> = Result<Result<Message, E>, Panic>;

/// The most requests taken in one poll. Then other tasks run.
const REQUESTS_PER_POLL: usize = 64;

pub(super) struct Serving<P: Answers, S: Service<Message>> {
    sender: Sender<P>,
    receiver: Receiver<P>,
    service: S,
    max_in_flight: usize,
    overload: Overload,
    failure_answer: Option<Message>,
    in_flight: FuturesUnordered<Call<<P as Exchange>::Address, S::Future>>,
    /// A received request that waits until the service is ready.
    waiting: Option<(<P as Exchange>::Address, Message)>,
    report: ServeReport,
    /// Messages that the socket had dropped before.
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
    pub(super) async fn run_until(
        &mut self,
        mut stop: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<(), S::Error> {
        poll_fn(|cx| {
            if stop.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            self.poll_step(cx)
        })
        .await
    }

    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        for _ in 0..REQUESTS_PER_POLL {
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

    /// Polls the calls, and sends their replies.
    fn poll_replies(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(Some((address, outcome))) = self.in_flight.poll_next_unpin(cx) {
            self.conclude(address, outcome);
        }
    }

    /// Takes a request, to serve or shed it. Returns false if no more will come.
    fn poll_request(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, S::Error>> {
        if !self.may_take() {
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
        self.poll_serve(cx).map_ok(|()| true)
    }

    fn has_room(&self) -> bool {
        self.in_flight.len() < self.max_in_flight
    }

    fn keeps_waiting(&self) -> bool {
        self.overload == Overload::Wait
    }

    fn may_take(&self) -> bool {
        self.has_room() || !self.keeps_waiting()
    }

    /// Serves the request that waits, or sheds it.
    fn poll_serve(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        if self.waiting.is_none() {
            return Poll::Ready(Ok(()));
        }
        // Not polled before: an idle server must hold no permit of the service.
        let is_ready = self.has_room() && self.service.poll_ready(cx)?.is_ready();
        if !is_ready && self.keeps_waiting() {
            return Poll::Pending;
        }
        match self.waiting.take() {
            Some((address, request)) if is_ready => self.serve(address, request),
            Some((address, _)) => self.shed(address),
            None => {}
        }
        Poll::Ready(Ok(()))
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
            Ok(serving) => self.in_flight.push(Call::new(address, serving)),
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
            Ok(Err(error)) => {
                drop_caught(error);
                self.report.failed += 1;
                self.failure_answer.clone()
            }
            Err(panic) => {
                drop_caught(panic);
                tracing::error!("the service panicked; its request gets no reply");
                self.report.panicked += 1;
                self.failure_answer.clone()
            }
        };
        self.reply(address, reply);
    }

    /// Sends a reply. Drops it if the receiver is gone or its queue is full.
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

    /// Drains: serves the requests that have arrived, if `serve_arrived`, completes the calls, closes
    /// the socket, and reports.
    pub(super) async fn drain(
        mut self,
        within: Option<Duration>,
        serve_arrived: bool,
    ) -> (ServeReport, Result<(), S::Error>) {
        // A limit beyond the range of the clock is none.
        let deadline = within.and_then(|limit| Instant::now().checked_add(limit));
        let draining = async {
            let served = if serve_arrived { self.serve_arrived().await } else { Ok(()) };
            poll_fn(|cx| self.poll_drain(cx)).await;
            served
        };
        // After the deadline, the rest is counted below.
        let ended = timeout_at(deadline, draining).await.unwrap_or(Ok(()));
        self.report.abandoned = self.in_flight.len() as u64;
        self.in_flight.clear();
        self.count_untaken().await;
        let handle = self.receiver.handle().clone();
        let closed = match deadline {
            None => handle.close().await,
            Some(deadline) => {
                handle.close_within(deadline.saturating_duration_since(Instant::now())).await
            }
        };
        self.report.undelivered += self.dropped() - self.dropped_before;
        self.report.unsent = closed.unsent;
        drop_caught(self.service);
        (self.report, ended)
    }

    /// Serves every request that the socket has received so far.
    async fn serve_arrived(&mut self) -> Result<(), S::Error> {
        let mut arrived = Arrived::of(&self.receiver.handle().stats());
        poll_fn(|cx| self.poll_arrived(cx, &mut arrived)).await
    }

    fn poll_arrived(
        &mut self,
        cx: &mut Context<'_>,
        arrived: &mut Arrived,
    ) -> Poll<Result<(), S::Error>> {
        for _ in 0..REQUESTS_PER_POLL {
            self.poll_replies(cx);
            if !self.may_take() {
                return Poll::Pending;
            }
            if self.waiting.is_none() {
                match (arrived.is_over(), self.try_recv_from()) {
                    (false, Ok((message, peer))) => {
                        let request = self.open(message);
                        if arrived.take(peer.id()) {
                            self.waiting = request;
                        } else if let Some((address, _)) = request {
                            self.refuse(address);
                        }
                    }
                    // A REP in the middle of a request takes no other.
                    (false, Err(RecvError::OutOfTurn)) if !self.in_flight.is_empty() => {
                        return Poll::Pending;
                    }
                    _ => return Poll::Ready(Ok(())),
                }
            }
            if self.poll_serve(cx)?.is_pending() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn try_recv_from(&mut self) -> Result<(Message, Peer), RecvError> {
        // Unconstrained: without budget left, a waiting message would not be found.
        let recv = pin!(coop::unconstrained(self.receiver.recv_from()));
        match recv.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(received) => received,
            Poll::Pending => Err(RecvError::Empty),
        }
    }

    /// Ready when all calls have completed. Answers new requests with `Overload::Answer`.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_replies(cx);
        if matches!(self.overload, Overload::Answer(_)) {
            self.poll_shed(cx);
        }
        if self.in_flight.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn poll_shed(&mut self, cx: &mut Context<'_>) {
        for _ in 0..REQUESTS_PER_POLL {
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

    /// Counts the requests that wait, or answers them. Later ones are lost when the socket is closed.
    async fn count_untaken(&mut self) {
        if let Some((address, _)) = self.waiting.take() {
            self.refuse(address);
        }
        let waiting = usize::try_from(self.receiver.handle().stats().unread);
        for taken in 1..=waiting.map_or(MAX_UNTAKEN, |waiting| waiting.min(MAX_UNTAKEN)) {
            if taken % UNTAKEN_PER_POLL == 0 {
                yield_now().await;
            }
            let Ok(message) = self.receiver.try_recv() else { return };
            if let Some((address, _)) = self.open(message) {
                self.refuse(address);
            }
        }
    }

    fn refuse(&mut self, address: P::Address) {
        if matches!(self.overload, Overload::Answer(_)) {
            self.shed(address);
        } else {
            self.report.untaken += 1;
            self.reply(address, None);
        }
    }

    /// Returns the number of replies that the socket has dropped.
    fn dropped(&self) -> u64 {
        let dropped = self.receiver.handle().stats().dropped;
        dropped.full + dropped.unroutable
    }
}

/// Completes with the future, or with `None` at the deadline.
async fn timeout_at<T>(deadline: Option<Instant>, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let Some(deadline) = deadline else { return Some(future.await) };
    // Unconstrained: the timer fires though messages have used up the task's budget.
    let mut elapsed = pin!(coop::unconstrained(sleep_until(deadline)));
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => elapsed.as_mut().poll(cx).map(|()| None),
    })
    .await
}

/// The most messages counted in one poll.
const UNTAKEN_PER_POLL: usize = 1024;

/// More than wait in most servers. Peers that go on sending must not keep the server from ending.
const MAX_UNTAKEN: usize = 100_000;
