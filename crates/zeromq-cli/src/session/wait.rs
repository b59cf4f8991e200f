//! Waiting for subscribers: a peer of a publisher is ready when it has subscribed.

use std::ops::ControlFlow;

use futures_util::StreamExt;
use tokio::task::JoinSet;

use super::{Inlet, Printer};
use crate::exit::Failure;

/// Waits until there are as many subscriptions as peers are asked for, or the printer has printed
/// enough of what comes meanwhile.
///
/// XPUB does not say from whom a subscription is: a peer with two of them counts as two.
pub(super) async fn for_subscribers(
    peers: usize,
    inlet: &mut Inlet,
    mut printer: Option<&mut Printer>,
) -> Result<ControlFlow<()>, Failure> {
    let mut subscriptions = 0_usize;
    while subscriptions < peers {
        let notice = inlet.recv().await?;
        if let Some(printer) = &mut printer
            && printer.print(&notice)?.is_break()
        {
            return Ok(ControlFlow::Break(()));
        }
        match notice.first().and_then(|topic| topic.first()) {
            Some(1) => subscriptions += 1,
            Some(0) => subscriptions = subscriptions.saturating_sub(1),
            _ => {}
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Receives all that comes and throws it away, until the result is dropped.
pub(super) fn ignore(inlet: Inlet) -> JoinSet<()> {
    let mut ignoring = JoinSet::new();
    let mut stream = inlet.into_stream();
    ignoring.spawn(async move { while stream.next().await.is_some() {} });
    ignoring
}
