//! Access to private items for the fuzz targets in `tests/fuzz`. Not public API.

use zeromq_async::Message;

use crate::zap::frames;

/// Decodes a reply of a ZAP handler. A decoded reply survives encoding and decoding.
///
/// # Panics
///
/// The decoded reply differs.
pub fn zap_reply(reply: Message) {
    frames::fuzz_reply(reply);
}

/// Decodes a ZAP request, given the frames after the delimiter.
pub fn zap_request(body: &Message) {
    frames::fuzz_request(body);
}
