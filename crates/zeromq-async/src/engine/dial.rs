//! Connecting to an endpoint, and connecting again.

use std::io;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};
use zmtp::RoutingId;

use super::driver::Driver;
use super::trace::record_address;
use super::{Dialled, Engine, handshake};
use crate::endpoint::Endpoint;
use crate::error::Rejected;
use crate::event::SocketEvent;
use crate::peer::Pipe;
use crate::random::random;
use crate::sync::Mutex;
use crate::transport::Io;

/// The pipe of an endpoint: there from the start, or with `immediate` only while connected.
#[derive(Debug, Clone, Default)]
pub(super) struct Line(Arc<Mutex<Option<Arc<Pipe>>>>);

impl Line {
    pub(super) fn new(pipe: Arc<Pipe>) -> Self {
        Self(Arc::new(Mutex::new(Some(pipe))))
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether this is the pipe of the endpoint.
    pub(super) fn holds(&self, pipe: &Pipe) -> bool {
        self.get().is_some_and(|held| held.id() == pipe.id())
    }

    pub(super) fn get(&self) -> Option<Arc<Pipe>> {
        self.0.lock().clone()
    }
}

/// Starts the task that connects, or that serves the stream that there is.
pub(super) fn start(
    engine: &Arc<Engine>,
    endpoint: &Endpoint,
    stream: Option<Io>,
    routing_id: Option<RoutingId>,
) -> Result<Dialled, Rejected> {
    let line = if engine.options.immediate {
        Line::default()
    } else {
        Line::new(engine.join_connecting(endpoint, routing_id.as_ref())?)
    };
    let stop = engine.abort.child_token();
    let dialler = Dialler {
        engine: engine.clone(),
        endpoint: endpoint.clone(),
        source: stream.map_or(Source::Transport, |io| Source::Stream(Some(Box::new(io)))),
        line: line.clone(),
        routing_id,
        stop: stop.clone(),
        attempt: 0,
    };
    engine.tasks.spawn(dialler.run());
    Ok(Dialled { stop, pipe: line })
}

/// The task of one connected endpoint.
struct Dialler {
    engine: Arc<Engine>,
    endpoint: Endpoint,
    source: Source,
    line: Line,
    /// By which its peer is to be known.
    routing_id: Option<RoutingId>,
    stop: CancellationToken,
    /// Attempts since the last completed handshake.
    attempt: u32,
}

/// Where connections come from.
enum Source {
    Transport,
    /// From the application, and only once.
    Stream(Option<Box<Io>>),
}

impl Dialler {
    async fn run(mut self) {
        let stop = self.stop.clone();
        loop {
            // Boxed so that a connection does not pay for the memory of its making.
            let span = self.engine.connection_span(&self.endpoint);
            let attempt = Box::pin(self.establish().instrument(span.clone()));
            match stop.run_until_cancelled(attempt).await {
                Some(Ok(mut driver)) => {
                    self.attempt = 0;
                    let keeps =
                        !self.engine.options.immediate && !matches!(self.source, Source::Stream(_));
                    let run = driver.run(&self.engine, &self.endpoint, keeps);
                    let may_reconnect = run.instrument(span).await;
                    self.release_immediate();
                    if !may_reconnect {
                        self.engine.warn_given_up(&self.endpoint, &"the peer sent an ERROR");
                        break;
                    }
                }
                Some(Err(MayReconnect(true))) => {}
                Some(Err(MayReconnect(false))) | None => break,
            }
            let Some(()) = stop.run_until_cancelled(Box::pin(self.pause())).await.flatten() else {
                break;
            };
        }
        self.engine.forget_dialled(|line| line.is(&self.line));
        if let Some(pipe) = self.line.get() {
            self.engine.peers.leave(&pipe);
        }
        self.engine.events.emit(SocketEvent::ConnectStopped {
            endpoint: self.endpoint.clone(),
            attempts: self.attempt,
        });
    }

