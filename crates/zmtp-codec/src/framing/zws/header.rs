//! The header of a WebSocket frame (RFC 6455 §5.2).
//!
//! ```text
//!   byte 0          byte 1           0, 2 or 8 bytes       0 or 4 bytes
//! | F 0 0 0 opcode | M length (7)  | length, if 126 or 127 | mask key, if M | payload ...
//! ```

use super::fault::WebSocketFault;
use super::mask::MaskKey;
use super::role::Role;

/// The header of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) opcode: Opcode,
    pub(super) key: Option<MaskKey>,
    /// The bytes of the payload.
    pub(super) payload: u64,
    /// The bytes of the header.
    pub(super) size: usize,
}

/// The opcodes of 45/ZWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xa,
}

impl Header {
    /// The largest size of a header, in bytes.
    pub(super) const SIZE_MAX: usize = 14;

    /// The largest payload of a control frame, in bytes.
    pub(super) const CONTROL_MAX: usize = 125;

    /// Decodes a header that `sender` sent; `Ok(None)` if it is incomplete. Each byte is checked as
    /// soon as it has arrived.
    #[inline]
    pub(super) fn decode(bytes: &[u8], sender: Role) -> Result<Option<Self>, WebSocketFault> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        let opcode = Opcode::decode(first)?;
        let Some(&second) = bytes.get(1) else { return Ok(None) };
        check_mask(second, sender)?;
        let short = second & !MASKED;
        let (payload, key_at) = match short {
            0..=125 => (u64::from(short), 2),
            _ if opcode != Opcode::Binary => return Err(WebSocketFault::LongControl),
            _ => match decode_length(short, &bytes[2..])? {
                Some(length) => length,
                None => return Ok(None),
            },
        };
        Ok(match sender {
            Role::Server => Some(Self { opcode, key: None, payload, size: key_at }),
            Role::Client => bytes
                .get(key_at..)
                .and_then(|rest| rest.first_chunk())
                .map(|&key| Self { opcode, key: Some(MaskKey(key)), payload, size: key_at + 4 }),
        })
    }

    /// The bytes of a header, and their number. Zeros follow.
    ///
    /// They are put together in a register: stored one by one, and copied at once, they would stall the
    /// processor.
    #[inline]
    pub(super) fn encode(opcode: Opcode, payload: usize, key: Option<MaskKey>) -> (Front, usize) {
        let mask = if key.is_some() { MASKED } else { 0 };
        let (length, extended, size) = match (u8::try_from(payload), u16::try_from(payload)) {
            (Ok(short @ 0..=125), _) => (short, 0, 2),
            (_, Ok(medium)) => (MEDIUM, medium.swap_bytes().into(), 4),
            _ => (LONG, (payload as u64).swap_bytes(), 10),
        };
        let start = u16::from_le_bytes([FIN | opcode as u8, mask | length]);
        let front = Front(u128::from(start) | u128::from(extended) << 16);
        match key {
            Some(MaskKey(key)) => (front.with(size, u32::from_le_bytes(key)), size + 4),
            None => (front, size),
        }
    }
}

/// The first bytes of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Front(u128);

impl Front {
    /// The number of bytes. A frame may use fewer; the others are zeros.
    pub(super) const SIZE: usize = Header::SIZE_MAX + 2;

    /// Sets the bytes from `at` on, which were zeros.
    #[inline]
    pub(super) fn with(self, at: usize, bytes: u32) -> Self {
        Self(self.0 | u128::from(bytes) << (8 * at))
    }

    #[inline]
    pub(super) fn to_bytes(self) -> [u8; Self::SIZE] {
        self.0.to_le_bytes()
    }
}

impl Opcode {
    #[inline]
    fn decode(first: u8) -> Result<Self, WebSocketFault> {
        if first == FIN | Self::Binary as u8 {
            return Ok(Self::Binary);
        }
        Self::decode_unusual(first)
    }

    fn decode_unusual(first: u8) -> Result<Self, WebSocketFault> {
        if first & RESERVED != 0 {
            return Err(WebSocketFault::ReservedBits(first));
        }
        let is_final = first & FIN != 0;
        match first & OPCODE {
            0x0 => Err(WebSocketFault::Fragmented),
            0x1 => Err(WebSocketFault::Text),
            0x2 => Err(WebSocketFault::Fragmented),
            0x8..=0xa if !is_final => Err(WebSocketFault::FragmentedControl),
            0x8 => Ok(Self::Close),
            0x9 => Ok(Self::Ping),
            0xa => Ok(Self::Pong),
            opcode => Err(WebSocketFault::ReservedOpcode(opcode)),
        }
    }
}

#[inline]
fn check_mask(second: u8, sender: Role) -> Result<(), WebSocketFault> {
    match (second & MASKED != 0, sender) {
        (true, Role::Client) | (false, Role::Server) => Ok(()),
        (true, Role::Server) => Err(WebSocketFault::Masked),
        (false, Role::Client) => Err(WebSocketFault::Unmasked),
    }
}

