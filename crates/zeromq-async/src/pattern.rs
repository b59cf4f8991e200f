//! The rules of RFC 28 to 31 as layers: poll logic over pipes, no I/O, no task, no clock.
//!
//! A layer is an [`Outgoing`], an [`Incoming`], or one of each over a shared state, so that every
//! socket splits into halves. Inside a socket the two traits stand in for `Sink` and `Stream`,
//! which the finished socket implements: `offer` takes a message in place or leaves it, where
//! `start_send` would have moved it, and `last_pipe` says who a message came from, which REQ, REP and ROUTER live by.
//!
//! | socket | outgoing, outermost first | incoming |
//! |---|---|---|
//! | REQ | `lockstep::Ask`, `envelope::Delimit`, `RoundRobin` | `lockstep::Hear`, `FairQueue` |
//! | REP | `reply::Reply`, `Addressed` | `reply::Request`, `FairQueue` |
//! | DEALER | `RoundRobin` | `FairQueue` |
//! | ROUTER | `Addressed` | `Identified`, `FairQueue` |
//! | PUB, XPUB | `Distribute` | XPUB: `FairQueue` |
//! | SUB, XSUB | XSUB: `Upstream` | SUB: `Filter`; `FairQueue` |
//! | PUSH / PULL | `RoundRobin` | `FairQueue` |
//! | PAIR | `Exclusive` | `FairQueue` |

use std::sync::Arc;
use std::task::{Context, Poll};

use zmtp::Message;

use crate::error::{RecvError, SendErrorKind};
use crate::identity::Peer;
use crate::peer::Pipe;

mod addressed;
mod budget;
mod distribute;
mod exclusive;
mod fair_queue;
mod held;
mod identified;
mod lockstep;
#[cfg(all(test, zmq_loom))]
mod models;
mod reply;
mod round_robin;
mod subscribers;
mod subscription;
mod upstream;

pub(crate) use addressed::{Addressed, Routes};
pub(crate) use budget::Budget;
pub(crate) use distribute::Distribute;
pub(crate) use exclusive::{Exclusive, Occupancy};
pub(crate) use fair_queue::FairQueue;
pub(crate) use identified::Identified;
pub(crate) use lockstep::{Ask, Hear, Turn};
pub(crate) use reply::{Reply, Request, Requester};
pub(crate) use round_robin::RoundRobin;
pub(crate) use subscribers::Subscribers;
pub(crate) use subscription::{Change, SubscriptionTrie};
pub(crate) use upstream::{Filter, Subscriptions, Upstream};

/// Where messages of the application go.
pub(crate) trait Outgoing: Send + Unpin {
    /// Ready when `offer` will probably take a message.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>>;

    /// Sends the whole message, and leaves nothing of meaning in its place; or leaves it as it was.
    fn offer(&mut self, message: &mut Message) -> Result<(), Refusal>;

    /// The same, and tells `before` of each pipe just before the message is offered to it.
    fn offer_after(
        &mut self,
        message: &mut Message,
        _before: impl Fn(&Arc<Pipe>),
    ) -> Result<(), Refusal> {
        self.offer(message)
    }

    /// Ready when everything sent so far is with the kernel.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// The pipe that took the last message.
    fn last_pipe(&self) -> Option<&Arc<Pipe>> {
        None
    }
}

/// Where messages for the application come from.
pub(crate) trait Incoming: Send + Unpin {
    /// The next message; [`RecvError::Closed`] is the end of them.
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>>;

    /// Ready when `poll_recv` has a message to give, which stays where it is, or an error.
    fn poll_recv_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>>;

    /// The pipe that the last message came from.
    fn last_pipe(&self) -> Option<&Arc<Pipe>>;

    /// Who the last message is from, over the connection that it came over. Asked before the next is
    /// polled for, or not at all.
    fn last_peer(&self) -> Option<&Peer>;

    /// Drops what has come from the pipes that had messages when last looked at, as no reply to a
    /// request: all at once, however much it is.
    fn drop_unasked(&mut self) {}
}

/// What knows the topics that are subscribed to.
pub(crate) trait CountTopics {
    /// How many different ones there are.
    fn count_topics(&self) -> usize;
}

/// Why a message was not taken.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// There is no room now; `poll_ready` says when there is.
    Full,
    /// It will not be taken.
    Failed(SendErrorKind),
}
