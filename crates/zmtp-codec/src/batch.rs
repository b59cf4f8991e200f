//! Messages in wire form: the one queue everything else is built on.

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

/// Whole messages in wire form (ZMTP 3 frames), in order: a queue of bytes.
///
/// Senders [`push`](Self::push) messages, which encodes them at once, and a connection writes the
/// bytes as they stand: [`io_slices`](Self::io_slices) shows what is to be written and
/// [`advance`](Self::advance) says how much was. A receiver [`pop`](Self::pop)s messages, which
/// decodes them. Frames delimit themselves, so that the batch needs no record of where messages
/// begin and can still tell which were not wholly written, and send those again.
///
/// ```
/// use zmtp_codec::{Batch, Message};
///
/// let mut batch = Batch::new();
/// batch.push(Message::from("hello"));
/// batch.push(Message::from("world"));
/// assert_eq!(batch.first_chunk(), b"\x00\x05hello\x00\x05world");
///
/// // The connection took nine bytes, then broke: the first message is gone, the second is not.
/// assert_eq!(batch.advance(9), 1);
/// batch.rewind();
/// assert_eq!(batch.first_chunk(), b"\x00\x05world");
/// assert_eq!(batch.pop(), Some(Message::from("world")));
/// ```
///
/// # Memory
///
/// A new batch allocates nothing. Headers and small bodies are copied into one buffer; bodies of
/// [`CHAIN_THRESHOLD`](Self::CHAIN_THRESHOLD) bytes and more, and [`EncodedMessages`]s, are shared, never
/// copied. An emptied batch keeps its buffer when that is at most 128 KiB and frees it otherwise.
///
/// # Limits
///
/// None: whoever pushes watches [`messages`](Self::messages) and [`bytes`](Self::bytes).
#[derive(Clone, Default)]
pub struct Batch {
    /// Headers and small bodies, contiguous.
    small: Vec<u8>,
    /// How many bytes have been cut off the front of `small` so far.
    small_origin: usize,
    /// What stands between the bytes of `small`.
    chained: VecDeque<Chained>,
    /// How many pieces have been taken off the front of `chained` so far.
    chain_origin: usize,
    /// The first byte of the first message not taken and not wholly written.
    start: Cursor,
    /// What has been written of the messages from `start` on.
    written: Written,
    /// Messages from `start` on.
    messages: usize,
    /// Bytes from `start` on, less those written.
    bytes: usize,
}

impl Batch {
    /// Bodies of this many bytes and more are chained, not copied.
    ///
    /// A chained body costs a queue entry, a reference count and a slice of its own in the write
    /// to the kernel; a copied one costs the copy. Below 8 KiB the copy is the cheaper.
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

    /// How many messages there are, a partly written one included.
    #[inline]
    pub fn messages(&self) -> usize {
        self.messages
    }

    /// The bytes not yet written or taken, on the wire and so with headers and commands.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether there is nothing left to write or take.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// The memory of its own that there is for what is queued, in bytes: an empty batch may keep
    /// some for what comes next.
    ///
    /// ```
    /// # use zmtp_codec::{Batch, Message};
    /// let mut batch = Batch::new();
    /// assert_eq!(batch.capacity(), 0);
    /// batch.push(Message::from("hello"));
    /// batch.pop();
    /// assert!(batch.capacity() >= 7);
    /// ```
    pub fn capacity(&self) -> usize {
        self.small.capacity() + self.chained.capacity() * size_of::<Chained>()
    }

    /// Appends a message. One without frames is sent as one empty frame.
    #[inline(always)] // or the message is copied for the call
    pub fn push(&mut self, mut message: Message) {
        self.push_from(&mut message);
    }

    /// Appends a message without moving it. Large bodies and the frames of a list are taken out of
    /// it: what is left in `message` means nothing, but a list keeps its memory.
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
            self.make_room(size);
        }
        header.encode(&mut self.small);
        self.small.extend_from_slice(body);
        self.bytes += size;
    }

    /// Appends the messages of a run without copying them, unless they are few bytes that keep
    /// [many](Run::cut_from).
    pub fn push_run(&mut self, run: EncodedMessages) {
        self.messages += run.messages;
        if run.bytes.len() < Self::CHAIN_THRESHOLD && run.is_dwarfed() {
            self.push_bytes(&run.bytes);
        } else {
            self.chain(Piece::Run(run.bytes));
        }
    }

    /// Appends a command, which does not count as a message.
    pub fn push_command(&mut self, command: &Command) {
        let mut wire = Vec::new();
        command.encode(&mut wire);
        self.push_bytes(&wire);
    }

    /// Appends whole frames without large bodies.
    #[inline]
    fn push_bytes(&mut self, frames: &[u8]) {
        if self.small.capacity() - self.small.len() < frames.len() {
            self.make_room(frames.len());
        }
        self.small.extend_from_slice(frames);
        self.bytes += frames.len();
    }

    /// Appends one frame that the peer reads as a message and that means a command: it does not
    /// count as a message and is not sent to another peer.
    pub(crate) fn push_control(&mut self, frame: Bytes) {
        self.chain(Piece::Control(frame));
    }

    /// Appends a copy of all messages and commands of `other`: small bytes are copied, large
    /// bodies and runs shared.
    ///
    /// A partly written message of `other` is appended whole.
    #[inline]
    pub fn push_batch(&mut self, other: &Self) {
        self.push_range(other, other.start, other.end());
        self.messages += other.messages;
    }

    /// Moves all messages and commands of `other` to the end of this batch, leaving it empty.
    ///
    /// A partly written message of `other` is appended whole.
    pub fn append(&mut self, other: &mut Self) {
        if self.is_empty() {
            other.forget_partial_write();
            std::mem::swap(self, other);
        } else {
            self.push_batch(other);
        }
        other.clear();
    }

    /// Forgets everything, and keeps a moderate buffer for what comes next.
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

    /// Appends a copy of the frames of `other` from `from` to `to`, and counts their bytes only.
    #[inline]
    fn push_range(&mut self, other: &Self, from: Cursor, to: Cursor) {
        let small = other.small_from(from);
        let small = small.get(..to.small.wrapping_sub(from.small)).unwrap_or(small);
        if self.small.capacity() - self.small.len() < small.len() {
            self.make_room(small.len());
        }
        // From where small bytes stand in `other` to where they will stand here.
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

    /// Where the next byte of `small` will stand.
    fn small_end(&self) -> usize {
        self.small_origin.wrapping_add(self.small.len())
    }

    /// The place behind the last byte.
    fn end(&self) -> Cursor {
        let chain = self.chain_origin.wrapping_add(self.chained.len());
        Cursor { small: self.small_end(), chain, inner: 0 }
    }

    /// Makes room for `size` more small bytes: by cutting off what has been taken when that is
    /// half of the buffer or more, which keeps the cost of a byte constant, and else by growing.
    #[cold]
    fn make_room(&mut self, size: usize) {
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
