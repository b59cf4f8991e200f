//! Accepting peers at a bound endpoint.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use super::Engine;
use super::antechamber::{Antechamber, Place};
use super::driver::Driver;
use super::handshake::{self, Established};
use super::task::{self, Crash, Task};
use super::trace::record_address;
use crate::endpoint::Endpoint;
use crate::event::{HandshakeFailure, SocketEvent};
use crate::identity::PeerAddress;
use crate::sync::Mutex;
use crate::transport::{self, Io, Listener};

/// How long to wait after a failure to accept: trying again at once would only burn the processor
/// until what is lacking is there.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// A bound endpoint, shared by the task that accepts at it and those who may close it.
pub(super) struct Accepting {
    /// None when it is closed.
    listener: Mutex<Option<Box<dyn Listener>>>,
    /// Ends the task.
    stop: CancellationToken,
    /// Ends the handshakes of connections that were accepted here.
    closing: CancellationToken,
}

impl Accepting {
    pub(super) fn new(engine: &Engine, listener: Box<dyn Listener>) -> Arc<Self> {
        let (stop, closing) = (engine.abort.child_token(), engine.closing.child_token());
        Arc::new(Self { listener: Mutex::new(Some(listener)), stop, closing })
    }

    /// Those who have not greeted yet will not be peers.
    pub(super) fn end_handshakes(&self) {
        self.closing.cancel();
    }

    /// Closes the listener, and ends its task. False where that was done before.
    pub(super) fn close(&self) -> bool {
        let listener = self.listener.lock().take();
        self.stop.cancel();
        listener.is_some()
    }

    /// The next connection; never one after the listener was closed.
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Io>> {
        match &mut *self.listener.lock() {
            Some(listener) => listener.poll_accept(cx),
            None => Poll::Pending,
        }
    }
}

impl std::fmt::Debug for Accepting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accepting").finish_non_exhaustive()
    }
}

/// The task of a bound endpoint.
pub(super) struct Acceptor {
    engine: Arc<Engine>,
    runtime: Handle,
    endpoint: Arc<Endpoint>,
    accepting: Arc<Accepting>,
    antechamber: Arc<Antechamber>,
    /// The last attempt has failed.
    failing: bool,
}

impl Acceptor {
    pub(super) fn new(
        engine: &Arc<Engine>,
        runtime: Handle,
        endpoint: Endpoint,
        accepting: Arc<Accepting>,
    ) -> Self {
        let antechamber = Antechamber::new(engine.options.pending);
        let (engine, endpoint) = (engine.clone(), Arc::new(endpoint));
        Self { engine, runtime, endpoint, accepting, antechamber, failing: false }
    }

    async fn accept(&mut self) {
        if self.failing {
            pause(None).await;
        }
        loop {
            match poll_fn(|cx| self.accepting.poll_accept(cx)).await {
                Ok(io) if !self.engine.accepts(&io) => self.engine.turn_away(&self.endpoint, &io),
                Ok(io) => {
                    self.failing = false;
                    let place = self.antechamber.admit(io.peer_address());
                    let closing = self.accepting.closing.clone();
                    self.engine.serve(&self.runtime, &self.endpoint, place, io, closing);
                }
                Err(error) => {
                    let lacks_descriptor = transport::lacks_descriptor(&error);
                    self.fail(error);
                    pause(lacks_descriptor.then_some(&self.antechamber)).await;
                }
            }
        }
    }

    fn fail(&mut self, error: io::Error) {
        if !std::mem::replace(&mut self.failing, true) {
            self.engine.warn_accept_failing(&self.endpoint, &error);
        }
        let (endpoint, error) = (Endpoint::clone(&self.endpoint), Arc::new(error));
        self.engine.events.emit(SocketEvent::AcceptFailed { endpoint, error });
    }
}

impl Task for Acceptor {
    /// Accepts until told to stop.
    async fn run(&mut self) {
        let stop = self.accepting.stop.clone();
        stop.run_until_cancelled(self.accept()).await;
    }

    fn restarts(&mut self, panic: &Crash) -> bool {
        self.fail(panic.clone().into());
        true
    }

    fn end(mut self, crash: Option<Crash>) {
        self.engine.forget_bound(&self.endpoint, &self.accepting);
        if !self.accepting.close() {
            return;
        }
        if let Some(crash) = crash {
            self.fail(crash.into());
        }
        let endpoint = Endpoint::clone(&self.endpoint);
        self.engine.events.emit(SocketEvent::ListenerClosed { endpoint });
    }
}

/// Waits until it makes sense to accept again. Whoever is in the antechamber, and may never finish,
/// does not keep a newcomer from getting the descriptor it needs.
async fn pause(antechamber: Option<&Arc<Antechamber>>) {
    match antechamber {
        Some(antechamber) => {
            let freed = antechamber.free_descriptor();
            let _ = tokio::time::timeout(PAUSE_AFTER_FAILURE, freed).await;
        }
        None => tokio::time::sleep(PAUSE_AFTER_FAILURE).await,
    }
}

