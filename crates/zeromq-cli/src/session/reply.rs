//! Replying to requests.

use zeromq_async::{Frame, Message};

use super::printer::Printer;
use super::receiver::Receiver;
use super::sender::Sender;
use crate::failure::Failure;
use crate::input::Input;

/// The replies to send.
#[derive(Debug)]
pub(super) enum Replies {
    /// The request itself.
    Echo,
    /// The same body for every request. `routed` keeps the envelope of a ROUTER's request.
    Fixed { body: Message, routed: bool },
    /// The messages of the input, one per request.
    Input(Input),
}

impl Replies {
    fn is_exhausted(&self) -> bool {
        matches!(self, Self::Input(input) if input.is_exhausted())
    }

    /// The reply to a request. `None` at the end of the input.
    async fn next(&mut self, request: Message) -> Result<Option<Message>, Failure> {
        match self {
            Self::Echo => Ok(Some(request)),
            Self::Fixed { body, routed: false } => Ok(Some(body.clone())),
            Self::Fixed { body, routed: true } => {
                Ok(Some(envelope(&request).iter().chain(&*body).cloned().collect()))
            }
            Self::Input(input) => input.next().await,
        }
    }
}

/// Prints requests and replies to each, until `--count` is reached or no reply is left.
pub(super) async fn run(
    mut replies: Replies,
    mut sender: Sender,
    mut receiver: Receiver,
    mut printer: Printer,
) -> Result<(), Failure> {
    loop {
        let request = receiver.recv().await?;
        let printed = printer.print(&request)?;
        let Some(reply) = replies.next(request).await? else { return Ok(()) };
        sender.send(reply).await?;
        if printed.is_break() || replies.is_exhausted() {
            return Ok(());
        }
    }
}

/// The frames that route the reply: up to and including the empty delimiter that REQ adds, or only the
/// routing id if there is no delimiter.
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
