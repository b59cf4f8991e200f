//! Messages that a socket accepted and could not send. They are returned to the application.

use std::collections::VecDeque;
use std::iter::FusedIterator;
use std::sync::Arc;

use bytes::Bytes;
use zmtp::{Batch, Message};

use crate::endpoint::Endpoint;
use crate::identity::PeerId;

/// A message that was not sent, and its peer.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use zeromq_async::PushSocket;
///
/// let mut push = PushSocket::builder().linger(Duration::ZERO).build();
/// push.connect("inproc://unsent")?;
/// push.send("a job").await?;
/// for unsent in push.close().await.into_unsent() {
///     assert_eq!(unsent.endpoint, Some("inproc://unsent".parse()?));
///     assert_eq!(unsent.message, "a job");
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unsent {
    /// The peer that should get it. `None` if no peer had room for it.
    pub peer: Option<PeerId>,
    /// The endpoint of that peer, bound or connected to.
    pub endpoint: Option<Endpoint>,
    /// The routing id by which a ROUTER knew the peer. The message no longer contains it. Empty for
    /// other sockets.
    pub routing_id: Bytes,
    /// The message as on the wire. A message of a REQ or REP has its envelope.
    pub message: Message,
}

/// Messages that were not sent, in the order in which each peer would have received them.
///
/// They are kept encoded, and decoded one at a time.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let mut push = PushSocket::builder().linger(Duration::ZERO).build();
/// push.connect("inproc://never-bound")?;
/// push.send("a job").await?;
/// let unsent = push.close().await.into_unsent();
/// assert_eq!(unsent.len(), 1);
///
/// // Sends it to another peer.
/// let (mut another, mut pull) = (PushSocket::new(), PullSocket::new());
/// another.connect(pull.bind("inproc://another-peer").await?)?;
/// for unsent in unsent {
///     another.send(unsent.message).await?;
/// }
/// assert_eq!(pull.recv().await?, "a job");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
pub struct UnsentMessages {
    queues: VecDeque<(Option<Addressee>, Batch)>,
    messages: usize,
}

/// The peer that messages were for.
#[derive(Debug, Clone)]
pub(crate) struct Addressee {
    pub(crate) peer: PeerId,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) routing_id: Bytes,
}

impl UnsentMessages {
    pub(crate) fn add(&mut self, addressee: Option<Addressee>, queue: Batch) {
        if queue.messages() > 0 {
            self.messages += queue.messages();
            self.queues.push_back((addressee, queue));
        }
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.messages += other.messages;
        self.queues.append(&mut other.queues);
    }

    /// Drops the oldest messages until at most `limit` are left.
    pub(crate) fn keep_latest(&mut self, limit: usize) {
        while self.messages > limit {
            self.pop();
        }
    }

    fn pop(&mut self) -> Option<(Option<Addressee>, Message)> {
        while let Some((addressee, queue)) = self.queues.front_mut() {
            if let Some(message) = queue.pop() {
                self.messages -= 1;
                return Some((addressee.clone(), message));
            }
            self.queues.pop_front();
        }
        None
    }
}

impl Iterator for UnsentMessages {
    type Item = Unsent;

    fn next(&mut self) -> Option<Unsent> {
        let (addressee, message) = self.pop()?;
        let (peer, endpoint, routing_id) = match addressee {
            Some(Addressee { peer, endpoint, routing_id }) => {
                (Some(peer), Some(Arc::unwrap_or_clone(endpoint)), routing_id)
            }
            None => (None, None, Bytes::new()),
        };
        Some(Unsent { peer, endpoint, routing_id, message })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.messages, Some(self.messages))
    }
}

impl ExactSizeIterator for UnsentMessages {}
impl FusedIterator for UnsentMessages {}
