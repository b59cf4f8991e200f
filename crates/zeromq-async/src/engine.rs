//! Connects pipes to transports: one task for each listener, and one for each connection.
//!
//! Only this module spawns tasks, and only this module uses both the codec and a transport.
//!
//! `core` is the state that all tasks of a socket share. `endpoints` has what the socket is bound and
//! connected to. `accept` and `dial` are the tasks of an endpoint: they perform a `handshake`, then
//! run a `connection`. `datagram` has the tasks of endpoints without connections. `inproc` joins two pipes without a task. `close` ends a socket.

mod accept;
mod close;
mod connection;
mod core;
mod datagram;
mod dial;
mod disconnect;
mod drop_reporter;
mod endpoints;
mod handshake;
mod heartbeat;
mod inproc;
mod linger;
mod peer_lifecycle;
mod pending_handshakes;
mod read_buffer;
mod runtimes;
mod shutdown;
mod task;
mod trace;
mod work_budget;

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use zmtp::{RoutingId, SocketType};

pub use self::close::CloseReport;
pub(crate) use self::core::InprocRegistry;

use self::accept::Acceptor;
use self::core::SocketCore;
use self::dial::Dialer;
use self::endpoints::Bound;
use self::linger::close_within_linger;
use self::runtimes::Runtimes;
use crate::endpoint::Endpoint;
use crate::error::{
    BindError, BindErrorKind, ConnectError, ConnectErrorKind, DetachError, StreamError,
};
use crate::event::Events;
use crate::identity::PeerId;
use crate::options::SocketOptions;
use crate::pipe::{Pattern, PeerSet, Pipe};
use crate::transport::{IntoListener, Io, Listener, Transports};

/// Commands a socket: binds, connects and closes it.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    core: Arc<SocketCore>,
}

/// An engine that does not keep its socket alive.
#[derive(Debug)]
pub(crate) struct WeakEngine(Weak<SocketCore>);

/// Whether unbinding ends the connections that were accepted at the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    Close,
    Keep,
}

impl Engine {
    pub(crate) fn new(
        socket_type: SocketType,
        options: SocketOptions,
        inproc: Arc<InprocRegistry>,
        transports: Arc<Transports>,
        peers: Arc<PeerSet>,
        pattern: Arc<dyn Pattern>,
    ) -> Self {
        let core = SocketCore::new(socket_type, options, inproc, transports, peers, pattern);
        Self { core: Arc::new(core) }
    }

    pub(crate) fn downgrade(&self) -> WeakEngine {
        WeakEngine(Arc::downgrade(&self.core))
    }

    pub(crate) fn peers(&self) -> &Arc<PeerSet> {
        &self.core.peers
    }

    pub(crate) fn options(&self) -> &SocketOptions {
        &self.core.options
    }

    /// The endpoint that was bound or connected to last.
    pub(crate) fn last_endpoint(&self) -> Option<Endpoint> {
        self.core.endpoints.last()
    }

    /// Listens to events, and reports dropped messages from now on.
    pub(crate) fn listen(&self) -> Events {
        self.core.drops.listen()
    }

    /// Binds, and accepts peers from now on.
    pub(crate) async fn bind(&self, endpoint: Endpoint) -> Result<Endpoint, BindError> {
        let core = &self.core;
        if core.endpoints.is_closed() {
            return Err(BindError::new(&endpoint, BindErrorKind::Closed));
        }
        if let Some(transport) = core.transports.datagrams(&endpoint) {
            return datagram::bind(core, transport, endpoint).await;
        }
        datagram::check_connections(core.socket_type, &endpoint)
            .map_err(|mismatch| BindError::new(&endpoint, BindErrorKind::Mismatch(mismatch)))?;
        if let Endpoint::Inproc(name) = &endpoint {
            inproc::bind(core, name)?;
            if !core.add_bound(endpoint.clone(), &endpoint, None, Bound::Inproc) {
                return Err(BindError::new(&endpoint, BindErrorKind::Closed));
            }
            core.remember_runtime();
            return Ok(endpoint);
        }
        let runtime = core.select_runtime(core.transports.needs_io_driver(&endpoint));
        let runtime = runtime.map_err(|unsuited| BindError::new(&endpoint, unsuited.into()))?;
        let (listening, at) = (core.clone(), endpoint.clone());
        let listening =
            async move { listening.transports.bind(&at, &listening.options.transport).await };
        let listener = task::on(&runtime, listening)
            .await
            .unwrap_or_else(|interrupted| Err(BindError::from_io(&endpoint, interrupted.into())))?;
        Acceptor::spawn(core, runtime, listener, Some(endpoint))
    }

