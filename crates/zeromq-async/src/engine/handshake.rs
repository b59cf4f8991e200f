//! From a byte stream to a peer: drives the codec's handshake over it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::io::poll_read_buf;
use zmtp::wire::MechanismName;
use zmtp::{
    AuthenticationRequest, Connection, ConnectionConfig, Decision, Decoder, DenyStatus, Event,
    PeerInfo, ProtocolError, Traffic,
};

use super::Engine;
use crate::authentication::{Attempt, Reason};
use crate::event::HandshakeFailure;
use crate::identity::PeerAddress;
use crate::options::SocketOptions;
use crate::peer::Stream;
use crate::transport::{Halves, Io};

/// A connection whose handshake is done.
pub(super) struct Established {
    pub(super) reader: Box<dyn AsyncRead + Send + Unpin>,
    pub(super) stream: Stream,
    pub(super) address: PeerAddress,
    pub(super) peer: PeerInfo,
    pub(super) decoder: Decoder,
    /// What the peer sent behind its handshake.
    pub(super) input: BytesMut,
}

/// Performs the handshake within the time it may take as a whole.
pub(super) async fn perform(engine: &Engine, io: Io) -> Result<Established, HandshakeFailure> {
    let clock = Clock::start(engine.options.handshake_timeout, io.handshake_began());
    let address = io.peer_address().clone();
    let opened = clock.limit(io.open()).await.map_err(HandshakeFailure::TimedOut)?;
    let mut io = opened.map_err(io_failure)?;
    let mut connection = open(&engine.connection_config());
    let (mut input, mut reason) = (BytesMut::new(), Reason::default());
    let mut heard = 0;
    loop {
        let advance = clock.limit(advance(&mut connection, &mut io, &mut input, &mut heard)).await;
        let advance = advance.unwrap_or_else(|limit| Err(HandshakeFailure::TimedOut(limit)));
        let advance = advance.map_err(|failure| match failure {
            failure if failure.is_end() && doubts_key(&engine.options, heard) => {
                HandshakeFailure::ServerKey
            }
            failure => failure.because(&reason),
        });
        let Some(request) = advance? else { break };
        let routing_id = engine.options.routing_id.clone();
        let attempt = Attempt::new(request, address.clone(), routing_id);
        reason = attempt.shared_reason();
        let decision = clock.limit(ask(engine, attempt, &mut io, &mut input)).await;
        let undecided = |limit| Err(HandshakeFailure::Undecided { limit, reason: reason.get() });
        let decision = decision.unwrap_or_else(undecided)?;
        if speaks_too_early(engine, &decision, &input) {
            let ready = timeout(PATIENCE, io.reader.read_buf(&mut input));
            let _ = clock.limit(ready).await;
        }
        connection.authenticate(decision);
    }
    let Ok(Traffic { peer, decoder, encoder, .. }) = connection.into_traffic() else {
        return Err(HandshakeFailure::PeerClosed);
    };
    let mut stream = Stream::new(io.writer, io.buffers, encoder);
    for greeting in engine.options.notices.greetings() {
        let greeted = clock.limit(stream.write_first(greeting)).await;
        greeted.map_err(HandshakeFailure::TimedOut)?.map_err(io_failure)?;
    }
    Ok(Established { reader: io.reader, stream, address, peer, decoder, input })
}

/// How long to wait for a NULL peer's READY before it is refused.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether a refusal would come before the peer's READY: libzmq's NULL client takes one for final
/// only after it has sent that, and comes again otherwise.
fn speaks_too_early(engine: &Engine, decision: &Decision, input: &BytesMut) -> bool {
    let is_null = engine.options.security.mechanism.name() == MechanismName::NULL;
    let is_told =
        matches!(decision, Decision::Deny(status) if *status != DenyStatus::TemporaryError);
    is_null && is_told && input.is_empty()
}

/// When the handshake has to be done.
struct Clock {
    end: Option<(Instant, Duration)>,
}

impl Clock {
    /// Starts now, or with what came before the handshake of ZMTP.
    fn start(limit: Option<Duration>, began: Option<Instant>) -> Self {
        let began = began.unwrap_or_else(Instant::now);
        // A time beyond what the clock can tell is as good as none.
        let end = limit.and_then(|limit| Some((began.checked_add(limit)?, limit)));
        Self { end }
    }

