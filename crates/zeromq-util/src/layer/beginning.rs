//! Which poll of a send is its first.
//!
//! To a `Sink`, a send that is given up and another one look the same as one that goes on. So who
//! sends says which it is, to the layers that reckon time, in the thread for as long as the poll.

use super::place::{POLLED, Polled};

/// Restores what was said before, however the poll ends.
struct Said(bool);

impl Drop for Said {
    #[inline]
    fn drop(&mut self) {
        set(self.0);
    }
}

/// Polls for room, and says whether this is the first poll of a send.
#[inline]
pub(super) fn says<R>(begins: bool, poll: impl FnOnce() -> R) -> R {
    let _said = Said(is_first());
    set(begins);
    poll()
}

/// Whether a send begins with this poll, as far as is known: a wait before it was given up.
#[inline]
pub(super) fn is_first() -> bool {
    POLLED.get().begins
}

fn set(begins: bool) {
    let polled = POLLED.get();
    POLLED.set(Polled { begins, ..polled });
}
