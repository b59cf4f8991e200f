//! The octets read from a connection and not yet decoded.

use std::io;
use std::mem::{replace, take};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::io::AsyncRead;
use tokio_util::io::poll_read_buf;

/// What is read into, sized by how much there is to read. Holds no memory while nothing is.
pub(super) struct ReadBuffer {
    pub(super) octets: BytesMut,
    /// How much to read at once: more where reads fill what they are given.
    read_size: usize,
    /// Buffers from before. Memory that is filled again costs the kernel no new pages.
    spare: [BytesMut; SPARE],
}

/// Buffers that are kept: as many as one turn of the connection task fills.
const SPARE: usize = 8;

/// The least and the most octets read at once. The least suits a request and its reply; the most
/// is where larger reads stopped paying.
const READ_SIZE: std::ops::RangeInclusive<usize> = 8 * 1024..=128 * 1024;

/// Octets of a message for which room is made before they have come: address space, which becomes
/// memory as they arrive. Growing towards them in steps would copy each message about once more.
const TRUSTED: usize = 1024 * 1024 + 4096;

impl ReadBuffer {
    /// Begins with what was read behind the handshake.
    pub(super) fn new(octets: BytesMut) -> Self {
        Self { octets, read_size: *READ_SIZE.start(), spare: Default::default() }
    }

    /// Reads once, with room for the `wanted` octets that the message at hand still needs, so that
    /// it is read to where it stays; but however much its header claims, with no more room than as
    /// much again as has come, or [`TRUSTED`].
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut (impl AsyncRead + Unpin),
        wanted: usize,
    ) -> Poll<io::Result<usize>> {
        let most = self.octets.len().max(TRUSTED);
        self.make_room(wanted.clamp(self.read_size, most));
        let room = self.octets.capacity() - self.octets.len();
        poll_read_buf(Pin::new(reader), cx, &mut self.octets).map_ok(|read| self.adapt(read, room))
    }

    fn make_room(&mut self, room: usize) {
        if self.octets.capacity() - self.octets.len() >= room || self.octets.try_reclaim(room) {
            return;
        }
        // In steps, so that a buffer from before is large enough however much is left over.
        let needed = (self.octets.len() + room).next_multiple_of(self.read_size / 2);
        let reclaimed = self.spare.iter_mut().find_map(|spare| {
            spare.clear();
            spare.try_reclaim(needed).then(|| take(spare))
        });
        let mut fresh = reclaimed.unwrap_or_else(|| BytesMut::with_capacity(needed));
        fresh.extend_from_slice(&self.octets);
        // Cleared, it still is a share in its memory, which can be had again when the messages that
        // were cut from it are gone.
        self.spare.rotate_right(1);
        self.spare[0] = replace(&mut self.octets, fresh);
    }

    fn adapt(&mut self, read: usize, room: usize) -> usize {
        if read == room {
            self.read_size = (self.read_size * 4).min(*READ_SIZE.end());
        } else if read < self.read_size / 8 {
            self.read_size = (self.read_size / 2).max(*READ_SIZE.start());
        }
        read
    }

    /// Nothing more to read for now: an idle connection keeps no buffer.
    pub(super) fn rest(&mut self) {
        if self.octets.is_empty() {
            self.octets = BytesMut::new();
            self.spare = Default::default();
        }
    }
}
