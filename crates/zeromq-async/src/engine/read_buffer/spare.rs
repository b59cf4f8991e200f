//! Read buffers from before: memory that is filled again costs the kernel no new pages.

use std::cell::RefCell;
use std::collections::VecDeque;

use bytes::BytesMut;

/// Buffers that a thread keeps, of whichever connections: as many as one turn of a connection fills.
const KEPT: usize = 8;

thread_local! {
    static SPARE: RefCell<VecDeque<BytesMut>> = const { RefCell::new(VecDeque::new()) };
}

/// A buffer with this much room: one of those from before, if all messages that were cut from it
/// are gone.
pub(super) fn take(room: usize) -> BytesMut {
    let spare = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        let place = spare.iter_mut().position(|buffer| buffer.try_reclaim(room))?;
        spare.remove(place)
    });
    spare.ok().flatten().unwrap_or_else(|| BytesMut::with_capacity(room))
}

/// Keeps a share in the memory of a buffer, which can be had again when nobody else has one.
pub(super) fn give(mut buffer: BytesMut) {
    buffer.clear();
    // A thread that ends keeps nothing.
    let _ = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        spare.truncate(KEPT - 1);
        spare.push_front(buffer);
    });
}
