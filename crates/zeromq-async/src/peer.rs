//! The waist: a pipe for each peer, and the set of them that a socket has.
//!
//! Patterns see pipes, the engine sees pipes, and neither sees the other. A pipe belongs to a
//! peer and not to a connection: on the connecting side it outlives every reconnect, as 28/REQREP
//! and its siblings ask.

mod hot_pipes;
mod inbound;
mod ledger;
mod link;
mod look;
mod outbound;
mod peer_set;
mod pipe;
mod ready_queue;
mod wakers;

pub(crate) use hot_pipes::HotPipes;
pub(crate) use inbound::{Inbound, Pushed, Refill};
pub(crate) use ledger::{Account, Counts, Ledger};
pub(crate) use link::Stream;
pub(crate) use look::{looking, only_looks};
pub use outbound::Refused;
pub(crate) use outbound::{Drained, Outbound};
pub(crate) use peer_set::PeerSet;
pub(crate) use pipe::{Pattern, Pipe};
pub(crate) use ready_queue::{Arrival, ReadyQueue};
pub(crate) use wakers::{SendWaiters, Waiter, Wakers};
