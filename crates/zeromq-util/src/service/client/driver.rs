//! What receives replies, and learns of peers that are gone.

use std::collections::HashSet;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::mem::take;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio::task::coop;

use super::in_flight::{Id, InFlight};
use crate::service::RequestError;
use parking_lot::Mutex;
use zeromq_async::CloseReport;
use zeromq_async::Endpoint;
use zeromq_async::PeerId;
use zeromq_async::PeerStats;
use zeromq_async::{Dealer, Receiver};
use zeromq_async::{Events, SocketEvent};

/// Held by clients and by futures of requests; when the last is gone there is nothing left to do.
pub(super) type Life = mpsc::Sender<Infallible>;

/// The other side of every [`Life`].
pub(super) type Lives = mpsc::Receiver<Infallible>;

pub(super) fn life() -> (Life, Lives) {
    mpsc::channel(1)
}

/// Gives replies to those who wait for them; made by [`client`](super::client), to be spawned.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::DealerSocket;
/// use zeromq_util::service;
///
/// let (client, driver) = service::client(DealerSocket::new());
/// let driving = tokio::spawn(driver.run());
/// drop(client);
/// assert_eq!(driving.await?.unsent, 0);
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "no request gets its reply unless this runs: tokio::spawn(driver.run())"]
pub struct ClientDriver {
    in_flight: Arc<Mutex<InFlight>>,
    receiver: Receiver<Dealer>,
    events: Events,
    lives: Lives,
    /// Requests whose peer is gone, and where it was: lost, unless their replies are here already.
    doubtful: Vec<(Id, Option<Endpoint>)>,
}

impl ClientDriver {
    pub(super) fn new(
        in_flight: Arc<Mutex<InFlight>>,
        receiver: Receiver<Dealer>,
        events: Events,
        lives: Lives,
    ) -> Self {
        Self { in_flight, receiver, events, lives, doubtful: Vec::new() }
    }

    /// Runs until every clone of the client and every future of a request is dropped, or the socket
    /// is closed; then closes the socket, which takes its linger time at most, and reports what was
    /// not sent.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use tower::{Service, ServiceExt};
    /// use zeromq_util::service::{RequestError, client};
    /// use zeromq_async::DealerSocket;
    ///
    /// let (mut client, driver) = client(DealerSocket::new());
    /// let driving = tokio::spawn(driver.run());
    /// client.handle().close().await;
    /// driving.await?;
    /// assert_eq!(client.ready().await.unwrap_err(), RequestError::Closed);
    /// # Ok(()) }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it closes the socket, and every request that waits fails with
    /// [`Unattended`](RequestError::Unattended).
    pub async fn run(mut self) -> CloseReport {
        poll_fn(|cx| self.poll(cx)).await;
        self.in_flight.lock().end(RequestError::Closed);
        let handle = self.receiver.handle().clone();
        handle.close().await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.poll_replies(cx).is_ready() {
                return Poll::Ready(());
            }
            if coop::has_budget_remaining() {
                // Every reply that had come before its peer went has been given out.
                self.lose_doubtful();
            }
            match Pin::new(&mut self.events).poll_next(cx) {
                Poll::Ready(Some(event)) => self.notice(event),
                Poll::Ready(None) | Poll::Pending => break,
            }
        }
        self.lives.poll_recv(cx).map(|_| ())
    }

    /// Gives out what has come; ready when no more will come.
    fn poll_replies(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match pin!(self.receiver.recv_from()).poll(cx) {
                Poll::Ready(Ok((reply, peer))) => self.in_flight.lock().reply(peer.id(), reply),
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn notice(&mut self, event: SocketEvent) {
        let mut in_flight = self.in_flight.lock();
        let (gone, endpoint) = match event {
            SocketEvent::Disconnected { endpoint, peer, unsent, kept: true, .. } => {
                (in_flight.on_board(peer, unsent), Some(endpoint))
            }
            SocketEvent::Disconnected { endpoint, peer, .. } => {
                let gone = in_flight.on_board(peer, 0);
                in_flight.forget(peer);
                (gone, Some(endpoint))
            }
            // What waited for another connection to it waits in vain.
            SocketEvent::ConnectStopped { endpoint, .. } => {
                let peers = self.peers_that(|_| true);
                in_flight.forget_others(&peers);
                (in_flight.elsewhere(&peers), Some(endpoint))
            }
            // A peer may have gone, and come back, unheard of: but not one that is still on its
            // first connection.
            SocketEvent::Missed { .. } => {
                in_flight.forget_others(&self.peers_that(|_| true));
                let steady = self.peers_that(|peer| peer.connected && peer.reconnects == 0);
                (in_flight.elsewhere(&steady), None)
            }
            _ => return,
        };
        self.doubtful.extend(gone.into_iter().map(|id| (id, endpoint.clone())));
    }

    fn peers_that(&self, are: impl Fn(&PeerStats) -> bool) -> HashSet<PeerId> {
        let peers = self.receiver.handle().stats().peers;
        peers.iter().filter(|peer| are(peer)).map(|peer| peer.peer).collect()
    }

    fn lose_doubtful(&mut self) {
        if !self.doubtful.is_empty() {
            self.in_flight.lock().lose(take(&mut self.doubtful));
        }
    }
}

impl Drop for ClientDriver {
    fn drop(&mut self) {
        self.in_flight.lock().end(RequestError::Unattended);
        // The first poll refuses what is sent from now on, and wakes who waits for room.
        let _ = self.receiver.handle().close().now_or_never();
    }
}
