//! What a socket is bound to, found in one step under every name that binding gave it.

use std::collections::HashMap;
use std::sync::Arc;

use super::Bound;
use super::accept::Accepting;
use crate::endpoint::Endpoint;
use crate::transport;

/// The endpoints that a socket is bound to.
#[derive(Debug, Default)]
pub(super) struct BoundEndpoints {
    /// As bound, every wildcard replaced. A listener that was handed over may have the endpoint of
    /// another one.
    by_endpoint: HashMap<Endpoint, Vec<Bound>>,
    /// The names asked for where they are others, with the port that was found.
    names: HashMap<Endpoint, Endpoint>,
}

impl BoundEndpoints {
    pub(super) fn add(&mut self, endpoint: &Endpoint, asked: &Endpoint, bound: Bound) {
        let asked = asked.at_port_of(endpoint);
        if asked != *endpoint && !asked.is_any_path() {
            self.names.insert(asked, endpoint.clone());
        }
        self.by_endpoint.entry(endpoint.clone()).or_default().push(bound);
    }

    /// Removes an endpoint, by itself or by the name that was asked for.
    pub(super) fn remove(&mut self, endpoint: &Endpoint) -> Option<(Endpoint, Vec<Bound>)> {
        if let Some(removed) = self.by_endpoint.remove_entry(endpoint) {
            return Some(removed);
        }
        let bound = self.names.remove(endpoint)?;
        self.by_endpoint.remove_entry(&bound)
    }

    /// Removes a listener that has ended by itself.
    pub(super) fn forget(&mut self, endpoint: &Endpoint, ended: &Arc<Accepting>) {
        let Some(all) = self.by_endpoint.get_mut(endpoint) else { return };
        all.retain(|bound| match bound {
            Bound::Listener(accepting) => !Arc::ptr_eq(accepting, ended),
            Bound::Inproc => true,
        });
        if all.is_empty() {
            self.by_endpoint.remove(endpoint);
        }
    }

    /// The endpoints with the port of another one, which may be a name of one of them.
    pub(super) fn at_port_of(&self, other: &Endpoint) -> Vec<Endpoint> {
        let Endpoint::Tcp(other) = other else { return Vec::new() };
        let has_port = |endpoint: &&Endpoint| match endpoint {
            Endpoint::Tcp(tcp) => tcp.address().port() == other.address().port(),
            _ => false,
        };
        self.by_endpoint.keys().filter(has_port).cloned().collect()
    }

    pub(super) fn take_all(&mut self) -> impl Iterator<Item = (Endpoint, Bound)> + use<> {
        let all = std::mem::take(self).by_endpoint.into_iter();
        all.flat_map(|(endpoint, all)| all.into_iter().map(move |bound| (endpoint.clone(), bound)))
    }
}

/// Which of the endpoints another one is a name of; names of hosts are looked up.
pub(super) async fn named(endpoints: Vec<Endpoint>, name: &Endpoint) -> Option<Endpoint> {
    let Endpoint::Tcp(name) = name else { return None };
    for endpoint in endpoints {
        if let Endpoint::Tcp(tcp) = &endpoint
            && transport::is_local_address(tcp.address(), name.address()).await
        {
            return Some(endpoint);
        }
    }
    None
}
