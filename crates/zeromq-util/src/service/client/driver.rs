//! The driver: receives replies, and fails requests of lost peers.

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

use super::in_flight::{InFlight, Suspects};
use super::losses::Losses;
use super::permits::Permits;
use crate::service::RequestError;
use parking_lot::Mutex;
use zeromq_async::{CloseReport, Dealer, Events, PeerId, PeerStats, Receiver, SocketEvent};

/// Held by clients and their futures. The driver ends when the last one is dropped.
pub(super) type Alive = mpsc::Sender<Infallible>;

/// Ends when every [`Alive`] is dropped.
pub(super) type Clients = mpsc::Receiver<Infallible>;

pub(super) fn alive() -> (Alive, Clients) {
    mpsc::channel(1)
}

/// Delivers replies to their requests; made by [`client`](super::client). Spawn its [`run`](Self::run).
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
#[must_use = "requests get no replies unless this runs: tokio::spawn(driver.run())"]
pub struct ClientDriver {
    in_flight: Arc<Mutex<InFlight>>,
    receiver: Receiver<Dealer>,
    events: Events,
    clients: Clients,
    permits: Arc<Permits>,
    losses: Losses,
}

enum Replies {
    /// Every reply that had arrived was delivered.
    AllTaken,
    MoreMayWait,
    Ended,
}

/// The most replies delivered, and requests failed, in one poll.
const REPLIES_PER_POLL: usize = 256;

/// The most events handled in one poll.
const EVENTS_PER_POLL: usize = 64;

impl ClientDriver {
    pub(super) fn new(
        in_flight: Arc<Mutex<InFlight>>,
        permits: Arc<Permits>,
        receiver: Receiver<Dealer>,
        events: Events,
        clients: Clients,
    ) -> Self {
        Self { in_flight, receiver, events, clients, permits, losses: Losses::default() }
    }

    /// Runs until every clone of the client and every future of a request is dropped, or the socket
    /// is closed. Then closes the socket, for its linger time at most, and reports the messages that
    /// were not sent.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it closes the socket, and all requests in flight fail with
    /// [`Unattended`](RequestError::Unattended).
    pub async fn run(mut self) -> CloseReport {
        poll_fn(|cx| self.poll(cx)).await;
        self.end(RequestError::Closed);
        let handle = self.receiver.handle().clone();
        handle.close().await
    }

    /// Unconstrained: replies must not use up the budget that events and the end need. Each poll is
    /// limited instead.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let step = poll_fn(|cx| self.poll_step(cx));
        pin!(coop::unconstrained(step)).poll(cx)
    }

    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.clients.poll_recv(cx).is_ready() {
            return Poll::Ready(());
        }
        self.permits.replace_woken(cx);
        self.poll_events(cx);
        match self.poll_replies(cx) {
            Replies::Ended => return Poll::Ready(()),
            // With them, every reply that arrived before its peer was lost.
            Replies::AllTaken => self.losses.confirm_all(),
            Replies::MoreMayWait => {
                self.losses.confirm_some(|| self.receiver.handle().stats().unread);
                cx.waker().wake_by_ref();
            }
        }
        if !self.losses.report(&self.in_flight, REPLIES_PER_POLL) {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    fn poll_events(&mut self, cx: &mut Context<'_>) {
        for _ in 0..EVENTS_PER_POLL {
            match Pin::new(&mut self.events).poll_next(cx) {
                Poll::Ready(Some(event)) => self.handle_event(event),
                Poll::Ready(None) | Poll::Pending => return,
            }
        }
        cx.waker().wake_by_ref();
    }

    /// Delivers the replies that have arrived.
    fn poll_replies(&mut self, cx: &mut Context<'_>) -> Replies {
        for _ in 0..REPLIES_PER_POLL {
            match pin!(self.receiver.recv_from()).poll(cx) {
                Poll::Ready(Ok((reply, peer))) => {
                    self.losses.count(peer.id());
                    self.in_flight.lock().deliver(peer.id(), reply);
                }
                Poll::Ready(Err(_)) => return Replies::Ended,
                Poll::Pending => return Replies::AllTaken,
            }
        }
        Replies::MoreMayWait
    }

    fn handle_event(&mut self, event: SocketEvent) {
        let mut in_flight = self.in_flight.lock();
        let suspects: Vec<Suspects> = match event {
            SocketEvent::Disconnected { endpoint, peer, unsent, enqueued, kept: true, .. } => {
                let gone = enqueued.saturating_sub(unsent as u64);
                in_flight.lose_some(peer, gone, endpoint).into_iter().collect()
            }
            SocketEvent::Disconnected { endpoint, peer, .. } => {
                in_flight.lose_peer(peer, endpoint).into_iter().collect()
            }
            // Requests that waited for another connection are lost too.
            SocketEvent::ConnectStopped { endpoint, .. } => {
                in_flight.lose_others(&self.peers_where(|_| true), Some(&endpoint))
            }
            // A peer may have disconnected and come back, unless it is still on its first
            // connection.
            SocketEvent::Missed { .. } => {
                let mut suspects = in_flight.lose_others(&self.peers_where(|_| true), None);
                let steady = self.peers_where(|peer| peer.connected && peer.reconnects == 0);
                suspects.extend(in_flight.lose_reconnected(&steady));
                suspects
            }
            _ => return,
        };
        drop(in_flight);
        self.losses.add(suspects);
    }

    fn peers_where(&self, is: impl Fn(&PeerStats) -> bool) -> HashSet<PeerId> {
        let peers = self.receiver.handle().stats().peers;
        peers.iter().filter(|peer| is(peer)).map(|peer| peer.peer).collect()
    }

    fn end(&self, why: RequestError) {
        self.in_flight.lock().end(why);
        self.permits.close();
    }
}

impl Drop for ClientDriver {
    fn drop(&mut self) {
        self.end(RequestError::Unattended);
        // The first poll refuses further sends, and wakes tasks that wait for room.
        let _ = self.receiver.handle().close().now_or_never();
    }
}
