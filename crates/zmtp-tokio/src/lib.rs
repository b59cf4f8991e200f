//! A whole ZMTP connection as a codec for [`Framed`].
//!
//! [`ZmtpCodec::handshake`] completes the handshake over any byte stream and returns a `Framed`:
//!
//! ```
//! use futures_util::{SinkExt, StreamExt};
//! use zmtp_codec::{ConnectionConfig, Message, Null, SocketType};
//! use zmtp_tokio::{Incoming, ZmtpCodec};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let push = ConnectionConfig::new(SocketType::Push, Null);
//! let pull = ConnectionConfig::new(SocketType::Pull, Null);
//! let (near, far) = tokio::io::duplex(1024);
//! let (push, pull) =
//!     tokio::try_join!(ZmtpCodec::handshake(near, &push), ZmtpCodec::handshake(far, &pull))?;
//! let ((mut push, _), (mut pull, peer)) = (push, pull);
//! assert_eq!(peer.socket_type(), SocketType::Push);
//!
//! push.send(Message::from("hello")).await?;
//! let Some(Ok(Incoming::Message(message))) = pull.next().await else { panic!() };
//! assert_eq!(message, Message::from("hello"));
//! # Ok(())
//! # }
//! ```
//!
//! A codec is a single connection: it does not reconnect, queue, or send heartbeats.

#![forbid(unsafe_code)]

use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use bytes::BytesMut;
use futures_core::Stream;
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::codec::{Decoder, Encoder, Framed};
use zmtp_codec::wire::Command;
use zmtp_codec::{
    AuthenticationRequest, Connection, ConnectionConfig, Decision, DenyStatus, Event, Message,
    PeerInfo, ProtocolError, RunIter, Subscription,
};

/// One side of a ZMTP connection, for [`Framed`].
///
/// It decodes [`Incoming`] and encodes [`Message`]s, [`Subscription`]s, [`Command`]s and
/// [`Pending`]. Since it encodes several types, a bare `framed.flush()` has to name one:
/// `SinkExt::<Message>::flush(&mut framed)`.
#[derive(Debug)]
pub struct ZmtpCodec {
    connection: Connection,
    /// Received messages that have not been returned.
    run: Option<RunIter>,
    /// Bytes of the connection itself, such as a PONG, until something is encoded.
    pending: BytesMut,
    /// Whether [`Incoming::Transmit`] has been returned for them.
    is_announced: bool,
}

/// The item that a [`ZmtpCodec`] decodes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Incoming {
    /// The peer waits for a [decision](ZmtpCodec::authenticate).
    Authenticate(AuthenticationRequest),
    /// A command from the peer. A PING has been answered already.
    Command(Command),
    /// The peer has ended the connection in the way of its [framing](zmtp_codec::framing).
    End,
    /// A message from the peer.
    Message(Message),
    /// The handshake is over. This describes the peer.
    Ready(PeerInfo),
    /// The connection has bytes of its own to write, such as a PONG: send [`Pending`].
    Transmit,
}

/// Encodes to the bytes of the connection itself.
///
/// Every other item includes them, so it is needed only if there is nothing else to send.
#[derive(Clone, Copy, Debug)]
pub struct Pending;

/// The connection of a [`ZmtpCodec`] has failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The byte stream failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The protocol failed.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
}

impl ZmtpCodec {
    /// Makes a codec that starts with the greeting.
    ///
    /// In a `Framed`, send [`Pending`] at the start and after each [`Incoming::Transmit`] until
    /// [`Incoming::Ready`], or use [`handshake`](Self::handshake).
    pub fn new(config: &ConnectionConfig) -> Self {
        Self::from(Connection::new(config))
    }

    /// Answers [`Incoming::Authenticate`].
    pub fn authenticate(&mut self, decision: Decision) {
        self.connection.authenticate(decision);
    }

