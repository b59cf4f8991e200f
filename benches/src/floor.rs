//! Bare sockets at full speed: an upper bound for any messaging library.
//!
//! In one direction, a thread writes 64 KiB or one message at a time, whichever is larger, and
//! another thread reads as much, without framing. Round trips are a ping-pong over Tokio.

mod datagrams;
mod exchange;
mod flow;
mod stream;

use std::convert::Infallible;

use crate::order::{Order, Role};
use crate::process::Failure;

/// Plays the role until the process is killed.
pub(crate) fn play(order: Order) -> Result<Infallible, Failure> {
    match order.role {
        Role::Pull => flow::pull(&order),
        Role::Push => flow::push(&order),
        Role::Dish => datagrams::receive(&order),
        Role::Radio => datagrams::send(&order),
        Role::Rep | Role::Req | Role::Call => exchange::play(order),
        role => Err(Failure::new(format!("bare sockets do not support {role}"))),
    }
}
