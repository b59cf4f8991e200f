//! Reuses read buffers, because the kernel need not map new pages for them.

use std::cell::RefCell;
use std::collections::VecDeque;

use bytes::BytesMut;

/// How many buffers a thread keeps: as many as one poll of a connection fills.
const KEPT: usize = 8;

thread_local! {
    static SPARE: RefCell<VecDeque<BytesMut>> = const { RefCell::new(VecDeque::new()) };
}

/// Takes a buffer of this capacity: a spare one, if all messages cut from it are dropped.
pub(super) fn take(room: usize) -> BytesMut {
    let spare = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        let place = spare.iter_mut().position(|buffer| buffer.try_reclaim(room))?;
        spare.remove(place)
    });
    spare.ok().flatten().unwrap_or_else(|| BytesMut::with_capacity(room))
}

/// Keeps a buffer, to reuse its memory when all messages cut from it are dropped.
pub(super) fn give(mut buffer: BytesMut) {
    buffer.clear();
    // Fails in a thread that ends.
    let _ = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        spare.truncate(KEPT - 1);
        spare.push_front(buffer);
    });
}