impl Engine {
    fn accepts(&self, io: &Io) -> bool {
        let filter = self.options.accept_filter.as_ref();
        filter.is_none_or(|filter| filter.accepts(io.peer_address()))
    }

    fn turn_away(&self, endpoint: &Endpoint, io: &Io) {
        let text = format!("the accept filter keeps {} out", io.peer_address());
        let error = io::Error::new(io::ErrorKind::PermissionDenied, text);
        let (endpoint, error) = (endpoint.clone(), Arc::new(error));
        self.events.emit(SocketEvent::AcceptFailed { endpoint, error });
    }

    /// Serves one accepted connection from handshake to end, in a task of its own. `closing` ends
    /// its handshake.
    pub(super) fn serve(
        self: &Arc<Self>,
        runtime: &Handle,
        endpoint: &Arc<Endpoint>,
        place: Place,
        io: Io,
        closing: CancellationToken,
    ) {
        let address = io.peer_address().clone();
        self.events.emit(SocketEvent::Accepted {
            endpoint: Endpoint::clone(endpoint),
            address: address.clone(),
            local: io.local_endpoint().unwrap_or(endpoint).clone(),
            descriptor: io.descriptor(),
        });
        let span = self.connection_span(endpoint);
        record_address(&span, &address);
        // Boxed so that an idle connection does not pay for the memory of its handshake.
        let welcome = Box::pin(welcome(self.clone(), endpoint.clone(), place, io, closing));
        let (engine, endpoint) = (self.clone(), endpoint.clone());
        let stage = Stage::Handshake { address, welcome: Some(welcome) };
        task::spawn(runtime, Some(&self.tasks), Connection { engine, endpoint, stage, span });
    }
}

/// The task of an accepted connection.
struct Connection {
    engine: Arc<Engine>,
    endpoint: Arc<Endpoint>,
    stage: Stage,
    span: Span,
}

#[expect(clippy::large_enum_variant, reason = "a connection is a peer for most of its time")]
enum Stage {
    Handshake { address: PeerAddress, welcome: Option<Welcome> },
    Peer(Driver),
    Over,
}

type Welcome = Pin<Box<dyn Future<Output = Option<Driver>> + Send>>;

impl Connection {
    async fn serve(&mut self) {
        if let Stage::Handshake { welcome, .. } = &mut self.stage
            && let Some(welcome) = welcome.take()
        {
            self.stage = welcome.await.map_or(Stage::Over, Stage::Peer);
        }
        if let Stage::Peer(driver) = &mut self.stage {
            driver.run(&self.engine, &self.endpoint, false).await;
        }
    }

    fn crash(&mut self, crash: Crash) {
        match &mut self.stage {
            Stage::Handshake { address, .. } => {
                self.engine.events.emit(SocketEvent::HandshakeFailed {
                    endpoint: Endpoint::clone(&self.endpoint),
                    address: address.clone(),
                    attempt: None,
                    reason: crash.into(),
                });
            }
            Stage::Peer(driver) => {
                driver.begin_end(crash.into());
                driver.end(&self.engine, &self.endpoint, false);
            }
            Stage::Over => {}
        }
    }
}

impl Task for Connection {
    async fn run(&mut self) {
        let span = self.span.clone();
        self.serve().instrument(span).await;
    }

    fn end(mut self, crash: Option<Crash>) {
        let span = self.span.clone();
        let _entered = span.enter();
        if let Some(crash) = crash {
            self.crash(crash);
        }
    }
}

/// The connection's way to being a peer, which has a pipe only from here on.
async fn welcome(
    engine: Arc<Engine>,
    endpoint: Arc<Endpoint>,
    mut place: Place,
    io: Io,
    closing: CancellationToken,
) -> Option<Driver> {
    let address = io.peer_address().clone();
    // By reference, for each combinator would have room for it once more than it needs.
    let handshake = pin!(handshake::perform(&engine, io));
    let held = pin!(place.hold(handshake));
    let handshake = closing.run_until_cancelled(held).await?;
    let driver = handshake.and_then(|established| greet(&engine, &endpoint, established, &closing));
    driver
        .inspect_err(|reason| {
            engine.events.emit(SocketEvent::HandshakeFailed {
                endpoint: Endpoint::clone(&endpoint),
                address,
                attempt: None,
                reason: reason.clone(),
            });
        })
        .ok()
}

/// Makes the peer part of the socket.
fn greet(
    engine: &Arc<Engine>,
    endpoint: &Arc<Endpoint>,
    established: Established,
    closing: &CancellationToken,
) -> Result<Driver, HandshakeFailure> {
    let pipe = engine.peers.open(&engine.options.pipe, &engine.pattern, endpoint.clone());
    engine.peers.join(&pipe)?;
    let driver = Driver::start(engine, endpoint, &pipe, established).inspect_err(|_| {
        engine.peers.leave(&pipe);
    })?;
    if closing.is_cancelled() {
        // The unbind came before this peer was in the set.
        engine.hang_up(&pipe);
    }
    Ok(driver)
}
