//! An empty message to each new peer, so that a ROUTER learns of it (`ZMQ_PROBE_ROUTER`).

use std::sync::Arc;

use zmtp::{Message, PeerInfo, Subscription};

use crate::error::{Rejected, SubscriptionsExceeded};
use crate::peer::{Pattern, Pipe};

/// Sends the probe over each new connection, and otherwise does what `inner` does.
pub(crate) struct Probe<P> {
    inner: Arc<P>,
}

impl<P: Pattern> Probe<P> {
    /// `inner` with the probe, where that is `wanted`.
    pub(crate) fn around(inner: Arc<P>, wanted: bool) -> Arc<dyn Pattern>
    where
        P: 'static,
    {
        if wanted { Arc::new(Self { inner }) } else { inner }
    }
}

impl<P: Pattern> Pattern for Probe<P> {
    fn join(&self, pipe: &Arc<Pipe>) -> Result<(), Rejected> {
        self.inner.join(pipe)
    }

    fn admit(&self, pipe: &Arc<Pipe>, peer: &PeerInfo) -> Result<Option<Arc<Pipe>>, Rejected> {
        self.inner.admit(pipe, peer)
    }

    fn connected(&self, pipe: &Arc<Pipe>) {
        self.inner.connected(pipe);
        // Where the queue is full already, its messages tell the ROUTER as well.
        pipe.send_own(Message::new());
    }

    fn disconnected(&self, pipe: &Arc<Pipe>) {
        self.inner.disconnected(pipe);
    }

    fn leave(&self, pipe: &Arc<Pipe>) {
        self.inner.leave(pipe);
    }

    fn subscription(
        &self,
        pipe: &Arc<Pipe>,
        change: Subscription,
    ) -> Result<(), SubscriptionsExceeded> {
        self.inner.subscription(pipe, change)
    }

    fn takes_subscriptions(&self) -> bool {
        self.inner.takes_subscriptions()
    }
}
