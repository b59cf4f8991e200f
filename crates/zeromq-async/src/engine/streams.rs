//! Peers whose connections, or listeners, somebody else has made.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::runtime::Handle;

use super::antechamber::Antechamber;
use super::{Engine, dial};
use crate::endpoint::{Endpoint, OtherEndpoint};
use crate::error::{BindError, StreamError};
use crate::transport::{IntoListener, Io};

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
        if Handle::try_current().is_err() {
            return Err(BindError::Listener { source: std::io::Error::other(NO_RUNTIME) });
        }
        let listener = listener.into_listener(&self.options.transport);
        let listener = listener.map_err(|source| BindError::Listener { source })?;
        self.accept_at(Box::new(listener), None)
    }

    /// Takes a stream as a bound endpoint takes a connection.
    pub(crate) fn accept_stream(self: &Arc<Self>, io: Io) -> Result<Endpoint, StreamError> {
        self.check_open()?;
        let pending = self.options.pending;
        let antechamber = self.adopted.antechamber.get_or_init(|| Antechamber::new(pending));
        let endpoint = self.adopted.name();
        let place = antechamber.admit(io.peer_address());
        self.serve(&Arc::new(endpoint.clone()), place, io);
        Ok(endpoint)
    }

    /// Takes a stream as a connected endpoint takes a connection.
    pub(crate) fn connect_stream(self: &Arc<Self>, io: Io) -> Result<Endpoint, StreamError> {
        self.check_open()?;
        let endpoint = self.adopted.name();
        let dialled = dial::start(self, &endpoint, Some(io), None)?;
        self.endpoints.lock().dialled.push((endpoint.clone(), dialled));
        Ok(endpoint)
    }

    fn check_open(&self) -> Result<(), StreamError> {
        if self.endpoints.lock().closed {
            return Err(StreamError::Closed);
        }
        Handle::try_current().map(drop).map_err(|_| StreamError::NoRuntime)
    }
}

const NO_RUNTIME: &str = "there is no Tokio runtime; call it from a task, or within Runtime::enter";
