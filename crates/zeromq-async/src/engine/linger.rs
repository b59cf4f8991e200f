//! Ends one peer, after its queue is written or the linger time is over.

use std::future::poll_fn;
use std::sync::Arc;

use tokio::time::timeout;

use super::core::SocketCore;
use super::task::{Interrupted, Task};
use crate::pipe::{Pipe, Waiter};

/// Closes a pipe. Its queue is written within the linger time.
pub(super) fn close_within_linger(core: &Arc<SocketCore>, pipe: &Arc<Pipe>) {
    after_linger(core, pipe, || ());
}

/// Closes a pipe, and calls `then` when its queue is written or the linger time is over.
pub(super) fn after_linger(
    core: &Arc<SocketCore>,
    pipe: &Arc<Pipe>,
    then: impl FnOnce() + Send + 'static,
) {
    pipe.close();
    if pipe.outbound.queued() > 0
        && let Some(runtime) = core.runtimes.oldest_or_current()
    {
        core.spawn(&runtime, Lingering { core: core.clone(), pipe: pipe.clone(), then });
    } else {
        then();
    }
}

/// Waits until the queue is written.
pub(super) async fn flush(core: &SocketCore, pipe: &Arc<Pipe>) {
    let mut waiter = Waiter::new(core.peers.clone());
    poll_fn(|cx| waiter.poll_flush_of(pipe, cx)).await;
}

struct Lingering<F> {
    core: Arc<SocketCore>,
    pipe: Arc<Pipe>,
    then: F,
}

impl<F: FnOnce() + Send + 'static> Task for Lingering<F> {
    async fn run(&mut self) {
        let flush = flush(&self.core, &self.pipe);
        let flush = self.core.shutdown.abort.run_until_cancelled(flush);
        let flushed = match self.core.options.linger {
            None => flush.await,
            Some(limit) => timeout(limit, flush).await.ok().flatten(),
        };
        if flushed.is_none() {
            self.pipe.outbound.abort();
        }
    }

    fn end(self, interrupted: Option<Interrupted>) {
        if interrupted.is_some() {
            self.pipe.outbound.abort();
        }
        (self.then)();
    }
}
