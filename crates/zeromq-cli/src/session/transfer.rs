//! Sending only, or receiving only.

use std::num::NonZeroU64;

use super::printer::Printer;
use super::receiver::Receiver;
use super::sender::Sender;
use crate::failure::Failure;
use crate::input::Input;

/// Sends until the input ends or `count` messages are sent.
pub(super) async fn send(
    mut input: Input,
    mut sender: Sender,
    count: Option<NonZeroU64>,
) -> Result<(), Failure> {
    let mut remaining = count.map_or(u64::MAX, NonZeroU64::get);
    while remaining > 0
        && let Some(message) = input.next().await?
    {
        sender.send(message).await?;
        input.sent();
        remaining -= 1;
    }
    Ok(())
}

/// Prints received messages, up to `--count`.
pub(super) async fn receive(mut receiver: Receiver, mut printer: Printer) -> Result<(), Failure> {
    while printer.print(&receiver.recv().await?)?.is_continue() {}
    Ok(())
}
