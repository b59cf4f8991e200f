//! The algorithms, each with what it keeps between messages.

use std::fmt;

/// How messages are compressed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Algorithm {
    #[cfg(feature = "lz4")]
    Lz4,
    #[cfg(feature = "zstd")]
    Zstd { level: i32 },
}

/// As they are.
pub(super) const STORED: u8 = 0;
#[cfg(feature = "lz4")]
const LZ4: u8 = 1;
#[cfg(feature = "zstd")]
const ZSTD: u8 = 2;

/// The most bytes that algorithms make of one: an LZ4 length byte adds 255, a zstd block of four
/// bytes 128 KiB. What claims more is not looked at, nor is memory taken for it.
#[cfg(feature = "lz4")]
const MOST_OF_LZ4: usize = 255;
#[cfg(feature = "zstd")]
const MOST_OF_ZSTD: usize = 32 * 1024;

/// Compresses one message after the other.
pub(super) struct Compressor {
    algorithm: Algorithm,
    #[cfg(feature = "zstd")]
    zstd: Option<zstd::bulk::Compressor<'static>>,
}

/// Decompresses one message after the other.
pub(super) struct Decompressor {
    pub(super) max_size: usize,
    /// Bytes that were made, or attempted, since this was last asked.
    produced: usize,
    #[cfg(feature = "zstd")]
    zstd: Option<zstd::bulk::Decompressor<'static>>,
}

/// Why bytes were not decompressed.
pub(super) enum Failure {
    Unknown,
    Damaged(&'static str),
}

impl Compressor {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        Self {
            algorithm,
            #[cfg(feature = "zstd")]
            zstd: None,
        }
    }

    /// The algorithm's number in messages.
    pub(super) fn number(&self) -> u8 {
        match self.algorithm {
            #[cfg(feature = "lz4")]
            Algorithm::Lz4 => LZ4,
            #[cfg(feature = "zstd")]
            Algorithm::Zstd { .. } => ZSTD,
        }
    }

    /// Puts the compressed bytes behind those that are there; false where that does not work.
    pub(super) fn compress(&mut self, bytes: &[u8], output: &mut Vec<u8>) -> bool {
        match self.algorithm {
            #[cfg(feature = "lz4")]
            Algorithm::Lz4 => {
                let room = lz4_flex::block::get_maximum_output_size(bytes.len());
                append(output, room, |room| lz4_flex::block::compress_into(bytes, room).ok())
            }
            #[cfg(feature = "zstd")]
            Algorithm::Zstd { level } => {
                if self.zstd.is_none() {
                    self.zstd = zstd::bulk::Compressor::new(level).ok();
                }
                let Some(zstd) = &mut self.zstd else { return false };
                let room = zstd::zstd_safe::compress_bound(bytes.len());
                append(output, room, |room| zstd.compress_to_buffer(bytes, room).ok())
            }
        }
    }
}

/// Has `write` fill a part of the room behind what is there.
fn append(
    output: &mut Vec<u8>,
    room: usize,
    write: impl FnOnce(&mut [u8]) -> Option<usize>,
) -> bool {
    let start = output.len();
    output.resize(start + room, 0);
    let written = write(&mut output[start..]);
    output.truncate(start + written.unwrap_or(0));
    written.is_some()
}

impl Decompressor {
    pub(super) fn new(max_size: usize) -> Self {
        Self {
            max_size,
            produced: 0,
            #[cfg(feature = "zstd")]
            zstd: None,
        }
    }

    /// How many bytes were made since the last time, whatever became of them.
    pub(super) fn take_produced(&mut self) -> usize {
        std::mem::take(&mut self.produced)
    }

    /// Exactly `size` bytes, or a failure.
    pub(super) fn decompress(
        &mut self,
        algorithm: u8,
        bytes: &[u8],
        size: usize,
    ) -> Result<Vec<u8>, Failure> {
        let output = match algorithm {
            STORED => {
                self.produced += bytes.len();
                Some(bytes.to_vec())
            }
            #[cfg(feature = "lz4")]
            LZ4 => {
                check_ratio(bytes, size, MOST_OF_LZ4)?;
                self.produced += size;
                lz4_flex::block::decompress(bytes, size).ok()
            }
            #[cfg(feature = "zstd")]
            ZSTD => {
                check_ratio(bytes, size, MOST_OF_ZSTD)?;
                self.produced += size;
                if self.zstd.is_none() {
                    self.zstd = zstd::bulk::Decompressor::new().ok();
                }
                self.zstd.as_mut().and_then(|zstd| zstd.decompress(bytes, size).ok())
            }
            _ => return Err(Failure::Unknown),
        };
        let output = output.ok_or(Failure::Damaged("its algorithm cannot make sense of it"))?;
        if output.len() != size {
            return Err(Failure::Damaged("its size is not what it says"));
        }
        Ok(output)
    }
}

fn check_ratio(bytes: &[u8], size: usize, most: usize) -> Result<(), Failure> {
    if size / most > bytes.len() {
        return Err(Failure::Damaged("so many bytes cannot be in so few"));
    }
    Ok(())
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.algorithm.fmt(f)
    }
}

impl fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decompressor").field("max_size", &self.max_size).finish_non_exhaustive()
    }
}
