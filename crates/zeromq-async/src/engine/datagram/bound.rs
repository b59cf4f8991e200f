//! The task of a bound endpoint of datagrams.

use std::sync::Arc;

use tokio::runtime::Handle;
use tracing::{Instrument, Span};

use super::super::core::SocketCore;
use super::super::endpoints::Bound;
use super::super::task::{Interrupted, Task};
use super::super::trace;
use super::driver::DatagramDriver;
use super::layout::Layout;
use super::peer::join;
use super::shared::{BoundDatagrams, Shared};
use crate::endpoint::Endpoint;
use crate::error::{BindError, BindErrorKind, Rejected};
use crate::event::SocketEvent;
use crate::transport::DatagramSocket;

/// Receives datagrams at a bound endpoint, and sends from there.
pub(super) struct Receiving {
    core: Arc<SocketCore>,
    endpoint: Endpoint,
    bound: Arc<BoundDatagrams>,
    driver: DatagramDriver,
    span: Span,
}

impl Receiving {
    /// Adds a bound endpoint and receives there from now on.
    pub(super) fn spawn(
        core: &Arc<SocketCore>,
        runtime: &Handle,
        socket: Box<dyn DatagramSocket>,
        asked: &Endpoint,
        layout: Layout,
        max_datagram: usize,
    ) -> Result<Endpoint, BindError> {
        let (endpoint, descriptor) = (socket.endpoint().clone(), socket.descriptor());
        let rejected = |rejected| match rejected {
            Rejected::Closed => BindError::new(asked, BindErrorKind::Closed),
            rejected => BindError::new(asked, BindErrorKind::Rejected(rejected)),
        };
        let pipe = join(core, &endpoint, false, max_datagram).map_err(rejected)?;
        let socket = Shared::new(socket);
        let bound = BoundDatagrams::new(socket.clone(), pipe.clone());
        let driver = DatagramDriver::start(core, &pipe, socket, None, layout);
        let driver = driver.map_err(|reason| {
            core.peers.leave(&pipe);
            rejected(reason)
        })?;
        let is_open =
            core.add_bound(endpoint.clone(), asked, descriptor, Bound::Datagrams(bound.clone()));
        let span = trace::connection_span(core.socket_type, &endpoint);
        let receiving =
            Self { core: core.clone(), endpoint: endpoint.clone(), bound, driver, span };
        // On a socket that was closed meanwhile it ends at once.
        core.spawn(runtime, receiving);
        if is_open { Ok(endpoint) } else { Err(BindError::new(asked, BindErrorKind::Closed)) }
    }
}

impl Task for Receiving {
    async fn run(&mut self) {
        let span = self.span.clone();
        self.driver.run(&self.core, &self.endpoint).instrument(span).await;
    }

    fn end(mut self, interrupted: Option<Interrupted>) {
        if let Some(interrupted) = interrupted {
            self.driver.begin_end(interrupted.into());
            self.driver.end(&self.core, &self.endpoint, false);
        }
        self.core.endpoints.forget_datagrams(&self.endpoint, &self.bound);
        if self.bound.close() {
            let endpoint = self.endpoint.clone();
            self.core.events.emit(SocketEvent::ListenerClosed { endpoint });
        }
    }
}
