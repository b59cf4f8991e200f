//! Messages: one or more frames that travel together or not at all.

mod conversions;
mod frame;
mod inline;

use std::fmt;

pub use conversions::FrameCountError;
pub use frame::Frame;

/// A message: one or more [`Frame`]s, sent and received as one unit.
///
/// Nearly every message has one frame, so that case holds the frame itself and allocates no list.
/// Anything a frame can be made from, a message of one frame can be made from as well:
///
/// ```
/// use zmtp_codec::Message;
///
/// let hello = Message::from("hello");
/// assert_eq!(hello.frame_count(), 1);
///
/// let update = Message::multipart(["weather/oslo", "-4"]);
/// assert_eq!(update.first().unwrap(), "weather/oslo");
/// assert_eq!(update.size(), 14);
/// ```
///
/// The wire has no message without frames. Taking the last frame out with
/// [`pop_front`](Self::pop_front), or collecting an empty iterator, leaves such a message all the
/// same; it is sent as one empty frame.
#[derive(Clone)]
pub struct Message(Repr);

#[derive(Clone)]
pub(crate) enum Repr {
    One(Frame),
    Many(Vec<Frame>),
}

const _: () =
    assert!(size_of::<Message>() == size_of::<Frame>(), "one frame costs no more as a message");

impl Message {
    /// Makes a message of one empty frame.
    pub const fn new() -> Self {
        Self(Repr::One(Frame::new()))
    }

    /// Makes a message of the given frames, in order.
    pub fn multipart<I>(frames: I) -> Self
    where
        I: IntoIterator<Item: Into<Frame>>,
    {
        frames.into_iter().collect()
    }

    /// Puts a frame behind the others.
    pub fn push_back(&mut self, frame: impl Into<Frame>) {
        self.as_vec().push(frame.into());
    }

    /// Puts a frame before the others, as the envelope of a routed message.
    pub fn push_front(&mut self, frame: impl Into<Frame>) {
        self.as_vec().insert(0, frame.into());
    }

    /// Moves the frames of another message behind these.
    ///
    /// ```
    /// # use zmtp_codec::{Frame, Message};
    /// let mut request = Message::from(vec![Frame::new()]);
    /// request.append(Message::from("body"));
    /// assert_eq!(request, Message::multipart(["", "body"]));
    /// ```
    pub fn append(&mut self, other: Self) {
        let frames = self.as_vec();
        match other.0 {
            Repr::One(frame) => frames.push(frame),
            Repr::Many(others) => frames.extend(others),
        }
    }

    /// Takes the first frame, or `None` when there is none left.
    ///
    /// ```
    /// # use zmtp_codec::Message;
    /// let mut message = Message::multipart(["", "body"]);
    /// assert!(message.pop_front().is_some_and(|delimiter| delimiter.is_empty()));
    /// assert_eq!(message, Message::from("body"));
    /// ```
    pub fn pop_front(&mut self) -> Option<Frame> {
        match &mut self.0 {
            Repr::One(frame) => {
                let frame = std::mem::take(frame);
                self.0 = Repr::Many(Vec::new());
                Some(frame)
            }
            Repr::Many(frames) if frames.is_empty() => None,
            Repr::Many(frames) => Some(frames.remove(0)),
        }
    }

    /// The frames, in order.
    #[inline]
    pub fn frames(&self) -> &[Frame] {
        match &self.0 {
            Repr::One(frame) => std::slice::from_ref(frame),
            Repr::Many(frames) => frames,
        }
    }

