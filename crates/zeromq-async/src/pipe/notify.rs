//! How queues, tasks, senders and the receiver of a socket wake each other.
//!
//! Nothing here knows a pipe. The lists are generic over a handle, and what a list asks of a handle
//! is a trait beside it.

mod look;
mod pending_writes;
mod ready_queue;
mod wakers;

use std::sync::Arc;

pub(crate) use look::{looking, only_looks};
pub(crate) use pending_writes::{PendingWrites, TaskState, WrittenByTask};
pub(crate) use ready_queue::{Arrival, Readable, ReadyQueue};
pub(crate) use wakers::{SendWaiters, Wakers};

/// What the pipes of a socket share to wake each other's tasks.
#[derive(Debug, Clone)]
pub(crate) struct Notify<H> {
    /// Pipes with messages for the receiver.
    pub(crate) ready: Arc<ReadyQueue<H>>,
    /// Senders that wait for room.
    pub(crate) senders: Arc<SendWaiters>,
    /// Pipes that wait for a connection task to write them.
    pub(crate) writes: Arc<PendingWrites<H>>,
}

impl<H> Default for Notify<H> {
    fn default() -> Self {
        Self { ready: Arc::default(), senders: Arc::default(), writes: Arc::default() }
    }
}
