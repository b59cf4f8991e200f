//! ZMTP 1.0 (13/ZMTP), the protocol of ZeroMQ 2.
//!
//! ```text
//!           1 byte     1 byte
//! short   | length   | flags | body ...             length: 1 to 254, with the flags byte
//!           1 byte     8 bytes, big-endian   1 byte
//! long    | FF       | length .............. | flags | body ...
//!
//! flags:  bit 0 MORE   bits 1-7 zero
//! ```
//!
//! There is no greeting: the first frame each way is a routing id. The signature of a newer peer is the
//! long header of such a frame, which a newer peer does not continue. ZMTP 1.0 has no commands, and so
//! no heartbeats, metadata or security, and no socket types.

use bytes::{Buf, BytesMut};

use super::{Carrier, FrameReader, FrameWriter, Introduction, Reading, Result};
use crate::error::PeerIncompatible;
use crate::socket_type::SocketType;
use crate::wire::{FrameError, FrameHeader, UnsupportedVersion};

/// The version as [`PeerInfo::version`](crate::PeerInfo::version) shows it.
const VERSION: (u8, u8) = (1, 0);

/// The bytes of a signature.
pub(crate) const SIGNATURE_SIZE: usize = 10;

/// The signature that a peer of ZMTP 1.0 reads as the header of this side's routing id.
pub(crate) fn signature(routing_id: &[u8]) -> [u8; SIGNATURE_SIZE] {
    let mut signature = [0xff; SIGNATURE_SIZE];
    signature[1..9].copy_from_slice(&(1 + routing_id.len() as u64).to_be_bytes());
    signature[9] = 0x7f;
    signature
}

/// Whether these bytes start a connection of ZMTP 1.0; `None` if too few have arrived.
pub(crate) fn is_opening(bytes: &[u8]) -> Option<bool> {
    match *bytes {
        [] => None,
        [0xff, _, _, _, _, _, _, _, _, end, ..] => Some(end & 1 == 0),
        [0xff, ..] => None,
        _ => Some(true),
    }
}

/// Carries frames to and from a peer of ZMTP 1.0, from the routing ids on.
pub(crate) fn carrier(socket_type: SocketType) -> Carrier {
    let reader = Reader { body_left: 0, first: First::Header, socket_type };
    let writer = Writer { is_signed: false };
    Carrier::new(reader, writer, Introduction::RoutingId).with_version(VERSION)
}

#[derive(Debug)]
struct Reader {
    /// The bytes missing from the body of the last frame.
    body_left: usize,
    first: First,
    socket_type: SocketType,
}

/// How far the first frame has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Header,
    Body,
    Passed,
}

impl FrameReader for Reader {
    fn read(&mut self, input: &mut BytesMut, frames: &mut BytesMut) -> Result<Reading> {
        let before = frames.len();
        let result = self.read_all(input, frames);
        // Frames before a fault are returned first. The next call finds it again.
        if frames.len() > before {
            return Ok(Reading::Frames);
        }
        result.map(|()| Reading::Incomplete)
    }
}

impl Reader {
    fn read_all(&mut self, input: &mut BytesMut, frames: &mut BytesMut) -> Result<()> {
        loop {
            self.read_body(input, frames);
            if self.body_left > 0 {
                return Ok(());
            }
            let Some(header) = Header::decode(input)? else { return Ok(()) };
            if self.first == First::Header {
                check_first(&header, input)?;
                self.first = First::Body;
            }
            let body =
                usize::try_from(header.body).map_err(|_| FrameError::Oversized(header.body))?;
            input.advance(header.size);
            FrameHeader::message(body, header.more).encode_to(frames);
            self.body_left = body;
        }
    }

    fn read_body(&mut self, input: &mut BytesMut, frames: &mut BytesMut) {
        let arrived = self.body_left.min(input.len());
        frames.extend_from_slice(&input[..arrived]);
        input.advance(arrived);
        self.body_left -= arrived;
        if self.first == First::Body && self.body_left == 0 {
            self.first = First::Passed;
            self.subscribe_for_peer(frames);
        }
    }

