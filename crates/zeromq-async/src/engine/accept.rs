//! Accepts connections at a bound endpoint, and serves each in a task of its own.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use super::connection::ConnectionDriver;
use super::core::SocketCore;
use super::disconnect::hang_up;
use super::endpoints::{Bound, BoundListener};
use super::handshake::{self, Established};
use super::pending_handshakes::{PendingHandshake, PendingHandshakes};
use super::task::{Interrupted, Task};
use super::trace;
use crate::endpoint::Endpoint;
use crate::error::{BindError, BindErrorKind};
use crate::event::{HandshakeFailure, SocketEvent};
use crate::identity::PeerAddress;
use crate::transport::{self, Io, Listener};

/// The wait after a failure to accept. An immediate retry would only use the processor until the
/// cause is gone.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// The task of a bound endpoint.
pub(super) struct Acceptor {
    core: Arc<SocketCore>,
    runtime: Handle,
    endpoint: Arc<Endpoint>,
    listener: Arc<BoundListener>,
    pending: Arc<PendingHandshakes>,
    /// The last attempt has failed.
    failing: bool,
}

impl Acceptor {
    /// Adds a bound endpoint and accepts at it from now on. Without `asked` it has one address.
    pub(super) fn spawn(
        core: &Arc<SocketCore>,
        runtime: Handle,
        listener: Box<dyn Listener>,
        asked: Option<Endpoint>,
    ) -> Result<Endpoint, BindError> {
        let (local, descriptor) = (listener.local_endpoint().clone(), listener.descriptor());
        let listener = BoundListener::new(listener, &core.shutdown);
        let asked = asked.unwrap_or_else(|| local.clone());
        if !core.add_bound(local.clone(), &asked, descriptor, Bound::Listener(listener.clone())) {
            return Err(BindError::new(&asked, BindErrorKind::Closed));
        }
        let acceptor = Self {
            core: core.clone(),
            runtime: runtime.clone(),
            endpoint: Arc::new(local.clone()),
            listener,
            pending: PendingHandshakes::new(core.options.pending),
            failing: false,
        };
        core.spawn(&runtime, acceptor);
        Ok(local)
    }

    async fn accept(&mut self) {
        if self.failing {
            pause(None).await;
        }
        loop {
            match poll_fn(|cx| self.listener.poll_accept(cx)).await {
                Ok(io) if !self.passes_filter(&io) => self.refuse(&io),
                Ok(io) => {
                    self.failing = false;
                    self.serve(io);
                }
                Err(error) => {
                    let lacks_descriptor = transport::lacks_descriptor(&error);
                    self.fail(error);
                    pause(lacks_descriptor.then_some(&self.pending)).await;
                }
            }
        }
    }

    fn passes_filter(&self, io: &Io) -> bool {
        let filter = self.core.options.accept_filter.as_ref();
        filter.is_none_or(|filter| filter.accepts(io.peer_address()))
    }

    fn refuse(&self, io: &Io) {
        let text = format!("the accept filter keeps {} out", io.peer_address());
        self.emit_failed(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }

    fn serve(&self, io: Io) {
        let pending = self.pending.admit(io.peer_address());
        let handshakes = self.listener.handshakes.clone();
        serve(&self.core, &self.runtime, &self.endpoint, pending, io, handshakes);
    }

    fn fail(&mut self, error: io::Error) {
        if !std::mem::replace(&mut self.failing, true) {
            trace::warn_accept_failing(self.core.socket_type, &self.endpoint, &error);
        }
        self.emit_failed(error);
    }

    fn emit_failed(&self, error: io::Error) {
        let (endpoint, error) = (Endpoint::clone(&self.endpoint), Arc::new(error));
        self.core.events.emit(SocketEvent::AcceptFailed { endpoint, error });
    }
}

impl Task for Acceptor {
    async fn run(&mut self) {
        let stop = self.listener.stop.clone();
        stop.run_until_cancelled(self.accept()).await;
    }

    fn restarts(&mut self, panic: &Interrupted) -> bool {
        self.fail(panic.clone().into());
        true
    }

