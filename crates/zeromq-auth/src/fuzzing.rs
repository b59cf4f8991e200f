//! Doors into private parts, for the fuzz targets in `tests/fuzz`. Not public API.

use zeromq_async::Message;

use crate::zap::frames as zap_frames;

/// Reads a reply of a ZAP handler; one that can be read is written and read again.
///
/// # Panics
///
/// When it is another one then.
pub fn zap_reply(reply: Message) {
    zap_frames::fuzz_reply(reply);
}

/// Reads a request to a ZAP handler, the frames behind the delimiter.
pub fn zap_request(body: &Message) {
    zap_frames::fuzz_request(body);
}
