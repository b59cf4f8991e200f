//! A few octets inside a frame.

/// Up to [`CAPACITY`](Self::CAPACITY) octets and how many they are.
///
/// A message is moved several times between the user and a queue, mostly right after it was made,
/// and a processor is slow to load what it has just stored in pieces of another shape: some 5 ns
/// each time. So the octets come first, where whole registers of them are stored and loaded alike,
/// and one word follows that is both the length and what tells this from a shared body.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(super) struct Inline {
    /// Only the first `len` of them mean anything.
    octets: [u8; Self::CAPACITY],
    len: Length,
}

/// 0 to 64, and no other number: what is left of the word is for other variants of the enum that
/// this is in.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
#[rustfmt::skip]
enum Length {
    _0, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, _17, _18, _19,
    _20, _21, _22, _23, _24, _25, _26, _27, _28, _29, _30, _31, _32, _33, _34, _35, _36, _37,
    _38, _39, _40, _41, _42, _43, _44, _45, _46, _47, _48, _49, _50, _51, _52, _53, _54, _55,
    _56, _57, _58, _59, _60, _61, _62, _63, _64,
}

impl Length {
    const ZERO: Self = Self::_0;

    #[rustfmt::skip]
    const ALL: [Self; Inline::CAPACITY + 1] = {
        use Length::*;
        [
            _0, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, _17, _18, _19,
            _20, _21, _22, _23, _24, _25, _26, _27, _28, _29, _30, _31, _32, _33, _34, _35, _36, _37,
            _38, _39, _40, _41, _42, _43, _44, _45, _46, _47, _48, _49, _50, _51, _52, _53, _54, _55,
            _56, _57, _58, _59, _60, _61, _62, _63, _64,
        ]
    };

    #[inline]
    fn of(octets: usize) -> Option<Self> {
        Self::ALL.get(octets).copied()
    }
}

impl Inline {
    pub(super) const CAPACITY: usize = 64;

    pub(super) const EMPTY: Self = Self { octets: [0; Self::CAPACITY], len: Length::ZERO };

    /// A copy of `octets`, unless they are too many.
    #[inline]
    pub(super) fn new(octets: &[u8]) -> Option<Self> {
        let mut inline = [0; Self::CAPACITY];
        inline.get_mut(..octets.len())?.copy_from_slice(octets);
        Some(Self { octets: inline, len: Length::of(octets.len())? })
    }

    /// A copy of the first `len` octets, unless they are too many, or not followed by enough others:
    /// as many as there is room for are copied whatever the length, in a few instructions.
    #[inline]
    pub(super) fn copy_first(octets: &[u8], len: usize) -> Option<Self> {
        Some(Self { octets: *octets.first_chunk()?, len: Length::of(len)? })
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        self.octets.get(..self.len as usize).unwrap_or(&self.octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_length_is_its_number() {
        for octets in 0..=Inline::CAPACITY {
            assert_eq!(Length::of(octets).unwrap() as usize, octets);
        }
        assert!(Length::of(Inline::CAPACITY + 1).is_none());
    }

    #[test]
    fn the_first_octets_of_enough_are_copied() {
        let octets: Vec<u8> = (0..100).collect();
        for len in 0..=Inline::CAPACITY {
            assert_eq!(Inline::copy_first(&octets, len).unwrap().as_slice(), &octets[..len]);
        }
        assert!(Inline::copy_first(&octets, Inline::CAPACITY + 1).is_none());
        assert!(Inline::copy_first(&octets[..Inline::CAPACITY - 1], 3).is_none());
    }
}
