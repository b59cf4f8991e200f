//! What happens to a message: order, queues, backpressure, cancellation, closing and the counts.

#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

mod batching;
mod cancel_safety;
mod close;
mod fairness;
mod high_water_mark;
mod leaving;
#[cfg(unix)]
mod ledger;
mod outcome;
mod readiness;
mod stats;
