//! Which sockets are bound to inproc names, which wait for one, and which are connected.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use crate::endpoint::Endpoint;
use crate::identity::PeerId;
use crate::pipe::Pipe;
use crate::sync::{Mutex, MutexGuard};

/// The inproc names of a context. `S` is a socket.
#[derive(Debug)]
pub(crate) struct Registry<S> {
    by_name: Mutex<HashMap<String, Name<S>>>,
    /// Held while two sockets connect to or part from each other. Taken before all other locks.
    connecting: Mutex<()>,
}

#[derive(Debug)]
struct Name<S> {
    bound: Weak<S>,
    waiting: Vec<Waiting<S>>,
}

/// A socket that connected to a name that was not bound, and its pipe.
type Waiting<S> = (Weak<S>, Arc<Pipe>);

impl<S> Default for Registry<S> {
    fn default() -> Self {
        Self { by_name: Mutex::default(), connecting: Mutex::default() }
    }
}

impl<S> Default for Name<S> {
    fn default() -> Self {
        Self { bound: Weak::new(), waiting: Vec::new() }
    }
}

impl<S> Registry<S> {
    /// Excludes all other connects and disconnects of the context.
    pub(super) fn lock_connecting(&self) -> MutexGuard<'_, ()> {
        self.connecting.lock()
    }

    /// Takes the name. Returns the sockets that wait for it, or `None` if the name is in use.
    pub(super) fn bind(&self, name: &str, socket: &Arc<S>) -> Option<Vec<Waiting<S>>> {
        let mut by_name = self.by_name.lock();
        let entry = by_name.entry(name.to_owned()).or_default();
        if entry.bound.strong_count() > 0 {
            return None;
        }
        entry.bound = Arc::downgrade(socket);
        Some(std::mem::take(&mut entry.waiting))
    }

    /// Frees the name. Sockets that wait for it go on waiting.
    pub(in crate::engine) fn unbind(&self, endpoint: &Endpoint) {
        self.update(endpoint, |name| name.bound = Weak::new());
    }

    /// The socket that is bound to the name. Without one, the pipe waits for it.
    pub(super) fn find_or_wait(
        &self,
        name: &str,
        socket: &Arc<S>,
        pipe: &Arc<Pipe>,
    ) -> Option<Arc<S>> {
        let mut by_name = self.by_name.lock();
        let entry = by_name.entry(name.to_owned()).or_default();
        let bound = entry.bound.upgrade();
        if bound.is_none() {
            entry.waiting.push((Arc::downgrade(socket), pipe.clone()));
        }
        bound
    }

    /// Lets the pipe wait for the next socket to bind.
    pub(super) fn wait(&self, name: &str, socket: &Arc<S>, pipe: &Arc<Pipe>) {
        let mut by_name = self.by_name.lock();
        let entry = by_name.entry(name.to_owned()).or_default();
        entry.waiting.push((Arc::downgrade(socket), pipe.clone()));
    }

    /// Lets the pipe wait no longer.
    pub(super) fn stop_waiting(&self, endpoint: &Endpoint, pipe: &Arc<Pipe>) {
        self.update(endpoint, |name| name.waiting.retain(|(_, other)| !Arc::ptr_eq(other, pipe)));
    }

    /// Changes the entry of a name, and removes it when it is empty.
    fn update(&self, endpoint: &Endpoint, change: impl FnOnce(&mut Name<S>)) {
        let Endpoint::Inproc(name) = endpoint else { return };
        let mut by_name = self.by_name.lock();
        if let Some(entry) = by_name.get_mut(name) {
            change(entry);
            if entry.waiting.is_empty() && entry.bound.strong_count() == 0 {
                by_name.remove(name);
            }
        }
    }
}

/// The inproc peers of one socket.
pub(in crate::engine) struct InprocPeers<S> {
    connected: Mutex<HashMap<PeerId, InprocPeer<S>>>,
    /// Peers that have left, and their pipes with messages that are not yet received.
    unread: Mutex<Vec<(Weak<S>, Weak<Pipe>)>>,
}

/// A connected inproc peer: its socket, and the endpoint that connects the two.
pub(super) struct InprocPeer<S> {
    pub(super) socket: Weak<S>,
    pub(super) endpoint: Endpoint,
}

impl<S> Default for InprocPeers<S> {
    fn default() -> Self {
        Self { connected: Mutex::default(), unread: Mutex::default() }
    }
}

impl<S> InprocPeers<S> {
    /// Adds a peer. Its earlier messages stay in front of its new ones: what one sender sends is
    /// received in order.
    pub(super) fn add(&self, pipe: &Arc<Pipe>, socket: &Arc<S>, endpoint: &Endpoint) {
        let peer = InprocPeer { socket: Arc::downgrade(socket), endpoint: endpoint.clone() };
        self.connected.lock().insert(pipe.id(), peer);
        let mut unread = self.unread.lock();
        unread.retain(|(socket, pipe)| socket.strong_count() > 0 && pipe.strong_count() > 0);
        let is_same =
            |(other, _): &mut (Weak<S>, Weak<Pipe>)| other.as_ptr() == Arc::as_ptr(socket);
        for (_, before) in unread.extract_if(.., is_same) {
            if let Some(before) = before.upgrade() {
                pipe.succeed(&before);
            }
        }
    }

    pub(super) fn remove(&self, pipe: &Arc<Pipe>) -> Option<InprocPeer<S>> {
        self.connected.lock().remove(&pipe.id())
    }

    /// Remembers the pipe of a peer that left, if it has messages that are not received.
    pub(super) fn keep_unread(&self, pipe: &Arc<Pipe>, peer: &InprocPeer<S>) {
        if pipe.inbound.unread() > 0 {
            self.unread.lock().push((peer.socket.clone(), Arc::downgrade(pipe)));
        }
    }
}
