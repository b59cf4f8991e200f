//! The bytes read from a connection and not yet decoded.

mod spare;

use std::io;
use std::mem::{replace, take};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::io::AsyncRead;
use tokio_util::io::poll_read_buf;

/// What is read into, sized by how much there is to read. Holds hardly any memory while nothing is.
pub(super) struct ReadBuffer {
    pub(super) bytes: BytesMut,
    /// The most that `bytes` has had room for: what a part of it keeps alive.
    memory: usize,
    /// How much to read at once: more where reads fill what they are given.
    read_size: usize,
    /// Grown for a message larger than [`LARGEST`], and not to be kept for others.
    is_grown: bool,
    /// Nothing has been read into it since there was nothing to read.
    rests: bool,
}

/// The least and the most bytes read at once. The least suits a request and its reply; the most
/// is where larger reads stopped paying.
const READ_SIZE: std::ops::RangeInclusive<usize> = 8 * 1024..=128 * 1024;

/// Bytes of a message for which room is made before they have come: address space, which becomes
/// memory as they arrive. Growing towards them in steps would copy each message about once more.
const TRUSTED: usize = 1024 * 1024 + 4096;

/// The largest buffer that is made to measure and kept for others.
const LARGEST: usize = TRUSTED + *READ_SIZE.end();

/// The most bytes that a connection with nothing to read keeps as they are.
const SMALL: usize = 4096;

impl ReadBuffer {
    /// Begins with what was read behind the handshake.
    pub(super) fn new(bytes: BytesMut) -> Self {
        let (memory, read_size) = (bytes.capacity(), *READ_SIZE.start());
        Self { bytes, memory, read_size, is_grown: false, rests: false }
    }

    /// The size of the memory that a part of [`bytes`](Self::bytes) keeps alive.
    pub(super) fn memory(&self) -> usize {
        self.memory
    }

    /// Reads once, with room for the `wanted` bytes that the message at hand still needs, so that
    /// it is read to where it stays; but however much its header claims, with no more room than as
    /// much again as has come, or [`TRUSTED`].
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut (impl AsyncRead + Unpin),
        wanted: usize,
    ) -> Poll<io::Result<usize>> {
        self.make_room(wanted);
        self.memory = self.memory.max(self.bytes.capacity());
        let room = self.room();
        poll_read_buf(Pin::new(reader), cx, &mut self.bytes).map_ok(|read| self.adapt(read, room))
    }

    fn room(&self) -> usize {
        self.bytes.capacity() - self.bytes.len()
    }

    fn make_room(&mut self, wanted: usize) {
        let (read, room) = (self.bytes.len(), self.room());
        // A short read costs less than another buffer for what is here.
        let is_enough = room >= wanted.max(1) && (room >= self.read_size / 4 || read >= room);
        // One that is trusted no further is filled before it is grown.
        let is_large = self.bytes.capacity() >= TRUSTED && room >= self.read_size;
        if is_enough || is_large {
            return;
        }
        // As much again at the least, so that a long message is not copied with every read.
        let lacking = wanted.clamp(self.read_size, read.max(TRUSTED)).max(read);
        if self.bytes.try_reclaim(lacking) {
            return;
        }
        // In steps, so that a buffer from before is large enough however much is left over.
        let needed = (read + lacking).next_multiple_of(self.read_size / 2);
        if needed > LARGEST {
            self.bytes.reserve(lacking);
            (self.is_grown, self.rests) = (true, false);
            return;
        }
        let mut fresh = spare::take(needed);
        fresh.extend_from_slice(&self.bytes);
        self.exchange(fresh);
        self.rests = false;
    }

    fn exchange(&mut self, other: BytesMut) {
        let before = replace(&mut self.bytes, other);
        self.memory = self.bytes.capacity();
        if !take(&mut self.is_grown) {
            spare::give(before);
        }
    }

    fn adapt(&mut self, read: usize, room: usize) -> usize {
        if read == room {
            self.read_size = (self.read_size * 4).min(*READ_SIZE.end());
        } else if read < self.read_size / 8 {
            self.read_size = (self.read_size / 2).max(*READ_SIZE.start());
        }
        read
    }

    /// Nothing more to read for now: an idle connection keeps no buffer, or a small one with the
    /// beginning of a message.
    pub(super) fn rest(&mut self) {
        if !self.rests && self.bytes.len() <= SMALL {
            self.exchange(BytesMut::from(&self.bytes[..]));
            self.rests = true;
        }
    }
}

#[cfg(test)]
mod tests;
