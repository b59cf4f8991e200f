//! The header of a frame: a flags byte and a size.
//!
//! ```text
//!           1 byte      1 byte
//! short   | flags    | size     | body ...
//!           1 byte      8 bytes, big-endian
//! long    | flags 2  | size ............... | body ...
//!
//! flags:  bit 0 MORE   bit 1 LONG   bit 2 COMMAND   bits 3-7 zero
//! ```

use bytes::BytesMut;

/// The header of one frame (37/ZMTP, "Framing").
///
/// ```
/// use zmtp_codec::wire::FrameHeader;
///
/// let header = FrameHeader::message(5, true);
/// let mut wire = Vec::new();
/// header.encode(&mut wire);
/// assert_eq!(wire, [0x01, 5]);
/// assert_eq!(FrameHeader::decode(&wire), Ok(Some(header)));
/// assert_eq!(FrameHeader::decode(&wire[..1]), Ok(None));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    flags: u8,
    body: u64,
}

/// An invalid frame header. The start of the next frame is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A reserved bit of the flags byte is set.
    #[error("frame flags {0:#04x} have a reserved bit set; is the peer speaking ZMTP?")]
    ReservedFlags(u8),
    /// A ZMTP 1.0 frame has no flags.
    #[error("frame of 0 bytes announced; a frame of ZMTP 1.0 has at least its flags byte")]
    Flagless,
    /// The size is above 2^63 - 1.
    #[error("frame of {0} bytes announced, more than the 2^63 - 1 that ZMTP allows")]
    Oversized(u64),
}

impl FrameHeader {
    /// The largest size of a header, in bytes.
    pub(crate) const SIZE_MAX: usize = 9;

    /// Makes the header of a message frame with a body of `body` bytes.
    #[inline]
    pub fn message(body: usize, more: bool) -> Self {
        Self::new(if more { MORE } else { 0 }, body)
    }

    /// Makes the header of a command frame with a body of `body` bytes.
    pub fn command(body: usize) -> Self {
        Self::new(COMMAND, body)
    }

    /// Makes the header of a frame with a body of `body` bytes, 2^63 - 1 at most.
    #[cfg(feature = "ws")]
    #[inline]
    pub(crate) fn with_size(body: u64, more: bool, command: bool) -> Self {
        let (more, command) = (if more { MORE } else { 0 }, if command { COMMAND } else { 0 });
        Self::sized(more | command, body)
    }

    #[inline]
    fn new(flags: u8, body: usize) -> Self {
        Self::sized(flags, body as u64)
    }

    #[inline]
    fn sized(flags: u8, body: u64) -> Self {
        let header = Self { flags, body };
        let is_long = body > SHORT_MAX || header.is_empty_command();
        Self { flags: if is_long { flags | LONG } else { flags }, ..header }
    }

