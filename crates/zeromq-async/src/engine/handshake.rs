//! Performs the codec's handshake over a byte stream.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::io::poll_read_buf;
use zmtp::framing::{Framing, Raw};
use zmtp::wire::{Greeting, MechanismName};
use zmtp::{
    AuthenticationRequest, Connection, ConnectionConfig, Decision, Decoder, DenyStatus, Event,
    PeerInfo, ProtocolError, SocketType, Traffic,
};

use super::core::SocketCore;
use crate::authentication::{Attempt, Reason};
use crate::event::HandshakeFailure;
use crate::identity::{PeerAddress, TransportUser};
use crate::options::SocketOptions;
use crate::pipe::FrameWriter;
use crate::transport::{Halves, Io};

/// A connection that has completed its handshake.
pub(super) struct Established {
    pub(super) reader: Box<dyn AsyncRead + Send + Unpin>,
    pub(super) writer: FrameWriter,
    pub(super) address: PeerAddress,
    pub(super) peer: PeerInfo,
    pub(super) decoder: Decoder,
    /// Bytes that the peer sent after its handshake.
    pub(super) input: BytesMut,
}

/// Performs the whole handshake within the handshake timeout.
pub(super) async fn perform(
    core: &SocketCore,
    mut io: Io,
) -> Result<Established, HandshakeFailure> {
    let framing = framing(core.socket_type, &mut io).map_err(io_failure)?;
    let deadline = Deadline::start(core.options.handshake_timeout, io.handshake_began());
    let address = io.peer_address().clone();
    let user = io.verified_user();
    let opened = deadline.limit(io.open()).await.map_err(HandshakeFailure::TimedOut)?;
    let is_framed = framing.is_some();
    let mut connection = open(&config(core));
    if let Some(framing) = framing {
        connection = connection.with_framing(framing);
    }
    let mut negotiation = Negotiation {
        core,
        deadline,
        connection,
        io: opened.map_err(io_failure)?,
        is_framed,
        input: BytesMut::new(),
        received: 0,
        address,
        user: user(),
        reason: Reason::default(),
    };
    while let Some(request) = negotiation.advance().await? {
        negotiation.decide(request).await?;
    }
    negotiation.finish().await
}

/// A handshake under way.
struct Negotiation<'a> {
    core: &'a SocketCore,
    deadline: Deadline,
    connection: Connection,
    io: Halves,
    is_framed: bool,
    input: BytesMut,
    /// Bytes received so far.
    received: usize,
    address: PeerAddress,
    /// The user that the transport has verified.
    user: Option<TransportUser>,
    /// Why the authenticator denied the peer.
    reason: Reason,
}