    /// What the future gives, or the limit, when that is over.
    async fn limit<T>(&self, future: impl Future<Output = T>) -> Result<T, Duration> {
        match self.end {
            None => Ok(future.await),
            Some((end, limit)) => timeout_at(end, future).await.map_err(|_| limit),
        }
    }
}

/// Bytes read at once: a handshake is a few hundred.
const READ_SIZE: usize = 1024;

/// Bytes of a greeting (37/ZMTP).
const GREETING: usize = 64;

/// Whether a connection that ends when the server has sent its greeting and nothing else most
/// likely ends for its key: this side's first command is encrypted to that.
fn doubts_key(options: &SocketOptions, heard: usize) -> bool {
    let mechanism = &options.security.mechanism;
    let is_sealed = [MechanismName::CURVE, MechanismName::NOISE_IK].contains(&mechanism.name());
    is_sealed && !mechanism.is_server() && heard == GREETING
}

/// Reads and writes until there is a question to be answered, or the handshake is over.
async fn advance(
    connection: &mut Connection,
    io: &mut Halves,
    input: &mut BytesMut,
    heard: &mut usize,
) -> Result<Option<AuthenticationRequest>, HandshakeFailure> {
    loop {
        let event = connection.handle_input(input, 0);
        let written = write(io, connection).await;
        // What the codec has to say goes out even where it has found a fault: an ERROR command. A
        // peer that does not hear it any more changes nothing about the fault.
        let event = event?;
        written?;
        match event {
            Some(Event::Ready(_)) => return Ok(None),
            Some(Event::Authenticate(request)) => return Ok(Some(request)),
            _ => {}
        }
        input.reserve(READ_SIZE);
        match io.reader.read_buf(input).await.map_err(io_failure)? {
            0 => return Err(HandshakeFailure::PeerClosed),
            bytes => *heard += bytes,
        }
    }
}

/// Asks whether the peer may go on, unless it goes away meanwhile.
async fn ask(
    engine: &Engine,
    attempt: Attempt,
    io: &mut Halves,
    input: &mut BytesMut,
) -> Result<Decision, HandshakeFailure> {
    let mut decision = pin!(engine.options.security.decide(attempt));
    poll_fn(|cx| {
        if let Poll::Ready(decision) = decision.as_mut().poll(cx) {
            return Poll::Ready(Ok(decision));
        }
        // A peer has little to say before it is answered, and whoever says more is not read.
        while input.len() < READ_SIZE {
            input.reserve(READ_SIZE);
            match ready!(poll_read_buf(Pin::new(&mut io.reader), cx, input)) {
                Ok(0) => return Poll::Ready(Err(HandshakeFailure::PeerClosed)),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Err(io_failure(error))),
            }
        }
        Poll::Pending
    })
    .await
}

/// A connection with what randomness its mechanism needs.
#[cfg(any(feature = "curve", feature = "noise"))]
fn open(config: &ConnectionConfig) -> Connection {
    Connection::with_entropy(config, crate::random::entropy)
}

#[cfg(not(any(feature = "curve", feature = "noise")))]
fn open(config: &ConnectionConfig) -> Connection {
    Connection::new(config)
}

async fn write(io: &mut Halves, connection: &mut Connection) -> Result<(), HandshakeFailure> {
    while let Some(output) = connection.poll_transmit() {
        io.writer.write_all(&output).await.map_err(io_failure)?;
        io.writer.flush().await.map_err(io_failure)?;
    }
    Ok(())
}

fn io_failure(error: std::io::Error) -> HandshakeFailure {
    HandshakeFailure::Io(Arc::new(error))
}

impl HandshakeFailure {
    /// Says why the peer was not let in, where that is what happened.
    fn because(self, reason: &Reason) -> Self {
        match self {
            Self::Protocol(ProtocolError::Denied(status)) => {
                Self::Denied { status, reason: reason.get() }
            }
            other => other,
        }
    }

    /// Whether the connection has ended, and not been ended by this side.
    fn is_end(&self) -> bool {
        matches!(self, Self::PeerClosed | Self::Io(_))
    }

    /// Whether trying again later may end better.
    pub(super) fn may_reconnect(&self) -> bool {
        match self {
            Self::Protocol(error) => ProtocolError::may_reconnect(error),
            Self::Denied { status, .. } => *status == DenyStatus::TemporaryError,
            _ => true,
        }
    }
}
