//! What moves bytes between pipes and connections: one task a listener, one a connection.
//!
//! Only this module spawns tasks, reads the clock, and touches both the codec and a transport.

mod accept;
mod antechamber;
mod bound;
mod close;
mod dial;
mod driver;
mod dropping;
mod handshake;
mod home;
mod inproc;
mod notices;
mod read_buffer;
mod streams;
mod task;
mod trace;
mod turn;

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zmtp::{ConnectionConfig, RoutingId, SocketType};

pub use close::CloseReport;
pub(crate) use inproc::Names;

use crate::endpoint::Endpoint;
use crate::error::{BindError, ConnectError, DetachError, Rejected, Unsuited};
use crate::event::{Listeners, SocketEvent};
use crate::identity::PeerId;
use crate::options::SocketOptions;
use crate::pipe::{Pattern, PeerSet, Pipe};
use crate::sync::Mutex;
use crate::transport::{Listener, Transports};

/// What all tasks of one socket share, and what the socket commands them with.
pub(crate) struct Engine {
    socket_type: SocketType,
    options: SocketOptions,
    peers: Arc<PeerSet>,
    pattern: Arc<dyn Pattern>,
    events: Listeners,
    names: Arc<Names>,
    transports: Arc<Transports>,
    endpoints: Mutex<Endpoints>,
    /// The streams that are no endpoint's.
    adopted: streams::Adopted,
    /// The inproc peers, and whose they are.
    links: inproc::Links,
    tasks: TaskTracker,
    home: home::Home,
    /// Ends every task at once, when the linger time is over.
    abort: CancellationToken,
    /// Of what went astray listeners have been told so much, since there are any.
    told: Mutex<dropping::Telling>,
    /// Ends the handshakes of accepted connections: a socket that closes takes no new peers.
    closing: CancellationToken,
}

#[derive(Debug, Default)]
struct Endpoints {
    bound: bound::BoundEndpoints,
    dialed: Vec<(Endpoint, Dialed)>,
    last: Option<Endpoint>,
    closed: bool,
}

#[derive(Debug)]
enum Bound {
    Listener(Arc<accept::Accepting>),
    Inproc,
}

/// What becomes of the connections that were accepted at an endpoint which is unbound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    Close,
    Keep,
}

/// An endpoint that is being connected to.
#[derive(Debug)]
struct Dialed {
    /// Ends the attempts to connect, though not a connection that is there.
    stop: CancellationToken,
    pipe: dial::Line,
}

impl Engine {
    pub(crate) fn new(
        socket_type: SocketType,
        options: SocketOptions,
        names: Arc<Names>,
        transports: Arc<Transports>,
        peers: Arc<PeerSet>,
        pattern: Arc<dyn Pattern>,
    ) -> Arc<Self> {
        let abort = CancellationToken::new();
        Arc::new(Self {
            socket_type,
            options,
            peers,
            pattern,
            events: Listeners::new(socket_type),
            names,
            transports,
            adopted: streams::Adopted::default(),
            endpoints: Mutex::default(),
            links: inproc::Links::default(),
            tasks: TaskTracker::new(),
            home: home::Home::default(),
            told: Mutex::default(),
            closing: abort.child_token(),
            abort,
        })
    }

    pub(crate) fn peers(&self) -> &Arc<PeerSet> {
        &self.peers
    }

    pub(crate) fn options(&self) -> &SocketOptions {
        &self.options
    }

    pub(crate) fn last_endpoint(&self) -> Option<Endpoint> {
        self.endpoints.lock().last.clone()
    }

    /// Binds, and accepts peers from now on.
    pub(crate) async fn bind(self: &Arc<Self>, endpoint: Endpoint) -> Result<Endpoint, BindError> {
        if self.endpoints.lock().closed {
            return Err(BindError::Closed { endpoint });
        }
        if let Endpoint::Inproc(name) = &endpoint {
            inproc::bind(self, name)?;
            self.add_bound(endpoint.clone(), endpoint.clone(), None, Bound::Inproc)?;
            self.settle_inproc();
            return Ok(endpoint);
        }
        let runtime =
            self.settle(&endpoint).map_err(|unsuited| unsuited.to_bind(endpoint.clone()))?;
        let (engine, at) = (self.clone(), endpoint.clone());
        let listening = async move { engine.transports.bind(&at, &engine.options.transport).await };
        let listener = task::on(&runtime, listening)
            .await
            .unwrap_or_else(|crash| Err(BindError::from_io(&endpoint, crash.into())))?;
        self.accept_at(runtime, listener, Some(endpoint))
    }

    /// The runtime for an endpoint.
    fn settle(self: &Arc<Self>, endpoint: &Endpoint) -> Result<Handle, Unsuited> {
        let runtime = self.home.settle(self.transports.needs_io_driver(endpoint))?;
        self.start_telling(&runtime);
        Ok(runtime)
    }

