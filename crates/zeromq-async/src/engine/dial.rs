//! Connects to an endpoint, serves the connection, and connects again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};
use zmtp::RoutingId;

use super::connection::ConnectionDriver;
use super::core::SocketCore;
use super::endpoints::{Dialed, DialedPipe};
use super::handshake::{self, Established};
use super::task::{Interrupted, Task};
use super::trace;
use crate::endpoint::Endpoint;
use crate::error::Rejected;
use crate::event::{HandshakeFailure, SocketEvent};
use crate::identity::PeerAddress;
use crate::options::AttemptOptions;
use crate::random::random;
use crate::transport::Io;

/// The task of one endpoint that the socket connects to.
pub(super) struct Dialer {
    core: Arc<SocketCore>,
    endpoint: Endpoint,
    source: Source,
    pipe: DialedPipe,
    /// The routing id that the peer is given.
    routing_id: Option<RoutingId>,
    stop: CancellationToken,
    /// Attempts since the last completed handshake.
    attempt: u32,
    /// Addresses that answered without completing a handshake, oldest first.
    failed_addresses: Vec<SocketAddr>,
    /// Handshakes in a row that failed as they do with a wrong server key.
    key_failures: u32,
    stage: Stage,
    /// The span of the connection or of the attempt.
    span: Span,
}

/// Where connections come from.
enum Source {
    Transport,
    /// The application's stream, taken once.
    Stream(Option<Box<Io>>),
}

#[expect(clippy::large_enum_variant, reason = "a connection is established most of its time")]
enum Stage {
    /// Waits before the next attempt.
    Pause,
    Dial,
    Handshake(PeerAddress),
    Established(ConnectionDriver),
    /// The connection or the attempt has ended.
    Ended,
}

impl Task for Dialer {
    async fn run(&mut self) {
        let stop = self.stop.clone();
        loop {
            if let Stage::Ended = self.stage {
                self.stage = Stage::Pause;
                let pause = stop.run_until_cancelled(Box::pin(self.pause()));
                if pause.await.flatten().is_none() {
                    return;
                }
            }
            if !self.connect_once(&stop).await {
                return;
            }
            // Dropping the stage may panic in a transport's code.
            self.stage = Stage::Ended;
        }
    }

    fn restarts(&mut self, panic: &Interrupted) -> bool {
        let restarts = !matches!(self.stage, Stage::Pause) && !self.stop.is_cancelled();
        let keeps = restarts && self.keeps();
        self.report_interrupted(panic, keeps);
        restarts
    }

    /// Moves to another runtime of the socket, or gives up the endpoint.
    fn end(mut self, interrupted: Option<Interrupted>) {
        let elsewhere =
            interrupted.as_ref().and_then(|interrupted| self.find_elsewhere(interrupted));
        if let Some(interrupted) = &interrupted {
            let keeps = elsewhere.is_some() && self.keeps();
            self.report_interrupted(interrupted, keeps);
        }
        match elsewhere {
            Some(runtime) => self.spawn(&runtime),
            None => self.give_up(interrupted),
        }
    }
}

impl Dialer {
    /// Prepares to connect to an endpoint, or to serve the application's stream.
    pub(super) fn new(
        core: &Arc<SocketCore>,
        endpoint: &Endpoint,
        stream: Option<Io>,
        routing_id: Option<RoutingId>,
    ) -> Result<(Dialed, Self), Rejected> {
        let pipe = match core.options.immediate {
            true => DialedPipe::default(),
            false => DialedPipe::new(core.join_connecting(endpoint, routing_id.as_ref())?),
        };
        let stop = core.shutdown.abort.child_token();
        let dialed = Dialed { endpoint: endpoint.clone(), stop: stop.clone(), pipe: pipe.clone() };
        let dialer = Self {
            core: core.clone(),
            endpoint: endpoint.clone(),
            source: stream.map_or(Source::Transport, |io| Source::Stream(Some(Box::new(io)))),
            pipe,
            routing_id,
            stop,
            attempt: 0,
            failed_addresses: Vec::new(),
            key_failures: 0,
            stage: Stage::Dial,
            span: Span::none(),
        };
        Ok((dialed, dialer))
    }

    pub(super) fn spawn(self, runtime: &Handle) {
        self.core.clone().spawn(runtime, self);
    }

    /// Whether the pipe stays, and waits for the next connection.
    fn keeps(&self) -> bool {
        !self.core.options.immediate && !matches!(self.source, Source::Stream(_))
    }

