//! The receivers of the input's messages, for socket types that address each message.

use zeromq_async::{Frame, Message};

use crate::failure::Failure;
use crate::format;

/// What goes in front of a message of the input.
#[derive(Debug, Default)]
pub(crate) enum Targets {
    /// Nothing: the message is complete.
    #[default]
    None,
    /// Each address in turn.
    InTurn { addresses: Vec<Frame>, next: usize },
    /// The first frame of the message is the address.
    FirstFrame,
    /// The same, in hexadecimal.
    HexId,
}

impl Targets {
    /// Takes turns. Without addresses, messages are complete.
    pub(crate) fn in_turn(addresses: Vec<Frame>) -> Self {
        if addresses.is_empty() { Self::None } else { Self::InTurn { addresses, next: 0 } }
    }

    /// Whether a message has an address and one frame.
    pub(crate) fn are_in_messages(&self) -> bool {
        matches!(self, Self::FirstFrame | Self::HexId)
    }

    /// Puts the next address in front of the message.
    pub(crate) fn address(&mut self, mut message: Message) -> Result<Message, Failure> {
        match self {
            Self::None | Self::FirstFrame => {}
            Self::InTurn { addresses, next } => {
                message.push_front(addresses[*next].clone());
                *next = (*next + 1) % addresses.len();
            }
            Self::HexId => {
                let id = message.pop_front().and_then(|digits| format::from_hex(&digits));
                let id = id.filter(|id| !id.is_empty() && message.frame_count() > 0);
                let id = id.ok_or_else(unaddressed)?;
                message.push_front(id);
            }
        }
        Ok(message)
    }
}

fn unaddressed() -> Failure {
    let text =
        "a message begins with the id of the connection in hexadecimal, as received messages do";
    Failure::about("--delimiter", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_take_turns() {
        let mut targets = Targets::in_turn(vec!["a".into(), "b".into()]);
        for address in ["a", "b", "a"] {
            let addressed = targets.address("x".into()).unwrap();
            assert_eq!(addressed, Message::multipart([address, "x"]));
        }
        assert_eq!(Targets::in_turn(Vec::new()).address("x".into()).unwrap(), "x");
    }

    #[test]
    fn hex_id_names_the_connection() {
        let address =
            |frames: &[&str]| Targets::HexId.address(frames.iter().copied().collect::<Message>());
        let expected = Message::multipart([&b"\0\xff"[..], b"x"]);
        assert_eq!(address(&["00fF", "x"]).unwrap(), expected);
        for wrong in [&["00ff"][..], &["0", "x"], &["zz", "x"], &["", "x"]] {
            assert!(address(wrong).is_err(), "{wrong:?}");
        }
    }
}