impl Negotiation<'_> {
    /// Reads and writes until the handshake is done (`None`) or a peer has to be authenticated.
    async fn advance(&mut self) -> Result<Option<AuthenticationRequest>, HandshakeFailure> {
        let Self { deadline, connection, io, input, received, .. } = self;
        let advanced = deadline.limit(advance(connection, io, input, received)).await;
        let advanced = advanced.unwrap_or_else(|limit| Err(HandshakeFailure::TimedOut(limit)));
        let advanced = advanced.map_err(|failure| self.explain(failure));
        let is_refused = matches!(
            advanced,
            Err(HandshakeFailure::Protocol(_) | HandshakeFailure::Denied { .. })
        );
        if self.is_framed && is_refused {
            let _ = self.deadline.limit(part(&mut self.io)).await;
        }
        advanced
    }

    fn explain(&self, failure: HandshakeFailure) -> HandshakeFailure {
        if failure.is_end() && suggests_wrong_key(&self.core.options, self.received) {
            return HandshakeFailure::ServerKey;
        }
        failure.because(&self.reason)
    }

    /// Asks the authenticator, and passes its decision to the connection.
    async fn decide(&mut self, request: AuthenticationRequest) -> Result<(), HandshakeFailure> {
        let Self { core, deadline, io, input, .. } = self;
        let routing_id = core.options.routing_id.clone();
        let mut attempt = Attempt::new(request, self.address.clone(), routing_id);
        attempt.user = self.user.clone();
        self.reason = attempt.shared_reason();
        let decision = deadline.limit(authenticate(core, attempt, io, input)).await;
        let undecided =
            |limit| Err(HandshakeFailure::Undecided { limit, reason: self.reason.get() });
        let decision = decision.unwrap_or_else(undecided)?;
        if must_await_ready(core, &decision, input) {
            let ready = timeout(READY_TIMEOUT, io.reader.read_buf(input));
            let _ = deadline.limit(ready).await;
        }
        self.connection.authenticate(decision);
        Ok(())
    }

    /// Writes the messages that go ahead of the queue.
    async fn finish(self) -> Result<Established, HandshakeFailure> {
        let Self { core, deadline, connection, io, input, address, user, .. } = self;
        let Ok(Traffic { peer, decoder, encoder, .. }) = connection.into_traffic() else {
            return Err(HandshakeFailure::PeerClosed);
        };
        let peer = match &user {
            Some(user) => peer.with_user(user.id(), user.metadata()),
            None => peer,
        };
        let mut writer = FrameWriter::new(io.writer, io.buffers, encoder);
        for message in core.options.peer_messages.first_messages() {
            let written = deadline.limit(writer.write_first(message)).await;
            written.map_err(HandshakeFailure::TimedOut)?.map_err(io_failure)?;
        }
        Ok(Established { reader: io.reader, writer, address, peer, decoder, input })
    }
}

/// How long to wait for a NULL peer's READY before it is refused.
const READY_TIMEOUT: Duration = Duration::from_secs(1);

/// Whether to wait for the peer's READY before it is refused. libzmq's NULL client does not connect
/// again after a refusal, but only if it has sent its READY.
fn must_await_ready(core: &SocketCore, decision: &Decision, input: &BytesMut) -> bool {
    let is_null = core.options.security.mechanism.name() == MechanismName::NULL;
    let is_told =
        matches!(decision, Decision::Deny(status) if *status != DenyStatus::TemporaryError);
    is_null && is_told && input.is_empty()
}

/// The time by which the handshake has to be done.
struct Deadline {
    end: Option<(Instant, Duration)>,
}

impl Deadline {
    /// Counts from now, or from the beginning of an earlier handshake below ZMTP.
    fn start(limit: Option<Duration>, began: Option<Instant>) -> Self {
        let began = began.unwrap_or_else(Instant::now);
        // A limit that overflows the clock is none.
        let end = limit.and_then(|limit| Some((began.checked_add(limit)?, limit)));
        Self { end }
    }

    /// Awaits the future. Fails with the limit when the time is over.
    async fn limit<T>(&self, future: impl Future<Output = T>) -> Result<T, Duration> {
        match self.end {
            None => Ok(future.await),
            Some((end, limit)) => timeout_at(end, future).await.map_err(|_| limit),
        }
    }
}

/// Bytes read at once. A handshake has a few hundred.
const READ_SIZE: usize = 1024;

/// Whether a connection that ended points to a wrong server key. This side's first command is
/// encrypted to that key, and the server has sent its greeting and nothing else.
fn suggests_wrong_key(options: &SocketOptions, received: usize) -> bool {
    let mechanism = &options.security.mechanism;
    let encrypts = [MechanismName::CURVE, MechanismName::NOISE_IK].contains(&mechanism.name());
    encrypts && !mechanism.is_server() && received == Greeting::SIZE
}