    /// Completes the handshake with the peer at the other end of `io`. Put a timeout around it.
    ///
    /// It denies a peer that has to be authenticated: see
    /// [`handshake_with`](Self::handshake_with).
    ///
    /// # Errors
    ///
    /// If the byte stream fails or ends, or the handshake fails.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops `io`, and with it the connection.
    pub async fn handshake<T>(
        io: T,
        config: &ConnectionConfig,
    ) -> Result<(Framed<T, Self>, PeerInfo), CodecError>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let deny = |_: &AuthenticationRequest| Decision::Deny(DenyStatus::InternalError);
        Self::handshake_with(io, Connection::new(config), deny).await
    }

    /// Completes the handshake of a new connection over `io`. `authenticate` decides about the peer.
    ///
    /// # Errors
    ///
    /// If the byte stream fails or ends, or the handshake fails.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops `io`, and with it the connection.
    pub async fn handshake_with<T>(
        io: T,
        connection: Connection,
        mut authenticate: impl FnMut(&AuthenticationRequest) -> Decision,
    ) -> Result<(Framed<T, Self>, PeerInfo), CodecError>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let mut framed = Framed::new(io, Self::from(connection));
        loop {
            let incoming = match transmit(&mut framed).await {
                Ok(()) => poll_fn(|cx| Pin::new(&mut framed).poll_next(cx)).await,
                Err(error) => Some(Err(error)),
            };
            match incoming {
                Some(Ok(Incoming::Ready(peer))) => {
                    transmit(&mut framed).await?;
                    return Ok((framed, peer));
                }
                Some(Ok(Incoming::Authenticate(request))) => {
                    framed.codec_mut().authenticate(authenticate(&request));
                }
                Some(Ok(Incoming::End)) | None => {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    // The peer should get an ERROR, but the first error is the one to return.
                    let _ = transmit(&mut framed).await;
                    return Err(error);
                }
            }
        }
    }

    /// The peer, after the handshake.
    pub fn peer(&self) -> Option<&PeerInfo> {
        self.connection.peer()
    }

    fn collect_pending(&mut self) {
        while let Some(bytes) = self.connection.poll_transmit() {
            self.pending.extend_from_slice(&bytes);
        }
    }

    fn encode_pending(&mut self, wire: &mut BytesMut) {
        self.collect_pending();
        wire.unsplit(self.pending.split());
        self.is_announced = false;
    }
}

impl From<Connection> for ZmtpCodec {
    fn from(connection: Connection) -> Self {
        let pending = BytesMut::new();
        let mut codec = Self { connection, run: None, pending, is_announced: false };
        codec.collect_pending();
        codec
    }
}

/// Writes the bytes of the connection itself.
async fn transmit<T: AsyncWrite + Unpin>(
    framed: &mut Framed<T, ZmtpCodec>,
) -> Result<(), CodecError> {
    poll_fn(|cx| Sink::<Pending>::poll_ready(Pin::new(&mut *framed), cx)).await?;
    Pin::new(&mut *framed).start_send(Pending)?;
    poll_fn(|cx| Sink::<Pending>::poll_flush(Pin::new(&mut *framed), cx)).await
}

impl Decoder for ZmtpCodec {
    type Item = Incoming;
    type Error = CodecError;

    fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Incoming>, CodecError> {
        loop {
            if let Some(message) = self.run.as_mut().and_then(Iterator::next) {
                return Ok(Some(Incoming::Message(message)));
            }
            let event = self.connection.handle_input(input, usize::MAX);
            // Otherwise the rest waits in the connection, which limits its answers.
            if self.pending.is_empty() {
                self.collect_pending();
            }
            match event? {
                Some(Event::Messages(run)) => self.run = Some(run.into_iter()),
                Some(Event::Authenticate(request)) => {
                    return Ok(Some(Incoming::Authenticate(request)));
                }
                Some(Event::Command(command)) => return Ok(Some(Incoming::Command(command))),
                Some(Event::End) => return Ok(Some(Incoming::End)),
                Some(Event::Ready(peer)) => return Ok(Some(Incoming::Ready(peer))),
                // An event of a later version that needs no action.
                Some(_) => {}
                None if self.pending.is_empty() || self.is_announced => return Ok(None),
                None => {
                    self.is_announced = true;
                    return Ok(Some(Incoming::Transmit));
                }
            }
        }
    }
}

impl Encoder<Pending> for ZmtpCodec {
    type Error = CodecError;

    fn encode(&mut self, _: Pending, wire: &mut BytesMut) -> Result<(), CodecError> {
        self.encode_pending(wire);
        Ok(())
    }
}

impl Encoder<Message> for ZmtpCodec {
    type Error = CodecError;

    fn encode(&mut self, message: Message, wire: &mut BytesMut) -> Result<(), CodecError> {
        self.connection.send(message);
        self.encode_pending(wire);
        Ok(())
    }
}

impl Encoder<Subscription> for ZmtpCodec {
    type Error = CodecError;

    fn encode(&mut self, change: Subscription, wire: &mut BytesMut) -> Result<(), CodecError> {
        self.connection.send_subscription(change);
        self.encode_pending(wire);
        Ok(())
    }
}

impl Encoder<Command> for ZmtpCodec {
    type Error = CodecError;

    fn encode(&mut self, command: Command, wire: &mut BytesMut) -> Result<(), CodecError> {
        self.connection.send_command(&command);
        self.encode_pending(wire);
        Ok(())
    }
}
