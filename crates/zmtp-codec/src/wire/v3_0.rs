//! Subscriptions of ZMTP 3.0: messages with one frame that starts with 01 or 00.
//!
//! The application sees them in this form on XPUB and XSUB sockets.

use bytes::{BufMut, Bytes, BytesMut};

use super::FrameHeader;
use crate::message::Message;
use crate::subscription::Subscription;

impl Subscription {
    /// Reads a subscription from a message; `None` if it is not one.
    ///
    /// ```
    /// use zmtp_codec::{Message, Subscription};
    ///
    /// let message = Message::from(b"\x01weather");
    /// let subscription = Subscription::Subscribe("weather".into());
    /// assert_eq!(Subscription::from_message(&message), Some(subscription.clone()));
    /// assert_eq!(subscription.into_message(), message);
    /// assert_eq!(Subscription::from_message(&Message::from("weather")), None);
    /// ```
    pub fn from_message(message: &Message) -> Option<Self> {
        let [frame] = message.frames() else {
            return None;
        };
        let subscription = match frame.first()? {
            0x01 => Self::Subscribe,
            0x00 => Self::Cancel,
            _ => return None,
        };
        Some(subscription(frame.clone().into_bytes().slice(1..)))
    }

    /// Converts the subscription to a message.
    pub fn into_message(self) -> Message {
        let mut body = BytesMut::with_capacity(1 + self.topic().len());
        self.put_body(&mut body);
        body.into()
    }

    /// The frame for a ZMTP 3.0 peer, including the header.
    // libzmq before 4.3.5 forgets the LONG flag for a topic of 255 bytes.
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
    fn zmtp_3_0_subscriptions_are_byte_exact() {
        assert_eq!(Subscription::Subscribe("a".into()).to_v3_0(), b"\x00\x02\x01a"[..]);
        assert_eq!(Subscription::Cancel("a".into()).to_v3_0(), b"\x00\x02\x00a"[..]);
    }

    #[test]
    fn topic_of_255_bytes_makes_a_long_frame() {
        let wire = Subscription::Subscribe(vec![b'x'; 255].into()).to_v3_0();
        assert_eq!(wire[..10], *b"\x02\0\0\0\0\0\0\x01\0\x01");
        assert_eq!(wire.len(), 9 + 256);
    }

    #[test]
    fn subscription_is_one_frame_led_by_0_or_1() {
        assert_eq!(Subscription::from_message(&Message::new()), None);
        assert_eq!(Subscription::from_message(&Message::from([2])), None);
        assert_eq!(Subscription::from_message(&Message::multipart(["\x01a", "b"])), None);
        let all = Subscription::from_message(&Message::from([1]));
        assert_eq!(all, Some(Subscription::Subscribe(Bytes::new())));
    }
}
