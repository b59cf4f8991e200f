//! Conversions of messages.

use bytes::{Bytes, BytesMut};

use super::{Frame, Message, Repr};

/// A message has another number of frames than expected.
///
/// ```
/// use zmtp_codec::{Frame, Message};
///
/// let [topic, body] = <[Frame; 2]>::try_from(Message::multipart(["topic", "body"]))?;
/// assert_eq!((topic, body), (Frame::from("topic"), Frame::from("body")));
///
/// let refused = <[Frame; 2]>::try_from(Message::from("alone")).unwrap_err();
/// assert_eq!(refused.to_string(), "expected a message of 2 frames, got 1");
/// assert_eq!(refused.into_message(), Message::from("alone"));
/// # Ok::<_, zmtp_codec::FrameCountError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[error("expected a message of {expected} frames, got {}", .message.frame_count())]
pub struct FrameCountError {
    message: Message,
    expected: usize,
}

impl FrameCountError {
    /// Returns the message.
    pub fn into_message(self) -> Message {
        self.message
    }
}

impl<const N: usize> TryFrom<Message> for [Frame; N] {
    type Error = FrameCountError;

    fn try_from(message: Message) -> Result<Self, FrameCountError> {
        Self::try_from(message.into_frames())
            .map_err(|frames| FrameCountError { message: frames.into(), expected: N })
    }
}

impl TryFrom<Message> for (Frame, Frame) {
    type Error = FrameCountError;

    fn try_from(message: Message) -> Result<Self, FrameCountError> {
        <[Frame; 2]>::try_from(message).map(Into::into)
    }
}

impl TryFrom<Message> for (Frame, Frame, Frame) {
    type Error = FrameCountError;

    fn try_from(message: Message) -> Result<Self, FrameCountError> {
        <[Frame; 3]>::try_from(message).map(Into::into)
    }
}

impl From<Frame> for Message {
    #[inline]
    fn from(frame: Frame) -> Self {
        Self::one(frame)
    }
}

impl From<Vec<Frame>> for Message {
    fn from(frames: Vec<Frame>) -> Self {
        Self(Repr::Many(frames))
    }
}

/// Conversions of one frame.
macro_rules! from_frame_sources {
    ($([$($generics:tt)*] $source:ty;)*) => {$(
        impl<$($generics)*> From<$source> for Message {
            #[inline]
            fn from(source: $source) -> Self {
                Self::one(Frame::from(source))
            }
        }
    )*};
}

from_frame_sources! {
    [] &[u8];
    [] &str;
    [] String;
    [] Vec<u8>;
    [] Bytes;
    [] BytesMut;
    [const N: usize] [u8; N];
    [const N: usize] &[u8; N];
}

impl<const N: usize> From<[Frame; N]> for Message {
    fn from(frames: [Frame; N]) -> Self {
        Self::from(Vec::from(frames))
    }
}

/// Conversions of tuples: `Message::from(("topic", vec![1, 2, 3]))`.
macro_rules! from_tuples {
    ($($($name:ident)+;)*) => {$(
        impl<$($name: Into<Frame>),+> From<($($name,)+)> for Message {
            #[allow(non_snake_case)]
            fn from(($($name,)+): ($($name,)+)) -> Self {
                Self::from([$($name.into()),+])
            }
        }
    )*};
}

from_tuples! { A B; A B C; A B C D; A B C D E; }

/// A message with one frame compares like its frame.
macro_rules! equals_one_frame {
    ($([$($generics:tt)*] $other:ty;)*) => {$(
        impl<$($generics)*> PartialEq<$other> for Message {
            fn eq(&self, other: &$other) -> bool {
                matches!(self.frames(), [frame] if frame == other)
            }
        }
    )*};
}

equals_one_frame! {
    [] [u8];
    [] &[u8];
    [] str;
    [] &str;
    [const N: usize] &[u8; N];
}

impl PartialEq<String> for Message {
    fn eq(&self, other: &String) -> bool {
        *self == **other
    }
}

impl<F: Into<Frame>> FromIterator<F> for Message {
    fn from_iter<I: IntoIterator<Item = F>>(frames: I) -> Self {
        Self(Repr::Many(frames.into_iter().map(Into::into).collect()))
    }
}

impl<F: Into<Frame>> Extend<F> for Message {
    fn extend<I: IntoIterator<Item = F>>(&mut self, frames: I) {
        self.as_vec().extend(frames.into_iter().map(Into::into));
    }
}

impl IntoIterator for Message {
    type Item = Frame;
    type IntoIter = std::vec::IntoIter<Frame>;

    fn into_iter(self) -> Self::IntoIter {
        self.into_frames().into_iter()
    }
}

impl<'a> IntoIterator for &'a Message {
    type Item = &'a Frame;
    type IntoIter = std::slice::Iter<'a, Frame>;

    fn into_iter(self) -> Self::IntoIter {
        self.frames().iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_iterate_in_order() {
        let mut message = Message::from("a");
        message.extend(["b", "c"]);
        let text: Vec<_> = (&message).into_iter().map(Frame::to_str_lossy).collect();
        assert_eq!(text, ["a", "b", "c"]);
        assert_eq!(message.into_iter().count(), 3);
    }

    #[test]
    fn tuple_conversion_checks_frame_count() {
        let (a, b, c) = Message::multipart(["a", "b", "c"]).try_into().unwrap();
        assert_eq!([a, b, c], ["a", "b", "c"].map(Frame::from));
        let refused: Result<(Frame, Frame), _> = Message::multipart(["a", "b", "c"]).try_into();
        assert_eq!(refused.unwrap_err().into_message().frame_count(), 3);
    }
}