    /// Decodes the header at the front of `bytes`; `Ok(None)` if it is incomplete.
    ///
    /// # Errors
    ///
    /// If the header is invalid. The flags are checked before the size has arrived.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Result<Option<Self>, FrameError> {
        match *bytes {
            [flags @ (0 | MORE), size, ..] => Ok(Some(Self { flags, body: size.into() })),
            [] => Ok(None),
            [flags, ref rest @ ..] => Self::decode_unusual(flags, rest),
        }
    }

    /// Decodes every header except for those of short message frames.
    fn decode_unusual(flags: u8, size: &[u8]) -> Result<Option<Self>, FrameError> {
        // Ignoring an unknown flag could turn something else into a message. This check also finds a
        // stream that is out of sync before its bytes are delivered as messages.
        if flags & !(MORE | LONG | COMMAND) != 0 {
            return Err(FrameError::ReservedFlags(flags));
        }
        match *size {
            [] => Ok(None),
            [0, ..] if flags & !MORE == COMMAND => Ok(Self::decode_unmarked_long(size)),
            [size, ..] if flags & LONG == 0 => Ok(Some(Self { flags, body: size.into() })),
            _ => match size.first_chunk().map(|size| u64::from_be_bytes(*size)) {
                Some(body @ 0..=BODY_MAX) => Ok(Some(Self { flags, body })),
                Some(body) => Err(FrameError::Oversized(body)),
                None => Ok(None),
            },
        }
    }

    /// Decodes a long SUBSCRIBE or CANCEL without the LONG flag. libzmq 4.3 sends it for a topic of
    /// 246 to 255 bytes, which needs a long frame only because of the command name. Its size starts
    /// with zeros. Anything else is an empty command.
    fn decode_unmarked_long(size: &[u8]) -> Option<Self> {
        let empty = Self { flags: COMMAND, body: 0 };
        let is_long = size.iter().zip(UNMARKED_LONG_FRONT).all(|(&byte, front)| byte == front);
        if !is_long {
            return Some(empty);
        }
        let body = u64::from_be_bytes(*size.first_chunk()?);
        let is_long = (UNMARKED_LONG_MIN..=UNMARKED_LONG_MAX).contains(&body);
        Some(if is_long { Self { flags: COMMAND | LONG, body } } else { empty })
    }

    /// Appends the header to `wire`.
    #[inline]
    pub fn encode(self, wire: &mut Vec<u8>) {
        match u8::try_from(self.body) {
            Ok(size) if !self.is_long() && !self.is_empty_command() => {
                wire.extend_from_slice(&[self.flags, size]);
            }
            _ => {
                wire.push(self.flags | LONG);
                wire.extend_from_slice(&self.body.to_be_bytes());
            }
        }
    }

    /// Appends the header to the frames that a [`FrameReader`](crate::framing::FrameReader) makes.
    pub fn encode_to(self, frames: &mut BytesMut) {
        match u8::try_from(self.body) {
            Ok(size) if !self.is_long() => frames.extend_from_slice(&[self.flags, size]),
            _ => frames.extend_from_slice(&self.to_bytes().0),
        }
    }

    /// The bytes of the header, and their number.
    #[inline]
    pub(crate) fn to_bytes(self) -> ([u8; Self::SIZE_MAX], usize) {
        let mut bytes = [0; Self::SIZE_MAX];
        bytes[0] = self.flags;
        match u8::try_from(self.body) {
            Ok(size) if !self.is_long() => bytes[1] = size,
            _ => bytes[1..].copy_from_slice(&self.body.to_be_bytes()),
        }
        (bytes, self.size())
    }

    /// Whether another frame of the same message follows. False for a command: libzmq ignores the
    /// flag there.
    #[inline]
    pub fn has_more(self) -> bool {
        self.flags & (MORE | COMMAND) == MORE
    }

    /// Whether the flags are those of a command in 37/ZMTP.
    pub(crate) fn is_well_marked_command(self) -> bool {
        self.flags & (MORE | COMMAND) == COMMAND
    }

    /// Whether the body is a command and not part of a message.
    #[inline]
    pub fn is_command(self) -> bool {
        self.flags & COMMAND != 0
    }

    /// The size of the header itself, in bytes: 2 or 9.
    #[inline]
    pub fn size(self) -> usize {
        if self.is_long() { 9 } else { 2 }
    }

    /// The bytes of the body, as announced.
    #[inline]
    pub fn body_size(self) -> u64 {
        self.body
    }

    /// An empty command needs a long header: a short one looks like a long one without its flag.
    #[inline]
    fn is_empty_command(self) -> bool {
        self.body == 0 && self.is_command()
    }

    #[inline]
    fn is_long(self) -> bool {
        self.flags & LONG != 0
    }
}

const MORE: u8 = 0x01;
const LONG: u8 = 0x02;
const COMMAND: u8 = 0x04;

/// The largest body of a short frame.
const SHORT_MAX: u64 = 0xff;

/// The body of an unmarked long SUBSCRIBE: the name with its length, and 246 to 255 bytes.
const UNMARKED_LONG_MIN: u64 = 10 + 246;
const UNMARKED_LONG_MAX: u64 = 10 + 255;

/// The first bytes of its size.
const UNMARKED_LONG_FRONT: [u8; 7] = [0, 0, 0, 0, 0, 0, 1];

