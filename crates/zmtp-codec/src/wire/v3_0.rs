//! Subscriptions as ZMTP 3.0 has them: messages of one frame that starts with 01 or 00.
//!
//! XPUB and XSUB sockets show them to the application in the same form.

use bytes::{BufMut, Bytes, BytesMut};

use super::FrameHeader;
use crate::message::Frame;
use crate::subscription::Subscription;

impl Subscription {
    /// Reads a subscription from a message frame; `None` when it starts with neither 01 nor 00.
    ///
    /// ```
    /// use zmtp_codec::{Frame, Subscription};
    ///
    /// let frame = Frame::from(b"\x01weather");
    /// assert_eq!(Subscription::from_frame(&frame), Some(Subscription::Subscribe("weather".into())));
    /// assert_eq!(Subscription::Subscribe("weather".into()).to_frame(), frame);
    /// assert_eq!(Subscription::from_frame(&Frame::from("weather")), None);
    /// ```
    pub fn from_frame(frame: &Frame) -> Option<Self> {
        let subscription = match frame.first()? {
            0x01 => Self::Subscribe,
            0x00 => Self::Cancel,
            _ => return None,
        };
        Some(subscription(frame.clone().into_bytes().slice(1..)))
    }

    /// Writes the subscription as a message frame.
    pub fn to_frame(&self) -> Frame {
        let mut body = BytesMut::with_capacity(1 + self.topic().len());
        self.put_body(&mut body);
        body.into()
    }

    /// The whole frame for a ZMTP 3.0 peer, header included.
    // Not as libzmq before 4.3.5 does it: for a topic of 255 octets that forgets the LONG flag.
    pub(crate) fn to_v3_0(&self) -> Bytes {
        let mut header = Vec::new();
        FrameHeader::message(1 + self.topic().len(), false).encode(&mut header);
        let mut frame = BytesMut::from(header.as_slice());
        self.put_body(&mut frame);
        frame.freeze()
    }

    fn put_body(&self, body: &mut BytesMut) {
        body.put_u8(match self {
            Self::Subscribe(_) => 0x01,
            Self::Cancel(_) => 0x00,
        });
        body.extend_from_slice(self.topic());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_byte_exact() {
        assert_eq!(
            Subscription::Subscribe("a".into()).to_v3_0(),
            b"\x00\x02\x01a"[..]
        );
        assert_eq!(
            Subscription::Cancel("a".into()).to_v3_0(),
            b"\x00\x02\x00a"[..]
        );
    }

    #[test]
    fn a_topic_of_255_octets_makes_a_long_frame() {
        let wire = Subscription::Subscribe(vec![b'x'; 255].into()).to_v3_0();
        assert_eq!(wire[..10], *b"\x02\0\0\0\0\0\0\x01\0\x01");
        assert_eq!(wire.len(), 9 + 256);
    }

    #[test]
    fn an_empty_frame_is_no_subscription() {
        assert_eq!(Subscription::from_frame(&Frame::new()), None);
        let all = Subscription::from_frame(&Frame::from([1]));
        assert_eq!(all, Some(Subscription::Subscribe(Bytes::new())));
    }
}
