//! Faults on a connection: changes of one byte or of a whole frame.

use std::mem::take;

use super::relay::{Alter, Way, unaltered};

/// One fault that happens once on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub way: Way,
    /// The index of the frame in this direction. The greeting is frame 0.
    pub frame: usize,
    pub kind: Kind,
}

/// The kind of a fault. Offsets count from the start of the frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Flips these bits of a byte.
    Flip { offset: usize, bits: u8 },
    /// Removes a byte.
    Drop { offset: usize },
    /// Duplicates a byte.
    Repeat { offset: usize },
    /// Removes the frame.
    DropFrame,
    /// Duplicates the frame.
    RepeatFrame,
    /// Swaps the frame with the next one.
    Swap,
}

impl Fault {
    /// All faults: for each byte of the handshake and of the first two records, and for most bytes
    /// of the third record, which is long. `handshake` is the number of handshake frames per
    /// direction.
    pub fn everywhere(sizes: &[Vec<usize>; 2], handshake: [usize; 2]) -> Vec<Self> {
        let mut faults = Vec::new();
        for ((way, sizes), records) in Way::BOTH.into_iter().zip(sizes).zip(handshake) {
            let all = |frame: usize| (0..sizes[frame]).collect::<Vec<_>>();
            // In these bytes of the greeting each bit has its own meaning.
            faults.extend(Self::all(way, 0, &all(0), &[9, 10, 11, 32]));
            for frame in 1..=records + 1 {
                faults.extend(Self::all(way, frame, &all(frame), &[0, 1]));
            }
            let mut most = all(records + 2);
            let tag = most.len() - 16;
            most.retain(|offset| *offset < 48 || offset % 16 == 0 || *offset >= tag);
            faults.extend(Self::all(way, records + 2, &most, &[0, 1, 2, 3, 4, 5, 6, 7, 8]));
        }
        faults
    }

    /// Whether the number of bytes that the receiver waits for is unchanged.
    pub fn keeps_length(&self) -> bool {
        matches!(self.kind, Kind::Flip { offset, .. } if self.frame == 0 || offset > 8)
    }

    /// All faults of a frame and of these bytes in it. One bit of each byte is flipped, and every
    /// bit of the bytes in `every_bit`.
    fn all(way: Way, frame: usize, offsets: &[usize], every_bit: &[usize]) -> Vec<Self> {
        let bytes = offsets.iter().flat_map(|&offset| {
            let every = every_bit.contains(&offset);
            let bits = (0..8).filter(move |bit| every || offset % 8 == *bit);
            let flips = bits.map(move |bit| Kind::Flip { offset, bits: 1 << bit });
            flips.chain([Kind::Drop { offset }, Kind::Repeat { offset }])
        });
        let frames = [Kind::DropFrame, Kind::RepeatFrame, Kind::Swap];
        bytes.chain(frames).map(|kind| Self { way, frame, kind }).collect()
    }

    /// The change that a relay makes in this direction. Calls `done` once the fault has happened.
    pub fn alter(self, way: Way, mut done: impl FnMut() + Send + 'static) -> Alter {
        if way != self.way {
            return unaltered();
        }
        let (mut cutter, mut held) = (Cutter::default(), Vec::new());
        Box::new(move |bytes| {
            let mut passed = Vec::new();
            cutter.cut(bytes, |piece| {
                if piece.frame == self.frame {
                    self.kind.alter(&piece, &mut held, &mut passed);
                    if piece.is_last {
                        done();
                    }
                } else {
                    passed.extend_from_slice(piece.bytes);
                    passed.append(&mut held);
                }
            });
            passed
        })
    }
}

impl Kind {
    /// Appends the changed piece of the frame to `passed`, or to `held` for later.
    fn alter(self, piece: &Piece<'_>, held: &mut Vec<u8>, passed: &mut Vec<u8>) {
        let mut bytes = piece.bytes.to_vec();
        match (self, self.offset_in(piece)) {
            (Self::Flip { bits, .. }, Some(offset)) => bytes[offset] ^= bits,
            (Self::Drop { .. }, Some(offset)) => {
                bytes.remove(offset);
            }
            (Self::Repeat { .. }, Some(offset)) => bytes.insert(offset, bytes[offset]),
            (Self::DropFrame, _) => bytes.clear(),
            (Self::Swap, _) => held.append(&mut bytes),
            (Self::RepeatFrame, _) => held.extend_from_slice(&bytes),
            _ => {}
        }
        passed.append(&mut bytes);
        if self == Self::RepeatFrame && piece.is_last {
            passed.append(held);
        }
    }

    /// The index of the affected byte in the piece.
    fn offset_in(self, piece: &Piece<'_>) -> Option<usize> {
        let (Self::Flip { offset, .. } | Self::Drop { offset } | Self::Repeat { offset }) = self
        else {
            return None;
        };
        offset.checked_sub(piece.offset).filter(|place| *place < piece.bytes.len())
    }
}

/// Reports the size of each frame and changes nothing.
pub fn measure(mut each: impl FnMut(usize) + Send + 'static) -> Alter {
    let mut cutter = Cutter::default();
    Box::new(move |bytes| {
        cutter.cut(bytes, |piece| {
            if piece.is_last {
                each(piece.offset + piece.bytes.len());
            }
        });
        bytes.to_vec()
    })
}

/// Splits a stream into pieces of the greeting and whole frames. The greeting arrives in pieces
/// because each side sends a part of it before it has received the other side's greeting.
#[derive(Default)]
struct Cutter {
    frame: usize,
    /// The number of greeting bytes so far.
    greeted: usize,
    /// The start of an incomplete frame.
    waiting: Vec<u8>,
}

/// Some bytes of a frame, and their offset in it.
struct Piece<'a> {
    frame: usize,
    offset: usize,
    bytes: &'a [u8],
    is_last: bool,
}

const GREETING: usize = 64;

impl Cutter {
    fn cut(&mut self, bytes: &[u8], mut each: impl FnMut(Piece<'_>)) {
        let (greeting, bytes) = bytes.split_at(bytes.len().min(GREETING - self.greeted));
        if !greeting.is_empty() {
            let offset = self.greeted;
            self.greeted += greeting.len();
            let is_last = self.greeted == GREETING;
            each(Piece { frame: 0, offset, bytes: greeting, is_last });
            self.frame += usize::from(is_last);
        }
        self.waiting.extend_from_slice(bytes);
        let waiting = take(&mut self.waiting);
        let mut rest = &waiting[..];
        while let Some((bytes, behind)) =
            frame_size(rest).and_then(|size| rest.split_at_checked(size))
        {
            each(Piece { frame: self.frame, offset: 0, bytes, is_last: true });
            self.frame += 1;
            rest = behind;
        }
        self.waiting = rest.to_vec();
    }
}

/// The size of the frame that starts here, including its header. `None` if the header is
/// incomplete.
fn frame_size(bytes: &[u8]) -> Option<usize> {
    const LONG: u8 = 2;
    if bytes.first()? & LONG == 0 {
        return Some(2 + usize::from(*bytes.get(1)?));
    }
    let size = u64::from_be_bytes(*bytes.get(1..)?.first_chunk()?);
    Some(9 + usize::try_from(size).expect("no test sends that much"))
}
