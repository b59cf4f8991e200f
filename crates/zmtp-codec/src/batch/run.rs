//! Whole messages as they came from the wire.

use std::fmt;
use std::iter::FusedIterator;

use bytes::Bytes;

use crate::message::{Frame, Message, list_of};
use crate::wire::FrameHeader;

/// Whole messages, contiguous and in wire form, cut from what a connection has read.
///
/// Only a decoder makes runs. Take the messages by iterating, or push the run into a
/// [`Batch`](crate::Batch) as it is, which copies nothing.
#[derive(Clone)]
pub struct EncodedMessages {
    pub(super) bytes: Bytes,
    pub(super) messages: usize,
    /// Bytes of the memory that this is a part of, as far as that is known.
    memory: usize,
}

impl EncodedMessages {
    /// Bodies of fewer bytes than this are copied out of the run; longer ones share its memory.
    ///
    /// A shared body keeps the whole read buffer it came in alive. A few hundred bytes should not
    /// keep 64 KiB, and copying them costs about what counting another reference does.
    pub const COPY_THRESHOLD: usize = 256;

    /// Makes a run of `bytes`, which are the frames of `messages` whole messages and no commands.
    pub(crate) fn new(bytes: Bytes, messages: usize) -> Self {
        Self { bytes, messages, memory: 0 }
    }

    /// Says how large the buffer is that the run was cut from, in bytes. A [`Batch`](crate::Batch)
    /// then copies a run that is much smaller, which would otherwise keep all of the buffer.
    pub fn cut_from(self, memory: usize) -> Self {
        Self { memory, ..self }
    }

    /// Whether sharing these bytes would keep a much larger buffer alive.
    #[inline]
    pub(super) fn is_dwarfed(&self) -> bool {
        self.bytes.len() <= self.memory / DWARFED
    }

    /// How many messages there are.
    pub fn messages(&self) -> usize {
        self.messages
    }

    /// The bytes of all messages on the wire, headers included.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

/// How many times larger the memory has to be for a run to be copied out of it.
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

/// The messages of a [`EncodedMessages`], in order.
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

/// Where the body of the message at `at` begins and ends, if there is one and it is one frame.
#[inline]
pub(super) fn find_single_frame(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let header = FrameHeader::decode(bytes.get(at..)?).ok()??;
    let body = at + header.size();
    let end = body.checked_add(usize::try_from(header.body_size()).ok()?)?;
    let is_single = !header.has_more() && !header.is_command();
    (is_single && end <= bytes.len()).then_some((body, end))
}

/// Makes a frame of the bytes from `body` to `end`.
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

/// Decodes the message that begins at `at`, and says where the next one does.
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

fn take_frame(bytes: &Bytes, at: usize) -> Option<(Frame, bool, usize)> {
    let header = FrameHeader::decode(bytes.get(at..)?).ok()??;
    let start = at + header.size();
    let end = start.checked_add(usize::try_from(header.body_size()).ok()?)?;
    let frame = if end <= bytes.len() { take_body(bytes, start, end) } else { return None };
    Some((frame, header.has_more(), end))
}
