//! The requests that are under way, and the socket half that sends them.

use std::collections::{BTreeMap, HashMap, HashSet, btree_map};
use std::future::{Future, poll_fn};
use std::mem::{replace, take};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};

use futures_sink::Sink;
use tokio::sync::oneshot;
use tokio::task::coop;
use zeromq_async::{Frame, Message};

use crate::service::{RequestError, body};
use zeromq_async::Endpoint;
use zeromq_async::PeerId;
use zeromq_async::SendErrorKind;
use zeromq_async::SocketStats;
use zeromq_async::{Dealer, Sender};

/// What became of a client's requests.
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
/// let asking = client.ready().await?.call("anybody?".into());
/// assert_eq!(client.stats().in_flight, 1);
/// drop(asking);
/// assert_eq!(client.stats().given_up, 1);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ClientStats {
    /// Requests that wait to be sent or for their replies.
    pub in_flight: usize,
    /// Requests that got their replies.
    pub replied: u64,
    /// Requests whose future was dropped before.
    pub given_up: u64,
    /// Requests that were lost with their peers.
    pub lost: u64,
    /// Replies that came after their request was given up or lost, or had had another reply.
    pub late: u64,
    /// Messages that are no reply to a request of this client, or come from another peer than the
    /// one that had the request.
    pub unmatched: u64,
}

/// The number of a request, and what it is answered by. Never given twice.
pub(super) type Id = u64;

/// What a request comes to.
pub(super) type Outcome = Result<Message, RequestError>;

/// Everything that requests, their futures and the driver share.
#[derive(Debug)]
pub(super) struct InFlight {
    sender: Sender<Dealer>,
    requests: HashMap<Id, Request>,
    boards: HashMap<PeerId, Board>,
    /// At random, so that a reply to an earlier process under the same routing id is told apart.
    first: Id,
    next: Id,
    counts: ClientStats,
    /// Why there are no more replies.
    ended: Option<RequestError>,
}

/// What one peer has.
#[derive(Debug, Default)]
struct Board {
    /// How many messages were queued for it so far, which is what numbers them.
    enqueued: u64,
    /// The requests among these that have no reply.
    waiting: BTreeMap<u64, Id>,
}

/// Requests whose peer is gone, and where it was: lost, unless their replies are here already.
#[derive(Debug)]
pub(super) struct Doubt {
    peer: PeerId,
    endpoint: Option<Endpoint>,
    requests: btree_map::IntoValues<u64, Id>,
}

#[derive(Debug)]
struct Request {
    /// Who has it, and as which of the messages for them.
    place: Option<(PeerId, u64)>,
    outcome: oneshot::Sender<Outcome>,
}

/// Ready when some peer has room.
pub(super) fn poll_room(
    sender: &mut Sender<Dealer>,
    cx: &mut Context<'_>,
) -> Poll<Result<(), RequestError>> {
    Pin::new(sender).poll_ready(cx).map_err(|_| RequestError::Closed)
}

impl InFlight {
    pub(super) fn new(sender: Sender<Dealer>, stats: &SocketStats) -> Self {
        let first = fastrand::u64(..);
        // What was sent before are no requests, and counts all the same.
        let board = |enqueued| Board { enqueued, waiting: BTreeMap::new() };
        let boards = stats.peers.iter().map(|peer| (peer.peer, board(peer.enqueued)));
        Self {
            sender,
            requests: HashMap::new(),
            boards: boards.collect(),
            first,
            next: first,
            counts: ClientStats::default(),
            ended: None,
        }
    }

    pub(super) fn stats(&self) -> ClientStats {
        ClientStats { in_flight: self.requests.len(), ..self.counts }
    }

    /// A sender to wait with: each waits for one task at a time, and gives up with its drop.
    pub(super) fn another_sender(&self) -> Sender<Dealer> {
        self.sender.clone()
    }

    pub(super) fn check(&self) -> Result<(), RequestError> {
        self.ended.clone().map_or(Ok(()), Err)
    }

    /// Takes a request, and puts the envelope around it.
    pub(super) fn begin(
        &mut self,
        request: Message,
    ) -> Result<(Id, Message, oneshot::Receiver<Outcome>), RequestError> {
        self.check()?;
        let id = self.next;
        self.next = id.wrapping_add(1);
        let (outcome, waiting) = oneshot::channel();
        self.requests.insert(id, Request { place: None, outcome });
        let mut frames = Vec::with_capacity(2 + request.frame_count());
        frames.extend([Frame::from(id.to_be_bytes()), Frame::new()]);
        let mut enveloped = Message::from(frames);
        enveloped.append(body(request));
        Ok((id, enveloped, waiting))
    }

