//! Taking messages out of a batch.

use super::Batch;
use super::cursor::{Chained, Cursor, Piece};
use super::run::{find_single_frame, take_body, take_message};
use crate::message::{Frame, Message, list_of};
use crate::wire::FrameHeader;

impl Batch {
    /// Takes the first message, or `None` if there is none. Drops commands before it.
    ///
    /// A partly written message is taken completely. Do not write the rest of the batch to a connection
    /// that has its first part.
    #[inline]
    pub fn pop(&mut self) -> Option<Message> {
        // The common case: one frame in a run, with more behind it. It is built in place, because
        // moving a message costs more than decoding it.
        if let Some(Chained { at, piece: Piece::Run(bytes) }) = self.chained.front()
            && *at == self.start.small
            && self.written.bytes == 0
            && let Some((body, end)) = find_single_frame(bytes, self.start.inner)
            && end < bytes.len()
        {
            self.bytes -= end - self.start.inner;
            self.start.inner = end;
            self.messages -= 1;
            return Some(Message::one(take_body(bytes, body, end)));
        }
        self.pop_small_single().or_else(|| self.pop_any())
    }

    /// The other common case: one small frame of an inproc sender, with more behind it.
    #[inline]
    fn pop_small_single(&mut self) -> Option<Message> {
        if !self.chained.is_empty() || self.written.bytes > 0 {
            return None;
        }
        let at = self.start.small.wrapping_sub(self.small_origin);
        let (body, end) = find_single_frame(&self.small, at)?;
        if end >= self.small.len() {
            return None;
        }
        self.bytes -= end - at;
        self.start.small = self.start.small.wrapping_add(end - at);
        self.messages -= 1;
        Some(Message::one(Frame::copy_from(&self.small, body, end)))
    }

    fn pop_any(&mut self) -> Option<Message> {
        if self.messages == 0 {
            return None;
        }
        if self.written.bytes > 0 {
            self.forget_partial_write();
        }
        let message = match self.chained.front() {
            Some(chained) if chained.at == self.start.small => self.pop_chained(),
            _ => self.pop_small(),
        };
        self.messages -= 1;
        if self.bytes == 0 {
            self.clear();
        }
        message
    }

    /// Takes a message that starts in a piece, perhaps behind commands.
    #[inline]
    fn pop_chained(&mut self) -> Option<Message> {
        let Piece::Run(bytes) = self.chained_at(self.start)? else {
            return self.skip_command();
        };
        let (message, end) = take_message(bytes, self.start.inner)?;
        let is_used_up = end >= bytes.len();
        self.bytes -= end - self.start.inner;
        if is_used_up {
            self.release_to(self.start.past_chained());
        } else {
            self.start.inner = end;
        }
        Some(message)
    }

    /// Takes a message that starts in the small bytes, perhaps behind commands.
    #[inline]
    fn pop_small(&mut self) -> Option<Message> {
        let header = FrameHeader::decode(self.small_from(self.start)).ok()??;
        if header.is_command() {
            return self.skip_command();
        }
        let first = self.take_small_frame(header)?;
        if header.has_more() { self.pop_more(first) } else { Some(Message::one(first)) }
    }

    fn pop_more(&mut self, first: Frame) -> Option<Message> {
        let mut frames = list_of(first);
        loop {
            let header = FrameHeader::decode(self.small_from(self.start)).ok()??;
            frames.push(self.take_small_frame(header)?);
            if !header.has_more() {
                return Some(frames.into());
            }
        }
    }

    #[inline]
    fn take_small_frame(&mut self, header: FrameHeader) -> Option<Frame> {
        let size = usize::try_from(header.body_size()).ok()?;
        if size >= Self::CHAIN_THRESHOLD {
            return self.take_chained_body(header);
        }
        let body = self.small_from(self.start).get(header.size()..header.size() + size)?;
        let frame = Frame::copy_from_slice(body);
        self.start.small = self.start.small.wrapping_add(header.size() + size);
        self.bytes -= header.size() + size;
        Some(frame)
    }

    fn take_chained_body(&mut self, header: FrameHeader) -> Option<Frame> {
        let Some(Chained { piece: Piece::Body(body), .. }) = self.chained.pop_front() else {
            return None;
        };
        self.chain_origin = self.chain_origin.wrapping_add(1);
        self.start = Cursor {
            small: self.start.small.wrapping_add(header.size()),
            chain: self.chain_origin,
            inner: 0,
        };
        self.bytes -= header.size() + body.len();
        Some(body.into())
    }

    #[cold]
    fn skip_command(&mut self) -> Option<Message> {
        while let Some(frame) = self.frame_at(self.start)
            && frame.is_command
        {
            self.bytes -= frame.size;
            self.release_to(frame.next);
        }
        match self.chained_at(self.start) {
            Some(_) => self.pop_chained(),
            None => self.pop_small(),
        }
    }
}
