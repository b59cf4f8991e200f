//! ZMTP 2.0 (15/ZMTP), the protocol of ZeroMQ 3.2.
//!
//! ```text
//! 0        1         9    10     11            12
//! | FF     | padding | 7F | 01   | socket type | identity: a frame | messages ...
//! '--- signature --------'  revision
//! ```
//!
//! It has the frames of ZMTP 3 and the subscriptions of ZMTP 3.0. It has no commands, and so no
//! heartbeats, metadata or security.

use super::FrameHeader;
use crate::socket_type::SocketType;

/// The bytes of a greeting.
pub(crate) const GREETING_SIZE: usize = 12;

/// The version as [`PeerInfo::version`](crate::PeerInfo::version) shows it.
pub(crate) const VERSION: (u8, u8) = (2, 0);

/// Whether these bytes start the greeting of a ZMTP 2.0 peer; false if too few have arrived.
pub(crate) fn is_opening(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, _, _, _, _, _, _, _, _, end, REVISION, ..] if end & 1 == 1)
}

/// This side's greeting behind the signature and the revision, which have been sent already: its
/// socket type and identity.
pub(crate) fn rest(socket_type: SocketType, identity: &[u8]) -> Option<Vec<u8>> {
    let mut rest = vec![number(socket_type)?];
    FrameHeader::message(identity.len(), false).encode(&mut rest);
    rest.extend_from_slice(identity);
    Some(rest)
}

/// The number of a socket type; `None` if ZMTP 2.0 does not have it.
pub(crate) fn number(socket_type: SocketType) -> Option<u8> {
    let number = TYPES.iter().position(|&known| known == socket_type)?;
    u8::try_from(number).ok()
}

/// The socket type with this number.
pub(crate) fn socket_type(number: u8) -> Option<SocketType> {
    TYPES.get(usize::from(number)).copied()
}

const REVISION: u8 = 1;

/// The socket types by their numbers. XPUB and XSUB are those of libzmq; the RFC has none.
const TYPES: [SocketType; 11] = [
    SocketType::Pair,
    SocketType::Pub,
    SocketType::Sub,
    SocketType::Req,
    SocketType::Rep,
    SocketType::Dealer,
    SocketType::Router,
    SocketType::Pull,
    SocketType::Push,
    SocketType::XPub,
    SocketType::XSub,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zmtp_2_opening_has_eleven_bytes() {
        let opening = b"\xff\0\0\0\0\0\0\0\x09\x7f\x01";
        assert!(is_opening(opening));
        assert!(is_opening(&[&opening[..], b"\x08\0\0"].concat()));
        for len in 0..opening.len() {
            assert!(!is_opening(&opening[..len]));
        }
    }

    #[test]
    fn other_signatures_are_no_zmtp_2_opening() {
        for revision in [0, 2, 3, 255] {
            assert!(!is_opening(&[0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, revision]));
        }
        assert!(!is_opening(b"\xff\0\0\0\0\0\0\0\0\x7e\x01"));
        assert!(!is_opening(b"\xfe\0\0\0\0\0\0\0\0\x7f\x01"));
    }

    #[test]
    fn zeromq_3_socket_types_have_numbers() {
        for code in 0..=10 {
            assert_eq!(number(socket_type(code).unwrap()), Some(code));
        }
        assert_eq!(number(SocketType::Push), Some(8));
        assert_eq!(socket_type(11), None);
        assert_eq!(number(SocketType::Client), None);
    }

    #[test]
    fn greeting_rest_is_type_and_identity() {
        assert_eq!(rest(SocketType::Dealer, b"me").unwrap(), b"\x05\0\x02me");
        assert_eq!(rest(SocketType::Sub, b"").unwrap(), b"\x02\0\0");
    }
}