    /// Accepts peers from now on at a listener that the application made.
    pub(crate) fn bind_listener(&self, listener: impl IntoListener) -> Result<Endpoint, BindError> {
        let (core, options) = (&self.core, &self.core.options.transport);
        let runtime = core.select_runtime(listener.needs_io_driver());
        let runtime = runtime.map_err(|unsuited| BindError::listener(unsuited.into()))?;
        let listener = {
            let _entered = runtime.enter();
            listener.into_listener(options).map_err(BindError::listener)?
        };
        let endpoint = listener.local_endpoint();
        datagram::check_connections(core.socket_type, endpoint)
            .map_err(|mismatch| BindError::new(endpoint, BindErrorKind::Mismatch(mismatch)))?;
        core.transports.check_bind_options(endpoint, options)?;
        Acceptor::spawn(core, runtime, Box::new(listener), None)
    }

    /// Stops accepting at an endpoint. Its address is free when this returns.
    pub(crate) async fn unbind(
        &self,
        endpoint: &Endpoint,
        accepted: Accepted,
    ) -> Result<(), DetachError> {
        let removed = self.core.endpoints.remove_bound(endpoint).await;
        let not_attached = || DetachError::NotAttached(endpoint.clone());
        let (endpoint, all) = removed.ok_or_else(not_attached)?;
        for bound in all {
            self.core.stop_listening(&endpoint, &bound);
            match (accepted, bound) {
                (_, Bound::Datagrams(datagrams)) => {
                    close_within_linger(&self.core, &datagrams.pipe);
                }
                (Accepted::Close, Bound::Listener(listener)) => {
                    listener.handshakes.cancel();
                    self.close_accepted_at(&endpoint);
                }
                // Inproc peers stay connected.
                (Accepted::Close, Bound::Inproc) | (Accepted::Keep, _) => {}
            }
        }
        Ok(())
    }

    fn close_accepted_at(&self, endpoint: &Endpoint) {
        for pipe in self.core.peers.pipes() {
            if pipe.is_accepted_at(endpoint) {
                close_within_linger(&self.core, &pipe);
            }
        }
    }

    /// Connects in the background, now and whenever the connection is lost. The peer is given the
    /// routing id, if there is one and no other peer has it.
    pub(crate) fn connect(
        &self,
        endpoint: Endpoint,
        routing_id: Option<RoutingId>,
    ) -> Result<(), ConnectError> {
        self.dial(endpoint, routing_id).map(drop)
    }

    /// Connects in the background, and returns the pipe that waits for the connection.
    pub(crate) fn connect_peer(&self, endpoint: Endpoint) -> Result<Arc<Pipe>, ConnectError> {
        if self.core.options.immediate {
            return Err(ConnectError::new(&endpoint, ConnectErrorKind::Immediate));
        }
        let pipe = self.dial(endpoint.clone(), None)?;
        pipe.ok_or_else(|| ConnectError::new(&endpoint, ConnectErrorKind::Immediate))
    }

    /// Returns the pipe, if there is one before the connection.
    fn dial(
        &self,
        endpoint: Endpoint,
        routing_id: Option<RoutingId>,
    ) -> Result<Option<Arc<Pipe>>, ConnectError> {
        let core = &self.core;
        core.transports.check_connectable(&endpoint, &core.options.transport)?;
        if core.endpoints.is_closed() {
            return Err(ConnectError::new(&endpoint, ConnectErrorKind::Closed));
        }
        if let Some(transport) = core.transports.datagrams(&endpoint) {
            return datagram::connect(core, transport, endpoint).map(|()| None);
        }
        datagram::check_connections(core.socket_type, &endpoint).map_err(|mismatch| {
            ConnectError::new(&endpoint, ConnectErrorKind::Mismatch(mismatch))
        })?;
        if let Endpoint::Inproc(name) = &endpoint {
            let pipe = inproc::connect(core, &endpoint, name, routing_id.as_ref())?;
            core.remember_runtime();
            return Ok(Some(pipe));
        }
        if connects_once(core.socket_type) && core.endpoints.is_dialed(&endpoint) {
            return Ok(None);
        }
        let runtime = core.select_runtime(core.transports.needs_io_driver(&endpoint));
        let runtime = runtime.map_err(|unsuited| ConnectError::new(&endpoint, unsuited.into()))?;
        let (dialed, dialer) =
            Dialer::new(core, &endpoint, None, routing_id).map_err(|rejected| {
                ConnectError::new(&endpoint, ConnectErrorKind::Rejected(rejected))
            })?;
        let pipe = dialed.pipe.get();
        // Before the task can end and remove it.
        core.endpoints.add_dialed(dialed);
        dialer.spawn(&runtime);
        Ok(pipe)
    }

