//! The requests in flight.

use std::collections::{BTreeMap, HashMap, HashSet, btree_map};
use std::future::{Future, poll_fn};
use std::mem::{replace, take};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};

use futures_sink::Sink;
use tokio::sync::oneshot;
use tokio::task::coop;
use zeromq_async::{Dealer, Endpoint, Frame, Message, PeerId, SendErrorKind, Sender, SocketStats};

use crate::service::{RequestError, body};

/// The counters of a client.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use tower::{Service, ServiceExt};
/// use zeromq_async::DealerSocket;
/// use zeromq_util::service;
///
/// let dealer = DealerSocket::new();
/// dealer.connect("inproc://client-stats")?;
/// let (mut client, _driver) = service::client(dealer);
/// let asking = client.ready().await?.call("hello".into());
/// assert_eq!(client.stats().in_flight, 1);
/// drop(asking);
/// assert_eq!(client.stats().given_up, 1);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ClientStats {
    /// Requests that wait for room or for their replies.
    pub in_flight: usize,
    /// Requests that were replied to.
    pub replied: u64,
    /// Requests that were dropped before the reply.
    pub given_up: u64,
    /// Requests that were lost with their peers.
    pub lost: u64,
    /// Replies to requests that had been given up, lost or replied to.
    pub late: u64,
    /// Messages that are not a reply to a request of this client, or come from another peer than its
    /// server.
    pub unmatched: u64,
}

/// The number in the envelope of a request. It is not used again.
pub(super) type RequestId = u64;

pub(super) type Outcome = Result<Message, RequestError>;

/// The state that clients, futures and the driver share.
#[derive(Debug)]
pub(super) struct InFlight {
    sender: Sender<Dealer>,
    requests: HashMap<RequestId, Request>,
    peers: HashMap<PeerId, PeerRequests>,
    /// Random, so that a reply to an earlier process with the same routing id does not match.
    first: RequestId,
    next: RequestId,
    counts: ClientStats,
    /// The error of all further requests.
    ended: Option<RequestError>,
}

/// The requests that one peer has.
#[derive(Debug, Default)]
struct PeerRequests {
    /// The number of messages queued for it so far. Each message has its number.
    enqueued: u64,
    /// The requests without a reply, by their numbers among these messages.
    waiting: BTreeMap<u64, RequestId>,
}

/// Requests of a lost peer. They are lost unless their replies arrived before.
#[derive(Debug)]
pub(super) struct Suspects {
    peer: PeerId,
    endpoint: Option<Endpoint>,
    requests: btree_map::IntoValues<u64, RequestId>,
}

#[derive(Debug)]
struct Request {
    /// The peer that has it, and its number among the messages to that peer.
    sent_to: Option<(PeerId, u64)>,
    outcome: oneshot::Sender<Outcome>,
}

/// Ready when a peer has room.
pub(super) fn poll_room(
    sender: &mut Sender<Dealer>,
    cx: &mut Context<'_>,
) -> Poll<Result<(), RequestError>> {
    Pin::new(sender).poll_ready(cx).map_err(|_| RequestError::Closed)
}

impl InFlight {
    pub(super) fn new(sender: Sender<Dealer>, stats: &SocketStats) -> Self {
        let first = fastrand::u64(..);
        // Messages that were sent before are counted too.
        let requests = |enqueued| PeerRequests { enqueued, waiting: BTreeMap::new() };
        let peers = stats.peers.iter().map(|peer| (peer.peer, requests(peer.enqueued)));
        Self {
            sender,
            requests: HashMap::new(),
            peers: peers.collect(),
            first,
            next: first,
            counts: ClientStats::default(),
            ended: None,
        }
    }

    pub(super) fn stats(&self) -> ClientStats {
        ClientStats { in_flight: self.requests.len(), ..self.counts }
    }

    /// Returns a sender to wait for room with. Each one wakes one task.
    pub(super) fn another_sender(&self) -> Sender<Dealer> {
        self.sender.clone()
    }

    pub(super) fn check(&self) -> Result<(), RequestError> {
        self.ended.clone().map_or(Ok(()), Err)
    }

    /// Adds a request and its envelope.
    pub(super) fn begin(
        &mut self,
        request: Message,
    ) -> Result<(RequestId, Message, oneshot::Receiver<Outcome>), RequestError> {
        self.check()?;
        let id = self.next;
        self.next = id.wrapping_add(1);
        let (outcome, waiting) = oneshot::channel();
        self.requests.insert(id, Request { sent_to: None, outcome });
        let mut frames = Vec::with_capacity(2 + request.frame_count());
        frames.extend([Frame::from(id.to_be_bytes()), Frame::new()]);
        let mut enveloped = Message::from(frames);
        enveloped.append(body(request));
        Ok((id, enveloped, waiting))
    }

