//! The client: a DEALER as a service that can be cloned.

mod driver;
mod in_flight;
mod losses;
mod permits;
mod response;

pub use driver::ClientDriver;
pub use in_flight::ClientStats;
pub use response::ResponseFuture;

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tower_service::Service;
use zeromq_async::Message;

use super::RequestError;
use in_flight::InFlight;
use parking_lot::Mutex;
use permits::{Permit, Permits, Ticket};
use zeromq_async::{Dealer, DealerSocket, Sender, SocketHandle};

/// The default limit of requests in flight: the default high-water mark of a queue.
const MAX_IN_FLIGHT: usize = 1000;

/// Turns a DEALER or a REQ into a service with up to 1,000 requests in flight.
///
/// Servers are REPs or ROUTERs, connected before or later, by either side. A request goes to the
/// next server that has room, as `[id, "", body...]`: the form of a REQ with the option `correlate`.
/// Every server returns the first two frames unchanged.
///
/// The client keeps the socket. Connect and close it with its [`handle`](Client::handle). If other
/// senders of the socket are still in use, a request that is lost with a peer may fail only by its
/// timeout.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use tower::{Service, ServiceExt};
/// use zeromq_async::{RepSocket, ReqSocket};
/// use zeromq_util::service;
///
/// let (req, mut server) = (ReqSocket::new(), RepSocket::new());
/// req.connect(server.bind("tcp://127.0.0.1:0").await?)?;
/// let (mut client, driver) = service::client(req);
/// tokio::spawn(driver.run());
///
/// let asking = tokio::spawn(client.ready().await?.call("2 + 2?".into()));
/// assert_eq!(server.recv().await?, "2 + 2?");
/// server.send("4").await?;
/// assert_eq!(asking.await??, "4");
/// # Ok(()) }
/// ```
pub fn client(socket: impl Into<DealerSocket>) -> (Client, ClientDriver) {
    client_with_limit(socket, MAX_IN_FLIGHT)
}

/// Turns a DEALER or a REQ into a service, as [`client`] does, with another limit of requests in
/// flight, at least 1.
pub fn client_with_limit(
    socket: impl Into<DealerSocket>,
    max_in_flight: usize,
) -> (Client, ClientDriver) {
    let socket = socket.into();
    let events = socket.events();
    let (sender, receiver) = socket.split();
    let limit = max_in_flight.max(1);
    let permits = Arc::new(Permits::new(limit));
    let in_flight = InFlight::new(sender, &receiver.handle().stats());
    let room = in_flight.another_sender();
    let in_flight = Arc::new(Mutex::new(in_flight));
    let (alive, clients) = driver::alive();
    let client = Client {
        in_flight: Arc::clone(&in_flight),
        handle: receiver.handle().clone(),
        permits: Arc::clone(&permits),
        limit,
        ticket: None,
        permit: None,
        room,
        alive,
    };
    (client, ClientDriver::new(in_flight, permits, receiver, events, clients))
}

/// Sends requests and receives their replies; made by [`client`].
///
/// Clones share the socket and the limit. The client is ready when fewer requests than the limit are
/// in flight and a server has room. `poll_ready` waits while no server was ever connected, or all
/// queues are full. Being ready holds a permit until `call` or drop; waiting holds none.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use futures_util::future::try_join_all;
/// use tower::{Service, ServiceExt};
/// use zeromq_async::{DealerSocket, Message, RouterSocket};
/// use zeromq_util::service;
///
/// let (dealer, mut router) = (DealerSocket::new(), RouterSocket::new());
/// dealer.connect(router.bind("tcp://127.0.0.1:0").await?)?;
/// let (client, driver) = service::client(dealer);
/// tokio::spawn(driver.run());
///
/// let asking = tokio::spawn(try_join_all(
///     ["one", "two"].map(|question| client.clone().oneshot(question.into())),
/// ));
/// let (first, second) = (router.recv().await?, router.recv().await?);
/// router.send(second).await?; // in any order
/// router.send(first).await?;
/// assert_eq!(asking.await??, [Message::from("one"), Message::from("two")]);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Client {
    in_flight: Arc<Mutex<InFlight>>,
    handle: SocketHandle,
    permits: Arc<Permits>,
    limit: usize,
    /// The position of this clone while it waits for a permit.
    ticket: Ticket,
    permit: Option<Permit>,
    /// Waits for room in the socket, for this clone alone.
    room: Sender<Dealer>,
    /// The driver ends when the last of these is dropped.
    alive: driver::Alive,
}

impl Client {
    /// Returns the handle that binds, connects and closes the socket.
    pub fn handle(&self) -> &SocketHandle {
        &self.handle
    }

    /// Returns the counters of this client and its clones.
    pub fn stats(&self) -> ClientStats {
        self.in_flight.lock().stats()
    }
}

impl Clone for Client {
    fn clone(&self) -> Self {
        Self {
            in_flight: Arc::clone(&self.in_flight),
            handle: self.handle.clone(),
            permits: self.permits.clone(),
            limit: self.limit,
            ticket: None,
            permit: None,
            room: self.room.clone(),
            alive: self.alive.clone(),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.permits.leave(&mut self.ticket);
    }
}

impl Service<Message> for Client {
    type Response = Message;
    type Error = RequestError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RequestError>> {
        self.in_flight.lock().check()?;
        if in_flight::poll_room(&mut self.room, cx)?.is_pending() {
            // Other clones may have room, and this one may never be polled again.
            self.permit = None;
            return Poll::Pending;
        }
        if self.permit.is_none() {
            self.permit = Some(ready!(self.permits.poll_take(cx, &mut self.ticket)));
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Message) -> ResponseFuture {
        match self.permit.take().or_else(|| self.permits.try_take()) {
            Some(permit) => {
                ResponseFuture::new(&self.in_flight, permit, self.alive.clone(), request)
            }
            None => ResponseFuture::refused(RequestError::NotReady { limit: self.limit }),
        }
    }
}
