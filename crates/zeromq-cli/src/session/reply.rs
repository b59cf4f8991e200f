//! Replies, each to the request before it.

use zeromq_async::{Frame, Message};

use super::{Inlet, Outlet, Printer};
use crate::arguments::Plan;
use crate::exit::Failure;
use crate::input::Input;
use crate::kind::Kind;

/// What requests are answered with.
#[derive(Debug)]
pub(super) enum Answer {
    /// The request itself.
    Echo,
    /// Always the same; where requests begin with a routing id, in the request's envelope.
    Same { body: Message, routed: bool },
    /// The next message of the input.
    Next(Input),
}

impl Answer {
    /// What the command line says that every request is answered with, if it does.
    pub(super) fn new(plan: &Plan) -> Option<Self> {
        if plan.answering.echo {
            return Some(Self::Echo);
        }
        let text = plan.answering.reply.clone()?.into_encoded_bytes();
        Some(Self::Same { body: plan.delimiter().split(text), routed: plan.kind == Kind::Router })
    }

    fn is_used_up(&self) -> bool {
        matches!(self, Self::Next(input) if input.is_used_up())
    }

    /// The reply to a request; `None` at the end of the input.
    async fn to(&mut self, request: Message) -> Result<Option<Message>, Failure> {
        match self {
            Self::Echo => Ok(Some(request)),
            Self::Same { body, routed: false } => Ok(Some(body.clone())),
            Self::Same { body, routed: true } => {
                Ok(Some(envelope(&request).iter().chain(&*body).cloned().collect()))
            }
            Self::Next(input) => input.next().await,
        }
    }
}

/// Prints requests and answers them until there have been enough, or no answer is left.
pub(super) async fn run(
    mut answer: Answer,
    mut outlet: Outlet,
    mut inlet: Inlet,
    mut printer: Printer,
) -> Result<(), Failure> {
    loop {
        let request = inlet.recv().await?;
        let printed = printer.print(&request)?;
        let Some(reply) = answer.to(request).await? else { return Ok(()) };
        outlet.send(reply).await?;
        if printed.is_break() || answer.is_used_up() {
            return Ok(());
        }
    }
}

/// The frames that lead a reply back: up to the empty one that REQ puts before its request, or
/// where there is none, the routing id alone.
fn envelope(request: &Message) -> &[Frame] {
    let frames = request.frames();
    let end = frames.iter().skip(1).position(|frame| frame.is_empty()).map_or(1, |at| at + 2);
    frames.get(..end).unwrap_or(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelope_ends_at_first_empty_frame() {
        let of = |frames: &[&str]| {
            let request: Message = frames.iter().copied().collect();
            envelope(&request).len()
        };
        assert_eq!(of(&["id", "", "body", "", "more"]), 2);
        assert_eq!(of(&["id", "hop", "", "body"]), 3);
        assert_eq!(of(&["id", "body"]), 1);
        assert_eq!(of(&["id", ""]), 2);
    }
}
