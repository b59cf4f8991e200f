//! Requests to ZAP handlers and their replies (27/ZAP).

use zeromq_async::Message;
use zeromq_auth::fuzzing;

use crate::input::Input;

fn message(bytes: &[u8]) -> Message {
    let mut input = Input::new(bytes);
    let mut frames = Vec::new();
    for _ in 0..input.below(12) {
        frames.push(input.slice());
    }
    Message::multipart(frames)
}

/// Parses a reply. A parsed reply survives encoding and decoding.
pub fn zap_reply(bytes: &[u8]) {
    fuzzing::zap_reply(message(bytes));
}

/// Parses a request.
pub fn zap_request(bytes: &[u8]) {
    fuzzing::zap_request(&message(bytes));
}
