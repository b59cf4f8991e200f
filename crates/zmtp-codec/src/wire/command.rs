//! Commands: frames for the other end of the connection, not for the application.
//!
//! ```text
//! command frame body:   | name length (1) | name | data ... |
//!
//! READY      data depends on the mechanism      SUBSCRIBE, CANCEL   topic
//! ERROR      | length (1) | reason |            JOIN, LEAVE         group
//! PING       | TTL (2) | context (0-16) |       PONG                context
//! ```

use std::time::Duration;

use bytes::Bytes;

use super::{FrameHeader, Reader};

/// A command (37/ZMTP, "Commands").
///
/// ```
/// use zmtp_codec::wire::{Command, Ttl};
///
/// let ping = Command::Ping { ttl: Ttl::NONE, context: "are you there".into() };
/// let pong = Command::Pong { context: "are you there".into() };
/// assert_eq!(ping.reply(), Some(pong));
///
/// let mut wire = Vec::new();
/// ping.encode(&mut wire);
/// assert_eq!(wire[..9], *b"\x04\x14\x04PING\0\0");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Ends a subscription.
    Cancel {
        /// The prefix of the first frame of a message.
        topic: Bytes,
    },
    /// Refuses the connection during the handshake. After the handshake it has no meaning.
    Error {
        /// The reason, for people. At most 255 bytes are sent.
        reason: String,
    },
    /// Joins a group.
    Join {
        /// The name of the group.
        group: Bytes,
    },
    /// Leaves a group.
    Leave {
        /// The name of the group.
        group: Bytes,
    },
    /// Asks for a [`Pong`](Self::Pong).
    Ping {
        /// How long the receiver should wait for more input from the sender.
        ttl: Ttl,
        /// Bytes to send back. At most 16 are sent, in either direction.
        context: Bytes,
    },
    /// Answers a [`Ping`](Self::Ping).
    Pong {
        /// The context of the ping.
        context: Bytes,
    },
    /// Ends the handshake.
    Ready {
        /// Defined by the mechanism: for NULL, the encoded [`Metadata`](crate::Metadata).
        data: Bytes,
    },
    /// Subscribes to a topic.
    Subscribe {
        /// The prefix of the first frame of a message.
        topic: Bytes,
    },
    /// A command unknown to this crate.
    Unknown {
        /// Its name, 1 to 255 bytes; empty if the frame has none.
        name: Bytes,
        /// The bytes behind the name.
        data: Bytes,
    },
}

/// The body of a command frame is not a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The name is empty, missing, or longer than the body.
    #[error("command frame of {0} bytes does not hold a command name")]
    NoName(usize),
}

impl Command {
    /// The largest PING context that is sent, in bytes.
    pub const CONTEXT_MAX: usize = 16;

    /// Decodes the body of a command frame.
    ///
    /// It accepts four faults of peers:
    ///
    /// - A PING without a TTL has [`Ttl::NONE`].
    /// - A PING context is cut to [`CONTEXT_MAX`](Self::CONTEXT_MAX) bytes, as in libzmq.
    /// - The reason of an ERROR may be truncated.
    /// - The misspelled ERROR of libzmq's PLAIN is an ERROR.
    ///
    /// # Errors
    ///
    /// If there is no name.
    pub fn decode(body: Bytes) -> Result<Self, CommandError> {
        let size = body.len();
        if let Some(data) = body.strip_prefix(MISSPELLED_ERROR)
            && size <= usize::from(MISSPELLED_ERROR[0])
        {
            return Ok(Self::Error { reason: decode_reason(data) });
        }
        let mut reader = Reader::new(body);
        let name = reader.short().filter(|name| !name.is_empty());
        let name = name.ok_or(CommandError::NoName(size))?;
        let data = reader.rest();
        Ok(match &name[..] {
            b"CANCEL" => Self::Cancel { topic: data },
            b"ERROR" => Self::Error { reason: decode_reason(&data) },
            b"JOIN" => Self::Join { group: data },
            b"LEAVE" => Self::Leave { group: data },
            b"PING" => decode_ping(data),
            b"PONG" => Self::Pong { context: cut_context(data) },
            b"READY" => Self::Ready { data },
            b"SUBSCRIBE" => Self::Subscribe { topic: data },
            _ => Self::Unknown { name, data },
        })
    }

