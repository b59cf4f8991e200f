//! Passes on some of the messages that a strategy receives.

use std::fmt::Debug;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use zmtp::Message;

use super::{Held, PeerHandle, ReceiveStrategy};
use crate::error::RecvError;
use crate::identity::Peer;
use crate::stats::Discarded;

/// Decides which messages a [`Filter`] passes on.
pub trait Criterion: Debug + Send + Sync {
    /// Whether to pass the message on.
    fn passes(&self, message: &Message) -> bool;

    /// Counts a message that is not passed on. By default it is
    /// [`filtered`](crate::Discarded::filtered).
    fn count(&self, _message: &Message, discarded: &mut Discarded) {
        discarded.filtered += 1;
    }
}

impl<C: Criterion + ?Sized> Criterion for Arc<C> {
    #[inline]
    fn passes(&self, message: &Message) -> bool {
        (**self).passes(message)
    }

    fn count(&self, message: &Message, discarded: &mut Discarded) {
        (**self).count(message, discarded);
    }
}

/// Passes on the messages that meet a criterion, and drops others.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use zeromq_async::pattern::{Criterion, FairQueue, Filter, Peers};
/// use zeromq_async::{Message, PushSocket, Receives, Socket, SocketKind, SocketType, Stacks};
///
/// #[derive(Debug)]
/// struct NotEmpty;
///
/// impl Criterion for NotEmpty {
///     fn passes(&self, message: &Message) -> bool {
///         message.size() > 0
///     }
/// }
///
/// enum FilteredPull {}
///
/// impl SocketKind for FilteredPull {
///     const TYPE: SocketType = SocketType::Pull;
///     type SendStack = ();
///     type ReceiveStack = Filter<FairQueue, NotEmpty>;
///     type Options = ();
///     type Control = ();
///
///     fn compose(peers: &Peers, _options: &()) -> Stacks<Self> {
///         let receive = Filter::new(FairQueue::new(peers), NotEmpty);
///         Stacks { send: (), receive, hooks: Arc::new(()), control: () }
///     }
/// }
///
/// impl Receives for FilteredPull {}
///
/// let mut pull = Socket::<FilteredPull>::new();
/// let mut push = PushSocket::new();
/// push.connect(pull.bind("inproc://filtered").await?)?;
/// push.send("").await?;
/// push.send("something").await?;
/// assert_eq!(pull.recv().await?, "something");
/// assert_eq!(pull.stats().discarded.filtered, 1);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Filter<S, C> {
    inner: S,
    criterion: C,
    /// A message that passed and was not yet received.
    held: Option<Held>,
}

impl<S, C> Filter<S, C> {
    /// Filters the messages of `inner`.
    pub fn new(inner: S, criterion: C) -> Self {
        Self { inner, criterion, held: None }
    }
}

impl<S: ReceiveStrategy, C: Criterion> Filter<S, C> {
    #[inline]
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        loop {
            let polled = self.inner.poll_recv(cx);
            match &polled {
                Poll::Ready(Ok(message)) if !self.criterion.passes(message) => self.count(message),
                // As it came: taken apart and put together again, the message would be copied.
                _ => return polled,
            }
        }
    }

    #[cold]
    fn count(&self, message: &Message) {
        if let Some(peer) = self.inner.last_handle() {
            peer.count_discarded(|discarded| self.criterion.count(message, discarded));
        }
    }
}

impl<S: ReceiveStrategy, C: Criterion> ReceiveStrategy for Filter<S, C> {
    #[inline]
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        match self.held.take() {
            Some(held) => Poll::Ready(Ok(held.take())),
            None => self.poll_next(cx),
        }
    }

    fn poll_recv_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        if self.held.is_none() {
            let message = ready!(self.poll_next(cx))?;
            self.held = Some(Held::new(self.inner.last_handle(), message));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_arrived(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        match self.held {
            Some(_) => Poll::Ready(Ok(())),
            None => self.inner.poll_arrived(cx),
        }
    }

    fn last_handle(&self) -> Option<&PeerHandle> {
        self.inner.last_handle()
    }

    fn last_peer(&self) -> Option<&Peer> {
        self.inner.last_peer()
    }

    fn drop_unasked(&mut self) {
        self.inner.drop_unasked();
    }
}
