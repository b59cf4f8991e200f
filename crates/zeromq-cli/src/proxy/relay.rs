//! The loops that forward.

use tokio::task::JoinSet;

use super::Side;
use super::capture::Capture;
use super::side::{Source, Target};
use crate::exit::Failure;

/// Forwards in each direction that there is, neither waiting for the other.
pub(super) async fn both_ways(front: Side, back: Side, capture: Capture) -> Result<(), Failure> {
    let mut directions = JoinSet::new();
    for (source, target) in [(front.source, back.target), (back.source, front.target)] {
        match (source, target) {
            (Some(source), Some(target)) => {
                directions.spawn(relay(source, target, capture.clone()));
            }
            (Some(source), None) => {
                directions.spawn(discard(source));
            }
            (None, _) => {}
        }
    }
    // None ends but by an error.
    match directions.join_next().await {
        None => Ok(()),
        Some(ended) => ended.unwrap_or_else(|panic| Err(Failure::error(panic))),
    }
}

async fn relay(mut from: Source, mut to: Target, capture: Capture) -> Result<(), Failure> {
    loop {
        to.ready().await?;
        let message = from.recv().await?;
        capture.copy(&message).await?;
        to.send(message).await?;
    }
}

/// Receives what the other side cannot send, such as subscriptions for a SUB, lest it pile up.
async fn discard(mut from: Source) -> Result<(), Failure> {
    loop {
        from.recv().await?;
    }
}

/// Forwards one request and its reply, then the next, as REQ and REP ask for.
pub(super) async fn in_turn(asked: Side, asking: Side, capture: Capture) -> Result<(), Failure> {
    let (Some(mut requests), Some(mut replies)) = (asked.source, asked.target) else {
        return Ok(());
    };
    let (Some(mut answers), Some(mut service)) = (asking.source, asking.target) else {
        return Ok(());
    };
    loop {
        service.ready().await?;
        let request = requests.recv().await?;
        capture.copy(&request).await?;
        let reply = loop {
            service.send(request.clone()).await?;
            // A service that goes away leaves the request to the next.
            if let Some(reply) = answers.recv_reply().await? {
                break reply;
            }
        };
        capture.copy(&reply).await?;
        replies.send(reply).await?;
    }
}
