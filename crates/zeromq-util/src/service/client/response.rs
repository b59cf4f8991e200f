//! The future of one request.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tokio::sync::oneshot;
use zeromq_async::{Dealer, Message, Sender};

use super::driver::Alive;
use super::in_flight::{InFlight, Outcome, RequestId};
use super::permits::Permit;
use crate::service::RequestError;

/// Completes with the reply to a request; made by `call` of a [`Client`](super::Client).
///
/// `call` itself sends the request. If other requests have filled the queue meanwhile, polling the
/// future sends it when there is room.
///
/// # Cancel safety
///
/// Dropping it gives the request up. It may have been sent; its reply is dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use tokio::time::timeout;
/// use tower::{Service, ServiceExt};
/// use zeromq_async::DealerSocket;
/// use zeromq_util::service;
///
/// let dealer = DealerSocket::new();
/// dealer.connect("inproc://no-server")?;
/// let (mut client, _driver) = service::client(dealer);
/// let reply = client.ready().await?.call("hello".into());
/// assert!(timeout(Duration::from_millis(1), reply).await.is_err());
/// assert_eq!(client.stats().given_up, 1);
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "dropping the future gives the request up"]
pub struct ResponseFuture(State);

#[derive(Debug)]
enum State {
    Waiting(Waiting),
    Refused(RequestError),
}

#[derive(Debug)]
struct Waiting {
    in_flight: Arc<Mutex<InFlight>>,
    id: RequestId,
    /// The request, while there is no room for it.
    unsent: Option<Message>,
    /// Waits for room, once there was none.
    room: Option<Box<Sender<Dealer>>>,
    outcome: oneshot::Receiver<Outcome>,
    done: bool,
    _permit: Permit,
    /// Keeps the driver running.
    _alive: Alive,
}

impl ResponseFuture {
    pub(super) fn new(
        in_flight: &Arc<Mutex<InFlight>>,
        permit: Permit,
        alive: Alive,
        request: Message,
    ) -> Self {
        let mut requests = in_flight.lock();
        let (id, message, outcome) = match requests.begin(request) {
            Ok(begun) => begun,
            Err(error) => return Self::refused(error),
        };
        let mut unsent = Some(message);
        let mut cx = Context::from_waker(Waker::noop());
        let mut room = None;
        // An error comes again when the future is polled.
        let _ = requests.poll_send(&mut cx, id, &mut unsent, &mut room);
        drop(requests);
        Self(State::Waiting(Waiting {
            in_flight: Arc::clone(in_flight),
            id,
            unsent,
            room,
            outcome,
            done: false,
            _permit: permit,
            _alive: alive,
        }))
    }

    pub(super) fn refused(error: RequestError) -> Self {
        Self(State::Refused(error))
    }
}

impl Future for ResponseFuture {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        match &mut self.0 {
            State::Waiting(waiting) => waiting.poll(cx),
            State::Refused(error) => Poll::Ready(Err(error.clone())),
        }
    }
}

impl Waiting {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        if let Poll::Ready(outcome) = Pin::new(&mut self.outcome).poll(cx) {
            self.done = true;
            // Its sender is dropped without an outcome only when the client has ended.
            return Poll::Ready(outcome.unwrap_or(Err(RequestError::Closed)));
        }
        if self.unsent.is_some()
            && let Poll::Ready(Err(error)) =
                self.in_flight.lock().poll_send(cx, self.id, &mut self.unsent, &mut self.room)
        {
            return Poll::Ready(Err(error));
        }
        Poll::Pending
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.done {
            self.in_flight.lock().give_up(self.id);
        }
    }
}
