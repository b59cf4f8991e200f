//! What receives replies, and learns of peers that are gone.

use std::collections::HashSet;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio::task::coop;

use super::in_flight::{Doubt, InFlight};
use super::losses::Losses;
use crate::line::Line;
use crate::service::RequestError;
use parking_lot::Mutex;
use zeromq_async::CloseReport;
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
    /// Where clients wait for a place among the requests under way.
    places: Arc<Line>,
    losses: Losses,
}

/// How the receiver stands after a turn.
enum Replies {
    /// Every reply that has come has been given out.
    AllTaken,
    MayWait,
    Ended,
}

/// Replies given out, and requests failed, in one turn of the task: then others have theirs.
const REPLIES_PER_TURN: usize = 256;

/// Events heard in one turn.
const EVENTS_PER_TURN: usize = 64;

impl ClientDriver {
    pub(super) fn new(
        in_flight: Arc<Mutex<InFlight>>,
        places: Arc<Line>,
        receiver: Receiver<Dealer>,
        events: Events,
        lives: Lives,
    ) -> Self {
        Self { in_flight, receiver, events, lives, places, losses: Losses::default() }
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
        self.end(RequestError::Closed);
        let handle = self.receiver.handle().clone();
        handle.close().await
    }

    /// Nothing here spends Tokio's budget: where replies used it up, neither events nor the end would
    /// be heard. A turn has bounds of its own.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let turn = poll_fn(|cx| self.poll_turn(cx));
        pin!(coop::unconstrained(turn)).poll(cx)
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.lives.poll_recv(cx).is_ready() {
            return Poll::Ready(());
        }
        self.places.look_after(cx);
        self.poll_events(cx);
        match self.poll_replies(cx) {
            Replies::Ended => return Poll::Ready(()),
            // So has every reply that had come before its peer went.
            Replies::AllTaken => self.losses.prove_all(),
            Replies::MayWait => {
                self.losses.prove_some(|| self.receiver.handle().stats().unread);
                cx.waker().wake_by_ref();
            }
        }
        if !self.losses.tell(&self.in_flight, REPLIES_PER_TURN) {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    fn poll_events(&mut self, cx: &mut Context<'_>) {
        for _ in 0..EVENTS_PER_TURN {
            match Pin::new(&mut self.events).poll_next(cx) {
                Poll::Ready(Some(event)) => self.notice(event),
                Poll::Ready(None) | Poll::Pending => return,
            }
        }
        cx.waker().wake_by_ref();
    }

    /// Gives out what has come.
    fn poll_replies(&mut self, cx: &mut Context<'_>) -> Replies {
        for _ in 0..REPLIES_PER_TURN {
            match pin!(self.receiver.recv_from()).poll(cx) {
                Poll::Ready(Ok((reply, peer))) => {
                    self.losses.hear(peer.id());
                    self.in_flight.lock().reply(peer.id(), reply);
                }
                Poll::Ready(Err(_)) => return Replies::Ended,
                Poll::Pending => return Replies::AllTaken,
            }
        }
        Replies::MayWait
    }

    fn notice(&mut self, event: SocketEvent) {
        let mut in_flight = self.in_flight.lock();
        let doubts: Vec<Doubt> = match event {
            SocketEvent::Disconnected { endpoint, peer, unsent, enqueued, kept: true, .. } => {
                let gone = enqueued.saturating_sub(unsent as u64);
                in_flight.lose_some(peer, gone, endpoint).into_iter().collect()
            }
            SocketEvent::Disconnected { endpoint, peer, .. } => {
                in_flight.lose_peer(peer, endpoint).into_iter().collect()
            }
            // What waited for another connection to it waits in vain.
            SocketEvent::ConnectStopped { endpoint, .. } => {
                in_flight.lose_others(&self.peers_that(|_| true), Some(&endpoint))
            }
            // A peer may have gone, and come back, unheard of: but not one that is still on its
            // first connection.
            SocketEvent::Missed { .. } => {
                let mut doubts = in_flight.lose_others(&self.peers_that(|_| true), None);
                let steady = self.peers_that(|peer| peer.connected && peer.reconnects == 0);
                doubts.extend(in_flight.lose_elsewhere(&steady));
                doubts
            }
            _ => return,
        };
        drop(in_flight);
        self.losses.doubt(doubts);
    }

    fn peers_that(&self, are: impl Fn(&PeerStats) -> bool) -> HashSet<PeerId> {
        let peers = self.receiver.handle().stats().peers;
        peers.iter().filter(|peer| are(peer)).map(|peer| peer.peer).collect()
    }

    fn end(&self, why: RequestError) {
        self.in_flight.lock().end(why);
        self.places.close();
    }
}

impl Drop for ClientDriver {
    fn drop(&mut self) {
        self.end(RequestError::Unattended);
        // The first poll refuses what is sent from now on, and wakes who waits for room.
        let _ = self.receiver.handle().close().now_or_never();
    }
}
