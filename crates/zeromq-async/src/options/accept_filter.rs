//! Whose connections are accepted at all.

use std::fmt;
use std::sync::Arc;

use crate::identity::PeerAddress;

/// Says of an address whether a handshake is worth beginning.
#[derive(Clone)]
pub(crate) struct AcceptFilter(Arc<dyn Fn(&PeerAddress) -> bool + Send + Sync>);

impl AcceptFilter {
    pub(crate) fn new(filter: impl Fn(&PeerAddress) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(filter))
    }

    pub(crate) fn accepts(&self, address: &PeerAddress) -> bool {
        (self.0)(address)
    }
}

impl fmt::Debug for AcceptFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AcceptFilter(..)")
    }
}
