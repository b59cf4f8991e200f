//! The endpoints of a socket: those it is bound to and those it connects to.

use std::collections::HashMap;
use std::io;
use std::mem::take;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio_util::sync::CancellationToken;

use super::datagram::BoundDatagrams;
use super::shutdown::Shutdown;
use crate::endpoint::Endpoint;
use crate::pipe::Pipe;
use crate::sync::Mutex;
use crate::transport::{self, Io, Listener};

/// All endpoints of one socket.
#[derive(Default)]
pub(super) struct Endpoints(Mutex<State>);

#[derive(Default)]
struct State {
    bound: BoundEndpoints,
    dialed: Vec<Dialed>,
    last: Option<Endpoint>,
    closed: bool,
}

/// A bound endpoint.
pub(super) enum Bound {
    Listener(Arc<BoundListener>),
    Datagrams(Arc<BoundDatagrams>),
    Inproc,
}

/// An endpoint that the socket connects to.
pub(super) struct Dialed {
    pub(super) endpoint: Endpoint,
    /// Ends the attempts to connect. An established connection goes on.
    pub(super) stop: CancellationToken,
    pub(super) pipe: DialedPipe,
}

impl Endpoints {
    /// The endpoint that was bound or connected to last.
    pub(super) fn last(&self) -> Option<Endpoint> {
        self.0.lock().last.clone()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.lock().closed
    }

    /// Adds an endpoint under its real address and the one asked for. A closed socket gives it back.
    pub(super) fn add_bound(
        &self,
        endpoint: &Endpoint,
        asked: &Endpoint,
        bound: Bound,
    ) -> Result<(), Bound> {
        let mut state = self.0.lock();
        if state.closed {
            return Err(bound);
        }
        state.last = Some(endpoint.clone());
        state.bound.add(endpoint, asked, bound);
        Ok(())
    }

    /// Removes a bound endpoint: by its address, the one asked for, or a host name of it.
    pub(super) async fn remove_bound(&self, name: &Endpoint) -> Option<(Endpoint, Vec<Bound>)> {
        let removed = self.0.lock().bound.remove(name);
        if removed.is_some() {
            return removed;
        }
        let same_port = self.0.lock().bound.with_port_of(name);
        let endpoint = resolve(same_port, name).await?;
        self.0.lock().bound.remove(&endpoint)
    }

    /// Removes a listener after its task has ended.
    pub(super) fn forget_bound(&self, endpoint: &Endpoint, ended: &Arc<BoundListener>) {
        let is_ended = |bound: &Bound| match bound {
            Bound::Listener(listener) => Arc::ptr_eq(listener, ended),
            Bound::Datagrams(_) | Bound::Inproc => false,
        };
        self.0.lock().bound.forget(endpoint, is_ended);
    }

    /// The same for an endpoint of datagrams.
    pub(super) fn forget_datagrams(&self, endpoint: &Endpoint, ended: &Arc<BoundDatagrams>) {
        let is_ended = |bound: &Bound| match bound {
            Bound::Datagrams(datagrams) => Arc::ptr_eq(datagrams, ended),
            Bound::Listener(_) | Bound::Inproc => false,
        };
        self.0.lock().bound.forget(endpoint, is_ended);
    }

    pub(super) fn is_dialed(&self, endpoint: &Endpoint) -> bool {
        self.0.lock().dialed.iter().any(|dialed| dialed.endpoint == *endpoint)
    }

    pub(super) fn add_dialed(&self, dialed: Dialed) {
        let mut state = self.0.lock();
        state.last = Some(dialed.endpoint.clone());
        state.dialed.push(dialed);
    }

    /// Adds a stream that is served like a connected endpoint.
    pub(super) fn add_stream(&self, dialed: Dialed) {
        self.0.lock().dialed.push(dialed);
    }

    /// Removes every connection to an endpoint.
    pub(super) fn take_dialed(&self, endpoint: &Endpoint) -> Vec<Dialed> {
        let dialed = &mut self.0.lock().dialed;
        dialed.extract_if(.., |dialed| dialed.endpoint.is_same(endpoint)).collect()
    }

    /// Removes the endpoint that a pipe belongs to.
    pub(super) fn take_dialed_of(&self, pipe: &Pipe) -> Option<Dialed> {
        let dialed = &mut self.0.lock().dialed;
        dialed.extract_if(.., |dialed| dialed.pipe.holds(pipe)).next()
    }

    /// Removes an endpoint that has ended by itself, so that it can be connected to again.
    pub(super) fn forget_dialed(&self, has_ended: impl Fn(&DialedPipe) -> bool) {
        self.0.lock().dialed.retain(|dialed| !has_ended(&dialed.pipe));
    }

    pub(super) fn take_all_dialed(&self) -> Vec<Dialed> {
        take(&mut self.0.lock().dialed)
    }

