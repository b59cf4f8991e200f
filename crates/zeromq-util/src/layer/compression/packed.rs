//! Several frames packed into one.

use bytes::Bytes;
use zeromq_async::{Frame, Message};

use super::Undecompressed;
use super::algorithm::{Compressor, Decompressor, Failure, STORED};

/// The first bytes of a packed frame. No text begins with them: UTF-8 has no `FF`.
const MARK: [u8; 4] = [0xff, b'Z', b'Q', 1];

/// The most frames packed into one: even an empty frame takes memory.
const MAX_FRAMES: usize = 4096;

#[derive(Debug)]
pub(super) struct Packing {
    pub(super) threshold: usize,
    pub(super) clear_frames: usize,
}

impl Packing {
    /// Packs the message if that makes it smaller.
    pub(super) fn pack(&self, message: Message, compressor: &mut Compressor) -> Message {
        let frames = message.frames();
        let clear = self.clear_frames.min(frames.len());
        let body = &frames[clear..];
        let size: usize = body.iter().map(|frame| frame.len()).sum();
        if size >= self.threshold && (1..=MAX_FRAMES).contains(&body.len()) {
            let mut packed = header(compressor.number(), body);
            let works = match body {
                [frame] => compressor.compress(frame, &mut packed),
                _ => compressor.compress(&concat(body, size), &mut packed),
            };
            if works && packed.len() < size {
                return with_last(&frames[..clear], packed);
            }
        }
        if frames.last().is_some_and(is_packed) {
            return store(&message);
        }
        message
    }
}

fn concat(frames: &[Frame], size: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size);
    frames.iter().for_each(|frame| bytes.extend_from_slice(frame));
    bytes
}

/// Packs a message that looks packed and is not, without compressing it.
fn store(message: &Message) -> Message {
    let (last, others) =
        message.frames().split_last().expect("a message that looks packed has a frame");
    let mut packed = header(STORED, std::slice::from_ref(last));
    packed.extend_from_slice(last);
    with_last(others, packed)
}

fn with_last(frames: &[Frame], last: Vec<u8>) -> Message {
    match frames {
        [] => last.into(),
        _ => frames.iter().cloned().chain([last.into()]).collect(),
    }
}

/// The header before the compressed bytes.
fn header(algorithm: u8, frames: &[Frame]) -> Vec<u8> {
    let mut header = Vec::from(MARK);
    header.push(algorithm);
    put_number(&mut header, frames.len());
    frames.iter().for_each(|frame| put_number(&mut header, frame.len()));
    header
}

fn is_packed(frame: &Frame) -> bool {
    frame.starts_with(&MARK)
}

/// Reverses `pack`. A message that is not packed stays as it is.
pub(super) fn unpack(
    message: Message,
    decompressor: &mut Decompressor,
) -> Result<Message, Undecompressed> {
    if !message.last().is_some_and(is_packed) {
        return Ok(message);
    }
    match frames(&message, decompressor) {
        Ok(unpacked) => Ok(unpacked),
        Err(Problem::TooLarge(size)) => {
            let limit = decompressor.max_size;
            Err(Undecompressed::TooLarge { message, size, limit })
        }
        Err(Problem::Unknown(algorithm)) => Err(Undecompressed::Unknown { message, algorithm }),
        Err(Problem::Damaged(reason)) => Err(Undecompressed::Damaged { message, reason }),
    }
}

enum Problem {
    TooLarge(usize),
    Unknown(u8),
    Damaged(&'static str),
}

impl From<&'static str> for Problem {
    fn from(reason: &'static str) -> Self {
        Self::Damaged(reason)
    }
}

fn frames(message: &Message, decompressor: &mut Decompressor) -> Result<Message, Problem> {
    let (packed, clear) = message.frames().split_last().ok_or("it has no frame")?;
    let mut rest = packed.get(MARK.len()..).unwrap_or_default();
    let (&algorithm, after) = rest.split_first().ok_or(CUT_OFF)?;
    rest = after;
    let count = take_number(&mut rest)?;
    if !(1..=MAX_FRAMES).contains(&count) {
        return Err("it has no frames or too many".into());
    }
    let sizes = (0..count).map(|_| take_number(&mut rest));
    let sizes = sizes.collect::<Result<Vec<_>, _>>()?;
    let size = sizes.iter().fold(0usize, |sum, &size| sum.saturating_add(size));
    if size > decompressor.max_size {
        return Err(Problem::TooLarge(size));
    }
    let bytes =
        decompressor.decompress(algorithm, rest, size).map_err(|failure| match failure {
            Failure::Unknown => Problem::Unknown(algorithm),
            Failure::Damaged(reason) => Problem::Damaged(reason),
        })?;
    let mut bytes = Bytes::from(bytes);
    let unpacked = sizes.into_iter().map(|part| piece(&mut bytes, part, size));
    Ok(match clear {
        [] if count == 1 => Message::multipart(unpacked),
        _ => clear.iter().cloned().chain(unpacked).collect(),
    })
}

/// Takes the next frame from a buffer of `whole` bytes. A small part is copied, so that it does not
/// keep the buffer in memory.
fn piece(bytes: &mut Bytes, size: usize, whole: usize) -> Frame {
    let piece = bytes.split_to(size);
    if size < whole / SMALL_PART { Frame::copy_from_slice(&piece) } else { piece.into() }
}

/// A frame is small if it is less than this fraction of its buffer.
const SMALL_PART: usize = 8;

const CUT_OFF: &str = "it ends too early";

/// LEB128: seven bits per byte, lowest first. The highest bit says that more bytes follow.
fn put_number(output: &mut Vec<u8>, mut number: usize) {
    loop {
        let more = if number >= 0x80 { 0x80 } else { 0 };
        output.push(number.to_le_bytes()[0] & 0x7f | more);
        number >>= 7;
        if more == 0 {
            return;
        }
    }
}

fn take_number(input: &mut &[u8]) -> Result<usize, &'static str> {
    let mut number = 0usize;
    for shift in (0..usize::BITS).step_by(7) {
        let (&byte, rest) = input.split_first().ok_or(CUT_OFF)?;
        *input = rest;
        let bits = usize::from(byte & 0x7f);
        number |= bits.checked_shl(shift).filter(|n| n >> shift == bits).ok_or(TOO_LONG)?;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(TOO_LONG)
}

const TOO_LONG: &str = "a length in it is too large for memory";
