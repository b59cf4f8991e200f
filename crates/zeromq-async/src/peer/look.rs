//! Looking whether something is there, in place of waiting for it.

use std::sync::{Arc, LazyLock};
use std::task::{Context, Wake, Waker};

/// The waker of who only looks: it wakes nothing, and can be told from that of who waits.
///
/// `Waker::noop` wakes nothing either, and may not be the same as itself: it is told apart by the
/// address of a constant.
pub(crate) fn looking() -> &'static Waker {
    static LOOKING: LazyLock<Waker> = LazyLock::new(|| Waker::from(Arc::new(Nothing)));
    &LOOKING
}

/// Whether this is who only looks, and so must not take the place of who waits.
pub(crate) fn only_looks(cx: &Context<'_>) -> bool {
    cx.waker().data() == looking().data()
}

struct Nothing;

impl Wake for Nothing {
    fn wake(self: Arc<Self>) {}
}
