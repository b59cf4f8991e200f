//! Messages: one or more frames that are sent as one unit.

mod conversions;
mod frame;
mod inline;

use std::fmt;

pub use conversions::FrameCountError;
pub use frame::Frame;

/// A message: one or more [`Frame`]s, sent and received as one unit.
///
/// Most messages have one frame. Such a message holds the frame itself and allocates no list. It
/// converts from everything that a frame converts from:
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
/// [`pop_front`](Self::pop_front) of the last frame, or collecting an empty iterator, gives a message
/// without frames. The wire has none: it is sent as one empty frame.
#[derive(Clone)]
pub struct Message(Repr);

#[derive(Clone)]
pub(crate) enum Repr {
    One(Frame),
    Many(Vec<Frame>),
}

const _: () = assert!(
    size_of::<Message>() == size_of::<Frame>(),
    "a message of one frame is as small as a frame"
);

impl Message {
    /// Makes a message with one empty frame.
    pub const fn new() -> Self {
        Self(Repr::One(Frame::new()))
    }

    /// Makes a message from frames.
    pub fn multipart<I>(frames: I) -> Self
    where
        I: IntoIterator<Item: Into<Frame>>,
    {
        frames.into_iter().collect()
    }

    /// Appends a frame.
    pub fn push_back(&mut self, frame: impl Into<Frame>) {
        self.as_vec().push(frame.into());
    }

    /// Inserts a frame at the front, such as the envelope of a routed message.
    pub fn push_front(&mut self, frame: impl Into<Frame>) {
        self.as_vec().insert(0, frame.into());
    }

    /// Appends the frames of another message.
    pub fn append(&mut self, other: Self) {
        let frames = self.as_vec();
        match other.0 {
            Repr::One(frame) => frames.push(frame),
            Repr::Many(others) => frames.extend(others),
        }
    }

    /// Takes the first frame, or `None` if there is none.
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

    /// The first frame: the topic of a published message, or the address of a routed one.
    #[inline]
    pub fn first(&self) -> Option<&Frame> {
        self.frames().first()
    }

    /// The last frame.
    pub fn last(&self) -> Option<&Frame> {
        self.frames().last()
    }

    /// The number of frames.
    #[inline]
    pub fn frame_count(&self) -> usize {
        self.frames().len()
    }

    /// The first frame as UTF-8 text.
    ///
    /// # Errors
    ///
    /// If its bytes are not UTF-8. A message without frames is empty text.
    pub fn to_str(&self) -> Result<&str, std::str::Utf8Error> {
        self.first().map_or(Ok(""), |frame| frame.to_str())
    }

    /// The bytes of all frame bodies, without frame headers.
    #[inline]
    pub fn size(&self) -> usize {
        match &self.0 {
            Repr::One(frame) => frame.len(),
            Repr::Many(frames) => frames.iter().map(|frame| frame.len()).sum(),
        }
    }

    /// Converts the message to its frames.
    pub fn into_frames(self) -> Vec<Frame> {
        match self.0 {
            Repr::One(frame) => vec![frame],
            Repr::Many(frames) => frames,
        }
    }

    /// The only frame, or `None` if there are none or several.
    ///
    /// Use `<[Frame; N]>::try_from(message)` for other counts, or to keep the message on a mismatch.
    pub fn into_frame(self) -> Option<Frame> {
        match self.0 {
            Repr::One(frame) => Some(frame),
            Repr::Many(mut frames) => frames.pop().filter(|_| frames.is_empty()),
        }
    }

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
            Repr::One(_) => unreachable!("it was made a list above"),
        }
    }
}

/// A list with capacity for more frames: an envelope and a body need one allocation.
pub(crate) fn list_of(first: Frame) -> Vec<Frame> {
    let mut frames = Vec::with_capacity(4);
    frames.push(first);
    frames
}

impl Default for Message {
    /// A message with one empty frame.
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

/// The frames as lossy UTF-8 text, separated by spaces.
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
