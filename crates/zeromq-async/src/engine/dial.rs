//! Connecting to an endpoint, and connecting again.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};
use zmtp::RoutingId;

use super::driver::Driver;
use super::task::{self, Crash, Task};
use super::trace::record_address;
use super::{Dialed, Engine, handshake};
use crate::endpoint::Endpoint;
use crate::error::Rejected;
use crate::event::{HandshakeFailure, SocketEvent};
use crate::identity::PeerAddress;
use crate::options::AttemptOptions;
use crate::pipe::Pipe;
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

/// Makes what connects, or what serves the stream that there is.
pub(super) fn prepare(
    engine: &Arc<Engine>,
    endpoint: &Endpoint,
    stream: Option<Io>,
    routing_id: Option<RoutingId>,
) -> Result<(Dialed, Dialer), Rejected> {
    let line = if engine.options.immediate {
        Line::default()
    } else {
        Line::new(engine.join_connecting(endpoint, routing_id.as_ref())?)
    };
    let stop = engine.abort.child_token();
    let dialer = Dialer {
        engine: engine.clone(),
        endpoint: endpoint.clone(),
        source: stream.map_or(Source::Transport, |io| Source::Stream(Some(Box::new(io)))),
        line: line.clone(),
        routing_id,
        stop: stop.clone(),
        attempt: 0,
        unfit: Vec::new(),
        key_doubts: 0,
        stage: Stage::Dial,
        span: Span::none(),
    };
    Ok((Dialed { stop, pipe: line }, dialer))
}

/// The task of one connected endpoint.
pub(super) struct Dialer {
    engine: Arc<Engine>,
    endpoint: Endpoint,
    source: Source,
    line: Line,
    /// By which its peer is to be known.
    routing_id: Option<RoutingId>,
    stop: CancellationToken,
    /// Attempts since the last completed handshake.
    attempt: u32,
    /// Addresses that answered and were no peer, the last one last.
    unfit: Vec<SocketAddr>,
    /// Handshakes in a row that ended where a wrong key of the server would end them.
    key_doubts: u32,
    stage: Stage,
    /// Of the connection, or the attempt to make one.
    span: Span,
}

/// Where connections come from.
enum Source {
    Transport,
    /// From the application, and only once.
    Stream(Option<Box<Io>>),
}

/// What the task is at.
#[expect(clippy::large_enum_variant, reason = "a connection is a peer for most of its time")]
enum Stage {
    /// Waits before the next attempt.
    Pause,
    Dial,
    Handshake(PeerAddress),
    Peer(Driver),
    /// The connection has ended, or the attempt.
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
            // What is dropped here may be an application's, and panic.
            self.stage = Stage::Ended;
        }
    }

    fn restarts(&mut self, panic: &Crash) -> bool {
        let restarts = !matches!(self.stage, Stage::Pause) && !self.stop.is_cancelled();
        let keeps = restarts && self.keeps();
        self.crash(panic, keeps);
        restarts
    }

    /// Goes on where the socket still lives, or gives the endpoint up.
    fn end(mut self, crash: Option<Crash>) {
        let elsewhere = crash.as_ref().and_then(|crash| self.find_elsewhere(crash));
        if let Some(crash) = &crash {
            let keeps = elsewhere.is_some() && self.keeps();
            self.crash(crash, keeps);
        }
        match elsewhere {
            Some(runtime) => self.spawn(&runtime),
            None => self.give_up(crash),
        }
    }
}

impl Dialer {
    pub(super) fn spawn(self, runtime: &Handle) {
        let tasks = self.engine.tasks.clone();
        task::spawn(runtime, Some(&tasks), self);
    }

    /// Whether the pipe waits for the next connection.
    fn keeps(&self) -> bool {
        !self.engine.options.immediate && !matches!(self.source, Source::Stream(_))
    }

    /// Another runtime of the socket's, where it was this one's end that ended the task.
    fn find_elsewhere(&self, crash: &Crash) -> Option<Handle> {
        let is_over = self.stop.is_cancelled() || matches!(self.source, Source::Stream(_));
        match crash {
            Crash::RuntimeEnded if !is_over => self.engine.home.find(),
            _ => None,
        }
    }

