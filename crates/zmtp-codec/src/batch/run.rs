//! Messages as they arrived.

use std::fmt;
use std::iter::FusedIterator;

use bytes::Bytes;

use crate::error::PeerMisbehaved;
use crate::group::{Group, GroupError};
use crate::message::{Frame, Message, list_of};
use crate::wire::FrameHeader;

/// Complete messages in wire form, a slice of the read buffer of a connection.
///
/// A [`Decoder`](crate::Decoder) returns it. Iterate over the messages, or [push](crate::Batch::push_run)
/// them into a [`Batch`](crate::Batch) without decoding.
#[derive(Clone)]
pub struct EncodedMessages {
    pub(super) bytes: Bytes,
    pub(super) messages: usize,
    /// The size of the read buffer, if it is known; otherwise 0.
    memory: usize,
}

impl EncodedMessages {
    /// Bodies with fewer bytes than this are copied; longer ones share the memory.
    ///
    /// A shared body keeps its whole read buffer alive, often 64 KiB. Copying a few hundred bytes costs
    /// about as much as another reference.
    pub const COPY_THRESHOLD: usize = 256;

    /// `bytes` must be the frames of `messages` complete messages, without commands.
    pub(crate) fn new(bytes: Bytes, messages: usize) -> Self {
        Self { bytes, messages, memory: 0 }
    }

    /// Sets the size of the read buffer, in bytes. A [`Batch`](crate::Batch) copies messages that are
    /// much smaller, so that they do not keep it alive.
    pub fn cut_from(self, memory: usize) -> Self {
        Self { memory, ..self }
    }

    /// Whether sharing these bytes would keep a much larger buffer alive.
    #[inline]
    pub(super) fn is_dwarfed(&self) -> bool {
        self.bytes.len() <= self.memory / DWARFED
    }

    /// The number of messages.
    pub fn messages(&self) -> usize {
        self.messages
    }

    /// Checks that every message is a group and one frame, as a DISH receives them (48/RADIO-DISH).
    ///
    /// # Errors
    ///
    /// A message has another number of frames, or its first frame is longer than a group may be.
    pub fn check_grouped(&self) -> Result<(), PeerMisbehaved> {
        let mut at = 0;
        while at < self.bytes.len() {
            let (group, more, end) =
                find_frame(&self.bytes, at).ok_or(PeerMisbehaved::Ungrouped)?;
            if group > Group::MAX {
                return Err(GroupError::TooLong(group).into());
            }
            at = match find_frame(&self.bytes, end) {
                Some((_, false, end)) if more => end,
                _ => return Err(PeerMisbehaved::Ungrouped),
            };
        }
        Ok(())
    }

    /// The bytes of all messages on the wire, including headers.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

/// Messages are copied if the buffer is larger by this factor.
const DWARFED: usize = 16;

impl fmt::Debug for EncodedMessages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncodedMessages")
            .field("messages", &self.messages)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

impl IntoIterator for EncodedMessages {
    type Item = Message;
    type IntoIter = RunIter;

    fn into_iter(self) -> RunIter {
        RunIter { run: self, at: 0 }
    }
}

/// Iterates over the messages of an [`EncodedMessages`].
#[derive(Clone, Debug)]
pub struct RunIter {
    run: EncodedMessages,
    at: usize,
}

impl Iterator for RunIter {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        let (message, end) = take_message(&self.run.bytes, self.at)?;
        self.at = end;
        self.run.messages -= 1;
        Some(message)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.run.messages, Some(self.run.messages))
    }
}

impl ExactSizeIterator for RunIter {}
impl FusedIterator for RunIter {}

/// The start and end of the body of the message at `at`, if it has one frame.
#[inline]
pub(super) fn find_single_frame(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let header = FrameHeader::decode(bytes.get(at..)?).ok()??;
    let body = at + header.size();
    let end = body.checked_add(usize::try_from(header.body_size()).ok()?)?;
    let is_single = !header.has_more() && !header.is_command();
    (is_single && end <= bytes.len()).then_some((body, end))
}

/// Makes a frame from the bytes between `body` and `end`.
#[inline]
pub(super) fn take_body(bytes: &Bytes, body: usize, end: usize) -> Frame {
    match bytes.get(body..end) {
        Some(short) if short.len() < EncodedMessages::COPY_THRESHOLD => {
            Frame::copy_from(bytes, body, end)
        }
        Some(_) => Frame::share(bytes.slice(body..end)),
        None => Frame::new(),
    }
}

/// Decodes the message at `at`. Returns it and the position of the next.
pub(super) fn take_message(bytes: &Bytes, at: usize) -> Option<(Message, usize)> {
    let (frame, more, end) = take_frame(bytes, at)?;
    if more { take_more(bytes, frame, end) } else { Some((Message::one(frame), end)) }
}

fn take_more(bytes: &Bytes, first: Frame, mut at: usize) -> Option<(Message, usize)> {
    let mut frames = list_of(first);
    loop {
        let (frame, more, end) = take_frame(bytes, at)?;
        frames.push(frame);
        at = end;
        if !more {
            return Some((frames.into(), at));
        }
    }
}

/// The size of the body of the frame at `at`, whether another frame follows, and the end of the frame.
fn find_frame(bytes: &[u8], at: usize) -> Option<(usize, bool, usize)> {
    let header = FrameHeader::decode(bytes.get(at..)?).ok()??;
    let body = usize::try_from(header.body_size()).ok()?;
    let end = (at + header.size()).checked_add(body)?;
    (end <= bytes.len()).then_some((body, header.has_more(), end))
}

fn take_frame(bytes: &Bytes, at: usize) -> Option<(Frame, bool, usize)> {
    let header = FrameHeader::decode(bytes.get(at..)?).ok()??;
    let start = at + header.size();
    let end = start.checked_add(usize::try_from(header.body_size()).ok()?)?;
    let frame = if end <= bytes.len() { take_body(bytes, start, end) } else { return None };
    Some((frame, header.has_more(), end))
}
