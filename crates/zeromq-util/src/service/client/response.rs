//! The reply to one request.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::sync::oneshot;
use zeromq_async::Message;

use super::driver::Life;
use super::in_flight::{Id, InFlight, Outcome};
use super::{Client, Place};
use crate::service::RequestError;
use parking_lot::Mutex;
use zeromq_async::{Dealer, Sender};

/// Completes with the reply to a request; made by `call` of a [`Client`].
///
/// The request is sent by `call` itself, and where a queue has meanwhile been filled by others, as
/// soon as this is polled and there is room.
///
/// # Cancel safety
///
/// To drop it is to give the request up: it may have been sent, and its reply will be dropped.
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
/// dealer.connect("inproc://nobody-there")?;
/// let (mut client, _driver) = service::client(dealer);
/// let reply = client.ready().await?.call("anybody?".into());
/// assert!(timeout(Duration::from_millis(1), reply).await.is_err());
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "to drop the future is to give the request up"]
pub struct ResponseFuture(State);

#[derive(Debug)]
enum State {
    Waiting(Waiting),
    Refused(RequestError),
}

#[derive(Debug)]
struct Waiting {
    in_flight: Arc<Mutex<InFlight>>,
    id: Id,
    /// The request, as long as there is no room for it.
    unsent: Option<Message>,
    /// What waits for that.
    waits: Option<Box<Sender<Dealer>>>,
    outcome: oneshot::Receiver<Outcome>,
    done: bool,
    _place: Place,
    /// The driver goes on for this reply.
    _life: Life,
}

impl ResponseFuture {
    pub(super) fn new(client: &Client, place: Place, request: Message) -> Self {
        let mut in_flight = client.in_flight.lock();
        let (id, message, outcome) = match in_flight.begin(request) {
            Ok(begun) => begun,
            Err(error) => return Self::refused(error),
        };
        let mut unsent = Some(message);
        let mut cx = Context::from_waker(Waker::noop());
        // Where it fails, it fails again when this is polled, and somebody is there to hear it.
        let mut waits = None;
        let _ = in_flight.poll_send(&mut cx, id, &mut unsent, &mut waits);
        drop(in_flight);
        Self(State::Waiting(Waiting {
            in_flight: Arc::clone(&client.in_flight),
            id,
            unsent,
            waits,
            outcome,
            done: false,
            _place: place,
            _life: client.life.clone(),
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
            // Dropped unsent only with everything else, when the client has ended.
            return Poll::Ready(outcome.unwrap_or(Err(RequestError::Closed)));
        }
        if self.unsent.is_some()
            && let Poll::Ready(Err(error)) =
                self.in_flight.lock().poll_send(cx, self.id, &mut self.unsent, &mut self.waits)
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