    fn end(mut self, interrupted: Option<Interrupted>) {
        self.core.endpoints.forget_bound(&self.endpoint, &self.listener);
        if !self.listener.close() {
            return;
        }
        if let Some(interrupted) = interrupted {
            self.fail(interrupted.into());
        }
        let endpoint = Endpoint::clone(&self.endpoint);
        self.core.events.emit(SocketEvent::ListenerClosed { endpoint });
    }
}

/// Waits before the next accept. Where a descriptor is lacking, a pending handshake gives up its own,
/// because it may never finish.
async fn pause(pending: Option<&Arc<PendingHandshakes>>) {
    match pending {
        Some(pending) => {
            let freed = pending.free_descriptor();
            let _ = tokio::time::timeout(PAUSE_AFTER_FAILURE, freed).await;
        }
        None => tokio::time::sleep(PAUSE_AFTER_FAILURE).await,
    }
}

/// Serves an accepted connection in a task of its own. `handshakes` ends its handshake.
pub(super) fn serve(
    core: &Arc<SocketCore>,
    runtime: &Handle,
    endpoint: &Arc<Endpoint>,
    pending: PendingHandshake,
    io: Io,
    handshakes: CancellationToken,
) {
    let address = io.peer_address().clone();
    core.events.emit(SocketEvent::Accepted {
        endpoint: Endpoint::clone(endpoint),
        address: address.clone(),
        local: io.local_endpoint().unwrap_or(endpoint).clone(),
        descriptor: io.descriptor(),
    });
    let span = trace::connection_span(core.socket_type, endpoint);
    trace::record_address(&span, &address);
    let (core, endpoint) = (core.clone(), endpoint.clone());
    // Boxed so that an idle connection does not hold the memory of its handshake.
    let establishing = Box::pin(establish(core.clone(), endpoint.clone(), pending, io, handshakes));
    let stage = Stage::Handshake { address, establishing: Some(establishing) };
    core.clone().spawn(runtime, AcceptedConnection { core, endpoint, stage, span });
}

/// The task of an accepted connection.
struct AcceptedConnection {
    core: Arc<SocketCore>,
    endpoint: Arc<Endpoint>,
    stage: Stage,
    span: Span,
}

#[expect(clippy::large_enum_variant, reason = "a connection is established most of its time")]
enum Stage {
    Handshake { address: PeerAddress, establishing: Option<EstablishFuture> },
    Established(ConnectionDriver),
    Ended,
}

type EstablishFuture = Pin<Box<dyn Future<Output = Option<ConnectionDriver>> + Send>>;

impl AcceptedConnection {
    async fn serve(&mut self) {
        if let Stage::Handshake { establishing, .. } = &mut self.stage
            && let Some(establishing) = establishing.take()
        {
            self.stage = establishing.await.map_or(Stage::Ended, Stage::Established);
        }
        if let Stage::Established(driver) = &mut self.stage {
            driver.run(&self.core, &self.endpoint, false).await;
        }
    }

    fn report_interrupted(&mut self, interrupted: Interrupted) {
        match &mut self.stage {
            Stage::Handshake { address, .. } => {
                handshake_failed(&self.core, &self.endpoint, address.clone(), interrupted.into());
            }
            Stage::Established(driver) => {
                driver.begin_end(interrupted.into());
                driver.end(&self.core, &self.endpoint, false);
            }
            Stage::Ended => {}
        }
    }
}

impl Task for AcceptedConnection {
    async fn run(&mut self) {
        let span = self.span.clone();
        self.serve().instrument(span).await;
    }

    fn end(mut self, interrupted: Option<Interrupted>) {
        let span = self.span.clone();
        let _entered = span.enter();
        if let Some(interrupted) = interrupted {
            self.report_interrupted(interrupted);
        }
    }
}

/// Performs the handshake and adds the peer, which has no pipe before.
async fn establish(
    core: Arc<SocketCore>,
    endpoint: Arc<Endpoint>,
    mut pending: PendingHandshake,
    io: Io,
    handshakes: CancellationToken,
) -> Option<ConnectionDriver> {
    let address = io.peer_address().clone();
    // Pinned here, because each combinator would reserve memory for the whole future once more.
    let handshake = pin!(handshake::perform(&core, io));
    let handshake = pin!(pending.run(handshake));
    let handshake = handshakes.run_until_cancelled(handshake).await?;
    let driver =
        handshake.and_then(|established| add_peer(&core, &endpoint, established, &handshakes));
    driver.map_err(|reason| handshake_failed(&core, &endpoint, address, reason)).ok()
}

fn add_peer(
    core: &Arc<SocketCore>,
    endpoint: &Arc<Endpoint>,
    established: Established,
    handshakes: &CancellationToken,
) -> Result<ConnectionDriver, HandshakeFailure> {
    let pipe = core.join_accepted(endpoint)?;
    let driver = ConnectionDriver::start(core, endpoint, &pipe, established);
    let driver = driver.inspect_err(|_| {
        core.peers.leave(&pipe);
    })?;
    if handshakes.is_cancelled() {
        // The endpoint was unbound before the peer was added.
        hang_up(core, &pipe);
    }
    Ok(driver)
}

fn handshake_failed(
    core: &SocketCore,
    endpoint: &Arc<Endpoint>,
    address: PeerAddress,
    reason: HandshakeFailure,
) {
    let endpoint = Endpoint::clone(endpoint);
    core.events.emit(SocketEvent::HandshakeFailed { endpoint, address, attempt: None, reason });
}
