//! Sending and receiving on one socket.

use std::future::pending;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::printer::Printer;
use super::receiver::Receiver;
use super::sender::Sender;
use super::transfer;
use crate::failure::Failure;
use crate::input::Input;

/// Sends requests and prints the reply to each before the next, until the input or `--count` ends.
pub(super) async fn in_lockstep(
    mut input: Input,
    mut sender: Sender,
    mut receiver: Receiver,
    mut printer: Printer,
) -> Result<(), Failure> {
    while let Some(request) = input.next().await? {
        sender.send(request).await?;
        input.sent();
        if printer.print(&receiver.recv().await?)?.is_break() {
            break;
        }
    }
    Ok(())
}

/// Sends the input and prints received messages concurrently, until `--count` messages are received,
/// or nothing has arrived for `idle` after the end of the input.
///
/// All messages of the command line are sent before this ends. It does not wait for the end of
/// standard input.
pub(super) async fn concurrently(
    input: Input,
    sender: Sender,
    mut receiver: Receiver,
    mut printer: Printer,
    idle: Option<Duration>,
) -> Result<(), Failure> {
    let is_finite = input.is_finite();
    let mut sending = JoinSet::new();
    sending.spawn(transfer::send(input, sender, None));
    loop {
        tokio::select! {
            sent = join(&mut sending), if !sending.is_empty() => sent?,
            received = receiver.recv() => {
                if printer.print(&received?)?.is_break() {
                    break;
                }
            }
            () = wait(idle), if sending.is_empty() => return Ok(()),
        }
    }
    if is_finite { join(&mut sending).await } else { Ok(()) }
}

/// Waits without end for `None`.
async fn wait(idle: Option<Duration>) {
    match idle {
        Some(idle) => sleep(idle).await,
        None => pending().await,
    }
}

async fn join(sending: &mut JoinSet<Result<(), Failure>>) -> Result<(), Failure> {
    match sending.join_next().await {
        None => Ok(()),
        Some(sent) => sent.unwrap_or_else(|panic| Err(Failure::error(panic))),
    }
}
