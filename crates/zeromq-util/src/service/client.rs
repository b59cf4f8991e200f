//! A DEALER as a service that can be cloned, with many requests under way.

mod driver;
mod in_flight;
mod losses;
mod response;

pub use driver::ClientDriver;
pub use in_flight::ClientStats;
pub use response::ResponseFuture;

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tower_service::Service;
use zeromq_async::Message;

use super::RequestError;
use crate::line::{Line, Ticket};
use in_flight::InFlight;
use parking_lot::Mutex;
use zeromq_async::{Dealer, DealerSocket, Sender, SocketHandle};

/// How many requests may be under way where nothing else is said: as many as a queue takes by its
/// default high-water mark.
const MAX_IN_FLIGHT: usize = 1000;

/// Makes of a DEALER, or of a REQ, a service that has up to 1,000 requests under way.
///
/// Servers are REPs or ROUTERs, connected to before or later, on either side. A request goes to the
/// next of them in turn, passing over those with no room, as `[id, "", body...]`: what a REQ sends
/// with the option `correlate`. Any server gives the first two frames back as they are.
///
/// The socket is given away for good. Its [`handle`](Client::handle) connects and closes it.
/// Where other senders of it are still in use, requests cannot be told from what they send, and a
/// request that is lost with a peer may wait for its deadline.
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

/// The same with another limit on the requests that may be under way, at least 1.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use futures_util::FutureExt;
/// use tower::{Service, ServiceExt};
/// use zeromq_async::DealerSocket;
/// use zeromq_util::service;
///
/// let dealer = DealerSocket::new();
/// dealer.connect("inproc://client-with-limit")?;
/// let (mut client, _driver) = service::client_with_limit(dealer, 1);
/// let under_way = client.ready().await?.call("first".into());
/// assert!(client.ready().now_or_never().is_none());
/// drop(under_way); // is to give it up
/// client.ready().await?.call("second".into());
/// # Ok(()) }
/// ```
pub fn client_with_limit(
    socket: impl Into<DealerSocket>,
    max_in_flight: usize,
) -> (Client, ClientDriver) {
    let socket = socket.into();
    let events = socket.events();
    let (sender, receiver) = socket.split();
    let limit = max_in_flight.max(1);
    let places = Arc::new(Line::new(limit));
    let in_flight = InFlight::new(sender, &receiver.handle().stats());
    let waits = in_flight.another_sender();
    let in_flight = Arc::new(Mutex::new(in_flight));
    let (life, lives) = driver::life();
    let client = Client {
        in_flight: Arc::clone(&in_flight),
        handle: receiver.handle().clone(),
        places: Arc::clone(&places),
        limit,
        ticket: None,
        place: None,
        waits,
        life,
    };
    (client, ClientDriver::new(in_flight, places, receiver, events, lives))
}

/// Sends requests and gives each its reply; made by [`client`].
///
/// Clones share the socket and the limit. It is ready when fewer requests than the limit are under
/// way and some server has room: while no server was ever connected to, or all of their queues are
/// full, `poll_ready` waits. Being ready takes one of the places until `call` or drop; waiting takes
/// none, so that to give up waiting keeps nobody else from it.
///
/// It needs its [`ClientDriver`] to run.
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
    places: Arc<Line>,
    limit: usize,
    /// The turn of this clone, as long as it waits for a place.
    ticket: Ticket,
    place: Option<Place>,
    /// What waits for room, for this clone alone.
    waits: Sender<Dealer>,
    /// Tells the driver, when the last is dropped, that no more requests will come.
    life: driver::Life,
}

impl Client {
    /// What binds, connects and closes the socket.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (client, _driver) = zeromq_util::service::client(zeromq_async::DealerSocket::new());
    /// client.handle().connect("inproc://another-server")?;
    /// # Ok(()) }
    /// ```
    pub fn handle(&self) -> &SocketHandle {
        &self.handle
    }

    /// What became of the requests so far, of this client and its clones.
    ///
    /// ```
    /// let (client, _driver) = zeromq_util::service::client(zeromq_async::DealerSocket::new());
    /// assert_eq!(client.stats().in_flight, 0);
    /// ```
    pub fn stats(&self) -> ClientStats {
        self.in_flight.lock().stats()
    }
}

impl Clone for Client {
    fn clone(&self) -> Self {
        Self {
            in_flight: Arc::clone(&self.in_flight),
            handle: self.handle.clone(),
            places: self.places.clone(),
            limit: self.limit,
            ticket: None,
            place: None,
            waits: self.waits.clone(),
            life: self.life.clone(),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.places.leave(&mut self.ticket);
    }
}

/// A place among the requests under way, given back when it is dropped.
#[derive(Debug)]
struct Place(Arc<Line>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.give_back(1);
    }
}

impl Service<Message> for Client {
    type Response = Message;
    type Error = RequestError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RequestError>> {
        self.in_flight.lock().check()?;
        if in_flight::poll_room(&mut self.waits, cx)?.is_pending() {
            // Others need it no less, and this may never be asked again.
            self.place = None;
            return Poll::Pending;
        }
        if self.place.is_none() {
            ready!(self.places.poll_take(cx, &mut self.ticket, false));
            self.place = Some(Place(Arc::clone(&self.places)));
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Message) -> ResponseFuture {
        let free = || self.places.try_take().then(|| Place(Arc::clone(&self.places)));
        match self.place.take().or_else(free) {
            Some(place) => ResponseFuture::new(self, place, request),
            None => ResponseFuture::refused(RequestError::NotReady { limit: self.limit }),
        }
    }
}
