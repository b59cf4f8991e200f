//! The task of an endpoint that a RADIO sends datagrams to.

use std::io;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use super::super::core::SocketCore;
use super::super::endpoints::{Dialed, DialedPipe};
use super::super::task::{Interrupted, Task};
use super::super::trace;
use super::driver::DatagramDriver;
use super::layout::Layout;
use super::shared::Shared;
use crate::endpoint::Endpoint;
use crate::event::SocketEvent;
use crate::identity::PeerAddress;
use crate::pipe::Pipe;
use crate::random::random;
use crate::transport::{DatagramSocket, DynDatagramTransport};

/// Opens a socket that sends to the endpoint, and opens it again until that succeeds: a name may not
/// resolve yet. Then sends.
pub(super) struct Dialing {
    core: Arc<SocketCore>,
    transport: Arc<dyn DynDatagramTransport>,
    endpoint: Endpoint,
    pipe: Arc<Pipe>,
    layout: Layout,
    stop: CancellationToken,
    attempt: u32,
    driver: Option<DatagramDriver>,
    span: Span,
}

impl Dialing {
    pub(super) fn spawn(
        core: &Arc<SocketCore>,
        runtime: &Handle,
        transport: Arc<dyn DynDatagramTransport>,
        endpoint: Endpoint,
        pipe: Arc<Pipe>,
        layout: Layout,
    ) {
        let stop = core.shutdown.abort.child_token();
        let dialed_pipe = DialedPipe::new(pipe.clone());
        let dialed = Dialed { endpoint: endpoint.clone(), stop: stop.clone(), pipe: dialed_pipe };
        // Before the task can end and remove it.
        core.endpoints.add_dialed(dialed);
        let span = trace::connection_span(core.socket_type, &endpoint);
        let (core, attempt, driver) = (core.clone(), 0, None);
        let dialing = Self { core, transport, endpoint, pipe, layout, stop, attempt, driver, span };
        dialing.core.clone().spawn(runtime, dialing);
    }

    async fn dial(&mut self) {
        loop {
            self.attempt += 1;
            let options = &self.core.options.transport;
            match self.transport.connect(&self.endpoint, options).await {
                Ok(socket) => return self.opened(socket),
                Err(error) => self.failed(error),
            }
            let Some(backoff) = self.core.options.reconnect else { return };
            let delay = backoff.delay(self.attempt - 1, random());
            let (endpoint, attempt) = (self.endpoint.clone(), self.attempt + 1);
            self.core.events.emit(SocketEvent::ConnectRetried { endpoint, attempt, delay });
            tokio::time::sleep(delay).await;
        }
    }

    fn opened(&mut self, socket: Box<dyn DatagramSocket>) {
        let (target, descriptor) = (socket.peer_address(), socket.descriptor());
        let address = match target {
            Some(target) => PeerAddress::Udp(target),
            None => PeerAddress::from(self.endpoint.to_string()),
        };
        trace::record_address(&self.span, &address);
        self.core.events.emit(SocketEvent::Connected {
            endpoint: self.endpoint.clone(),
            address,
            local: None,
            descriptor,
            attempt: self.attempt,
        });
        let socket = Shared::new(socket);
        // Refused only by a socket that closes.
        self.driver =
            DatagramDriver::start(&self.core, &self.pipe, socket, target, self.layout).ok();
    }

    fn failed(&self, error: io::Error) {
        self.core.events.emit(SocketEvent::ConnectFailed {
            endpoint: self.endpoint.clone(),
            attempt: self.attempt,
            error: Arc::new(error),
        });
    }

    /// Another runtime of the socket, if the task ended because its own did.
    fn find_elsewhere(&self, interrupted: Option<&Interrupted>) -> Option<Handle> {
        match interrupted {
            Some(Interrupted::RuntimeEnded) if !self.stop.is_cancelled() => {
                self.core.runtimes.oldest()
            }
            _ => None,
        }
    }

    fn give_up(self) {
        self.core.endpoints.forget_dialed(|dialed| dialed.holds(&self.pipe));
        self.core.peers.leave(&self.pipe);
        self.core.events.emit(SocketEvent::ConnectStopped {
            endpoint: self.endpoint.clone(),
            attempts: self.attempt,
        });
    }
}

impl Task for Dialing {
    async fn run(&mut self) {
        let (stop, span) = (self.stop.clone(), self.span.clone());
        if self.driver.is_none() {
            stop.run_until_cancelled(self.dial()).instrument(span.clone()).await;
        }
        if let Some(driver) = &mut self.driver {
            driver.run(&self.core, &self.endpoint).instrument(span).await;
        }
    }

    /// Moves to another runtime of the socket, or gives up the endpoint.
    fn end(mut self, interrupted: Option<Interrupted>) {
        let elsewhere = self.find_elsewhere(interrupted.as_ref());
        if let (Some(mut driver), Some(interrupted)) = (self.driver.take(), interrupted) {
            driver.begin_end(interrupted.into());
            driver.end(&self.core, &self.endpoint, elsewhere.is_some());
        }
        match elsewhere {
            Some(runtime) => self.core.clone().spawn(&runtime, self),
            None => self.give_up(),
        }
    }
}
