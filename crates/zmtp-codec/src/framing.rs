//! Framings: how the bytes of a connection carry frames.
//!
//! Batches and decoders hold ZMTP 3 frames, whatever the connection carries. A [`Framing`] translates
//! between the two where bytes are read and written. It may begin with bytes of its own, such as an
//! HTTP upgrade. Then it is two halves:
//!
//! ```text
//!          start             handle(input)
//! Framing --------> Preface ---------------> Carrier { FrameReader, FrameWriter }
//!    |               ^   |                      ^
//!    |               '---'                      |
//!    '------------------------------------------'
//! ```
//!
//! ZMTP 3 and 2 need no framing. [`Raw`] is implemented here. Another crate can add a framing by
//! implementing these traits; `tests/custom_framing.rs` shows a complete one.
//!
//! If the mechanism encrypts, its sealer runs inside the framing: the framing carries encrypted
//! records. So a framing sees frames that are encrypted already, except for its
//! [own](FrameWriter::is_control).

mod raw;
mod sealed;
pub(crate) mod zmtp1;
#[cfg(feature = "ws")]
pub mod zws;

use std::fmt::Debug;

use bytes::BytesMut;

pub use raw::Raw;
pub(crate) use sealed::FramedSealer;

use crate::config::Limits;
use crate::error::ProtocolError;
use crate::routing_id::RoutingId;
use crate::socket_type::SocketType;
use crate::wire::{Command, FrameHeader, MechanismName};

type Result<T, E = ProtocolError> = std::result::Result<T, E>;

/// How the bytes of one connection carry frames.
///
/// Give it to [`Connection::with_framing`](crate::Connection::with_framing).
pub trait Framing: Debug + Send + Sync {
    /// Starts the connection. Bytes for the peer go into `output`, and are written before anything is
    /// read.
    ///
    /// # Errors
    ///
    /// If this side's configuration cannot work with this framing.
    fn start(self: Box<Self>, context: FramingContext, output: &mut Vec<u8>) -> Result<Step>;
}

/// The connection that a framing is for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FramingContext {
    /// The type of the socket that the connection belongs to.
    pub socket_type: SocketType,
    /// The name of this side's mechanism.
    pub mechanism: MechanismName,
    /// The name by which a ROUTER addresses this side.
    pub routing_id: Option<RoutingId>,
    /// The most that the peer may send.
    pub limits: Limits,
}

/// The next step at the start of a connection.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "the connection must know what to do")]
pub enum Step {
    /// Wait for more bytes of the peer.
    Await(Box<dyn Preface>),
    /// Frames follow.
    Carry(Carrier),
}

/// What the peer sends before its first frame.
pub trait Preface: Debug + Send + Sync {
    /// Takes bytes off the front of `input`. Called again when there are more. Bytes for the peer go
    /// into `output`; they are written even if this fails.
    ///
    /// The connection fails if more bytes arrive before the first frame than
    /// [`Limits::max_handshake_size`] allows.
    ///
    /// # Errors
    ///
    /// If no connection with this peer can succeed.
    fn handle(self: Box<Self>, input: &mut BytesMut, output: &mut Vec<u8>) -> Result<Step>;
}

/// The two halves that carry frames, and what follows between the sides.
#[derive(Debug)]
#[non_exhaustive]
pub struct Carrier {
    /// Turns bytes of the peer into frames.
    pub reader: Box<dyn FrameReader>,
    /// Turns frames into bytes for the peer.
    pub writer: Box<dyn FrameWriter>,
    /// How the two sides introduce themselves to each other.
    pub introduction: Introduction,
    /// The version of ZMTP of the frames. Default 3.1.
    ///
    /// Below 3.0 there are no commands and so no heartbeats.
    pub version: (u8, u8),
    /// The form of subscriptions. Default: that of the version.
    pub subscriptions: Option<SubscriptionForm>,
}

impl Carrier {
    /// Makes a carrier of two halves.
    pub fn new(
        reader: impl FrameReader + 'static,
        writer: impl FrameWriter + 'static,
        introduction: Introduction,
    ) -> Self {
        let (reader, writer) = (Box::new(reader), Box::new(writer));
        Self { reader, writer, introduction, version: (3, 1), subscriptions: None }
    }

    /// Sets the version of ZMTP.
    pub fn with_version(self, version: (u8, u8)) -> Self {
        Self { version, ..self }
    }

    /// Sets the form of subscriptions.
    pub fn with_subscriptions(self, form: SubscriptionForm) -> Self {
        Self { subscriptions: Some(form), ..self }
    }
}

/// How the two sides introduce themselves to each other before the first message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Introduction {
    /// With the commands of their security mechanism, without a greeting.
    Mechanism,
    /// The first frame each way is a routing id. There is no security.
    RoutingId,
    /// Not at all. There is no security, but an application can allow peers by their address.
    None,
}

/// How a subscription is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubscriptionForm {
    /// A command, as in ZMTP 3.1.
    Command,
    /// A message that starts with the byte 1 or 0, as in ZMTP 3.0.
    Message,
}

impl SubscriptionForm {
    /// The form in a version of ZMTP.
    pub(crate) fn of_version(version: (u8, u8)) -> Self {
        if version < (3, 1) { Self::Message } else { Self::Command }
    }
}

/// Turns bytes of the peer into ZMTP 3 frames.
pub trait FrameReader: Debug + Send + Sync {
    /// Takes bytes off the front of `input` and appends frames to `frames`.
    ///
    /// Append the header of a frame as soon as its size is known, and its body as it arrives: a frame
    /// above a limit is then refused before it has arrived.
    ///
    /// # Errors
    ///
    /// If the peer breaks the rules of the framing. Frames before the fault must have been returned.
    fn read(&mut self, input: &mut BytesMut, frames: &mut BytesMut) -> Result<Reading>;
}

/// Reads frames. A reader that makes no progress needs more input, whatever it says.
pub(crate) fn read_frames(
    reader: &mut dyn FrameReader,
    input: &mut BytesMut,
    frames: &mut BytesMut,
) -> Result<Reading> {
    let before = (input.len(), frames.len());
    Ok(match reader.read(input, frames)? {
        Reading::Frames if before == (input.len(), frames.len()) => Reading::Incomplete,
        reading => reading,
    })
}

/// The result of [reading](FrameReader::read).
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "the decoder must know what to do")]
pub enum Reading {
    /// More bytes have been appended to the frames.
    Frames,
    /// More input is needed.
    Incomplete,
    /// A command that no mechanism encrypts, such as a PING of the framing.
    Command(Command),
    /// The framing's own answer to the peer. Its [`FrameWriter`] gets this command.
    Reply(Command),
    /// The peer has ended the connection in order. The reader is not called again.
    End {
        /// The last command for the peer, which the [`FrameWriter`] gets.
        reply: Option<Command>,
    },
}

/// Turns ZMTP 3 frames into bytes for the peer.
pub trait FrameWriter: Debug + Send + Sync {
    /// Appends the bytes that carry one frame to `bytes`.
    fn write(&mut self, header: FrameHeader, body: &[u8], bytes: &mut Vec<u8>);

    /// Whether a frame is one of the framing's own, which no mechanism encrypts: a PING, a PONG, or a
    /// [reply](Reading::Reply). Default: none is.
    fn is_control(&self, header: FrameHeader, body: &[u8]) -> bool {
        let _ = (header, body);
        false
    }

    /// Appends the bytes that end the connection: in order, or because of an error. Default: none.
    fn finish(&mut self, error: Option<&ProtocolError>, bytes: &mut Vec<u8>) {
        let _ = (error, bytes);
    }
}
