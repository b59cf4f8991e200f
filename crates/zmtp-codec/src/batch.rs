//! A queue of messages in wire form.

mod cursor;
mod frames;
mod run;
mod take;
mod write;

use std::collections::VecDeque;
use std::fmt;

use bytes::Bytes;

use cursor::{Chained, Cursor, Piece, Written};
pub use frames::Frames;
pub use run::{EncodedMessages, RunIter};

use crate::message::{Frame, Message, Repr};
use crate::wire::{Command, FrameHeader};

/// A queue of messages in wire form (ZMTP 3 frames).
///
/// A sender [`push`](Self::push)es messages, which encodes them at once. A connection writes the bytes
/// from [`io_slices`](Self::io_slices) and reports the count to [`advance`](Self::advance). A receiver
/// [`pop`](Self::pop)s messages, which decodes them. Frames delimit themselves, so the batch stores no
/// message boundaries, and can still send an incompletely written message again.
///
/// ```
/// use zmtp_codec::{Batch, Message};
///
/// let mut batch = Batch::new();
/// batch.push(Message::from("hello"));
/// batch.push(Message::from("world"));
/// assert_eq!(batch.first_chunk(), b"\x00\x05hello\x00\x05world");
///
/// // The connection took nine bytes, then broke: only the first message is sent.
/// assert_eq!(batch.advance(9), 1);
/// batch.rewind();
/// assert_eq!(batch.first_chunk(), b"\x00\x05world");
/// assert_eq!(batch.pop(), Some(Message::from("world")));
/// ```
///
/// # Memory
///
/// A new batch allocates nothing. Headers and small bodies are copied into one buffer. Bodies of
/// [`CHAIN_THRESHOLD`](Self::CHAIN_THRESHOLD) bytes and more, and [`EncodedMessages`], are shared. An
/// empty batch keeps a buffer of at most 128 KiB.
///
/// # Limits
///
/// None: the caller bounds [`messages`](Self::messages) and [`bytes`](Self::bytes).
#[derive(Clone, Default)]
pub struct Batch {
    /// Headers and small bodies, contiguous.
    small: Vec<u8>,
    /// Bytes removed from the front of `small` so far.
    small_origin: usize,
    /// Shared memory between the bytes of `small`.
    chained: VecDeque<Chained>,
    /// Pieces removed from the front of `chained` so far.
    chain_origin: usize,
    /// The first byte of the first message that is neither taken nor completely written.
    start: Cursor,
    /// The written part of the messages from `start` on.
    written: Written,
    /// Messages from `start` on.
    messages: usize,
    /// Bytes from `start` on, without those written.
    bytes: usize,
}

impl Batch {
    /// Bodies of at least this many bytes are shared, not copied.
    ///
    /// A shared body costs a queue entry, a reference count and a slice of the vectored write. Below
    /// 8 KiB a copy is cheaper.
    pub const CHAIN_THRESHOLD: usize = 8192;

    /// Makes an empty batch, without allocating.
    pub const fn new() -> Self {
        Self {
            small: Vec::new(),
            small_origin: 0,
            chained: VecDeque::new(),
            chain_origin: 0,
            start: Cursor::ORIGIN,
            written: Written::NOTHING,
            messages: 0,
            bytes: 0,
        }
    }

    /// The number of messages, including a partly written one.
    #[inline]
    pub fn messages(&self) -> usize {
        self.messages
    }

    /// The bytes on the wire that are neither written nor taken, including headers and commands.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether nothing is left to write or take.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// The allocated memory in bytes, without shared memory. An empty batch may keep some.
    pub fn capacity(&self) -> usize {
        self.small.capacity() + self.chained.capacity() * size_of::<Chained>()
    }

    /// Appends a message. A message without frames is sent as one empty frame.
    #[inline(always)] // or the message is copied for the call
    pub fn push(&mut self, mut message: Message) {
        self.push_from(&mut message);
    }

    /// Appends a message without moving it. `message` is unspecified afterwards; a list of frames keeps
    /// its memory.
    #[inline]
    pub fn push_from(&mut self, message: &mut Message) {
        match message.repr_mut() {
            Repr::One(frame) => self.push_frame(frame, false),
            Repr::Many(frames) => self.push_frames(frames),
        }
        self.messages += 1;
    }

    fn push_frames(&mut self, frames: &mut Vec<Frame>) {
        if frames.is_empty() {
            frames.push(Frame::new());
        }
        let last = frames.len() - 1;
        for (index, frame) in frames.iter_mut().enumerate() {
            self.push_frame(frame, index < last);
        }
        frames.clear();
    }

    #[inline]
    fn push_frame(&mut self, frame: &mut Frame, more: bool) {
        let header = FrameHeader::message(frame.len(), more);
        if frame.len() < Self::CHAIN_THRESHOLD {
            self.push_small(header, frame);
        } else {
            self.push_small(header, &[]);
            self.chain(Piece::Body(frame.take_bytes()));
        }
    }

    #[inline]
    fn push_small(&mut self, header: FrameHeader, body: &[u8]) {
        let size = header.size() + body.len();
        if self.small.capacity() - self.small.len() < size {
            self.reserve(size);
        }
        header.encode(&mut self.small);
        self.small.extend_from_slice(body);
        self.bytes += size;
    }