    /// The frame at `index`, counted from 0.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&Frame> {
        self.frames().get(index)
    }

    /// The first frame: what a subscription is matched against, or the address of a routed message.
    #[inline]
    pub fn first(&self) -> Option<&Frame> {
        self.frames().first()
    }

    /// The last frame.
    pub fn last(&self) -> Option<&Frame> {
        self.frames().last()
    }

    /// How many frames there are.
    #[inline]
    pub fn frame_count(&self) -> usize {
        self.frames().len()
    }

    /// The first frame as UTF-8 text.
    ///
    /// # Errors
    ///
    /// When its bytes are not UTF-8. A message without frames is empty text.
    ///
    /// ```
    /// # use zmtp_codec::Message;
    /// assert_eq!(Message::from("hello").to_str(), Ok("hello"));
    /// ```
    pub fn to_str(&self) -> Result<&str, std::str::Utf8Error> {
        self.first().map_or(Ok(""), |frame| frame.to_str())
    }

    /// The bytes of all frame bodies together, without what framing adds.
    #[inline]
    pub fn size(&self) -> usize {
        match &self.0 {
            Repr::One(frame) => frame.len(),
            Repr::Many(frames) => frames.iter().map(|frame| frame.len()).sum(),
        }
    }

    /// The frames as a list of their own.
    pub fn into_frames(self) -> Vec<Frame> {
        match self.0 {
            Repr::One(frame) => vec![frame],
            Repr::Many(frames) => frames,
        }
    }

    /// The only frame, or `None` when there are more or fewer than one.
    ///
    /// Use `<[Frame; N]>::try_from(message)` for other counts and to get the message back on a
    /// mismatch.
    pub fn into_frame(self) -> Option<Frame> {
        match self.0 {
            Repr::One(frame) => Some(frame),
            Repr::Many(mut frames) => frames.pop().filter(|_| frames.is_empty()),
        }
    }

    /// Tells the two representations apart, for whoever takes frames out one by one.
    pub(crate) fn repr_mut(&mut self) -> &mut Repr {
        &mut self.0
    }

    pub(crate) const fn one(frame: Frame) -> Self {
        Self(Repr::One(frame))
    }

    fn as_vec(&mut self) -> &mut Vec<Frame> {
        if let Repr::One(frame) = &mut self.0 {
            self.0 = Repr::Many(list_of(std::mem::take(frame)));
        }
        match &mut self.0 {
            Repr::Many(frames) => frames,
            Repr::One(_) => unreachable!("made a list just above"),
        }
    }
}

/// A list that will get more frames: an envelope and a body are allocated once.
pub(crate) fn list_of(first: Frame) -> Vec<Frame> {
    let mut frames = Vec::with_capacity(4);
    frames.push(first);
    frames
}

impl Default for Message {
    /// One empty frame, as [`Message::new`].
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.frames() == other.frames()
    }
}

impl Eq for Message {}

/// The frames as text, separated by spaces, with what is not UTF-8 replaced: for people.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, frame) in self.frames().iter().enumerate() {
            let space = if index > 0 { " " } else { "" };
            write!(f, "{space}{frame}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Message")?;
        f.debug_list().entries(self.frames()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_message_is_one_empty_frame() {
        assert_eq!(Message::new().frames(), [Frame::new()]);
        assert_eq!(Message::default(), Message::new());
    }

    #[test]
    fn frames_can_be_added_at_both_ends() {
        let mut message = Message::from("body");
        message.push_front("");
        message.push_front("address");
        message.push_back("tail");
        assert_eq!(message, Message::multipart(["address", "", "body", "tail"]));
        assert_eq!(message.get(2).unwrap(), "body");
        assert_eq!(message.get(4), None);
        assert_eq!(message.last().unwrap(), "tail");
    }

    #[test]
    fn pop_front_empties_the_message() {
        let mut message = Message::multipart(["a", "b"]);
        assert_eq!(message.pop_front().unwrap(), "a");
        assert_eq!(message.pop_front().unwrap(), "b");
        assert_eq!(message.pop_front(), None);
        assert_eq!(message.frame_count(), 0);
    }

    #[test]
    fn single_frame_equals_list_of_one() {
        assert_eq!(Message::from("x"), Message::from(vec![Frame::from("x")]));
        assert_eq!(Message::multipart(["x"]).into_frame().unwrap(), "x");
        assert_eq!(Message::multipart(["x", "y"]).into_frame(), None);
    }

    #[test]
    fn debug_shows_frames_as_text() {
        assert_eq!(format!("{:?}", Message::multipart(["a", "\n"])), r#"Message[b"a", b"\n"]"#);
    }
}