/// Reads and writes until the handshake is done (`None`) or a peer has to be authenticated.
async fn advance(
    connection: &mut Connection,
    io: &mut Halves,
    input: &mut BytesMut,
    received: &mut usize,
) -> Result<Option<AuthenticationRequest>, HandshakeFailure> {
    loop {
        let event = connection.handle_input(input, 0);
        let written = write(io, connection).await;
        // After a protocol error too: an ERROR command is written. If that fails, the protocol error
        // is still the reason.
        let event = event?;
        written?;
        match event {
            Some(Event::Ready(_)) => return Ok(None),
            Some(Event::Authenticate(request)) => return Ok(Some(request)),
            Some(Event::End) => return Err(HandshakeFailure::PeerClosed),
            _ => {}
        }
        input.reserve(READ_SIZE);
        match io.reader.read_buf(input).await.map_err(io_failure)? {
            0 => return Err(HandshakeFailure::PeerClosed),
            bytes => *received += bytes,
        }
    }
}

/// Ends a connection so that the peer receives the reason, such as an HTTP error. A close with unread
/// bytes makes the kernel reset the connection, and the peer may lose it.
async fn part(io: &mut Halves) {
    let parting = async {
        io.writer.shutdown().await?;
        tokio::io::copy(&mut (&mut io.reader).take(PARTING_SIZE), &mut tokio::io::sink()).await
    };
    let _ = timeout(PARTING_TIMEOUT, parting).await;
}

/// The most that is read from a peer that is refused, and for how long.
const PARTING_SIZE: u64 = 64 * 1024;
const PARTING_TIMEOUT: Duration = Duration::from_secs(1);

/// Asks the authenticator, for as long as the peer is connected.
async fn authenticate(
    core: &SocketCore,
    attempt: Attempt,
    io: &mut Halves,
    input: &mut BytesMut,
) -> Result<Decision, HandshakeFailure> {
    let mut decision = pin!(core.options.security.decide(attempt));
    poll_fn(|cx| {
        if let Poll::Ready(decision) = decision.as_mut().poll(cx) {
            return Poll::Ready(Ok(decision));
        }
        // A peer sends little before it has an answer. Excess is not read.
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

/// The framing of a new connection: that of its stream, or raw bytes for a STREAM.
fn framing(socket_type: SocketType, io: &mut Io) -> io::Result<Option<Box<dyn Framing>>> {
    match (socket_type, io.take_framing()) {
        (SocketType::Stream, Some(_)) => {
            let text = "a STREAM socket needs a stream of raw bytes, which this transport is not";
            Err(io::Error::new(io::ErrorKind::Unsupported, text))
        }
        (SocketType::Stream, None) => Ok(Some(Box::new(Raw))),
        (_, framing) => Ok(framing),
    }
}

/// The codec's configuration for a new connection.
fn config(core: &SocketCore) -> ConnectionConfig {
    let options = &core.options;
    let config = ConnectionConfig::new(core.socket_type, options.security.mechanism.clone())
        .with_authenticate_null(options.security.asks_always())
        .with_allow_zmtp_1(options.allow_zmtp_1)
        .with_limits(options.limits.clone())
        .with_metadata(options.metadata.clone());
    match &options.routing_id {
        Some(routing_id) => config.with_routing_id(routing_id.clone()),
        None => config,
    }
}

/// A connection with the randomness that its mechanism needs.
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
    #[cfg(feature = "tls")]
    if let Some(cause) = error.get_ref()
        && let Some(failure) = cause.downcast_ref::<crate::tls::TlsFailure>()
    {
        return failure.clone().into();
    }
    HandshakeFailure::Io(Arc::new(error))
}

impl HandshakeFailure {
    /// Adds the reason to a refusal by the authenticator.
    fn because(self, reason: &Reason) -> Self {
        match self {
            Self::Protocol(ProtocolError::Denied(status)) => {
                Self::Denied { status, reason: reason.get() }
            }
            other => other,
        }
    }

    /// Whether the connection ended on the peer's side.
    fn is_end(&self) -> bool {
        matches!(self, Self::PeerClosed | Self::Io(_))
    }

    /// Whether a later attempt may succeed.
    pub(super) fn may_reconnect(&self) -> bool {
        match self {
            Self::Protocol(error) => ProtocolError::may_reconnect(error),
            Self::Denied { status, .. } => *status == DenyStatus::TemporaryError,
            _ => true,
        }
    }
}