    /// Subscribes to everything in the name of the peer: a SUB of ZeroMQ 2 filters by itself and sends
    /// no subscriptions. libzmq does the same.
    fn subscribe_for_peer(&self, frames: &mut BytesMut) {
        if matches!(self.socket_type, SocketType::Pub | SocketType::XPub) {
            frames.extend_from_slice(&[0, 1, 1]);
        }
    }
}

/// Checks the frame of the routing id. Another protocol seldom has a zero in this place.
fn check_first(header: &Header, bytes: &[u8]) -> Result<()> {
    if header.more {
        return Err(PeerIncompatible::from(UnsupportedVersion::NotZmtp(bytes[0])).into());
    }
    Ok(())
}

/// The header of a frame.
struct Header {
    size: usize,
    more: bool,
    body: u64,
}

impl Header {
    /// Decodes the header at the front of `bytes`; `Ok(None)` if it is incomplete.
    fn decode(bytes: &[u8]) -> Result<Option<Self>> {
        let (size, length, flags) = match *bytes {
            [0xff, a, b, c, d, e, f, g, h, flags, ..] => {
                (10, u64::from_be_bytes([a, b, c, d, e, f, g, h]), Some(flags))
            }
            [] | [0xff, ..] => return Ok(None),
            [length, ref rest @ ..] => (2, length.into(), rest.first().copied()),
        };
        let body = length.checked_sub(1).ok_or(FrameError::Flagless)?;
        match flags {
            None => Ok(None),
            Some(flags @ (0 | 1)) => Ok(Some(Self { size, more: flags == 1, body })),
            Some(flags) => Err(FrameError::ReservedFlags(flags).into()),
        }
    }
}

#[derive(Debug)]
struct Writer {
    /// Whether the body behind the signature is written.
    is_signed: bool,
}

impl FrameWriter for Writer {
    fn write(&mut self, header: FrameHeader, body: &[u8], bytes: &mut Vec<u8>) {
        if header.is_command() {
            return;
        }
        if self.is_signed {
            encode_header(body.len(), header.has_more(), bytes);
        }
        self.is_signed = true;
        bytes.extend_from_slice(body);
    }
}

fn encode_header(body: usize, more: bool, bytes: &mut Vec<u8>) {
    match u8::try_from(body + 1) {
        Ok(length @ 1..=0xfe) => bytes.push(length),
        _ => {
            bytes.push(0xff);
            bytes.extend_from_slice(&(1 + body as u64).to_be_bytes());
        }
    }
    bytes.push(more.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zmtp_1_signature_is_a_long_header() {
        assert_eq!(signature(b""), *b"\xff\0\0\0\0\0\0\0\x01\x7f");
        assert_eq!(signature(&[b'x'; 255]), *b"\xff\0\0\0\0\0\0\x01\0\x7f");
    }

    #[test]
    fn zmtp_1_opening_is_told_from_newer_ones() {
        assert_eq!(is_opening(b""), None);
        assert_eq!(is_opening(b"\x01"), Some(true));
        let newer = b"\xff\0\0\0\0\0\0\0\x01\x7f";
        for len in 0..newer.len() {
            assert_eq!(is_opening(&newer[..len]), None);
        }
        assert_eq!(is_opening(newer), Some(false));
        assert_eq!(is_opening(b"\xff\0\0\0\0\0\0\x01\0\0"), Some(true));
    }

    #[test]
    fn zmtp_1_header_is_long_from_255_on() {
        let header = |body, more| {
            let mut bytes = Vec::new();
            encode_header(body, more, &mut bytes);
            bytes
        };
        assert_eq!(header(0, true), b"\x01\x01");
        assert_eq!(header(253, false), b"\xfe\x00");
        assert_eq!(header(254, false), b"\xff\0\0\0\0\0\0\0\xff\x00");
        assert_eq!(header(300, true), b"\xff\0\0\0\0\0\0\x01\x2d\x01");
    }

    #[test]
    fn incomplete_zmtp_1_headers_need_more() {
        for wire in [&b"\x01\x01"[..], b"\xff\0\0\0\0\0\0\x01\x2d\x01"] {
            for len in 0..wire.len() {
                assert!(matches!(Header::decode(&wire[..len]), Ok(None)));
            }
            assert!(matches!(Header::decode(wire), Ok(Some(header)) if header.size == wire.len()));
        }
    }
}
