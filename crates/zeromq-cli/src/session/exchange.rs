//! Both directions at once, neither waiting for the other.

use tokio::task::JoinSet;

use super::{Inlet, Outlet, Printer, transfer};
use crate::exit::Failure;
use crate::input::Input;

/// Sends the input, and prints until enough is received.
///
/// Messages of the command line are all sent before this ends; standard input, which may never
/// end, is not waited for.
pub(super) async fn run(
    input: Input,
    outlet: Outlet,
    inlet: Inlet,
    printer: Printer,
) -> Result<(), Failure> {
    let is_given = input.is_given();
    let mut sending = JoinSet::new();
    sending.spawn(transfer::send(input, outlet, None));
    let mut receiving = std::pin::pin!(transfer::receive(inlet, printer));
    tokio::select! {
        sent = join(&mut sending) => {
            sent?;
            receiving.await
        }
        received = &mut receiving => {
            received?;
            if is_given { join(&mut sending).await } else { Ok(()) }
        }
    }
}

async fn join(sending: &mut JoinSet<Result<(), Failure>>) -> Result<(), Failure> {
    match sending.join_next().await {
        None => Ok(()),
        Some(sent) => sent.unwrap_or_else(|panic| Err(Failure::error(panic))),
    }
}
