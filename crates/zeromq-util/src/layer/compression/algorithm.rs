//! LZ4 and zstd, with the state they keep between messages.

use std::fmt;

#[derive(Debug, Clone, Copy)]
pub(super) enum Algorithm {
    #[cfg(feature = "lz4")]
    Lz4,
    #[cfg(feature = "zstd")]
    Zstd { level: i32 },
}

/// Not compressed.
pub(super) const STORED: u8 = 0;
#[cfg(feature = "lz4")]
const LZ4: u8 = 1;
#[cfg(feature = "zstd")]
const ZSTD: u8 = 2;

/// The most bytes that one compressed byte can become: an LZ4 length byte adds 255, a zstd block of
/// four bytes 128 KiB. A message that claims more is refused before memory is allocated for it.
#[cfg(feature = "lz4")]
const LZ4_MAX_RATIO: usize = 255;
#[cfg(feature = "zstd")]
const ZSTD_MAX_RATIO: usize = 32 * 1024;

pub(super) struct Compressor {
    algorithm: Algorithm,
    #[cfg(feature = "zstd")]
    zstd: Option<zstd::bulk::Compressor<'static>>,
}

pub(super) struct Decompressor {
    pub(super) max_size: usize,
    /// Bytes that were decompressed, or attempted, since the last `take_produced`.
    produced: usize,
    #[cfg(feature = "zstd")]
    zstd: Option<zstd::bulk::Decompressor<'static>>,
}

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

    /// Returns the number that stands for the algorithm in messages.
    pub(super) fn number(&self) -> u8 {
        match self.algorithm {
            #[cfg(feature = "lz4")]
            Algorithm::Lz4 => LZ4,
            #[cfg(feature = "zstd")]
            Algorithm::Zstd { .. } => ZSTD,
        }
    }

    /// Appends the compressed bytes. Returns false if the algorithm fails.
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

/// Appends the bytes that `write` puts into a buffer of `room` bytes.
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

    /// Returns the number of bytes decompressed since the last call, valid or not.
    pub(super) fn take_produced(&mut self) -> usize {
        std::mem::take(&mut self.produced)
    }

    /// Returns exactly `size` bytes.
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
                check_ratio(bytes, size, LZ4_MAX_RATIO)?;
                self.produced += size;
                lz4_flex::block::decompress(bytes, size).ok()
            }
            #[cfg(feature = "zstd")]
            ZSTD => {
                check_ratio(bytes, size, ZSTD_MAX_RATIO)?;
                self.produced += size;
                if self.zstd.is_none() {
                    self.zstd = zstd::bulk::Decompressor::new().ok();
                }
                self.zstd.as_mut().and_then(|zstd| zstd.decompress(bytes, size).ok())
            }
            _ => return Err(Failure::Unknown),
        };
        let output = output.ok_or(Failure::Damaged("the algorithm cannot decompress it"))?;
        if output.len() != size {
            return Err(Failure::Damaged("it has another size than it states"));
        }
        Ok(output)
    }
}

fn check_ratio(bytes: &[u8], size: usize, max: usize) -> Result<(), Failure> {
    if size / max > bytes.len() {
        return Err(Failure::Damaged("it states more bytes than it can contain"));
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
