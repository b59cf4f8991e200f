//! A waker for a poll that looks and does not wait.

use std::sync::{Arc, LazyLock};
use std::task::{Context, Wake, Waker};

/// The waker of a poll that does not wait. It wakes nothing, and [`only_looks`] recognises it.
///
/// `Waker::noop` cannot serve: it may differ from itself, because the address of a constant is not
/// unique.
pub(crate) fn looking() -> &'static Waker {
    static LOOKING: LazyLock<Waker> = LazyLock::new(|| Waker::from(Arc::new(Nothing)));
    &LOOKING
}

/// Whether this poll does not wait. It must not replace the waker of one that does.
pub(crate) fn only_looks(cx: &Context<'_>) -> bool {
    cx.waker().data() == looking().data()
}

struct Nothing;

impl Wake for Nothing {
    fn wake(self: Arc<Self>) {}
}
