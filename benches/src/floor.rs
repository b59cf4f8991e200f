//! Bare sockets, as fast as they go: what any messaging could reach at best.
//!
//! One way, a thread writes 64 KiB at a time, or a message where that is longer, and another reads
//! as much; there are no frames. Both ways it is a ping-pong of Tokio's.

mod exchange;
mod flow;
mod stream;

use std::convert::Infallible;

use crate::order::{Order, Role};
use crate::process::Failure;

/// Plays the role until the process is ended.
pub(crate) fn play(order: Order) -> Result<Infallible, Failure> {
    match order.role {
        Role::Pull => flow::pull(&order),
        Role::Push => flow::push(&order),
        Role::Rep | Role::Req | Role::Call => exchange::play(order),
        role => Err(Failure::new(format!("there is no floor for {role}"))),
    }
}