    /// Remembers the runtime for an endpoint that needs none.
    fn settle_inproc(self: &Arc<Self>) {
        if let Some(runtime) = self.home.settle_if_suited() {
            self.start_telling(&runtime);
        }
    }

    /// Accepts peers from now on at what listens already.
    fn accept_at(
        self: &Arc<Self>,
        runtime: Handle,
        listener: Box<dyn Listener>,
        asked: Option<Endpoint>,
    ) -> Result<Endpoint, BindError> {
        let (local, descriptor) = (listener.local_endpoint().clone(), listener.descriptor());
        let accepting = accept::Accepting::new(self, listener);
        let asked = asked.unwrap_or_else(|| local.clone());
        let bound = Bound::Listener(accepting.clone());
        self.add_bound(local.clone(), asked, descriptor, bound)?;
        let acceptor = accept::Acceptor::new(self, runtime.clone(), local.clone(), accepting);
        task::spawn(&runtime, Some(&self.tasks), acceptor);
        Ok(local)
    }

    fn add_bound(
        &self,
        endpoint: Endpoint,
        asked: Endpoint,
        descriptor: Option<i32>,
        bound: Bound,
    ) -> Result<(), BindError> {
        let mut endpoints = self.endpoints.lock();
        if endpoints.closed {
            // Meanwhile: nobody would ever let go of it.
            drop(endpoints);
            self.stop_accepting(&endpoint, &bound);
            return Err(BindError::Closed { endpoint: asked });
        }
        endpoints.last = Some(endpoint.clone());
        endpoints.bound.add(&endpoint, &asked, bound);
        drop(endpoints);
        self.events.emit(SocketEvent::Listening { endpoint, descriptor });
        Ok(())
    }

    /// Tells a bound endpoint to take no more peers. Its address is free when this returns.
    fn stop_accepting(&self, endpoint: &Endpoint, bound: &Bound) {
        let is_closed = match bound {
            Bound::Inproc => {
                self.names.remove(endpoint);
                true
            }
            Bound::Listener(accepting) => accepting.close(),
        };
        if is_closed {
            let endpoint = endpoint.clone();
            self.events.emit(SocketEvent::ListenerClosed { endpoint });
        }
    }

    /// Forgets a bound endpoint whose task has ended.
    fn forget_bound(&self, endpoint: &Endpoint, ended: &Arc<accept::Accepting>) {
        self.endpoints.lock().bound.forget(endpoint, ended);
    }

    /// Stops accepting at an endpoint, and ends the connections that were accepted there or keeps
    /// them. The address is free again when this returns.
    pub(crate) async fn unbind(
        self: &Arc<Self>,
        endpoint: &Endpoint,
        accepted: Accepted,
    ) -> Result<(), DetachError> {
        let removed = self.endpoints.lock().bound.remove(endpoint);
        let removed = match removed {
            None => self.remove_bound_by_name(endpoint).await,
            removed => removed,
        };
        let (endpoint, all) =
            removed.ok_or_else(|| DetachError::NotAttached { endpoint: endpoint.clone() })?;
        for bound in all {
            self.stop_accepting(&endpoint, &bound);
            // An inproc name is but a way to meet: those who have met stay together.
            if let (Accepted::Close, Bound::Listener(accepting)) = (accepted, bound) {
                accepting.end_handshakes();
                self.end_accepted_at(&endpoint);
            }
        }
        Ok(())
    }

    async fn remove_bound_by_name(&self, name: &Endpoint) -> Option<(Endpoint, Vec<Bound>)> {
        let endpoints = self.endpoints.lock().bound.at_port_of(name);
        let endpoint = bound::named(endpoints, name).await?;
        self.endpoints.lock().bound.remove(&endpoint)
    }

    fn end_accepted_at(self: &Arc<Self>, endpoint: &Endpoint) {
        for pipe in self.peers.pipes() {
            if pipe.is_accepted_at(endpoint) {
                self.end_accepted(pipe);
            }
        }
    }

    /// Ends the connection of a peer that connected, after what is queued for it has been written.
    fn end_accepted(self: &Arc<Self>, pipe: Arc<Pipe>) {
        self.hang_up(&pipe);
        if pipe.outbound.queued() > 0
            && let Some(runtime) = self.home.find_or_current()
        {
            self.spawn_linger(&runtime, pipe, None);
        }
    }

