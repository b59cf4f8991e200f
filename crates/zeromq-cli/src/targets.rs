//! Where the messages of the input go, for socket types whose messages name it.

use zeromq_async::{Frame, Message};

/// Addresses that take turns. Without any, messages are sent as they are.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    addresses: Vec<Frame>,
    next: usize,
}

impl Targets {
    pub(crate) fn new(addresses: Vec<Frame>) -> Self {
        Self { addresses, next: 0 }
    }

    /// Puts the next address in front of the message.
    pub(crate) fn address(&mut self, mut message: Message) -> Message {
        if let Some(address) = self.addresses.get(self.next) {
            message.push_front(address.clone());
            self.next = (self.next + 1) % self.addresses.len();
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_take_turns() {
        let mut targets = Targets::new(vec!["a".into(), "b".into()]);
        for address in ["a", "b", "a"] {
            assert_eq!(targets.address("x".into()), Message::multipart([address, "x"]));
        }
        assert_eq!(Targets::default().address("x".into()), "x");
    }
}
