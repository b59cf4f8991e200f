//! Accepting peers at a bound endpoint.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::Engine;
use super::antechamber::{Antechamber, Place};
use super::driver::Driver;
use super::handshake::{self, Established};
use super::trace::record_address;
use crate::endpoint::Endpoint;
use crate::event::{HandshakeFailure, SocketEvent};
use crate::transport::{self, Io, Listener};

/// How long to wait after a failure to accept: trying again at once would only burn the processor
/// until what is lacking is there.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// Accepts until told to stop; the listener is closed when this returns.
pub(super) async fn run(
    engine: Arc<Engine>,
    mut listener: Box<dyn Listener>,
    stop: CancellationToken,
) {
    let endpoint = Arc::new(listener.local_endpoint().clone());
    let antechamber = Antechamber::new(engine.options.pending);
    let accepting = async {
        let mut failing = false;
        loop {
            match poll_fn(|cx| listener.poll_accept(cx)).await {
                Ok(io) if !engine.accepts(&io) => engine.turn_away(&endpoint, &io),
                Ok(io) => {
                    failing = false;
                    engine.serve(&endpoint, antechamber.admit(io.peer_address()), io);
                }
                Err(error) => {
                    if !failing {
                        failing = true;
                        engine.warn_accept_failing(&endpoint, &error);
                    }
                    let lacks_descriptor = transport::lacks_descriptor(&error);
                    let (endpoint, error) = (Endpoint::clone(&endpoint), Arc::new(error));
                    engine.events.emit(SocketEvent::AcceptFailed { endpoint, error });
                    pause(lacks_descriptor.then_some(&antechamber)).await;
                }
            }
        }
    };
    stop.run_until_cancelled(accepting).await;
    drop(listener);
    engine.events.emit(SocketEvent::ListenerClosed { endpoint: Endpoint::clone(&endpoint) });
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

    /// Serves one accepted connection from handshake to end, in a task of its own.
    pub(super) fn serve(self: &Arc<Self>, endpoint: &Arc<Endpoint>, place: Place, io: Io) {
        self.events.emit(SocketEvent::Accepted {
            endpoint: Endpoint::clone(endpoint),
            address: io.peer_address().clone(),
        });
        let span = self.connection_span(endpoint);
        record_address(&span, io.peer_address());
        let (engine, endpoint) = (self.clone(), endpoint.clone());
        // Boxed so that an idle connection does not pay for the memory of its handshake.
        let welcome = Box::pin(welcome(self.clone(), endpoint.clone(), place, io));
        let serving = async move {
            if let Some(mut driver) = welcome.await {
                driver.run(&engine, &endpoint, false).await;
            }
        };
        self.tasks.spawn(serving.instrument(span));
    }
}

/// The connection's way to being a peer, which has a pipe only from here on.
async fn welcome(
    engine: Arc<Engine>,
    endpoint: Arc<Endpoint>,
    mut place: Place,
    io: Io,
) -> Option<Driver> {
    let address = io.peer_address().clone();
    // By reference, for each combinator would have room for it once more than it needs.
    let handshake = pin!(handshake::perform(&engine, io));
    let held = pin!(place.hold(handshake));
    let handshake = engine.closing.run_until_cancelled(held).await?;
    let driver = handshake.and_then(|established| greet(&engine, &endpoint, established));
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
) -> Result<Driver, HandshakeFailure> {
    let pipe = engine.peers.open(&engine.options.pipe, &engine.pattern, endpoint.clone());
    engine.peers.join(&pipe)?;
    Driver::start(engine, endpoint, &pipe, established).inspect_err(|_| {
        engine.peers.leave(&pipe);
    })
}
