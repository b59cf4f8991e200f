//! Waiting for subscribers before the first send.

use std::ops::ControlFlow;

use super::printer::Printer;
use super::receiver::Receiver;
use crate::failure::Failure;

/// Waits until there are this many subscriptions, or the printer has printed `--count` of them.
///
/// XPUB does not report the subscriber. A peer with two subscriptions counts as two.
pub(super) async fn wait_for_subscribers(
    count: usize,
    receiver: &mut Receiver,
    mut printer: Option<&mut Printer>,
) -> Result<ControlFlow<()>, Failure> {
    let mut subscriptions = 0_usize;
    while subscriptions < count {
        let message = receiver.recv().await?;
        if let Some(printer) = &mut printer
            && printer.print(&message)?.is_break()
        {
            return Ok(ControlFlow::Break(()));
        }
        match message.first().and_then(|frame| frame.first()) {
            Some(1) => subscriptions += 1,
            Some(0) => subscriptions = subscriptions.saturating_sub(1),
            _ => {}
        }
    }
    Ok(ControlFlow::Continue(()))
}
