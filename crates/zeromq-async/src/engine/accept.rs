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
use crate::peer::Pipe;
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
    let endpoint = listener.local_endpoint().clone();
    let accepting = async {
        loop {
            match poll_fn(|cx| listener.poll_accept(cx)).await {
                Ok(io) => spawn(&engine, &endpoint, io),
                Err(error) => {
                    let (endpoint, error) = (endpoint.clone(), Arc::new(error));
                    engine.events.emit(SocketEvent::AcceptFailed { endpoint, error });
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                }
            }
        }
    };
    stop.run_until_cancelled(accepting).await;
}

fn spawn(engine: &Arc<Engine>, endpoint: &Endpoint, io: Io) {
    let (endpoint, address) = (endpoint.clone(), io.peer_address.clone());
    engine.events.emit(SocketEvent::Accepted { endpoint: endpoint.clone(), address });
    let (task, abort) = (serve(engine.clone(), endpoint, io), engine.abort.clone());
    engine.tasks.spawn(async move { abort.run_until_cancelled(task).await });
}

/// One accepted connection from handshake to end: the pipe exists only in between.
async fn serve(engine: Arc<Engine>, endpoint: Endpoint, io: Io) {
    let address = io.peer_address.clone();
    // Boxed so that an idle connection does not pay for the memory of its handshake.
    let outcome = Box::pin(handshake::perform(&engine, io)).await;
    let greeted = outcome.and_then(|established| {
        let pipe = engine.peers.open(&engine.options.pipe, &engine.pattern);
        Ok((greet(&engine, &endpoint, &pipe, established)?, pipe))
    });
    match greeted {
        Ok((driver, pipe)) => {
            driver.run(&engine, &endpoint).await;
            engine.peers.leave(&pipe);
        }
        Err(reason) => {
            engine.events.emit(SocketEvent::HandshakeFailed { endpoint, address, reason });
        }
    }
}

/// Makes the peer part of the socket.
fn greet(
    engine: &Arc<Engine>,
    endpoint: &Endpoint,
    pipe: &Arc<Pipe>,
    established: Established,
) -> Result<Driver, HandshakeFailure> {
    engine.peers.join(pipe)?;
    Driver::start(engine, endpoint, pipe, established).inspect_err(|_| engine.peers.leave(pipe))
}