    /// Ends the connections to an endpoint, after their queues are written within the linger time.
    pub(crate) fn disconnect(&self, endpoint: &Endpoint) -> Result<(), DetachError> {
        let dialed = self.core.endpoints.take_dialed(endpoint);
        if dialed.is_empty() {
            return Err(DetachError::NotAttached(endpoint.clone()));
        }
        for dialed in dialed {
            disconnect::disconnect(&self.core, dialed);
        }
        Ok(())
    }

    /// Ends the connection to one peer, after its queue is written within the linger time.
    pub(crate) fn disconnect_peer(&self, peer: PeerId) -> Result<(), DetachError> {
        let pipe = self.core.peers.pipes().into_iter().find(|pipe| pipe.id() == peer);
        let pipe = pipe.ok_or(DetachError::NoPeer(peer))?;
        match self.core.endpoints.take_dialed_of(&pipe) {
            Some(dialed) => {
                pipe.silence();
                disconnect::disconnect(&self.core, dialed);
            }
            None => disconnect::dismiss(&self.core, &pipe),
        }
        Ok(())
    }

    /// Serves a stream like a connection accepted at a bound endpoint.
    pub(crate) fn accept_stream(&self, io: Io) -> Result<Endpoint, StreamError> {
        let (core, runtime) = (&self.core, self.select_stream_runtime()?);
        let endpoint = Arc::new(core.name_stream());
        datagram::check_connections(core.socket_type, &endpoint)?;
        let pending = core.accepted_streams.admit(io.peer_address());
        let closing = core.shutdown.closing.clone();
        accept::serve(core, &runtime, &endpoint, pending, io, closing);
        Ok(Endpoint::clone(&endpoint))
    }

    /// Serves a stream like the connection of a connected endpoint.
    pub(crate) fn connect_stream(&self, io: Io) -> Result<Endpoint, StreamError> {
        let (core, runtime) = (&self.core, self.select_stream_runtime()?);
        let endpoint = core.name_stream();
        datagram::check_connections(core.socket_type, &endpoint)?;
        let (dialed, dialer) = Dialer::new(core, &endpoint, Some(io), None)?;
        core.endpoints.add_stream(dialed);
        dialer.spawn(&runtime);
        Ok(endpoint)
    }

    fn select_stream_runtime(&self) -> Result<Handle, StreamError> {
        if self.core.endpoints.is_closed() {
            return Err(StreamError::Closed);
        }
        Ok(self.core.select_runtime(false)?)
    }

    /// Closes the socket. Writes for `linger` at most; `None` is without limit.
    pub(crate) async fn close(&self, linger: Option<Duration>) -> CloseReport {
        close::close(self.core.clone(), linger).await
    }

    /// Closes all sockets at the same time. Dropped early, closing goes on in the background.
    pub(crate) async fn close_all(sockets: Vec<Self>) -> CloseReport {
        close::close_all(sockets.into_iter().map(|engine| engine.core).collect()).await
    }

    /// Closes a socket that was dropped, in the background.
    pub(crate) fn close_dropped(&self) {
        close::close_dropped(self.core.clone());
    }
}

impl WeakEngine {
    pub(crate) fn upgrade(&self) -> Option<Engine> {
        self.0.upgrade().map(|core| Engine { core })
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.0.strong_count() == 0
    }
}

/// Refuses to bind without a runtime that can drive the endpoint.
pub(crate) fn check_runtime(endpoint: &Endpoint, needs_io: bool) -> Result<(), BindError> {
    let runtime = Runtimes::default().select(needs_io);
    runtime.map(drop).map_err(|unsuited| BindError::new(endpoint, unsuited.into()))
}

/// Whether a second connect to the same endpoint does nothing, as in libzmq. Each message would only
/// be sent or received twice.
fn connects_once(socket_type: SocketType) -> bool {
    use SocketType::{Dealer, Pub, Req, Sub};
    matches!(socket_type, Dealer | Pub | Req | Sub)
}