    /// Appends the command to `wire` as a whole frame, header included.
    pub fn encode(&self, wire: &mut Vec<u8>) {
        let (name, data) = (self.name(), self.data());
        let (head, tail) = (data.head.as_slice(), data.tail);
        FrameHeader::command(1 + name.len() + head.len() + tail.len()).encode(wire);
        encode_short(name, wire);
        wire.extend_from_slice(head);
        wire.extend_from_slice(tail);
    }

    /// The name, as it is on the wire.
    pub fn name(&self) -> &[u8] {
        match self {
            Self::Cancel { .. } => b"CANCEL",
            Self::Error { .. } => b"ERROR",
            Self::Join { .. } => b"JOIN",
            Self::Leave { .. } => b"LEAVE",
            Self::Ping { .. } => b"PING",
            Self::Pong { .. } => b"PONG",
            Self::Ready { .. } => b"READY",
            Self::Subscribe { .. } => b"SUBSCRIBE",
            Self::Unknown { name, .. } => up_to(name, 255),
        }
    }

    /// The reply that this command requires, if any.
    pub fn reply(&self) -> Option<Self> {
        match self {
            Self::Ping { context, .. } => Some(Self::Pong { context: context.clone() }),
            _ => None,
        }
    }

    fn data(&self) -> Data<'_> {
        match self {
            Self::Cancel { topic: data }
            | Self::Join { group: data }
            | Self::Leave { group: data }
            | Self::Ready { data }
            | Self::Subscribe { topic: data }
            | Self::Unknown { data, .. } => Data { head: Vec::new(), tail: data },
            Self::Pong { context } => {
                Data { head: Vec::new(), tail: up_to(context, Self::CONTEXT_MAX) }
            }
            Self::Ping { ttl, context } => {
                Data { head: ttl.0.to_be_bytes().to_vec(), tail: up_to(context, Self::CONTEXT_MAX) }
            }
            Self::Error { reason } => {
                let mut head = Vec::new();
                encode_short(cut_text(reason, 255).as_bytes(), &mut head);
                Data { head, tail: &[] }
            }
        }
    }
}

/// The start of an ERROR of libzmq's PLAIN, up to 4.3.5 at least: in C, "\x05ERROR" is the byte 5E
/// and "RROR". As the length of a name, 5E is more than such a body has.
const MISSPELLED_ERROR: &[u8; 5] = b"\x5eRROR";

/// The time to live of a PING: how long its receiver waits for more input before it closes the
/// connection.
///
/// In tenths of a second, up to 6553.5 s; zero means forever.
///
/// ```
/// use std::time::Duration;
/// use zmtp_codec::wire::Ttl;
///
/// assert_eq!(Ttl::from_duration(Duration::from_millis(1_250)).duration().as_millis(), 1_200);
/// assert_eq!(Ttl::from_duration(Duration::from_secs(10_000)), Ttl::MAX);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ttl(u16);

impl Ttl {
    /// No limit.
    pub const NONE: Self = Self(0);

    /// The longest: 6553.5 s.
    pub const MAX: Self = Self(u16::MAX);

    /// Rounds down to tenths of a second. Longer durations become [`MAX`](Self::MAX).
    ///
    /// Less than a tenth of a second becomes [`NONE`](Self::NONE), as in libzmq.
    pub fn from_duration(duration: Duration) -> Self {
        u16::try_from(duration.as_millis() / 100).map_or(Self::MAX, Self)
    }

    /// The time itself; zero when there is no limit.
    pub fn duration(self) -> Duration {
        Duration::from_millis(u64::from(self.0) * 100)
    }
}

/// The data of a command: fields of its own making, then bytes as they are.
struct Data<'a> {
    head: Vec<u8>,
    tail: &'a [u8],
}

fn decode_ping(data: Bytes) -> Command {
    let mut reader = Reader::new(data);
    match reader.u16() {
        Some(ttl) => Command::Ping { ttl: Ttl(ttl), context: cut_context(reader.rest()) },
        None => Command::Ping { ttl: Ttl::NONE, context: Bytes::new() },
    }
}

fn decode_reason(data: &[u8]) -> String {
    let reason = data.split_first().map(|(&size, reason)| up_to(reason, size.into()));
    String::from_utf8_lossy(reason.unwrap_or_default()).into_owned()
}