    /// Sends the message of `begin`, or waits for room.
    pub(super) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        id: RequestId,
        unsent: &mut Option<Message>,
        room: &mut Option<Box<Sender<Dealer>>>,
    ) -> Poll<Result<(), RequestError>> {
        while let Some(message) = unsent.take() {
            match self.sender.try_send(message) {
                Ok(()) => self.record_sent(id),
                Err(error) => {
                    let is_full = *error.kind() == SendErrorKind::Full;
                    *unsent = error.into_message();
                    if !is_full {
                        return Poll::Ready(Err(RequestError::Closed));
                    }
                    let room = room.get_or_insert_with(|| Box::new(self.sender.clone()));
                    ready!(poll_room(room, cx))?;
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    fn record_sent(&mut self, id: RequestId) {
        let Some(peer) = self.sender.last_peer() else { return };
        let requests = self.peers.entry(peer).or_default();
        requests.enqueued += 1;
        if let Some(request) = self.requests.get_mut(&id) {
            request.sent_to = Some((peer, requests.enqueued));
            requests.waiting.insert(requests.enqueued, id);
        }
    }

    /// Removes a request after its future was dropped.
    pub(super) fn give_up(&mut self, id: RequestId) {
        if self.remove(id).is_some() {
            self.counts.given_up += 1;
        }
    }

    /// Delivers a reply to its request.
    pub(super) fn deliver(&mut self, from: PeerId, mut reply: Message) {
        let Some(id) = take_envelope(&mut reply) else {
            self.counts.unmatched += 1;
            return;
        };
        let server = self.requests.get(&id).map(|request| request.sent_to.map(|(peer, _)| peer));
        match server {
            Some(peer) if peer == Some(from) => {
                self.counts.replied += 1;
                self.complete(id, Ok(reply));
            }
            None if id.wrapping_sub(self.first) < self.next.wrapping_sub(self.first) => {
                self.counts.late += 1;
            }
            _ => self.counts.unmatched += 1,
        }
    }

    /// Takes the requests among the first `gone` messages of a peer, when its connection has ended.
    /// Later ones wait for the next connection.
    pub(super) fn lose_some(
        &mut self,
        peer: PeerId,
        gone: u64,
        endpoint: Endpoint,
    ) -> Option<Suspects> {
        let waiting = &mut self.peers.get_mut(&peer)?.waiting;
        let queued = waiting.split_off(&gone.saturating_add(1));
        let requests = replace(waiting, queued).into_values();
        Some(Suspects { peer, endpoint: Some(endpoint), requests })
    }

    /// Takes the requests of a peer that does not come back.
    pub(super) fn lose_peer(&mut self, peer: PeerId, endpoint: Endpoint) -> Option<Suspects> {
        let requests = self.peers.remove(&peer)?.waiting.into_values();
        Some(Suspects { peer, endpoint: Some(endpoint), requests })
    }

    /// Takes the requests of all peers but these, which do not come back.
    pub(super) fn lose_others(
        &mut self,
        peers: &HashSet<PeerId>,
        endpoint: Option<&Endpoint>,
    ) -> Vec<Suspects> {
        let gone = self.peers.extract_if(|peer, _| !peers.contains(peer));
        let suspects = |(peer, requests): (PeerId, PeerRequests)| {
            let requests = requests.waiting.into_values();
            Suspects { peer, endpoint: endpoint.cloned(), requests }
        };
        gone.map(suspects).collect()
    }

    /// Takes the requests of all peers but these, which may be connected again.
    pub(super) fn lose_reconnected(&mut self, peers: &HashSet<PeerId>) -> Vec<Suspects> {
        let others = self.peers.iter_mut().filter(|(peer, _)| !peers.contains(peer));
        let suspects = |(peer, requests): (&PeerId, &mut PeerRequests)| {
            let requests = take(&mut requests.waiting).into_values();
            Suspects { peer: *peer, endpoint: None, requests }
        };
        others.map(suspects).collect()
    }

    /// Fails at most this number of lost requests. Returns whether none are left.
    pub(super) fn fail(&mut self, suspects: &mut Suspects, most: usize) -> bool {
        if self.is_closed() {
            self.end(RequestError::Closed);
            return true;
        }
        let Suspects { peer, endpoint, requests } = suspects;
        let mut failed = 0;
        for id in requests.by_ref().take(most) {
            failed += 1;
            if self.requests.contains_key(&id) {
                self.counts.lost += 1;
                let lost = RequestError::PeerLost { peer: *peer, endpoint: endpoint.clone() };
                self.complete(id, Err(lost));
            }
        }
        failed < most
    }

    fn is_closed(&mut self) -> bool {
        let room = poll_fn(|cx| poll_room(&mut self.sender, cx));
        // Unconstrained: without budget left, an open socket is pending too.
        let room = pin!(coop::unconstrained(room)).poll(&mut Context::from_waker(Waker::noop()));
        matches!(room, Poll::Ready(Err(_)))
    }

    /// Fails all requests, and all further ones.
    pub(super) fn end(&mut self, why: RequestError) {
        if self.ended.is_none() {
            for (_, request) in self.requests.drain() {
                // Fails if the future was dropped.
                let _ = request.outcome.send(Err(why.clone()));
            }
            self.peers.clear();
            self.ended = Some(why);
        }
    }

    fn complete(&mut self, id: RequestId, outcome: Outcome) {
        if let Some(request) = self.remove(id) {
            let _ = request.outcome.send(outcome);
        }
    }

    fn remove(&mut self, id: RequestId) -> Option<Request> {
        let request = self.requests.remove(&id)?;
        if let Some((peer, number)) = request.sent_to
            && let Some(requests) = self.peers.get_mut(&peer)
        {
            requests.waiting.remove(&number);
        }
        Some(request)
    }
}

/// Removes the envelope of a reply: the id and an empty frame.
fn take_envelope(reply: &mut Message) -> Option<RequestId> {
    let id = reply.pop_front()?;
    let delimiter = reply.pop_front()?;
    let id = <[u8; 8]>::try_from(id.as_slice()).ok()?;
    (delimiter.is_empty() && reply.frame_count() > 0).then_some(RequestId::from_be_bytes(id))
}
