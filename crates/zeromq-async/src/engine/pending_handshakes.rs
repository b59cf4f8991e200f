//! Where accepted connections are until their handshakes are done.
//!
//! Whoever connects costs a descriptor and some memory before anybody knows who it is. So there is
//! room for a number of them, and a newcomer always gets in: where there is no room, it takes the
//! place of the oldest from the address that has the most. Those who come and say nothing push
//! each other out. Whoever is done before as many newcomers have come as there are places is not
//! touched, and neither is who comes from elsewhere than a crowd.

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
pub(super) struct Antechamber {
    limits: PendingOptions,
    room: Mutex<Room>,
    departure: Notify,
}

#[derive(Debug, Default)]
struct Room {
    /// In order of arrival, each with what tells it to leave.
    places: HashMap<Source, BTreeMap<u64, oneshot::Sender<Displaced>>>,
    taken: usize,
    arrivals: u64,
}

/// Who connects, as far as that is known before the handshake: the connections of one source are
/// limited together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Source {
    Network(IpAddr),
    User(u32),
    Named(Arc<str>),
}

/// One connection's place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    antechamber: Arc<Antechamber>,
    source: Source,
    number: u64,
    displaced: oneshot::Receiver<Displaced>,
}

impl Antechamber {
    pub(super) fn new(limits: PendingOptions) -> Arc<Self> {
        Arc::new(Self { limits, room: Mutex::default(), departure: Notify::new() })
    }

    /// Lets a connection in, if need be in place of another.
    pub(super) fn admit(self: &Arc<Self>, address: &PeerAddress) -> Place {
        let source = Source::of(address);
        let PendingOptions { per_listener, per_address } = self.limits;
        let mut room = self.room.lock();
        if room.places.get(&source).map_or(0, BTreeMap::len) >= per_address {
            room.displace(&source, Displaced::Address { limit: per_address });
        } else if room.taken >= per_listener {
            room.displace_any(Displaced::Listener { limit: per_listener });
        }
        let (number, displaced) = room.take(source.clone());
        Place { antechamber: self.clone(), source, number, displaced }
    }

    /// Makes a descriptor free, if any is held by a pending handshake, and waits for the next to be.
    pub(super) async fn free_descriptor(&self) {
        let departure = self.departure.notified();
        self.room.lock().displace_any(Displaced::Descriptors);
        departure.await;
    }
}

impl Place {
    /// Performs the handshake for as long as it is not displaced.
    pub(super) async fn hold<T>(
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

impl Drop for Place {
    fn drop(&mut self) {
        self.antechamber.room.lock().vacate(&self.source, self.number);
        self.antechamber.departure.notify_waiters();
    }
}

impl Room {
    fn take(&mut self, source: Source) -> (u64, oneshot::Receiver<Displaced>) {
        let (tell, told) = oneshot::channel();
        self.arrivals += 1;
        self.taken += 1;
        self.places.entry(source).or_default().insert(self.arrivals, tell);
        (self.arrivals, told)
    }

    /// Sends away the oldest from where most are.
    fn displace_any(&mut self, displaced: Displaced) {
        let oldest = |places: &BTreeMap<u64, _>| places.keys().next().copied();
        let crowd = self
            .places
            .iter()
            .max_by_key(|(_, places)| (places.len(), Reverse(oldest(places))))
            .map(|(source, _)| source.clone());
        if let Some(source) = crowd {
            self.displace(&source, displaced);
        }
    }

    /// Sends away the oldest from one source.
    fn displace(&mut self, source: &Source, displaced: Displaced) {
        let places = self.places.get(source);
        if let Some(&oldest) = places.and_then(|places| places.keys().next())
            && let Some(tell) = self.vacate(source, oldest)
        {
            // One that has just finished is not there to be told.
            let _ = tell.send(displaced);
        }
    }

    fn vacate(&mut self, source: &Source, number: u64) -> Option<oneshot::Sender<Displaced>> {
        let places = self.places.get_mut(source)?;
        let tell = places.remove(&number)?;
        self.taken -= 1;
        if places.is_empty() {
            self.places.remove(source);
        }
        Some(tell)
    }
}

impl Source {
    /// A network is an address of IPv4, or 64 bits of IPv6: so many anybody has to choose from.
    fn of(address: &PeerAddress) -> Self {
        match address {
            PeerAddress::Tcp(address) => Self::Network(match address.ip().to_canonical() {
                IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
                ip => ip,
            }),
            PeerAddress::Ipc { user_id, .. } => Self::User(*user_id),
            PeerAddress::Other(name) => Self::Named(name.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
