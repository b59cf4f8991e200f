//! Peers whose connections, or listeners, somebody else has made.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::runtime::Handle;

use super::antechamber::Antechamber;
use super::{Engine, dial};
use crate::endpoint::{Endpoint, OtherEndpoint};
use crate::error::{BindError, StreamError, Unsuited};
use crate::transport::{IntoListener, Io, Listener};

/// What the streams of a socket share that belong to no endpoint.
#[derive(Debug, Default)]
pub(super) struct Adopted {
    streams: AtomicU64,
    antechamber: OnceLock<Arc<Antechamber>>,
}

impl Adopted {
    /// A name for the next one, since events name an endpoint.
    fn name(&self) -> Endpoint {
        let number = self.streams.fetch_add(1, Ordering::Relaxed) + 1;
        Endpoint::Other(OtherEndpoint::new("stream", &number.to_string()))
    }
}

impl Engine {
    /// Accepts peers from now on at what listens already.
    pub(crate) fn bind_listener(
        self: &Arc<Self>,
        listener: impl IntoListener,
    ) -> Result<Endpoint, BindError> {
        let refused = |source| BindError::Listener { source };
        let runtime = self.settle_stream(listener.needs_io_driver());
        let runtime = runtime.map_err(|unsuited| refused(unsuited.into()))?;
        let listener = {
            let _entered = runtime.enter();
            listener.into_listener(&self.options.transport).map_err(refused)?
        };
        let endpoint = listener.local_endpoint();
        self.transports
            .check_options(endpoint, &self.options.transport)
            .map_err(|source| BindError::OptionRefused { endpoint: endpoint.clone(), source })?;
        self.accept_at(runtime, Box::new(listener), None)
    }

    /// Takes a stream as a bound endpoint takes a connection.
    pub(crate) fn accept_stream(self: &Arc<Self>, io: Io) -> Result<Endpoint, StreamError> {
        let runtime = self.check_open()?;
        let pending = self.options.pending;
        let antechamber = self.adopted.antechamber.get_or_init(|| Antechamber::new(pending));
        let endpoint = self.adopted.name();
        let place = antechamber.admit(io.peer_address());
        let closing = self.closing.clone();
        self.serve(&runtime, &Arc::new(endpoint.clone()), place, io, closing);
        Ok(endpoint)
    }

    /// Takes a stream as a connected endpoint takes a connection.
    pub(crate) fn connect_stream(self: &Arc<Self>, io: Io) -> Result<Endpoint, StreamError> {
        let runtime = self.check_open()?;
        let endpoint = self.adopted.name();
        let (dialed, dialer) = dial::prepare(self, &endpoint, Some(io), None)?;
        self.endpoints.lock().dialed.push((endpoint.clone(), dialed));
        dialer.spawn(&runtime);
        Ok(endpoint)
    }

    fn check_open(self: &Arc<Self>) -> Result<Handle, StreamError> {
        if self.endpoints.lock().closed {
            return Err(StreamError::Closed);
        }
        Ok(self.settle_stream(false)?)
    }

    fn settle_stream(self: &Arc<Self>, needs_io: bool) -> Result<Handle, Unsuited> {
        let runtime = self.home.settle(needs_io)?;
        self.start_telling(&runtime);
        Ok(runtime)
    }
}
