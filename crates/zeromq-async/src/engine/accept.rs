//! Accepting peers at a bound endpoint.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Engine;
use super::driver::Driver;
use super::handshake::{self, Established};
use crate::endpoint::Endpoint;
use crate::event::{HandshakeFailure, SocketEvent};
use crate::transport::{Io, Listener};

/// How long to wait after a failure to accept: most often the process has no descriptor left, and
/// trying again at once would only burn the processor until one is closed.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// Accepts until told to stop; the listener is closed when this returns.
pub(super) async fn run(
    engine: Arc<Engine>,
    mut listener: Box<dyn Listener>,
    stop: CancellationToken,
) {
    let endpoint = Arc::new(listener.local_endpoint().clone());
    let accepting = async {
        loop {
            match poll_fn(|cx| listener.poll_accept(cx)).await {
                Ok(io) => engine.serve(&endpoint, io),
                Err(error) => {
                    let (endpoint, error) = (Endpoint::clone(&endpoint), Arc::new(error));
                    engine.events.emit(SocketEvent::AcceptFailed { endpoint, error });
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                }
            }
        }
    };
    stop.run_until_cancelled(accepting).await;
    drop(listener);
    engine.events.emit(SocketEvent::ListenerClosed { endpoint: Endpoint::clone(&endpoint) });
}

impl Engine {
    /// Serves one accepted connection from handshake to end, in a task of its own.
    fn serve(self: &Arc<Self>, endpoint: &Arc<Endpoint>, io: Io) {
        self.events.emit(SocketEvent::Accepted {
            endpoint: Endpoint::clone(endpoint),
            address: io.peer_address.clone(),
        });
        let (engine, endpoint) = (self.clone(), endpoint.clone());
        // Boxed so that an idle connection does not pay for the memory of its handshake.
        let welcome = Box::pin(welcome(self.clone(), endpoint.clone(), io));
        self.tasks.spawn(async move {
            if let Some(mut driver) = welcome.await {
                driver.run(&engine, &endpoint).await;
                engine.peers.leave(driver.pipe());
            }
        });
    }
}

/// The connection's way to being a peer, which has a pipe only from here on.
async fn welcome(engine: Arc<Engine>, endpoint: Arc<Endpoint>, io: Io) -> Option<Driver> {
    let address = io.peer_address.clone();
    let handshake = engine.closing.run_until_cancelled(handshake::perform(&engine, io)).await?;
    let driver = handshake.and_then(|established| greet(&engine, &endpoint, established));
    driver
        .inspect_err(|reason| {
            engine.events.emit(SocketEvent::HandshakeFailed {
                endpoint: Endpoint::clone(&endpoint),
                address,
                reason: reason.clone(),
            });
        })
        .ok()
}

/// Makes the peer part of the socket.
fn greet(
    engine: &Engine,
    endpoint: &Endpoint,
    established: Established,
) -> Result<Driver, HandshakeFailure> {
    let pipe = engine.peers.open(&engine.options.pipe, &engine.pattern);
    engine.peers.join(&pipe)?;
    Driver::start(engine, endpoint, &pipe, established).inspect_err(|_| engine.peers.leave(&pipe))
}
