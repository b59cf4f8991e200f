//! What can happen to octets on the way: to one of them, or to a whole frame.

use std::mem::take;

use super::relay::{Alter, Way, unaltered};

/// One thing that happens on one connection, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub way: Way,
    /// Which frame of that way; the greeting is frame 0.
    pub frame: usize,
    pub kind: Kind,
}

/// What happens. Offsets are counted from the start of the frame, with its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An octet is changed in these bits.
    Flip { offset: usize, bits: u8 },
    /// An octet is left out.
    Drop { offset: usize },
    /// An octet comes twice.
    Repeat { offset: usize },
    /// The frame is left out.
    DropFrame,
    /// The frame comes twice.
    RepeatFrame,
    /// The frame comes after the one behind it.
    Swap,
}

impl Fault {
    /// Everything that can happen: to each octet of the handshake, which is so many frames each way,
    /// to each of the first two records, and to most of the third, which is a long one.
    pub fn everywhere(sizes: &[Vec<usize>; 2], handshake: [usize; 2]) -> Vec<Self> {
        let mut faults = Vec::new();
        for ((way, sizes), records) in Way::BOTH.into_iter().zip(sizes).zip(handshake) {
            let all = |frame: usize| (0..sizes[frame]).collect::<Vec<_>>();
            // Of the greeting, the octets whose bits differ in what they mean.
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

    /// Whether all octets arrive that are waited for.
    pub fn leaves_all_there(&self) -> bool {
        matches!(self.kind, Kind::Flip { offset, .. } if self.frame == 0 || offset > 8)
    }

    /// Everything that can happen to a frame and to these octets of it: one bit of each is changed,
    /// and all of them in those that are `thoroughly` looked at.
    fn all(way: Way, frame: usize, offsets: &[usize], thoroughly: &[usize]) -> Vec<Self> {
        let octets = offsets.iter().flat_map(|&offset| {
            let every = thoroughly.contains(&offset);
            let bits = (0..8).filter(move |bit| every || offset % 8 == *bit);
            let flips = bits.map(move |bit| Kind::Flip { offset, bits: 1 << bit });
            flips.chain([Kind::Drop { offset }, Kind::Repeat { offset }])
        });
        let frames = [Kind::DropFrame, Kind::RepeatFrame, Kind::Swap];
        octets.chain(frames).map(|kind| Self { way, frame, kind }).collect()
    }

    /// What the relay does to octets that go this way. It calls `done` when the fault has happened.
    pub fn alter(self, way: Way, mut done: impl FnMut() + Send + 'static) -> Alter {
        if way != self.way {
            return unaltered();
        }
        let (mut cutter, mut held) = (Cutter::default(), Vec::new());
        Box::new(move |octets| {
            let mut passed = Vec::new();
            cutter.cut(octets, |piece| {
                if piece.frame == self.frame {
                    self.kind.alter(&piece, &mut held, &mut passed);
                    if piece.is_last {
                        done();
                    }
                } else {
                    passed.extend_from_slice(piece.octets);
                    passed.append(&mut held);
                }
            });
            passed
        })
    }
}

impl Kind {
    /// Appends what becomes of a piece of the frame to `passed`, or to what is held back.
    fn alter(self, piece: &Piece<'_>, held: &mut Vec<u8>, passed: &mut Vec<u8>) {
        let mut octets = piece.octets.to_vec();
        match (self, self.place_in(piece)) {
            (Self::Flip { bits, .. }, Some(place)) => octets[place] ^= bits,
            (Self::Drop { .. }, Some(place)) => {
                octets.remove(place);
            }
            (Self::Repeat { .. }, Some(place)) => octets.insert(place, octets[place]),
            (Self::DropFrame, _) => octets.clear(),
            (Self::Swap, _) => held.append(&mut octets),
            (Self::RepeatFrame, _) => held.extend_from_slice(&octets),
            _ => {}
        }
        passed.append(&mut octets);
        if self == Self::RepeatFrame && piece.is_last {
            passed.append(held);
        }
    }

    /// Which octet of the piece it is about.
    fn place_in(self, piece: &Piece<'_>) -> Option<usize> {
        let (Self::Flip { offset, .. } | Self::Drop { offset } | Self::Repeat { offset }) = self
        else {
            return None;
        };
        offset.checked_sub(piece.offset).filter(|place| *place < piece.octets.len())
    }
}

/// Notes the sizes of frames as they pass.
pub fn measure(mut each: impl FnMut(usize) + Send + 'static) -> Alter {
    let mut cutter = Cutter::default();
    Box::new(move |octets| {
        cutter.cut(octets, |piece| {
            if piece.is_last {
                each(piece.offset + piece.octets.len());
            }
        });
        octets.to_vec()
    })
}

/// Cuts a stream into the greeting, of which each side sends a part before it has the other's, and
/// whole frames.
#[derive(Default)]
struct Cutter {
    frame: usize,
    /// How much of the greeting has been.
    greeted: usize,
    /// The start of a frame whose rest is to come.
    waiting: Vec<u8>,
}

/// Some octets of a frame, and where they are in it.
struct Piece<'a> {
    frame: usize,
    offset: usize,
    octets: &'a [u8],
    is_last: bool,
}

const GREETING: usize = 64;

impl Cutter {
    fn cut(&mut self, octets: &[u8], mut each: impl FnMut(Piece<'_>)) {
        let (greeting, octets) = octets.split_at(octets.len().min(GREETING - self.greeted));
        if !greeting.is_empty() {
            let offset = self.greeted;
            self.greeted += greeting.len();
            let is_last = self.greeted == GREETING;
            each(Piece { frame: 0, offset, octets: greeting, is_last });
            self.frame += usize::from(is_last);
        }
        self.waiting.extend_from_slice(octets);
        let waiting = take(&mut self.waiting);
        let mut rest = &waiting[..];
        while let Some((octets, behind)) =
            frame_size(rest).and_then(|size| rest.split_at_checked(size))
        {
            each(Piece { frame: self.frame, offset: 0, octets, is_last: true });
            self.frame += 1;
            rest = behind;
        }
        self.waiting = rest.to_vec();
    }
}

/// The octets of the frame that begins here, with its header, as far as its header is here.
fn frame_size(octets: &[u8]) -> Option<usize> {
    const LONG: u8 = 2;
    if octets.first()? & LONG == 0 {
        return Some(2 + usize::from(*octets.get(1)?));
    }
    let size = u64::from_be_bytes(*octets.get(1..)?.first_chunk()?);
    Some(9 + usize::try_from(size).expect("no test sends that much"))
}
