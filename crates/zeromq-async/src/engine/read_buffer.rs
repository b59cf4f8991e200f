//! The buffer between reads and the decoder.

mod spare;

use std::io;
use std::mem::{replace, take};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::io::AsyncRead;
use tokio_util::io::poll_read_buf;

/// Bytes read from a connection and not yet decoded. It grows with the amount to read, and an idle one
/// holds hardly any memory.
pub(super) struct ReadBuffer {
    pub(super) bytes: BytesMut,
    /// The largest capacity that `bytes` had: a message cut from it keeps this much alive.
    memory: usize,
    /// How much to read at once. It grows when reads fill the buffer.
    read_size: usize,
    /// Grown for a message larger than [`LARGEST`]. Such a buffer is not reused.
    is_grown: bool,
    /// Nothing was read since it was shrunk.
    rests: bool,
}

/// The least and the most bytes read at once. The least suits a request and its reply. Larger reads
/// than the most are not faster.
const READ_SIZE: std::ops::RangeInclusive<usize> = 8 * 1024..=128 * 1024;

/// The bytes of a message that are reserved before they arrive. They are address space, and become
/// memory on arrival. Growing in steps instead would copy each message about once more.
const TRUSTED: usize = 1024 * 1024 + 4096;

/// The largest buffer that is reused.
const LARGEST: usize = TRUSTED + *READ_SIZE.end();

/// The most bytes that an idle connection keeps, in a small buffer.
const SMALL: usize = 4096;

impl ReadBuffer {
    /// Begins with the bytes read after the handshake.
    pub(super) fn new(bytes: BytesMut) -> Self {
        let (memory, read_size) = (bytes.capacity(), *READ_SIZE.start());
        Self { bytes, memory, read_size, is_grown: false, rests: false }
    }

    /// The size of the memory that a message cut from [`bytes`](Self::bytes) keeps alive.
    pub(super) fn memory(&self) -> usize {
        self.memory
    }

    /// Reads once, with room for the `wanted` bytes that the current message still needs, so that it is
    /// not copied later. Whatever size its header claims, no more is reserved than has arrived, or
    /// [`TRUSTED`].
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
        // A short read costs less than a new buffer.
        let is_enough = room >= wanted.max(1) && (room >= self.read_size / 4 || read >= room);
        // At the trusted size, a buffer is filled before it grows.
        let is_large = self.bytes.capacity() >= TRUSTED && room >= self.read_size;
        if is_enough || is_large {
            return;
        }
        // At least doubled, so that a long message is not copied with every read.
        let lacking = wanted.clamp(self.read_size, read.max(TRUSTED)).max(read);
        if self.bytes.try_reclaim(lacking) {
            return;
        }
        // Rounded up, so that a spare buffer fits.
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

    /// Shrinks the buffer when there is nothing to read. An idle connection keeps no buffer, or a small
    /// one with the start of a message.
    pub(super) fn rest(&mut self) {
        if !self.rests && self.bytes.len() <= SMALL {
            self.exchange(BytesMut::from(&self.bytes[..]));
            self.rests = true;
        }
    }
}

#[cfg(test)]
mod tests;
