//! The server: a service behind a ROUTER or a REP.

mod answers;
mod arrived;
mod call;
mod overload;
mod report;
mod serving;

use std::future::{Future, pending};
use std::pin::pin;
use std::time::Duration;

use tower_service::Service;
use zeromq_async::Message;

use super::ServeError;
pub use answers::Answers;
pub use overload::Overload;
pub use report::ServeReport;
use serving::Serving;
use zeromq_async::Socket;

/// Answers the requests of a ROUTER or REP with a service, until it is told to stop.
///
/// Requests come from REQs, and from DEALERs that put an empty frame in front of the body. The
/// service gets the body and returns the body of the reply, both without envelope. A message without
/// an empty frame, or without a body, is dropped (28/REQREP) and counted.
///
/// A ROUTER's requests are served concurrently, a REP's one after the other. All of them run in the
/// task of [`run`](Server::run), so a service that computes for long should spawn tasks.
///
/// The server polls the service's readiness when there is a request, which waits until it is ready.
/// So an idle server holds no permits, and several servers may share a limit, such as tower's
/// `GlobalConcurrencyLimitLayer`. With an [`Overload`] other than `Wait`, a server that refused a
/// request may hold a permit until its next request. An error of `poll_ready` is noticed at a request
/// too, which gets no reply.
///
/// If the service panics, only that request gets no reply. A panic in the drop of its future has no
/// effect.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::convert::Infallible;
/// use tower::service_fn;
/// use zeromq_async::{Message, ReqSocket, RouterSocket};
/// use zeromq_util::service;
///
/// let (router, mut req) = (RouterSocket::new(), ReqSocket::new());
/// req.connect(router.bind("tcp://127.0.0.1:0").await?)?;
/// let shout = service_fn(|request: Message| async move {
///     Ok::<_, Infallible>(Message::from(request.to_str().unwrap_or("?").to_uppercase()))
/// });
/// tokio::spawn(service::serve(router, shout).run());
/// req.send("hello").await?;
/// assert_eq!(req.recv().await?, "HELLO");
/// # Ok(()) }
/// ```
pub fn serve<P, S>(socket: Socket<P>, service: S) -> Server<P, S>
where
    P: Answers,
    S: Service<Message, Response = Message>,
{
    Server {
        socket,
        service,
        max_in_flight: MAX_IN_FLIGHT,
        overload: Overload::Wait,
        failure_answer: None,
        drain_within: None,
        serve_received: true,
    }
}

const MAX_IN_FLIGHT: usize = 1000;

/// A socket and its service; made by [`serve`]. It does nothing until it runs.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::convert::Infallible;
/// use std::time::Duration;
/// use tower::service_fn;
/// use zeromq_util::service::{Overload, serve};
/// use zeromq_async::{Message, RouterSocket};
///
/// let router = RouterSocket::new();
/// router.bind("tcp://127.0.0.1:0").await?;
/// let echo = service_fn(|request: Message| async { Ok::<_, Infallible>(request) });
/// let server = serve(router, echo)
///     .max_in_flight(64)
///     .overload(Overload::Answer("busy, try elsewhere".into()))
///     .failure_answer("internal error")
///     .drain_within(Duration::from_secs(5));
/// let stop = async {}; // usually a signal
/// let report = server.run_until(stop).await?;
/// assert_eq!((report.answered, report.unsent), (0, 0));
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "requests are served only while it runs"]
pub struct Server<P: Answers, S> {
    socket: Socket<P>,
    service: S,
    max_in_flight: usize,
    overload: Overload,
    failure_answer: Option<Message>,
    drain_within: Option<Duration>,
    serve_received: bool,
}

impl<P, S> Server<P, S>
where
    P: Answers,
    S: Service<Message, Response = Message>,
{
    /// Sets the most requests served at the same time, at least 1. Default: 1,000. A REP serves one.
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.max_in_flight = requests.max(1);
        self
    }

    /// Sets the treatment of requests over the limit. Default: they wait.
    pub fn overload(mut self, overload: Overload) -> Self {
        self.overload = overload;
        self
    }

    /// Sets the reply to a request for which the service fails or panics. Default: none, and the
    /// client waits for its timeout.
    ///
    /// To reply differently to different errors, use `service.map_result(…)` of tower.
    pub fn failure_answer(mut self, answer: impl Into<Message>) -> Self {
        self.failure_answer = Some(answer.into());
        self
    }

    /// Limits the time from the stop until the requests received before are served and their replies
    /// written. Default: no limit, and then the socket's linger time.
    pub fn drain_within(mut self, limit: Duration) -> Self {
        self.drain_within = Some(limit);
        self
    }

    /// Sets whether requests that the socket received before the stop are still served. Default:
    /// true.
    ///
    /// Otherwise they are counted as [`untaken`](ServeReport::untaken). This suits peers that ask
    /// another server when no reply comes.
    pub fn serve_received(mut self, serve: bool) -> Self {
        self.serve_received = serve;
        self
    }

    /// Serves until the socket is closed by its handle or context, or the service fails.
    ///
    /// # Errors
    ///
    /// The service's `poll_ready` failed. The socket was closed.
    ///
    /// # Panics
    ///
    /// The service's `poll_ready` panicked.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, requests that are being served get no reply. Use
    /// [`run_until`](Self::run_until) to stop in order.
    pub async fn run(self) -> Result<ServeReport, ServeError<S::Error>> {
        self.run_until(pending()).await
    }

    /// Serves until `stop` completes. Then serves the requests that the socket had received, writes
    /// the replies, closes the socket, and reports.
    ///
    /// Later requests are answered with [`Overload::Answer`] if it is set, and otherwise counted as
    /// [`untaken`](ServeReport::untaken). [`drain_within`](Self::drain_within) limits the time.
    ///
    /// Errors, panics and cancel safety are those of [`run`](Self::run).
    pub async fn run_until(
        self,
        stop: impl Future<Output = ()>,
    ) -> Result<ServeReport, ServeError<S::Error>> {
        let Self { socket, service, max_in_flight, overload, failure_answer, .. } = self;
        let mut serving = Serving::new(socket, service, max_in_flight, overload, failure_answer);
        let ended = serving.run_until(pin!(stop)).await;
        let (report, drained) =
            serving.drain(self.drain_within, self.serve_received && ended.is_ok()).await;
        match ended.and(drained) {
            Ok(()) => Ok(report),
            Err(source) => Err(ServeError { source, report }),
        }
    }
}
