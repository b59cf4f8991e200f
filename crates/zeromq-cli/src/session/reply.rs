//! Replying to requests.

use zeromq_async::{Frame, Message, SocketType};

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
    /// The same body for every request.
    Fixed(Message),
    /// The messages of the input, one per request.
    Input(Input),
}

impl Replies {
    fn is_exhausted(&self) -> bool {
        matches!(self, Self::Input(input) if input.is_exhausted())
    }

    /// The reply to a request that has this envelope. `None` at the end of the input.
    async fn next(
        &mut self,
        request: Message,
        envelope: Envelope,
    ) -> Result<Option<Message>, Failure> {
        let body = match self {
            Self::Echo => return Ok(Some(request)),
            Self::Fixed(body) => Some(body.clone()),
            Self::Input(input) => input.next().await?,
        };
        Ok(body.map(|body| envelope.of(&request).iter().chain(&body).cloned().collect()))
    }
}

/// The frames of a request that route the reply, and are not part of its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Envelope {
    None,
    /// The routing id.
    First,
    /// Up to and including the empty delimiter that REQ adds, or only the routing id if there is no
    /// delimiter.
    ToDelimiter,
}

impl Envelope {
    fn of_type(kind: SocketType) -> Self {
        match kind {
            SocketType::Router => Self::ToDelimiter,
            SocketType::Peer | SocketType::Server => Self::First,
            _ => Self::None,
        }
    }

    fn of(self, request: &Message) -> &[Frame] {
        let frames = request.frames();
        let end = match self {
            Self::None => 0,
            Self::First => 1,
            Self::ToDelimiter => {
                let delimiter = frames.iter().skip(1).position(|frame| frame.is_empty());
                delimiter.map_or(1, |at| at + 2)
            }
        };
        frames.get(..end).unwrap_or(frames)
    }
}

/// Prints requests and replies to each, until `--count` is reached or no reply is left.
pub(super) async fn run(
    mut replies: Replies,
    kind: SocketType,
    mut sender: Sender,
    mut receiver: Receiver,
    mut printer: Printer,
) -> Result<(), Failure> {
    let envelope = Envelope::of_type(kind);
    loop {
        let request = receiver.recv().await?;
        let printed = printer.print(&request)?;
        if !is_notice(kind, &request) {
            let Some(reply) = replies.next(request, envelope).await? else { return Ok(()) };
            sender.reply(reply).await?;
        }
        if printed.is_break() || replies.is_exhausted() {
            return Ok(());
        }
    }
}

/// Whether this tells of a connection that was made or lost. An empty reply would end it.
fn is_notice(kind: SocketType, message: &Message) -> bool {
    kind == SocketType::Stream && message.last().is_none_or(|chunk| chunk.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelope_ends_at_first_empty_frame() {
        let of = |frames: &[&str]| {
            let request: Message = frames.iter().copied().collect();
            Envelope::ToDelimiter.of(&request).len()
        };
        assert_eq!(of(&["id", "", "body", "", "more"]), 2);
        assert_eq!(of(&["id", "hop", "", "body"]), 3);
        assert_eq!(of(&["id", "body"]), 1);
        assert_eq!(of(&["id", ""]), 2);
    }
}
