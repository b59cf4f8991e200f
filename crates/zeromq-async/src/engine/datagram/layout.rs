//! The content of a datagram, and the frames of its message.

use std::io::{self, Write};
use std::net::SocketAddr;

use zmtp::SocketType;
use zmtp::wire::{FrameHeader, GroupDatagram};

/// What a datagram holds for a socket type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// RADIO and DISH: a group and the body. The message is the same two frames.
    Grouped,
    /// DGRAM: the body. The message has the address in front, as text.
    Addressed,
}

impl Layout {
    /// `None` for a socket type that has no datagrams.
    pub(super) fn of(socket_type: SocketType) -> Option<Self> {
        match socket_type {
            SocketType::Radio | SocketType::Dish => Some(Self::Grouped),
            SocketType::Dgram => Some(Self::Addressed),
            _ => None,
        }
    }

    /// Appends the message of a datagram to `wire`, as ZMTP frames. Returns false for a datagram that
    /// is no message.
    pub(super) fn decode(self, datagram: &[u8], from: SocketAddr, wire: &mut Vec<u8>) -> bool {
        match self {
            Self::Grouped => {
                let Ok(GroupDatagram { group, body }) = GroupDatagram::decode(datagram) else {
                    return false;
                };
                push_frame(wire, group, true);
                push_frame(wire, body, false);
            }
            Self::Addressed => {
                push_frame(wire, from.to_string().as_bytes(), true);
                push_frame(wire, datagram, false);
            }
        }
        true
    }

    /// Encodes a message of two frames into `datagram`. Returns the address it is for.
    pub(super) fn encode(
        self,
        [first, body]: [&[u8]; 2],
        datagram: &mut Vec<u8>,
    ) -> io::Result<Option<SocketAddr>> {
        datagram.clear();
        match self {
            Self::Grouped => {
                GroupDatagram { group: first, body }.encode(datagram);
                Ok(None)
            }
            Self::Addressed => {
                let address = str::from_utf8(first).ok().and_then(|text| text.parse().ok());
                let address = address.ok_or_else(|| not_a_message("it begins with no address"))?;
                datagram.write_all(body)?;
                Ok(Some(address))
            }
        }
    }
}

fn push_frame(wire: &mut Vec<u8>, body: &[u8], more: bool) {
    FrameHeader::message(body.len(), more).encode(wire);
    wire.extend_from_slice(body);
}

/// The front of encoded frames.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Front<'a> {
    /// A message of two frames, and the bytes it takes.
    Message([&'a [u8]; 2], usize),
    /// Something else that is complete, and the bytes it takes: a command, which has no place in
    /// datagrams, or a message with another number of frames.
    Other { bytes: usize, is_command: bool },
    /// The rest is missing.
    Incomplete,
}

/// Looks at the front of encoded frames.
pub(super) fn front(bytes: &[u8]) -> Front<'_> {
    let (mut bodies, mut count, mut at) = ([&[][..]; 2], 0, 0);
    loop {
        let Some((header, body)) = frame(&bytes[at..]) else { return Front::Incomplete };
        at += header.size() + body.len();
        if header.is_command() {
            return Front::Other { bytes: at, is_command: true };
        }
        if let Some(place) = bodies.get_mut(count) {
            *place = body;
        }
        count += 1;
        if !header.has_more() {
            return match count {
                2 => Front::Message(bodies, at),
                _ => Front::Other { bytes: at, is_command: false },
            };
        }
    }
}

/// The frame at the front, if it is complete.
fn frame(bytes: &[u8]) -> Option<(FrameHeader, &[u8])> {
    let header = FrameHeader::decode(bytes).ok()??;
    let body = bytes.get(header.size()..)?;
    let body = body.get(..usize::try_from(header.body_size()).ok()?)?;
    Some((header, body))
}

pub(super) fn not_a_message(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("the message fits no datagram: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: &str = "127.0.0.1:5555";

    fn decoded(layout: Layout, datagram: &[u8]) -> Option<Vec<u8>> {
        let mut wire = Vec::new();
        layout.decode(datagram, FROM.parse().unwrap(), &mut wire).then_some(wire)
    }

    #[test]
    fn grouped_datagram_becomes_group_and_body() {
        let wire = decoded(Layout::Grouped, b"\x01ghello").unwrap();
        assert_eq!(wire, b"\x01\x01g\x00\x05hello");
        let Front::Message(frames, bytes) = front(&wire) else { panic!() };
        assert_eq!(bytes, wire.len());
        let mut datagram = Vec::new();
        assert_eq!(Layout::Grouped.encode(frames, &mut datagram).unwrap(), None);
        assert_eq!(datagram, b"\x01ghello");
        assert_eq!(decoded(Layout::Grouped, b""), None);
        assert_eq!(decoded(Layout::Grouped, b"\x05abc"), None);
    }

    #[test]
    fn addressed_datagram_becomes_address_and_body() {
        let wire = decoded(Layout::Addressed, b"").unwrap();
        assert_eq!(wire, b"\x01\x0e127.0.0.1:5555\x00\x00");
        let Front::Message(frames, _) = front(&wire) else { panic!() };
        let mut datagram = vec![1];
        let to = Layout::Addressed.encode(frames, &mut datagram).unwrap();
        assert_eq!((to, &datagram[..]), (Some(FROM.parse().unwrap()), &b""[..]));
        for address in [&b"127.0.0.1"[..], b"host:1", b"\xff", b""] {
            assert!(Layout::Addressed.encode([address, b""], &mut datagram).is_err());
        }
    }

    #[test]
    fn front_finds_ends_and_strangers() {
        assert_eq!(front(b""), Front::Incomplete);
        assert_eq!(front(b"\x01\x01g\x00\x02h"), Front::Incomplete);
        assert_eq!(front(b"\x01\x01g"), Front::Incomplete);
        let other = |bytes, is_command| Front::Other { bytes, is_command };
        assert_eq!(front(b"\x04\x05\x04JOIN"), other(7, true));
        assert_eq!(front(b"\x00\x01a\x00\x01b"), other(3, false));
        assert_eq!(front(b"\x01\x00\x01\x00\x00\x00"), other(6, false));
    }
}