    /// Appends a copy of one frame. It does not count as a message, and cannot be popped.
    pub(crate) fn push_copy(&mut self, header: FrameHeader, body: &[u8]) {
        self.push_small(header, body);
    }

    /// Appends encoded messages. They share memory, unless they are small and would keep a
    /// [large buffer](EncodedMessages::cut_from) alive.
    pub fn push_run(&mut self, run: EncodedMessages) {
        self.messages += run.messages;
        if run.bytes.len() < Self::CHAIN_THRESHOLD && run.is_dwarfed() {
            self.push_bytes(&run.bytes);
        } else {
            self.chain(Piece::Run(run.bytes));
        }
    }

    /// Appends a command. It does not count as a message.
    pub fn push_command(&mut self, command: &Command) {
        let mut wire = Vec::new();
        command.encode(&mut wire);
        self.push_bytes(&wire);
    }

    /// Appends complete frames with small bodies.
    #[inline]
    fn push_bytes(&mut self, frames: &[u8]) {
        if self.small.capacity() - self.small.len() < frames.len() {
            self.reserve(frames.len());
        }
        self.small.extend_from_slice(frames);
        self.bytes += frames.len();
    }

    /// Appends one frame that the peer decodes as a message and that acts as a command. It does not
    /// count as a message and is not sent to another peer.
    pub(crate) fn push_control(&mut self, frame: Bytes) {
        self.chain(Piece::Control(frame));
    }

    /// Appends a copy of all messages and commands of `other`, which shares large bodies and runs.
    ///
    /// A partly written message of `other` is appended completely.
    #[inline]
    pub fn push_batch(&mut self, other: &Self) {
        self.push_range(other, other.start, other.end());
        self.messages += other.messages;
    }

    /// Moves all messages and commands of `other` to the end of this batch.
    ///
    /// A partly written message of `other` is appended completely.
    pub fn append(&mut self, other: &mut Self) {
        if self.is_empty() {
            other.forget_partial_write();
            std::mem::swap(self, other);
        } else {
            self.push_batch(other);
        }
        other.clear();
    }

    /// Removes everything. Keeps a buffer of at most 128 KiB.
    pub fn clear(&mut self) {
        if self.small.capacity() > KEPT_CAPACITY {
            self.small = Vec::new();
        }
        self.small.clear();
        if !self.chained.is_empty() {
            self.chained.clear();
        }
        (self.small_origin, self.chain_origin) = (0, 0);
        (self.start, self.written) = (Cursor::ORIGIN, Written::NOTHING);
        (self.messages, self.bytes) = (0, 0);
    }

    fn chain(&mut self, piece: Piece) {
        if piece.is_empty() {
            return;
        }
        self.bytes += piece.len();
        self.chained.push_back(Chained { at: self.small_end(), piece });
    }

    /// Appends a copy of the frames of `other` between two positions. Counts bytes, not messages.
    #[inline]
    fn push_range(&mut self, other: &Self, from: Cursor, to: Cursor) {
        let small = other.small_from(from);
        let small = small.get(..to.small.wrapping_sub(from.small)).unwrap_or(small);
        if self.small.capacity() - self.small.len() < small.len() {
            self.reserve(small.len());
        }
        // From positions of small bytes in `other` to positions here.
        let shift = self.small_end().wrapping_sub(from.small);
        self.small.extend_from_slice(small);
        self.bytes += small.len();
        if other.chained.is_empty() {
            return;
        }
        let mut inner = from.inner;
        for chained in other.chained_between(from, to) {
            let piece = chained.piece.without_front(std::mem::take(&mut inner));
            self.bytes += piece.len();
            self.chained.push_back(Chained { at: chained.at.wrapping_add(shift), piece });
        }
        if let Some(Piece::Run(bytes)) = other.chained_at(to).filter(|_| to.inner > inner) {
            self.chain(Piece::Run(bytes.slice(inner..to.inner)));
        }
    }

    /// The position of the next byte of `small`.
    fn small_end(&self) -> usize {
        self.small_origin.wrapping_add(self.small.len())
    }

    /// The position behind the last byte.
    fn end(&self) -> Cursor {
        let chain = self.chain_origin.wrapping_add(self.chained.len());
        Cursor { small: self.small_end(), chain, inner: 0 }
    }

    /// Reserves `size` more small bytes. Removes the taken bytes if they are half of the buffer or more,
    /// which keeps the amortized cost of a byte constant.
    #[cold]
    fn reserve(&mut self, size: usize) {
        let taken = self.start.small.wrapping_sub(self.small_origin);
        if taken >= self.small.len() / 2 {
            self.small.drain(..taken);
            self.small_origin = self.start.small;
        }
        self.small.reserve(size);
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("messages", &self.messages)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl Extend<Message> for Batch {
    fn extend<I: IntoIterator<Item = Message>>(&mut self, messages: I) {
        messages.into_iter().for_each(|message| self.push(message));
    }
}

/// The largest buffer an empty batch keeps, in bytes.
const KEPT_CAPACITY: usize = 128 * 1024;

#[cfg(test)]
mod tests;
