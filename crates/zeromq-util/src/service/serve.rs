//! A service behind a ROUTER or a REP.

mod answers;
mod call;
mod owed;
mod report;
mod serving;

use std::future::{Future, pending};
use std::pin::pin;
use std::time::Duration;

use tower_service::Service;
use zeromq_async::Message;

use super::ServeError;
pub use answers::Answers;
pub use report::ServeReport;
use serving::Serving;
use zeromq_async::Socket;

/// Has a service answer what a ROUTER or REP receives, until told to stop.
///
/// Requests are those of REQ, and of a DEALER that puts an empty frame in front of the body. The
/// service gets the body and gives the reply's; envelopes stay outside. What has no empty frame, or
/// nothing behind it, is dropped (28/REQREP) and counted.
///
/// A ROUTER's requests are served concurrently, a REP's one after the other. All of it happens in
/// the task of [`run`](Server::run): a service with much to compute spawns a task for each request.
///
/// The service is asked whether it is ready when there is a request for it, which then waits until it
/// is. So an idle server holds nothing of what being ready takes: several may share a limit, as
/// tower's `GlobalConcurrencyLimitLayer`. With an [`Overload`] other than `Wait` a server that had
/// to turn a request away may still stand in line there, and hold a permit until its next request.
/// That a service can serve no more is noticed at a request too, which gets no reply.
///
/// A panic while a request is served costs that request its reply, and nobody else anything; one
/// when its future is dropped costs nothing at all.
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

/// A socket and the service that answers there; made by [`serve`], and does nothing until it runs.
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
/// let stop = async {}; // a signal, most often
/// let report = server.run_until(stop).await?;
/// assert_eq!((report.answered, report.unsent), (0, 0));
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "nothing is served until it runs"]
pub struct Server<P: Answers, S> {
    socket: Socket<P>,
    service: S,
    max_in_flight: usize,
    overload: Overload,
    failure_answer: Option<Message>,
    drain_within: Option<Duration>,
    serve_received: bool,
}

/// What is done with requests while as many are served as may be, or the service is not ready.
///
/// ```
/// use zeromq_util::service::Overload;
///
/// assert_eq!(Overload::default(), Overload::Wait);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Overload {
    /// They wait in the socket's queues, and then in those of their senders. The default.
    #[default]
    Wait,
    /// They are answered at once with this, which says that there is no room.
    Answer(Message),
    /// They are dropped: their senders find out when their deadline is over.
    Drop,
}

impl<P, S> Server<P, S>
where
    P: Answers,
    S: Service<Message, Response = Message>,
{
    /// How many requests may be served at the same time; 1,000 by default, at least 1. A REP serves
    /// one.
    ///
    /// See the [example](Server).
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.max_in_flight = requests.max(1);
        self
    }

    /// What is done with requests that there is no room for; by default they wait.
    ///
    /// See the [example](Server).
    pub fn overload(mut self, overload: Overload) -> Self {
        self.overload = overload;
        self
    }

    /// The answer to a request for which the service fails or panics; by default there is none, and
    /// who asked waits until the deadline.
    ///
    /// To tell one error from another, have the service answer: `service.map_result(…)` of tower
    /// makes replies of errors.
    ///
    /// See the [example](Server).
    pub fn failure_answer(mut self, answer: impl Into<Message>) -> Self {
        self.failure_answer = Some(answer.into());
        self
    }

    /// How long requests that have been received when it is to stop may take to be served, and their
    /// replies to leave. By default as long as it takes, and the socket's linger time.
    ///
    /// See the [example](Server).
    pub fn drain_within(mut self, limit: Duration) -> Self {
        self.drain_within = Some(limit);
        self
    }

    /// Whether requests that the socket has received when it is to stop are still served. Default:
    /// true.
    ///
    /// With false they are not taken any more, and counted as
    /// [`untaken`](ServeReport::untaken): for peers that ask another server when no reply comes.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::convert::Infallible;
    /// use tower::service_fn;
    /// use zeromq_util::service::serve;
    /// use zeromq_async::{Message, RouterSocket};
    ///
    /// let echo = service_fn(|request: Message| async { Ok::<_, Infallible>(request) });
    /// let server = serve(RouterSocket::new(), echo).serve_received(false);
    /// assert_eq!(server.run_until(async {}).await?.untaken, 0);
    /// # Ok(()) }
    /// ```
    pub fn serve_received(mut self, serve: bool) -> Self {
        self.serve_received = serve;
        self
    }

    /// Serves until the socket is closed with its handle or context, or the service fails.
    ///
    /// # Errors
    ///
    /// The service's `poll_ready` failed, when there was a request; the socket is closed by then.
    ///
    /// # Panics
    ///
    /// The service's `poll_ready` did.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, requests that are being served get no reply. Use
    /// [`run_until`](Self::run_until) to stop in order.
    pub async fn run(self) -> Result<ServeReport, ServeError<S::Error>> {
        self.run_until(pending()).await
    }

    /// Serves until `stop` completes, then ends in order: serves the requests that the socket has
    /// received by then, closes it when all replies are written, and reports.
    ///
    /// Requests that come later are answered where [`Overload::Answer`] says how, and otherwise
    /// counted as [`untaken`](ServeReport::untaken). How long all of this may take is for
    /// [`drain_within`](Self::drain_within) to say.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    ///
    /// # Panics
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub async fn run_until(
        self,
        stop: impl Future<Output = ()>,
    ) -> Result<ServeReport, ServeError<S::Error>> {
        let Self { socket, service, max_in_flight, overload, failure_answer, .. } = self;
        let mut serving = Serving::new(socket, service, max_in_flight, overload, failure_answer);
        let ended = serving.until(pin!(stop)).await;
        let (report, at_last) =
            serving.end(self.drain_within, self.serve_received && ended.is_ok()).await;
        match ended.and(at_last) {
            Ok(()) => Ok(report),
            Err(source) => Err(ServeError { source, report }),
        }
    }
}
