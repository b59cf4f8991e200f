//! One request that is being served: the service's code, and what its panics cost.

use std::any::Any;
use std::future::Future;
use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a panic says.
pub(super) type Panic = Box<dyn Any + Send>;

/// A future of the service's, and where the reply goes. Neither a panic of it nor one of its drop gets
/// out of this.
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
        let serving = self.serving.as_mut().expect("a future is not polled when it is done");
        let outcome = match catch_unwind(AssertUnwindSafe(|| serving.as_mut().poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(panic) => Err(panic),
        };
        let_go(self.serving.take());
        let address = self.address.take().expect("a future is not polled when it is done");
        Poll::Ready((address, outcome))
    }
}

impl<A, F> Drop for Call<A, F> {
    fn drop(&mut self) {
        let_go(self.serving.take());
    }
}

/// Drops what is the service's, and goes on where that panics.
pub(super) fn let_go<T>(its: T) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(its))) {
        tracing::error!("what a service made panicked when it was dropped");
        // What a panic says may panic in turn.
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
            forget(again);
        }
    }
}