    /// Sends what `begin` gave, or leaves it where it is until there is room.
    pub(super) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        id: Id,
        unsent: &mut Option<Message>,
        waits: &mut Option<Box<Sender<Dealer>>>,
    ) -> Poll<Result<(), RequestError>> {
        while let Some(message) = unsent.take() {
            match self.sender.try_send(message) {
                Ok(()) => self.placed(id),
                Err(error) => {
                    let is_full = *error.kind() == SendErrorKind::Full;
                    *unsent = error.into_message();
                    if !is_full {
                        return Poll::Ready(Err(RequestError::Closed));
                    }
                    ready!(poll_room(
                        waits.get_or_insert_with(|| Box::new(self.sender.clone())),
                        cx
                    ))?;
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    fn placed(&mut self, id: Id) {
        let Some(peer) = self.sender.last_peer() else { return };
        let board = self.boards.entry(peer).or_default();
        board.enqueued += 1;
        if let Some(request) = self.requests.get_mut(&id) {
            request.place = Some((peer, board.enqueued));
            board.waiting.insert(board.enqueued, id);
        }
    }

    /// Nobody waits for the reply any more.
    pub(super) fn give_up(&mut self, id: Id) {
        if self.remove(id).is_some() {
            self.counts.given_up += 1;
        }
    }

    /// Gives a reply to who waits for it.
    pub(super) fn reply(&mut self, from: PeerId, mut reply: Message) {
        let Some(id) = open(&mut reply) else {
            self.counts.unmatched += 1;
            return;
        };
        let place = self.requests.get(&id).map(|request| request.place.map(|(peer, _)| peer));
        match place {
            Some(peer) if peer == Some(from) => {
                self.counts.replied += 1;
                self.conclude(id, Ok(reply));
            }
            None if id.wrapping_sub(self.first) < self.next.wrapping_sub(self.first) => {
                self.counts.late += 1;
            }
            _ => self.counts.unmatched += 1,
        }
    }

    /// A connection to the peer has ended, and with it the requests among the first `gone` messages;
    /// those behind wait for the next.
    pub(super) fn lose_some(
        &mut self,
        peer: PeerId,
        gone: u64,
        endpoint: Endpoint,
    ) -> Option<Doubt> {
        let waiting = &mut self.boards.get_mut(&peer)?.waiting;
        let safe = waiting.split_off(&gone.saturating_add(1));
        let requests = replace(waiting, safe).into_values();
        Some(Doubt { peer, endpoint: Some(endpoint), requests })
    }

    /// A peer has gone that does not come back.
    pub(super) fn lose_peer(&mut self, peer: PeerId, endpoint: Endpoint) -> Option<Doubt> {
        let board = self.boards.remove(&peer)?;
        Some(Doubt { peer, endpoint: Some(endpoint), requests: board.waiting.into_values() })
    }

    /// All peers have gone, for good, that are not among these.
    pub(super) fn lose_others(
        &mut self,
        peers: &HashSet<PeerId>,
        endpoint: Option<&Endpoint>,
    ) -> Vec<Doubt> {
        let gone = self.boards.extract_if(|peer, _| !peers.contains(peer));
        let doubt = |(peer, board): (PeerId, Board)| {
            let requests = board.waiting.into_values();
            Doubt { peer, endpoint: endpoint.cloned(), requests }
        };
        gone.map(doubt).collect()
    }

    /// What peers have that are not among these is lost, though they may be there.
    pub(super) fn lose_elsewhere(&mut self, peers: &HashSet<PeerId>) -> Vec<Doubt> {
        let elsewhere = self.boards.iter_mut().filter(|(peer, _)| !peers.contains(peer));
        let doubt = |(peer, board): (&PeerId, &mut Board)| {
            let requests = take(&mut board.waiting).into_values();
            Doubt { peer: *peer, endpoint: None, requests }
        };
        elsewhere.map(doubt).collect()
    }

    /// No reply to these requests will come: fails so many of them at most, and says whether that
    /// was all.
    pub(super) fn lose(&mut self, doubt: &mut Doubt, most: usize) -> bool {
        if self.is_closed() {
            self.end(RequestError::Closed);
            return true;
        }
        let Doubt { peer, endpoint, requests } = doubt;
        let mut failed = 0;
        for id in requests.by_ref().take(most) {
            failed += 1;
            if self.requests.contains_key(&id) {
                self.counts.lost += 1;
                let lost = RequestError::PeerLost { peer: *peer, endpoint: endpoint.clone() };
                self.conclude(id, Err(lost));
            }
        }
        failed < most
    }

    fn is_closed(&mut self) -> bool {
        let room = poll_fn(|cx| poll_room(&mut self.sender, cx));
        // Unconstrained: that the task ought to yield says nothing of the socket.
        let room = pin!(coop::unconstrained(room)).poll(&mut Context::from_waker(Waker::noop()));
        matches!(room, Poll::Ready(Err(_)))
    }

    /// No replies will come any more, nor will requests be taken.
    pub(super) fn end(&mut self, why: RequestError) {
        if self.ended.is_none() {
            for (_, request) in self.requests.drain() {
                // Where that fails, nobody waits.
                let _ = request.outcome.send(Err(why.clone()));
            }
            self.boards.clear();
            self.ended = Some(why);
        }
    }

    fn conclude(&mut self, id: Id, outcome: Outcome) {
        if let Some(request) = self.remove(id) {
            let _ = request.outcome.send(outcome);
        }
    }

    fn remove(&mut self, id: Id) -> Option<Request> {
        let request = self.requests.remove(&id)?;
        if let Some((peer, number)) = request.place
            && let Some(board) = self.boards.get_mut(&peer)
        {
            board.waiting.remove(&number);
        }
        Some(request)
    }
}

/// Takes the envelope off a reply: the id, and an empty frame.
fn open(reply: &mut Message) -> Option<Id> {
    let id = reply.pop_front()?;
    let delimiter = reply.pop_front()?;
    let id = <[u8; 8]>::try_from(id.as_slice()).ok()?;
    (delimiter.is_empty() && reply.frame_count() > 0).then_some(Id::from_be_bytes(id))
}
