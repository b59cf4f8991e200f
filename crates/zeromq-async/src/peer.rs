//! A pipe for each peer of a socket, and the set of them.
//!
//! Patterns and the engine meet here and nowhere else. A pipe belongs to a peer and not to a
//! connection: on the connecting side it outlives every reconnect, as 28/REQREP and its siblings
//! ask.

mod inbound;
mod ledger;
mod notify;
mod outbound;
mod peer_set;
mod pipe;
mod waiter;
mod writer;

pub(crate) use inbound::Refill;
pub(crate) use ledger::{DropCounts, Ledger};
pub(crate) use notify::{Arrival, ReadyQueue, looking, only_looks};
pub(crate) use outbound::Drained;
pub use outbound::Refused;
pub(crate) use peer_set::PeerSet;
pub(crate) use pipe::{Pattern, Pipe};
pub(crate) use waiter::Waiter;
pub(crate) use writer::FrameWriter;