    /// Accepts no more endpoints. Returns the bound ones.
    pub(super) fn close(&self) -> Vec<(Endpoint, Bound)> {
        let mut state = self.0.lock();
        state.closed = true;
        let all = take(&mut state.bound).by_endpoint.into_iter();
        let all = all.flat_map(|(at, all)| all.into_iter().map(move |bound| (at.clone(), bound)));
        all.collect()
    }
}

#[derive(Default)]
struct BoundEndpoints {
    /// By real address. A listener that was handed over may share it with another one.
    by_endpoint: HashMap<Endpoint, Vec<Bound>>,
    /// From the address asked for to the real one, where they differ.
    names: HashMap<Endpoint, Endpoint>,
}

impl BoundEndpoints {
    fn add(&mut self, endpoint: &Endpoint, asked: &Endpoint, bound: Bound) {
        let asked = asked.at_port_of(endpoint);
        if asked != *endpoint && !asked.is_any_path() {
            self.names.insert(asked, endpoint.clone());
        }
        self.by_endpoint.entry(endpoint.clone()).or_default().push(bound);
    }

    fn remove(&mut self, endpoint: &Endpoint) -> Option<(Endpoint, Vec<Bound>)> {
        let removed = match self.by_endpoint.remove_entry(endpoint) {
            Some(removed) => removed,
            None => self.by_endpoint.remove_entry(self.names.get(endpoint)?)?,
        };
        self.names.retain(|_, bound| *bound != removed.0);
        Some(removed)
    }

    fn forget(&mut self, endpoint: &Endpoint, is_ended: impl Fn(&Bound) -> bool) {
        let Some(all) = self.by_endpoint.get_mut(endpoint) else { return };
        all.retain(|bound| !is_ended(bound));
        if all.is_empty() {
            self.remove(endpoint);
        }
    }

    fn with_port_of(&self, other: &Endpoint) -> Vec<Endpoint> {
        let Some(port) = other.tcp().map(|tcp| tcp.address().port()) else { return Vec::new() };
        let has_port = |endpoint: &&Endpoint| {
            endpoint.scheme() == other.scheme()
                && endpoint.tcp().is_some_and(|tcp| tcp.address().port() == port)
        };
        self.by_endpoint.keys().filter(has_port).cloned().collect()
    }
}

/// The endpoint that has the address of `name`. Looks up host names.
async fn resolve(endpoints: Vec<Endpoint>, name: &Endpoint) -> Option<Endpoint> {
    let name = name.tcp()?;
    for endpoint in endpoints {
        if let Some(tcp) = endpoint.tcp()
            && transport::is_local_address(tcp.address(), name.address()).await
        {
            return Some(endpoint.clone());
        }
    }
    None
}

/// A listener, shared by the task that accepts and the socket that may close it.
pub(super) struct BoundListener {
    /// `None` once it is closed.
    listener: Mutex<Option<Box<dyn Listener>>>,
    /// Ends the task that accepts.
    pub(super) stop: CancellationToken,
    /// Ends the pending handshakes of this listener.
    pub(super) handshakes: CancellationToken,
}

impl BoundListener {
    pub(super) fn new(listener: Box<dyn Listener>, shutdown: &Shutdown) -> Arc<Self> {
        let (stop, handshakes) = (shutdown.abort.child_token(), shutdown.closing.child_token());
        Arc::new(Self { listener: Mutex::new(Some(listener)), stop, handshakes })
    }

    /// Closes the listener and ends its task. False if it was closed before.
    pub(super) fn close(&self) -> bool {
        let listener = self.listener.lock().take();
        self.stop.cancel();
        listener.is_some()
    }

    /// Polls for the next connection. A closed listener stays pending.
    pub(super) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Io>> {
        match &mut *self.listener.lock() {
            Some(listener) => listener.poll_accept(cx),
            None => Poll::Pending,
        }
    }
}

/// The pipe of an endpoint that the socket connects to. With `immediate` there is one only while
/// connected.
#[derive(Clone, Default)]
pub(super) struct DialedPipe(pub(super) Arc<Mutex<Option<Arc<Pipe>>>>);

impl DialedPipe {
    pub(super) fn new(pipe: Arc<Pipe>) -> Self {
        Self(Arc::new(Mutex::new(Some(pipe))))
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn holds(&self, pipe: &Pipe) -> bool {
        self.get().is_some_and(|held| held.id() == pipe.id())
    }

    pub(super) fn get(&self) -> Option<Arc<Pipe>> {
        self.0.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the address of the port, by the name that was asked for, and after the task of the listener.
    #[test]
    fn removed_endpoints_leave_no_names() {
        let mut all = BoundEndpoints::default();
        let any: Endpoint = "tcp://*:*".parse().unwrap();
        for port in 1..100 {
            let bound: Endpoint = format!("tcp://0.0.0.0:{port}").parse().unwrap();
            all.add(&bound, &any, Bound::Inproc);
            let name = if port % 2 == 0 { bound.clone() } else { any.at_port_of(&bound) };
            assert_eq!(all.remove(&name).map(|(removed, _)| removed), Some(bound));
        }
        assert!(all.names.is_empty(), "{:?}", all.names);
    }
}
