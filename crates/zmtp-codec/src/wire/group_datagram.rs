//! The datagrams of RADIO and DISH over UDP.
//!
//! ```text
//!    1 byte
//! | length  | group (0 to 255 bytes) | body ... |
//! ```

/// One message in one datagram (48/RADIO-DISH over UDP, as libzmq sends it). It has no framing of
/// ZMTP, and no other content.
///
/// ```
/// use zmtp_codec::wire::GroupDatagram;
///
/// let mut wire = Vec::new();
/// GroupDatagram { group: b"news", body: b"hello" }.encode(&mut wire);
/// assert_eq!(wire, b"\x04newshello");
/// assert_eq!(GroupDatagram::decode(&wire).map(|datagram| datagram.body), Ok(&b"hello"[..]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupDatagram<'a> {
    /// The name of the group. At most 255 bytes are sent.
    pub group: &'a [u8],
    /// The message.
    pub body: &'a [u8],
}

/// A datagram is no message of a RADIO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DatagramError {
    /// It has no bytes.
    #[error("the datagram is empty")]
    Empty,
    /// The name of the group is longer than the datagram.
    #[error("the datagram names a group of {announced} bytes and has {left} left")]
    Truncated {
        /// The announced bytes of the name.
        announced: usize,
        /// The bytes behind the length.
        left: usize,
    },
}

impl<'a> GroupDatagram<'a> {
    /// The size of the datagram in bytes.
    pub fn size(&self) -> usize {
        1 + self.group.len() + self.body.len()
    }

    /// Decodes a whole datagram.
    ///
    /// # Errors
    ///
    /// If it is empty, or ends within the name of the group.
    pub fn decode(datagram: &'a [u8]) -> Result<Self, DatagramError> {
        let (&length, rest) = datagram.split_first().ok_or(DatagramError::Empty)?;
        // Unsigned: as a signed number, lengths from 128 on have ended libzmq's process.
        let announced = usize::from(length);
        let (group, body) = rest
            .split_at_checked(announced)
            .ok_or(DatagramError::Truncated { announced, left: rest.len() })?;
        Ok(Self { group, body })
    }

    /// Appends the datagram to `wire`.
    pub fn encode(&self, wire: &mut Vec<u8>) {
        let group = self.group.get(..255).unwrap_or(self.group);
        wire.extend(u8::try_from(group.len()));
        wire.extend_from_slice(group);
        wire.extend_from_slice(self.body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_datagrams_round_trip() {
        for group in [&b""[..], b"a", &[0xff; 128], &[b'x'; 255]] {
            for body in [&b""[..], b"hello", &[0; 8000]] {
                let datagram = GroupDatagram { group, body };
                let mut wire = Vec::new();
                datagram.encode(&mut wire);
                assert_eq!(wire.len(), datagram.size());
                assert_eq!(GroupDatagram::decode(&wire), Ok(datagram));
            }
        }
    }

    #[test]
    fn truncated_datagrams_are_rejected() {
        assert_eq!(GroupDatagram::decode(b""), Err(DatagramError::Empty));
        let truncated = |announced, left| Err(DatagramError::Truncated { announced, left });
        assert_eq!(GroupDatagram::decode(b"\x01"), truncated(1, 0));
        assert_eq!(GroupDatagram::decode(b"\xffabc"), truncated(255, 3));
        assert!(GroupDatagram::decode(b"\x03abc").is_ok());
    }

    #[test]
    fn long_group_is_cut() {
        let mut wire = Vec::new();
        GroupDatagram { group: &[b'x'; 300], body: b"" }.encode(&mut wire);
        assert_eq!((wire.len(), wire[0]), (256, 255));
    }
}
