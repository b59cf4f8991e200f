//! One direction: input to peers, or peers to output.

use std::num::NonZeroU64;

use super::{Inlet, Outlet, Printer};
use crate::exit::Failure;
use crate::input::Input;

/// Sends until the input ends, or `count` messages are sent.
pub(super) async fn send(
    mut input: Input,
    mut outlet: Outlet,
    count: Option<NonZeroU64>,
) -> Result<(), Failure> {
    let mut left = count.map_or(u64::MAX, NonZeroU64::get);
    while left > 0
        && let Some(message) = input.next().await?
    {
        outlet.send(message).await?;
        input.sent();
        left -= 1;
    }
    Ok(())
}

/// Prints until enough is received.
pub(super) async fn receive(mut inlet: Inlet, mut printer: Printer) -> Result<(), Failure> {
    while printer.print(&inlet.recv().await?)?.is_continue() {}
    Ok(())
}
