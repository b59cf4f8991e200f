//! A call of the service, and its panics.

use std::any::Any;
use std::future::Future;
use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The payload of a panic.
pub(super) type Panic = Box<dyn Any + Send>;

/// A future of the service and the envelope of its reply. It catches panics of the future and of its
/// drop.
pub(super) struct Call<A, F> {
    address: Option<A>,
    serving: Option<Pin<Box<F>>>,
}

impl<A, F> Call<A, F> {
    pub(super) fn new(address: A, serving: F) -> Self {
        Self { address: Some(address), serving: Some(Box::pin(serving)) }
    }
}

impl<A: Unpin, F: Future> Future for Call<A, F> {
    type Output = (A, Result<F::Output, Panic>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let serving = self.serving.as_mut().expect("a future is not polled after it completed");
        let outcome = match catch_unwind(AssertUnwindSafe(|| serving.as_mut().poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(panic) => Err(panic),
        };
        drop_caught(self.serving.take());
        let address = self.address.take().expect("a future is not polled after it completed");
        Poll::Ready((address, outcome))
    }
}

impl<A, F> Drop for Call<A, F> {
    fn drop(&mut self) {
        drop_caught(self.serving.take());
    }
}

/// Drops a value of the service, and catches panics of the drop.
pub(super) fn drop_caught<T>(value: T) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        tracing::error!("a value of the service panicked when it was dropped");
        // The payload of the panic may panic too.
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
            forget(again);
        }
    }
}