    /// Connects in the background, now and whenever the connection is lost.
    ///
    /// With a routing id the peer is known by that, if nobody else is.
    pub(crate) fn connect(
        self: &Arc<Self>,
        endpoint: Endpoint,
        routing_id: Option<RoutingId>,
    ) -> Result<(), ConnectError> {
        endpoint.check_connectable()?;
        self.transports.check(&endpoint)?;
        self.transports
            .check_options(&endpoint, &self.options.transport)
            .map_err(|source| ConnectError::OptionRefused { endpoint: endpoint.clone(), source })?;
        {
            let endpoints = self.endpoints.lock();
            if endpoints.closed {
                return Err(ConnectError::Closed { endpoint });
            }
            let connected = endpoints.dialed.iter().any(|(dialed, _)| *dialed == endpoint);
            let is_inproc = matches!(endpoint, Endpoint::Inproc(_));
            if connected && connects_once(self.socket_type) && !is_inproc {
                return Ok(());
            }
        }
        if let Endpoint::Inproc(name) = &endpoint {
            let dialed = inproc::connect(self, &endpoint, name, routing_id.as_ref())?;
            self.add_dialed(endpoint, dialed);
            self.settle_inproc();
            return Ok(());
        }
        let runtime =
            self.settle(&endpoint).map_err(|unsuited| unsuited.to_connect(endpoint.clone()))?;
        let (dialed, dialer) = dial::prepare(self, &endpoint, None, routing_id)
            .map_err(|rejected| ConnectError::Rejected { endpoint: endpoint.clone(), rejected })?;
        // Before the task can end, and have it forgotten.
        self.add_dialed(endpoint, dialed);
        dialer.spawn(&runtime);
        Ok(())
    }

    fn add_dialed(&self, endpoint: Endpoint, dialed: Dialed) {
        let mut endpoints = self.endpoints.lock();
        endpoints.last = Some(endpoint.clone());
        endpoints.dialed.push((endpoint, dialed));
    }

    /// Adds a pipe for a peer that is connected to.
    fn join_connecting(
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

    /// Forgets a connected endpoint that has ended by itself, so that it can be connected anew.
    fn forget_dialed(&self, ended: impl Fn(&dial::Line) -> bool) {
        self.endpoints.lock().dialed.retain(|(_, dialed)| !ended(&dialed.pipe));
    }

    /// Ends the connections to an endpoint, after what is queued for it has been written.
    pub(crate) fn disconnect(self: &Arc<Self>, endpoint: &Endpoint) -> Result<(), DetachError> {
        let ended: Vec<_> = {
            let dialed = &mut self.endpoints.lock().dialed;
            dialed.extract_if(.., |(dialed, _)| dialed.is_same(endpoint)).collect()
        };
        if ended.is_empty() {
            return Err(DetachError::NotAttached { endpoint: endpoint.clone() });
        }
        for (endpoint, dialed) in ended {
            self.end(endpoint, dialed);
        }
        Ok(())
    }

    /// Ends the connection to one peer, after what is queued for it has been written.
    pub(crate) fn disconnect_peer(self: &Arc<Self>, peer: PeerId) -> Result<(), DetachError> {
        let pipe = self.peers.pipes().into_iter().find(|pipe| pipe.id() == peer);
        let pipe = pipe.ok_or(DetachError::NoPeer { peer })?;
        match self.take_dialed(|_, dialed| dialed.pipe.holds(&pipe)) {
            Some((endpoint, dialed)) => {
                pipe.silence();
                self.end(endpoint, dialed);
            }
            None => self.dismiss(&pipe),
        }
        Ok(())
    }

    fn take_dialed(&self, is: impl Fn(&Endpoint, &Dialed) -> bool) -> Option<(Endpoint, Dialed)> {
        let mut endpoints = self.endpoints.lock();
        let place = endpoints.dialed.iter().position(|(endpoint, dialed)| is(endpoint, dialed));
        place.map(|place| endpoints.dialed.remove(place))
    }

    fn end(self: &Arc<Self>, endpoint: Endpoint, dialed: Dialed) {
        let pipe = dialed.pipe.get();
        // What is sent from now on goes to others: this queue would never be empty else.
        pipe.iter().for_each(|pipe| pipe.close());
        if let Some(pipe) = pipe
            && pipe.outbound.queued() > 0
            && let Some(runtime) = self.home.find_or_current()
        {
            self.spawn_linger(&runtime, pipe, Some((endpoint, dialed)));
        } else {
            self.give_up(&endpoint, &dialed);
        }
    }

    /// A pipe for a peer at an endpoint that only it has.
    fn open_pipe(&self, endpoint: &Endpoint) -> Arc<Pipe> {
        self.peers.open(&self.options.pipe, &self.pattern, Arc::new(endpoint.clone()))
    }

    /// What the codec must know for a new connection.
    fn connection_config(&self) -> ConnectionConfig {
        let config =
            ConnectionConfig::new(self.socket_type, self.options.security.mechanism.clone())
                .with_authenticate_null(self.options.security.asks_always())
                .with_limits(self.options.limits.clone());
        let config = config.with_metadata(self.options.metadata.clone());
        match &self.options.routing_id {
            Some(routing_id) => config.with_routing_id(routing_id.clone()),
            None => config,
        }
    }
}

/// The types for which connecting again to the same endpoint does nothing, as libzmq has it: the
/// same messages would only come, or go, twice.
fn connects_once(socket_type: SocketType) -> bool {
    use SocketType::{Dealer, Pub, Req, Sub};
    matches!(socket_type, Dealer | Pub | Req | Sub)
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("socket_type", &self.socket_type).finish_non_exhaustive()
    }
}