    /// Tells what the task was at when it crashed.
    fn crash(&mut self, crash: &Crash, keeps: bool) {
        let span = self.span.clone();
        let _entered = span.enter();
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Pause | Stage::Ended => {}
            Stage::Dial => self.dial_failed(crash.clone().into()),
            Stage::Handshake(address) => self.handshake_failed(address, crash.clone().into()),
            Stage::Peer(mut driver) => {
                driver.begin_end(crash.clone().into());
                driver.end(&self.engine, &self.endpoint, keeps);
                self.release_immediate();
            }
        }
    }

    fn give_up(self, crash: Option<Crash>) {
        if let Some(crash) = crash {
            self.engine.warn_given_up(&self.endpoint, &crash);
        }
        self.engine.forget_dialed(|line| line.is(&self.line));
        if let Some(pipe) = self.line.get() {
            self.engine.peers.leave(&pipe);
        }
        self.engine.events.emit(SocketEvent::ConnectStopped {
            endpoint: self.endpoint.clone(),
            attempts: self.attempt,
        });
    }

    /// Connects, and serves the connection. Says whether there may be another.
    async fn connect_once(&mut self, stop: &CancellationToken) -> bool {
        self.span = self.engine.connection_span(&self.endpoint);
        self.stage = Stage::Dial;
        // Boxed so that a connection does not pay for the memory of its making.
        let span = self.span.clone();
        let attempt = Box::pin(self.establish().instrument(span.clone()));
        match stop.run_until_cancelled(attempt).await {
            Some(Ok(driver)) => self.serve(driver).instrument(span).await,
            Some(Err(MayReconnect(may_reconnect))) => may_reconnect,
            None => false,
        }
    }

    async fn serve(&mut self, driver: Driver) -> bool {
        (self.attempt, self.key_doubts) = (0, 0);
        self.unfit.clear();
        let keeps = self.keeps();
        self.stage = Stage::Peer(driver);
        let Stage::Peer(driver) = &mut self.stage else { return false };
        let may_reconnect = driver.run(&self.engine, &self.endpoint, keeps).await;
        self.release_immediate();
        if !may_reconnect {
            self.engine.warn_given_up(&self.endpoint, &"the peer sent an ERROR");
        }
        may_reconnect
    }

    /// One attempt, from name to handshake.
    async fn establish(&mut self) -> Result<Driver, MayReconnect> {
        self.attempt += 1;
        let io = self.dial().await.map_err(|error| {
            let is_refusal = error.kind() == io::ErrorKind::ConnectionRefused;
            let gives_up = is_refusal && self.engine.options.reconnect_stop.when_refused;
            if gives_up {
                self.engine.warn_given_up(&self.endpoint, &error);
            }
            self.dial_failed(error);
            MayReconnect(!gives_up)
        })?;
        let address = io.peer_address().clone();
        record_address(&Span::current(), &address);
        self.stage = Stage::Handshake(address.clone());
        self.engine.events.emit(SocketEvent::Connected {
            endpoint: self.endpoint.clone(),
            address: address.clone(),
            local: io.local_endpoint().cloned(),
            descriptor: io.descriptor(),
            attempt: self.attempt,
        });
        let established = handshake::perform(&self.engine, io).await;
        let stop = self.engine.options.reconnect_stop;
        established.and_then(|established| self.greet(established)).map_err(|reason| {
            let may_reconnect = MayReconnect(reason.may_reconnect() && !stop.when_handshake_fails);
            if !may_reconnect.0 {
                self.engine.warn_given_up(&self.endpoint, &reason);
            }
            self.handshake_failed(address, reason);
            may_reconnect
        })
    }

    fn dial_failed(&self, error: io::Error) {
        self.engine.events.emit(SocketEvent::ConnectFailed {
            endpoint: self.endpoint.clone(),
            attempt: self.attempt,
            error: Arc::new(error),
        });
    }

    fn handshake_failed(&mut self, address: PeerAddress, reason: HandshakeFailure) {
        self.key_doubts = match reason {
            HandshakeFailure::ServerKey => self.key_doubts.saturating_add(1),
            _ => 0,
        };
        if let PeerAddress::Tcp(address) = address {
            self.remember_unfit(address);
        }
        let (endpoint, attempt) = (self.endpoint.clone(), Some(self.attempt));
        self.engine.events.emit(SocketEvent::HandshakeFailed {
            endpoint,
            address,
            attempt,
            reason,
        });
    }

    /// Has an address tried behind all others.
    fn remember_unfit(&mut self, address: SocketAddr) {
        self.unfit.retain(|unfit| *unfit != address);
        if self.unfit.len() == MOST_UNFIT {
            self.unfit.remove(0);
        }
        self.unfit.push(address);
    }

    async fn dial(&mut self) -> io::Result<Io> {
        if let Source::Stream(io) = &mut self.source {
            return io.take().map(|io| *io).ok_or(io::ErrorKind::NotConnected.into());
        }
        let mut options = self.engine.options.transport.clone();
        options.attempt = AttemptOptions {
            unfit: self.unfit.clone(),
            connect_timeout: self.engine.options.connect_timeout,
            handshake_timeout: self.engine.options.handshake_timeout,
        };
        let dial = self.engine.transports.dial(&self.endpoint, &options);
        match self.engine.options.connect_timeout {
            None => dial.await,
            Some(limit) => tokio::time::timeout(limit, dial).await.unwrap_or_else(|_| {
                let text = format!("{} did not answer within {limit:?}", self.endpoint);
                Err(io::Error::new(io::ErrorKind::TimedOut, text))
            }),
        }
    }

    fn greet(&self, established: handshake::Established) -> Result<Driver, HandshakeFailure> {
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
        let backoff = self.engine.options.reconnect?;
        let delay = match self.key_doubts {
            0 => backoff.delay(self.attempt.saturating_sub(1), random()),
            doubts => backoff.growing_to(LONGEST_DOUBT).delay(doubts - 1, random()),
        };
        let (endpoint, attempt) = (self.endpoint.clone(), self.attempt + 1);
        self.engine.events.emit(SocketEvent::ConnectRetried { endpoint, attempt, delay });
        tokio::time::sleep(delay).await;
        Some(())
    }
}

/// How many addresses are remembered that were no peer.
const MOST_UNFIT: usize = 32;

/// The longest wait between two attempts with a key that the server probably does not have, where
/// no longest wait is set: the same attempt is of no use until one of the keys is changed.
const LONGEST_DOUBT: Duration = Duration::from_secs(10);

/// A failure, and whether it makes sense to try again.
struct MayReconnect(bool);

#[cfg(test)]
mod tests;