    /// One attempt, from name to handshake.
    async fn establish(&mut self) -> Result<Driver, MayReconnect> {
        self.attempt += 1;
        let dialled = self.dial().await;
        let (engine, endpoint) = (&self.engine, &self.endpoint);
        let io = dialled.map_err(|error| {
            let is_refusal = error.kind() == io::ErrorKind::ConnectionRefused;
            let gives_up = is_refusal && engine.options.reconnect_stop.when_refused;
            if gives_up {
                engine.warn_given_up(endpoint, &error);
            }
            engine.events.emit(SocketEvent::ConnectFailed {
                endpoint: endpoint.clone(),
                attempt: self.attempt,
                error: Arc::new(error),
            });
            MayReconnect(!gives_up)
        })?;
        let address = io.peer_address().clone();
        record_address(&Span::current(), &address);
        let (at, to) = (endpoint.clone(), address.clone());
        let attempt = self.attempt;
        engine.events.emit(SocketEvent::Connected { endpoint: at, address: to, attempt });
        let established = handshake::perform(engine, io).await;
        let stop = engine.options.reconnect_stop;
        established.and_then(|established| self.greet(established)).map_err(|reason| {
            let may_reconnect = MayReconnect(reason.may_reconnect() && !stop.when_handshake_fails);
            if !may_reconnect.0 {
                engine.warn_given_up(endpoint, &reason);
            }
            let endpoint = endpoint.clone();
            let attempt = Some(self.attempt);
            engine.events.emit(SocketEvent::HandshakeFailed { endpoint, address, attempt, reason });
            may_reconnect
        })
    }

    async fn dial(&mut self) -> io::Result<Io> {
        if let Source::Stream(io) = &mut self.source {
            return io.take().map(|io| *io).ok_or(io::ErrorKind::NotConnected.into());
        }
        let dial = self.engine.transports.dial(&self.endpoint, &self.engine.options.transport);
        match self.engine.options.connect_timeout {
            None => dial.await,
            Some(limit) => tokio::time::timeout(limit, dial).await.unwrap_or_else(|_| {
                let text = format!("{} did not answer within {limit:?}", self.endpoint);
                Err(io::Error::new(io::ErrorKind::TimedOut, text))
            }),
        }
    }

    fn greet(
        &self,
        established: handshake::Established,
    ) -> Result<Driver, crate::event::HandshakeFailure> {
        let engine = &self.engine;
        let mut line = self.line.0.lock();
        let pipe = match &*line {
            Some(pipe) => pipe.clone(),
            None => engine.join_connecting(&self.endpoint, self.routing_id.as_ref())?,
        };
        let driver = Driver::start(engine, &self.endpoint, &pipe, established);
        if driver.is_ok() {
            if self.stop.is_cancelled() {
                // Whoever gave the endpoint up has not seen this pipe.
                pipe.close();
            }
            *line = Some(pipe);
        } else if engine.options.immediate {
            engine.peers.leave(&pipe);
        }
        driver
    }

    /// With `immediate`, a lost connection takes its pipe with it.
    fn release_immediate(&self) {
        if self.engine.options.immediate
            && let Some(pipe) = self.line.0.lock().take()
        {
            self.engine.peers.leave(&pipe);
        }
    }

    /// Waits before the next attempt; `None` where there is to be none.
    async fn pause(&mut self) -> Option<()> {
        let is_finished = self.line.get().is_some_and(|pipe| pipe.outbound.is_finished());
        if is_finished || matches!(self.source, Source::Stream(_)) {
            return None;
        }
        let delay = self.engine.options.reconnect?.delay(self.attempt.saturating_sub(1), random());
        let (endpoint, attempt) = (self.endpoint.clone(), self.attempt + 1);
        self.engine.events.emit(SocketEvent::ConnectRetried { endpoint, attempt, delay });
        tokio::time::sleep(delay).await;
        Some(())
    }
}

/// A failure, and whether it makes sense to try again.
struct MayReconnect(bool);