fn cut_context(mut context: Bytes) -> Bytes {
    context.truncate(Command::CONTEXT_MAX);
    context
}

/// The start of `text`, of at most `bytes` bytes and not ending inside a character.
fn cut_text(text: &str, bytes: usize) -> &str {
    (0..=bytes).rev().find_map(|end| text.get(..end.min(text.len()))).unwrap_or_default()
}

/// Appends bytes with their length in one byte before them; at most 255.
fn encode_short(bytes: &[u8], wire: &mut Vec<u8>) {
    let bytes = up_to(bytes, 255);
    wire.extend(u8::try_from(bytes.len()));
    wire.extend_from_slice(bytes);
}

fn up_to(bytes: &[u8], count: usize) -> &[u8] {
    bytes.get(..count).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(command: &Command) -> Vec<u8> {
        let mut wire = Vec::new();
        command.encode(&mut wire);
        wire
    }

    fn decoded(body: &'static [u8]) -> Result<Command, CommandError> {
        Command::decode(Bytes::from_static(body))
    }

    #[test]
    fn commands_round_trip_on_the_wire() {
        let topic = Bytes::from_static(b"topic");
        for command in [
            Command::Cancel { topic: topic.clone() },
            Command::Error { reason: "no".into() },
            Command::Join { group: topic.clone() },
            Command::Leave { group: topic.clone() },
            Command::Ping { ttl: Ttl(300), context: topic.clone() },
            Command::Pong { context: topic.clone() },
            Command::Ready { data: topic.clone() },
            Command::Subscribe { topic: vec![b'x'; 1000].into() },
            Command::Unknown { name: "NEW".into(), data: topic },
        ] {
            let wire = encoded(&command);
            let header = FrameHeader::decode(&wire).unwrap().unwrap();
            assert!(header.is_command());
            let body = Bytes::copy_from_slice(&wire[header.size()..]);
            assert_eq!(body.len() as u64, header.body_size());
            assert_eq!(Command::decode(body), Ok(command));
        }
    }

    #[test]
    fn command_without_name_is_rejected() {
        assert_eq!(decoded(b""), Err(CommandError::NoName(0)));
        assert_eq!(decoded(b"\0"), Err(CommandError::NoName(1)));
        assert_eq!(decoded(b"\x05PING"), Err(CommandError::NoName(5)));
    }

    #[test]
    fn short_pings_and_long_contexts_are_accepted() {
        let short = Command::Ping { ttl: Ttl::NONE, context: Bytes::new() };
        for body in [&b"\x04PING"[..], b"\x04PING\x07"] {
            assert_eq!(Command::decode(Bytes::copy_from_slice(body)), Ok(short.clone()));
        }
        let Ok(Command::Ping { context, .. }) = decoded(b"\x04PING\0\x010123456789abcdefgh") else {
            panic!("a ping");
        };
        assert_eq!(context, "0123456789abcdef");
        let pong = Command::Pong { context: vec![0; 99].into() };
        assert_eq!(encoded(&pong).len(), 2 + 5 + 16);
    }

    #[test]
    fn error_reason_ignores_wrong_length() {
        let reason = |body| match decoded(body) {
            Ok(Command::Error { reason }) => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(reason(b"\x05ERROR\x02no"), "no");
        assert_eq!(reason(b"\x05ERROR\xffno"), "no");
        assert_eq!(reason(b"\x05ERROR\x01no"), "n");
        assert_eq!(reason(b"\x05ERROR\x01\xff"), "\u{fffd}");
        assert_eq!(reason(b"\x05ERROR"), "");
        assert_eq!(reason(b"^RROR\x03400"), "400", "as from libzmq's PLAIN");
        let long = [&b"^RROR"[..], &[b'x'; 90]].concat();
        assert!(matches!(Command::decode(long.into()), Ok(Command::Unknown { .. })));
    }

    #[test]
    fn long_reason_is_cut_at_character_boundary() {
        let wire = encoded(&Command::Error { reason: "é".repeat(200) });
        assert_eq!(wire.len(), 9 + 6 + 1 + 254);
        assert!(str::from_utf8(&wire[16..]).is_ok());
    }
}
