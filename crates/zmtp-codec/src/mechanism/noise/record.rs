//! Records: parts of the stream of frames, each encrypted as a message frame.
//!
//! ```text
//!   | frame header | frames, encrypted (1 to 65,519) | tag (16) |
//! ```
//!
//! A record holds as many complete frames as fit. A frame that is too large starts a new record and
//! continues in the next.

use std::fmt;

use bytes::BytesMut;
use dryoc::classic::crypto_aead_chacha20poly1305_ietf::{
    crypto_aead_chacha20poly1305_ietf_decrypt_detached_inplace as decrypt,
    crypto_aead_chacha20poly1305_ietf_encrypt_detached_inplace as encrypt,
};
use zeroize::Zeroizing;

use super::resolver::nonce;
use super::{KEY, TAG};
use crate::batch::Batch;
use crate::error::{PeerMisbehaved, PeerUntrusted};
use crate::mechanism::{Opener, Opening, Record, Result, Sealer, open_records};
use crate::seal::SealBuffer;
use crate::wire::FrameHeader;

/// The key of one direction, and the number of the next record. Overwritten when dropped.
pub(super) struct RecordKey {
    key: Zeroizing<[u8; KEY]>,
    number: u64,
}

impl RecordKey {
    pub(super) fn new(key: [u8; KEY]) -> Self {
        Self { key: Zeroizing::new(key), number: 0 }
    }

    /// Encrypts a single record. Returns it with its tag.
    pub(super) fn seal(&mut self, plain: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = Vec::with_capacity(plain.len() + TAG);
        sealed.extend_from_slice(plain);
        let tag = self.seal_in_place(&mut sealed)?;
        sealed.extend_from_slice(&tag);
        Some(sealed)
    }

    /// Decrypts a single record.
    pub(super) fn open(&mut self, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (bytes, tag) = sealed.split_last_chunk()?;
        let mut bytes = Zeroizing::new(bytes.to_vec());
        self.open_in_place(&mut bytes, tag).then_some(bytes)
    }

    #[inline]
    fn seal_in_place(&mut self, bytes: &mut [u8]) -> Option<[u8; TAG]> {
        let mut tag = [0; TAG];
        encrypt(bytes, &mut tag, None, &nonce(self.number), &self.key).ok()?;
        self.count();
        Some(tag)
    }

    #[inline]
    fn open_in_place(&mut self, bytes: &mut [u8], tag: &[u8; TAG]) -> bool {
        let is_open = decrypt(bytes, tag, None, &nonce(self.number), &self.key).is_ok();
        if is_open {
            self.count();
        }
        is_open
    }

    /// Advances the record number, and the key after [`RECORDS_PER_KEY`] records. A later key does not
    /// reveal an earlier one.
    // 2^64 records take 500 years at 10^9 a second.
    fn count(&mut self) {
        self.number += 1;
        if self.number.is_multiple_of(RECORDS_PER_KEY) {
            // REKEY of the Noise specification, section 4.2.
            let mut next = Zeroizing::new([0; KEY]);
            let is_made =
                encrypt(&mut next[..], &mut [0; TAG], None, &nonce(u64::MAX), &self.key).is_ok();
            debug_assert!(is_made, "32 bytes are not too many");
            self.key = next;
        }
    }
}

/// Encrypts frames.
#[derive(Debug)]
pub(super) struct RecordSealer {
    key: RecordKey,
    /// The bytes of a frame that continue in the next record.
    rest_of_frame: usize,
}

impl RecordSealer {
    pub(super) fn new(key: RecordKey) -> Self {
        Self { key, rest_of_frame: 0 }
    }

    /// The plain size of the next record, from the byte `passed` on.
    fn next_size(&mut self, batch: &Batch, passed: usize) -> usize {
        let mut size = self.rest_of_frame.min(PLAIN_MAX);
        self.rest_of_frame -= size;
        if size > 0 {
            return size;
        }
        for (header, body) in batch.frames_from(passed) {
            let frame = header.size() + body.len();
            match size + frame {
                more if more <= PLAIN_MAX => size = more,
                _ if size > 0 => return size,
                _ => {
                    self.rest_of_frame = frame - PLAIN_MAX;
                    return PLAIN_MAX;
                }
            }
        }
        size
    }
}

impl Sealer for RecordSealer {
    fn seal(&mut self, batch: &Batch, sealed: &mut SealBuffer) {
        while !sealed.is_full() {
            let passed = sealed.plain_bytes();
            let size = self.next_size(batch, passed);
            if size == 0 {
                return;
            }
            sealed.record(size, |bytes| {
                FrameHeader::message(size + TAG, false).encode(bytes);
                let start = bytes.len();
                bytes.reserve(size + TAG);
                batch.copy_from(passed, size, bytes);
                let tag = self.key.seal_in_place(&mut bytes[start..]);
                bytes.extend_from_slice(&tag.unwrap_or_default());
            });
        }
    }
}

/// Decrypts frames.
#[derive(Debug)]
pub(super) struct RecordOpener {
    key: RecordKey,
}

impl RecordOpener {
    pub(super) fn new(key: RecordKey) -> Self {
        Self { key }
    }

    /// Opens the record at the front of `bytes` in place.
    #[inline]
    fn open_record(&mut self, bytes: &mut [u8]) -> Result<Record> {
        let incomplete = Ok(Record::Incomplete { announced: None });
        let Some(header) = FrameHeader::decode(bytes)? else { return incomplete };
        if header.is_command() {
            return Err(PeerMisbehaved::Unsealed.into());
        }
        let size = usize::try_from(header.body_size()).unwrap_or(usize::MAX);
        if header.has_more() || !(TAG + 1..=PLAIN_MAX + TAG).contains(&size) {
            return Err(PeerMisbehaved::RecordSize(header.body_size()).into());
        }
        let frames = header.size()..header.size() + size - TAG;
        let Some(record) = bytes.get_mut(header.size()..frames.end + TAG) else {
            return incomplete;
        };
        let Some((bytes, tag)) = record.split_last_chunk_mut() else { return incomplete };
        if !self.key.open_in_place(bytes, tag) {
            return Err(PeerUntrusted::Unopened("record").into());
        }
        Ok(Record::Opened { size: frames.end + TAG, frames })
    }
}

impl Opener for RecordOpener {
    fn open(&mut self, input: &mut BytesMut, plain: &mut BytesMut) -> Result<Opening> {
        open_records(input, plain, |bytes| self.open_record(bytes))
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordKey(..)")
    }
}

/// The largest plain text of a Noise message.
const PLAIN_MAX: usize = 65_535 - TAG;

/// The records for each key: at most 4 GiB.
const RECORDS_PER_KEY: u64 = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rekey_keeps_record_numbers() {
        let mut sealer = RecordKey::new([7; KEY]);
        let mut opener = RecordKey::new([7; KEY]);
        (sealer.number, opener.number) = (RECORDS_PER_KEY - 1, RECORDS_PER_KEY - 1);
        for number in RECORDS_PER_KEY - 1..RECORDS_PER_KEY + 2 {
            assert_eq!(sealer.number, number);
            assert_eq!(*sealer.key == [7; KEY], number < RECORDS_PER_KEY);
            let sealed = sealer.seal(b"hello").unwrap();
            assert_eq!(opener.open(&sealed).unwrap().as_slice(), b"hello");
            assert!(opener.open(&sealed).is_none(), "once");
        }
    }
}