    /// Another runtime of the socket, if the task ended because its own did.
    fn find_elsewhere(&self, interrupted: &Interrupted) -> Option<Handle> {
        let is_over = self.stop.is_cancelled() || matches!(self.source, Source::Stream(_));
        match interrupted {
            Interrupted::RuntimeEnded if !is_over => self.core.runtimes.oldest(),
            _ => None,
        }
    }

    /// Reports an interruption as the failure of the current stage.
    fn report_interrupted(&mut self, interrupted: &Interrupted, keeps: bool) {
        let span = self.span.clone();
        let _entered = span.enter();
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Pause | Stage::Ended => {}
            Stage::Dial => self.dial_failed(interrupted.clone().into()),
            Stage::Handshake(address) => self.handshake_failed(address, interrupted.clone().into()),
            Stage::Established(mut driver) => {
                driver.begin_end(interrupted.clone().into());
                driver.end(&self.core, &self.endpoint, keeps);
                self.release_immediate();
            }
        }
    }

    fn give_up(self, interrupted: Option<Interrupted>) {
        if let Some(interrupted) = interrupted {
            self.warn_given_up(&interrupted);
        }
        self.core.endpoints.forget_dialed(|pipe| pipe.is(&self.pipe));
        if let Some(pipe) = self.pipe.get() {
            self.core.peers.leave(&pipe);
        }
        self.core.events.emit(SocketEvent::ConnectStopped {
            endpoint: self.endpoint.clone(),
            attempts: self.attempt,
        });
    }

    /// Connects and serves the connection. Returns whether to connect again.
    async fn connect_once(&mut self, stop: &CancellationToken) -> bool {
        self.span = trace::connection_span(self.core.socket_type, &self.endpoint);
        self.stage = Stage::Dial;
        // Boxed so that a connection does not hold the memory of its handshake.
        let span = self.span.clone();
        let attempt = Box::pin(self.establish().instrument(span.clone()));
        match stop.run_until_cancelled(attempt).await {
            Some(Ok(driver)) => self.serve(driver).instrument(span).await,
            Some(Err(MayReconnect(may_reconnect))) => may_reconnect,
            None => false,
        }
    }

    async fn serve(&mut self, driver: ConnectionDriver) -> bool {
        (self.attempt, self.key_failures) = (0, 0);
        self.failed_addresses.clear();
        let keeps = self.keeps();
        self.stage = Stage::Established(driver);
        let Stage::Established(driver) = &mut self.stage else { return false };
        let may_reconnect = driver.run(&self.core, &self.endpoint, keeps).await;
        if self.pipe.get().is_some_and(|pipe| pipe.outbound.is_hung_up()) {
            return false;
        }
        self.release_immediate();
        if !may_reconnect {
            self.warn_given_up(&"the peer sent an ERROR");
        }
        may_reconnect
    }

    /// Makes one attempt, up to the end of the handshake.
    async fn establish(&mut self) -> Result<ConnectionDriver, MayReconnect> {
        self.attempt += 1;
        let io = self.dial().await.map_err(|error| {
            let is_refusal = error.kind() == io::ErrorKind::ConnectionRefused;
            let gives_up = is_refusal && self.core.options.reconnect_stop.when_refused;
            if gives_up {
                self.warn_given_up(&error);
            }
            self.dial_failed(error);
            MayReconnect(!gives_up)
        })?;
        let address = io.peer_address().clone();
        trace::record_address(&Span::current(), &address);
        self.stage = Stage::Handshake(address.clone());
        self.core.events.emit(SocketEvent::Connected {
            endpoint: self.endpoint.clone(),
            address: address.clone(),
            local: io.local_endpoint().cloned(),
            descriptor: io.descriptor(),
            attempt: self.attempt,
        });
        let established = handshake::perform(&self.core, io).await;
        let stop = self.core.options.reconnect_stop;
        established.and_then(|established| self.add_peer(established)).map_err(|reason| {
            let may_reconnect = MayReconnect(reason.may_reconnect() && !stop.when_handshake_fails);
            if !may_reconnect.0 {
                self.warn_given_up(&reason);
            }
            self.handshake_failed(address, reason);
            may_reconnect
        })
    }

    fn dial_failed(&self, error: io::Error) {
        self.core.events.emit(SocketEvent::ConnectFailed {
            endpoint: self.endpoint.clone(),
            attempt: self.attempt,
            error: Arc::new(error),
        });
    }

    fn handshake_failed(&mut self, address: PeerAddress, reason: HandshakeFailure) {
        self.key_failures = match reason {
            HandshakeFailure::ServerKey => self.key_failures.saturating_add(1),
            _ => 0,
        };
        if let PeerAddress::Tcp(address) = address {
            self.deprioritize(address);
        }
        let (endpoint, attempt) = (self.endpoint.clone(), Some(self.attempt));
        let failed = SocketEvent::HandshakeFailed { endpoint, address, attempt, reason };
        self.core.events.emit(failed);
    }

    /// Lets all other addresses be tried before this one.
    fn deprioritize(&mut self, address: SocketAddr) {
        self.failed_addresses.retain(|failed| *failed != address);
        if self.failed_addresses.len() == MAX_FAILED_ADDRESSES {
            self.failed_addresses.remove(0);
        }
        self.failed_addresses.push(address);
    }

    fn warn_given_up(&self, error: &dyn fmt::Display) {
        trace::warn_given_up(self.core.socket_type, &self.endpoint, error);
    }

    async fn dial(&mut self) -> io::Result<Io> {
        if let Source::Stream(io) = &mut self.source {
            return io.take().map(|io| *io).ok_or(io::ErrorKind::NotConnected.into());
        }
        let mut options = self.core.options.transport.clone();
        options.attempt = AttemptOptions {
            failed_addresses: self.failed_addresses.clone(),
            connect_timeout: self.core.options.connect_timeout,
            handshake_timeout: self.core.options.handshake_timeout,
        };
        let dial = self.core.transports.dial(&self.endpoint, &options);
        match self.core.options.connect_timeout {
            None => dial.await,
            Some(limit) => tokio::time::timeout(limit, dial).await.unwrap_or_else(|_| {
                let text = format!("{} did not answer within {limit:?}", self.endpoint);
                Err(io::Error::new(io::ErrorKind::TimedOut, text))
            }),
        }
    }

    fn add_peer(&self, established: Established) -> Result<ConnectionDriver, HandshakeFailure> {
        let core = &self.core;
        let pipe = match self.pipe.get() {
            Some(pipe) => pipe,
            None => {
                let pipe = core.join_connecting(&self.endpoint, self.routing_id.as_ref())?;
                *self.pipe.0.lock() = Some(pipe.clone());
                pipe
            }
        };
        // Without the lock of the dialed pipe: the new peer may replace one that is dialed itself, and
        // then all dialed pipes are searched.
        let driver = ConnectionDriver::start(core, &self.endpoint, &pipe, established);
        if driver.is_err() {
            self.release_immediate();
        } else if self.stop.is_cancelled() {
            // The endpoint was given up before it had this pipe.
            pipe.close();
        }
        driver
    }

    /// With `immediate`, removes the pipe of a connection that has ended.
    fn release_immediate(&self) {
        if self.core.options.immediate
            && let Some(pipe) = self.pipe.0.lock().take()
        {
            self.core.peers.leave(&pipe);
        }
    }

    /// Waits before the next attempt. `None` if there is none.
    async fn pause(&mut self) -> Option<()> {
        if self.is_finished() || matches!(self.source, Source::Stream(_)) {
            return None;
        }
        let backoff = self.core.options.reconnect?;
        let delay = match self.key_failures {
            0 => backoff.delay(self.attempt.saturating_sub(1), random()),
            failures => backoff.growing_to(MAX_KEY_DELAY).delay(failures - 1, random()),
        };
        let (endpoint, attempt) = (self.endpoint.clone(), self.attempt + 1);
        self.core.events.emit(SocketEvent::ConnectRetried { endpoint, attempt, delay });
        tokio::time::sleep(delay).await;
        (!self.is_finished()).then_some(())
    }

    /// Whether the peer was given up and has all that it will get.
    fn is_finished(&self) -> bool {
        self.pipe.get().is_some_and(|pipe| pipe.outbound.is_finished())
    }
}

const MAX_FAILED_ADDRESSES: usize = 32;

/// The longest wait between attempts with a server key that is probably wrong, if no maximum is set.
/// They fail until one of the keys is changed.
const MAX_KEY_DELAY: Duration = Duration::from_secs(10);

/// A failed attempt, and whether to try again.
struct MayReconnect(bool);

#[cfg(test)]
mod tests;