/// The largest body of a long frame.
const BODY_MAX: u64 = u64::MAX >> 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(header: FrameHeader) -> Vec<u8> {
        let mut wire = Vec::new();
        header.encode(&mut wire);
        wire
    }

    #[test]
    fn sizes_up_to_255_use_short_frames() {
        assert_eq!(encoded(FrameHeader::message(0, false)), [0, 0]);
        assert_eq!(encoded(FrameHeader::message(255, true)), [1, 255]);
        assert_eq!(encoded(FrameHeader::message(256, false)), [2, 0, 0, 0, 0, 0, 0, 1, 0]);
        assert_eq!(encoded(FrameHeader::command(256)), [6, 0, 0, 0, 0, 0, 0, 1, 0]);
    }

    #[test]
    fn long_frame_may_hold_small_body() {
        let wire = [3, 0, 0, 0, 0, 0, 0, 0, 4];
        let header = FrameHeader::decode(&wire).unwrap().unwrap();
        assert_eq!((header.size(), header.body_size(), header.has_more()), (9, 4, true));
        assert_eq!(encoded(header), wire, "and keeps its form");
    }

    #[test]
    fn partial_header_needs_more_input() {
        assert_eq!(FrameHeader::decode(&[]), Ok(None));
        assert_eq!(FrameHeader::decode(&[0]), Ok(None));
        assert_eq!(FrameHeader::decode(&[2, 0, 0, 0, 0, 0, 0, 0]), Ok(None));
    }

    #[test]
    fn invalid_flags_are_rejected_at_once() {
        for bit in 3..8 {
            let flags = 1 << bit;
            assert_eq!(FrameHeader::decode(&[flags]), Err(FrameError::ReservedFlags(flags)));
        }
    }

    #[test]
    fn a_command_has_no_more_frames() {
        let header = FrameHeader::decode(&[5, 3]).unwrap().unwrap();
        assert!(header.is_command() && !header.has_more() && !header.is_well_marked_command());
        let header = FrameHeader::decode(&[7, 0, 0, 0, 0, 0, 0, 1, 0]).unwrap().unwrap();
        assert_eq!((header.body_size(), header.has_more()), (256, false));
        assert!(FrameHeader::command(256).is_well_marked_command());
    }

    #[test]
    fn a_command_may_be_empty() {
        for wire in [&[4, 0, 0, 1][..], &[4, 0, 4], &[4, 0, 0, 0, 0, 0, 0, 0, 2]] {
            let header = FrameHeader::decode(wire).unwrap().unwrap();
            assert_eq!((header.size(), header.body_size(), header.is_command()), (2, 0, true));
        }
        assert_eq!(FrameHeader::decode(&[4, 0, 0, 0]), Ok(None), "it may be a long one");
        assert_eq!(encoded(FrameHeader::command(0)), [6, 0, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn libzmq_long_subscription_is_decoded() {
        let wire = [4, 0, 0, 0, 0, 0, 0, 1, 0];
        let header = FrameHeader::decode(&wire).unwrap().unwrap();
        assert_eq!((header.size(), header.body_size(), header.is_command()), (9, 256, true));
        assert_eq!(FrameHeader::decode(&wire[..8]), Ok(None));
        for other in [255, 266, u64::MAX >> 8] {
            let wire = [&[4][..], &other.to_be_bytes()].concat();
            let header = FrameHeader::decode(&wire).unwrap().unwrap();
            assert_eq!((header.size(), header.body_size()), (2, 0));
        }
    }

    #[test]
    fn sizes_from_2_to_the_63_are_rejected() {
        let wire = |size: u64| [&[2][..], &size.to_be_bytes()].concat();
        assert!(FrameHeader::decode(&wire((1 << 63) - 1)).is_ok());
        assert_eq!(FrameHeader::decode(&wire(1 << 63)), Err(FrameError::Oversized(1 << 63)));
        assert_eq!(FrameHeader::decode(&wire(u64::MAX)), Err(FrameError::Oversized(u64::MAX)));
    }
}