/// Decodes the length in front of `bytes`. Returns it with the size of the header up to here.
fn decode_length(short: u8, bytes: &[u8]) -> Result<Option<(u64, usize)>, WebSocketFault> {
    let (length, size, least) = match short {
        MEDIUM => match bytes.first_chunk() {
            Some(&length) => (u16::from_be_bytes(length).into(), 4, 126),
            None => return Ok(None),
        },
        _ => match bytes.first_chunk() {
            Some(&length) => (u64::from_be_bytes(length), 10, 0x1_0000),
            None => return Ok(None),
        },
    };
    if length < least {
        return Err(WebSocketFault::PaddedLength(length));
    }
    if length > LENGTH_MAX {
        return Err(WebSocketFault::TooLong(length));
    }
    Ok(Some((length, size)))
}

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const OPCODE: u8 = 0x0f;

const MASKED: u8 = 0x80;
const MEDIUM: u8 = 126;
const LONG: u8 = 127;

/// The largest length (RFC 6455 §5.2).
const LENGTH_MAX: u64 = u64::MAX >> 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(payload: usize, key: Option<MaskKey>) -> Vec<u8> {
        let (front, size) = Header::encode(Opcode::Binary, payload, key);
        front.to_bytes()[..size].to_vec()
    }

    #[test]
    fn length_takes_1_3_or_9_bytes() {
        assert_eq!(encoded(0, None), [0x82, 0]);
        assert_eq!(encoded(125, None), [0x82, 125]);
        assert_eq!(encoded(126, None), [0x82, 126, 0, 126]);
        assert_eq!(encoded(0xffff, None), [0x82, 126, 0xff, 0xff]);
        assert_eq!(encoded(0x1_0000, None), [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        let key = MaskKey([9, 8, 7, 6]);
        assert_eq!(encoded(5, Some(key)), [0x82, 0x85, 9, 8, 7, 6]);
        assert_eq!(encoded(256, Some(key)), [0x82, 0xfe, 1, 0, 9, 8, 7, 6]);
    }

    #[test]
    fn header_survives_encode_and_decode() {
        for payload in [0, 1, 125, 126, 255, 256, 0xffff, 0x1_0000, 1 << 40] {
            for (sender, key) in [(Role::Server, None), (Role::Client, Some(MaskKey([1, 2, 3, 4])))]
            {
                let wire = encoded(payload, key);
                let size = wire.len();
                let header = Header { opcode: Opcode::Binary, key, payload: payload as u64, size };
                assert_eq!(Header::decode(&wire, sender), Ok(Some(header)));
                for len in 0..size {
                    assert_eq!(Header::decode(&wire[..len], sender), Ok(None), "{payload}: {len}");
                }
            }
        }
    }

    #[test]
    fn each_rule_names_its_fault() {
        use WebSocketFault::*;
        let table: [(&[u8], Role, WebSocketFault, u16); 20] = [
            (&[0xc2], Role::Server, ReservedBits(0xc2), 1002),
            (&[0xa2], Role::Server, ReservedBits(0xa2), 1002),
            (&[0x92], Role::Client, ReservedBits(0x92), 1002),
            (&[0x81], Role::Server, Text, 1003),
            (&[0x01], Role::Server, Text, 1003),
            (&[0x02], Role::Server, Fragmented, 1003),
            (&[0x80], Role::Server, Fragmented, 1003),
            (&[0x00], Role::Server, Fragmented, 1003),
            (&[0x83], Role::Server, ReservedOpcode(3), 1002),
            (&[0x8b], Role::Server, ReservedOpcode(0xb), 1002),
            (&[0x8f], Role::Server, ReservedOpcode(0xf), 1002),
            (&[0x09], Role::Server, FragmentedControl, 1002),
            (&[0x82, 0x81], Role::Server, Masked, 1002),
            (&[0x82, 0x01], Role::Client, Unmasked, 1002),
            (&[0x89, 0x00], Role::Client, Unmasked, 1002),
            (&[0x89, 126], Role::Server, LongControl, 1002),
            (&[0x88, 0xff], Role::Client, LongControl, 1002),
            (&[0x82, 126, 0, 125], Role::Server, PaddedLength(125), 1002),
            (&[0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff], Role::Server, PaddedLength(0xffff), 1002),
            (&[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], Role::Server, TooLong(1 << 63), 1002),
        ];
        for (wire, sender, fault, code) in table {
            assert_eq!(Header::decode(wire, sender), Err(fault), "{wire:x?}");
            assert_eq!(fault.close_code(), code, "{fault}");
        }
    }

    #[test]
    fn control_frames_are_told_apart() {
        for (first, opcode) in [(0x88, Opcode::Close), (0x89, Opcode::Ping), (0x8a, Opcode::Pong)] {
            let header = Header { opcode, key: None, payload: 125, size: 2 };
            assert_eq!(Header::decode(&[first, 125], Role::Server), Ok(Some(header)));
        }
    }
}
