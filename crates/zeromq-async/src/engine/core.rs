//! The state that all tasks of one socket share.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::Handle;
use zmtp::{RoutingId, SocketType};

use super::drop_reporter::DropReporter;
use super::endpoints::{Bound, Endpoints};
use super::inproc::registry::{InprocPeers, Registry};
use super::pending_handshakes::PendingHandshakes;
use super::runtimes::{Runtimes, Unsuited};
use super::shutdown::Shutdown;
use super::task::Task;
use crate::endpoint::{Endpoint, OtherEndpoint};
use crate::error::Rejected;
use crate::event::{Listeners, SocketEvent};
use crate::options::SocketOptions;
use crate::pipe::{Pattern, PeerSet, Pipe};
use crate::transport::Transports;

/// The inproc names of a context.
pub(crate) type InprocRegistry = Registry<SocketCore>;

/// One socket, as its tasks see it. It lives until the last of them has ended.
pub(crate) struct SocketCore {
    pub(super) socket_type: SocketType,
    pub(super) options: SocketOptions,
    pub(super) peers: Arc<PeerSet>,
    pub(super) pattern: Arc<dyn Pattern>,
    pub(super) events: Arc<Listeners>,
    pub(super) transports: Arc<Transports>,
    pub(super) inproc: Arc<InprocRegistry>,
    pub(super) inproc_peers: InprocPeers<Self>,
    pub(super) endpoints: Endpoints,
    pub(super) accepted_streams: Arc<PendingHandshakes>,
    streams: AtomicU64,
    pub(super) runtimes: Arc<Runtimes>,
    pub(super) shutdown: Arc<Shutdown>,
    pub(super) drops: Arc<DropReporter>,
}

impl SocketCore {
    pub(super) fn new(
        socket_type: SocketType,
        options: SocketOptions,
        inproc: Arc<InprocRegistry>,
        transports: Arc<Transports>,
        peers: Arc<PeerSet>,
        pattern: Arc<dyn Pattern>,
    ) -> Self {
        let events = Arc::new(Listeners::new(socket_type));
        let (runtimes, shutdown) = (Arc::<Runtimes>::default(), Arc::<Shutdown>::default());
        let drops = DropReporter::new(&peers, &events, &runtimes, &shutdown);
        Self {
            socket_type,
            accepted_streams: PendingHandshakes::new(options.pending),
            options,
            peers,
            pattern,
            events,
            transports,
            inproc,
            inproc_peers: InprocPeers::default(),
            endpoints: Endpoints::default(),
            streams: AtomicU64::new(0),
            runtimes,
            shutdown,
            drops,
        }
    }

    /// Chooses the runtime for an endpoint or a stream. See [`Runtimes::select`].
    pub(super) fn select_runtime(&self, needs_io: bool) -> Result<Handle, Unsuited> {
        let runtime = self.runtimes.select(needs_io)?;
        self.drops.start(&runtime);
        Ok(runtime)
    }

    /// Remembers the current runtime for an inproc endpoint, which does not need one.
    pub(super) fn remember_runtime(&self) {
        if let Some(runtime) = self.runtimes.remember_current() {
            self.drops.start(&runtime);
        }
    }

    pub(super) fn spawn(&self, runtime: &Handle, task: impl Task) {
        self.shutdown.spawn(runtime, task);
    }

    /// Adds a bound endpoint. On a socket that was closed meanwhile it is closed again: then false.
    pub(super) fn add_bound(
        &self,
        endpoint: Endpoint,
        asked: &Endpoint,
        descriptor: Option<i32>,
        bound: Bound,
    ) -> bool {
        match self.endpoints.add_bound(&endpoint, asked, bound) {
            Ok(()) => self.events.emit(SocketEvent::Listening { endpoint, descriptor }),
            Err(bound) => {
                self.stop_listening(&endpoint, &bound);
                return false;
            }
        }
        true
    }

    /// Stops accepting at an endpoint. Its address is free when this returns.
    pub(super) fn stop_listening(&self, endpoint: &Endpoint, bound: &Bound) {
        let is_closed = match bound {
            Bound::Inproc => {
                self.inproc.unbind(endpoint);
                true
            }
            Bound::Listener(listener) => listener.close(),
            Bound::Datagrams(datagrams) => datagrams.close(),
        };
        if is_closed {
            self.events.emit(SocketEvent::ListenerClosed { endpoint: endpoint.clone() });
        }
    }

    /// Adds a pipe for a peer that this socket connects to.
    pub(super) fn join_connecting(
        &self,
        endpoint: &Endpoint,
        routing_id: Option<&RoutingId>,
    ) -> Result<Arc<Pipe>, Rejected> {
        let endpoint = Arc::new(endpoint.clone());
        let pipe = self.peers.open_connecting(&self.options.pipe, &self.pattern, endpoint);
        if let Some(routing_id) = routing_id {
            self.pattern.assign(&pipe, routing_id)?;
        }
        self.peers.join(&pipe)?;
        Ok(pipe)
    }

    /// Adds a pipe for a peer that connected to `endpoint`.
    pub(super) fn join_accepted(&self, endpoint: &Arc<Endpoint>) -> Result<Arc<Pipe>, Rejected> {
        let pipe = self.peers.open(&self.options.pipe, &self.pattern, endpoint.clone());
        self.peers.join(&pipe)?;
        Ok(pipe)
    }

    /// Makes up an endpoint for a stream that has none: events name one.
    pub(super) fn name_stream(&self) -> Endpoint {
        let number = self.streams.fetch_add(1, Ordering::Relaxed) + 1;
        Endpoint::Other(OtherEndpoint::new("stream", &number.to_string()))
    }
}

impl fmt::Debug for SocketCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("socket_type", &self.socket_type).finish_non_exhaustive()
    }
}
