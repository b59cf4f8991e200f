//! What handlers of 27/ZAP are asked, and what they reply.

use zeromq_async::Message;
use zeromq_auth::fuzzing;

use crate::input::Input;

fn message(octets: &[u8]) -> Message {
    let mut input = Input::new(octets);
    let mut frames = Vec::new();
    for _ in 0..input.below(12) {
        frames.push(input.slice());
    }
    Message::multipart(frames)
}

/// A reply is read, or there is a reason why not; what is read is the same when written and read.
pub fn zap_reply(octets: &[u8]) {
    fuzzing::zap_reply(message(octets));
}

/// A request is read, or not.
pub fn zap_request(octets: &[u8]) {
    fuzzing::zap_request(&message(octets));
}
