//! Accepted connections that have not completed their handshakes, and the limits on them.
//!
//! An accepted connection costs a descriptor and memory before its peer is known. So their number is
//! limited, and a new connection is always admitted: at the limit it displaces the oldest one of the
//! address that has the most. Connections that say nothing displace each other. A handshake that is
//! faster than a limit's worth of new connections is safe, and so is one from an address with few.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::future::poll_fn;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::{Notify, oneshot};

use crate::event::{Displaced, HandshakeFailure};
use crate::identity::PeerAddress;
use crate::options::PendingOptions;
use crate::sync::Mutex;

/// The pending handshakes of one listener.
#[derive(Debug)]
pub(super) struct PendingHandshakes {
    limits: PendingOptions,
    state: Mutex<State>,
    ended: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// In order of arrival, each with the channel that displaces it.
    by_origin: HashMap<Origin, BTreeMap<u64, oneshot::Sender<Displaced>>>,
    count: usize,
    last_number: u64,
}

/// The part of a peer's address that a limit applies to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Origin {
    Network(IpAddr),
    User(u32),
    Machine(u32),
    Named(Arc<str>),
}

/// One pending handshake. It counts until it is dropped.
#[derive(Debug)]
pub(super) struct PendingHandshake {
    all: Arc<PendingHandshakes>,
    origin: Origin,
    number: u64,
    displaced: oneshot::Receiver<Displaced>,
}

impl PendingHandshakes {
    pub(super) fn new(limits: PendingOptions) -> Arc<Self> {
        Arc::new(Self { limits, state: Mutex::default(), ended: Notify::new() })
    }

    /// Admits a connection, and displaces another one at a limit.
    pub(super) fn admit(self: &Arc<Self>, address: &PeerAddress) -> PendingHandshake {
        let origin = Origin::of(address);
        let PendingOptions { per_listener, per_address } = self.limits;
        let mut state = self.state.lock();
        if state.by_origin.get(&origin).map_or(0, BTreeMap::len) >= per_address {
            state.displace(&origin, Displaced::Address { limit: per_address });
        } else if state.count >= per_listener {
            state.displace_any(Displaced::Listener { limit: per_listener });
        }
        let (number, displaced) = state.add(origin.clone());
        PendingHandshake { all: self.clone(), origin, number, displaced }
    }

    /// Displaces one, if there is any, and waits until the next one ends: its descriptor is free.
    pub(super) async fn free_descriptor(&self) {
        let ended = self.ended.notified();
        self.state.lock().displace_any(Displaced::Descriptors);
        ended.await;
    }
}

impl PendingHandshake {
    /// Performs the handshake until it is displaced.
    pub(super) async fn run<T>(
        &mut self,
        mut handshake: Pin<&mut impl Future<Output = Result<T, HandshakeFailure>>>,
    ) -> Result<T, HandshakeFailure> {
        poll_fn(|cx| match Pin::new(&mut self.displaced).poll(cx) {
            Poll::Ready(Ok(displaced)) => Poll::Ready(Err(displaced.into())),
            _ => handshake.as_mut().poll(cx),
        })
        .await
    }
}

impl Drop for PendingHandshake {
    fn drop(&mut self) {
        self.all.state.lock().remove(&self.origin, self.number);
        self.all.ended.notify_waiters();
    }
}

impl State {
    fn add(&mut self, origin: Origin) -> (u64, oneshot::Receiver<Displaced>) {
        let (sender, displaced) = oneshot::channel();
        self.last_number += 1;
        self.count += 1;
        self.by_origin.entry(origin).or_default().insert(self.last_number, sender);
        (self.last_number, displaced)
    }

    /// Displaces the oldest one of the origin that has the most.
    fn displace_any(&mut self, displaced: Displaced) {
        let oldest = |pending: &BTreeMap<u64, _>| pending.keys().next().copied();
        let most = self
            .by_origin
            .iter()
            .max_by_key(|(_, pending)| (pending.len(), Reverse(oldest(pending))))
            .map(|(origin, _)| origin.clone());
        if let Some(origin) = most {
            self.displace(&origin, displaced);
        }
    }

    /// Displaces the oldest one of an origin.
    fn displace(&mut self, origin: &Origin, displaced: Displaced) {
        let pending = self.by_origin.get(origin);
        if let Some(&oldest) = pending.and_then(|pending| pending.keys().next())
            && let Some(sender) = self.remove(origin, oldest)
        {
            // It may have finished just now.
            let _ = sender.send(displaced);
        }
    }

    fn remove(&mut self, origin: &Origin, number: u64) -> Option<oneshot::Sender<Displaced>> {
        let pending = self.by_origin.get_mut(origin)?;
        let sender = pending.remove(&number)?;
        self.count -= 1;
        if pending.is_empty() {
            self.by_origin.remove(origin);
        }
        Some(sender)
    }
}

impl Origin {
    /// An IPv6 peer has 64 bits of its address to choose from, so a network is counted as one.
    fn of(address: &PeerAddress) -> Self {
        match address {
            PeerAddress::Tcp(address) | PeerAddress::Udp(address) => {
                Self::Network(match address.ip().to_canonical() {
                    IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
                    ip => ip,
                })
            }
            PeerAddress::Ipc { user_id, .. } => Self::User(*user_id),
            PeerAddress::Vsock { context_id, .. } => Self::Machine(*context_id),
            PeerAddress::Other(name) => Self::Named(name.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
