//! Small frame bodies.

/// Up to [`CAPACITY`](Self::CAPACITY) bytes and how many they are.
///
/// A message is moved several times between the user and a queue, mostly right after it was made. A
/// processor needs about 5 ns to load bytes that were just stored with another width. So the bytes come
/// first, where they are stored and loaded by whole registers, and the last word is both the length
/// and the tag of the enum around this.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(super) struct Inline {
    /// Only the first `len` bytes are used.
    bytes: [u8; Self::CAPACITY],
    len: Length,
}

/// A number from 0 to 64. The other values of the word are niches for the enum around [`Inline`].
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
    fn of(bytes: usize) -> Option<Self> {
        Self::ALL.get(bytes).copied()
    }
}

impl Inline {
    pub(super) const CAPACITY: usize = 64;

    pub(super) const EMPTY: Self = Self { bytes: [0; Self::CAPACITY], len: Length::ZERO };

    /// A copy of `bytes`; `None` if they are too many.
    #[inline]
    pub(super) fn new(bytes: &[u8]) -> Option<Self> {
        let mut inline = [0; Self::CAPACITY];
        inline.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Self { bytes: inline, len: Length::of(bytes.len())? })
    }

    /// A copy of the first `len` bytes; `None` if they are too many, or if `bytes` is shorter than the
    /// capacity. Copying the whole capacity takes only a few instructions.
    #[inline]
    pub(super) fn copy_first(bytes: &[u8], len: usize) -> Option<Self> {
        Some(Self { bytes: *bytes.first_chunk()?, len: Length::of(len)? })
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len as usize).unwrap_or(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_converts_to_its_number() {
        for bytes in 0..=Inline::CAPACITY {
            assert_eq!(Length::of(bytes).unwrap() as usize, bytes);
        }
        assert!(Length::of(Inline::CAPACITY + 1).is_none());
    }

    #[test]
    fn copy_first_copies_leading_bytes() {
        let bytes: Vec<u8> = (0..100).collect();
        for len in 0..=Inline::CAPACITY {
            assert_eq!(Inline::copy_first(&bytes, len).unwrap().as_slice(), &bytes[..len]);
        }
        assert!(Inline::copy_first(&bytes, Inline::CAPACITY + 1).is_none());
        assert!(Inline::copy_first(&bytes[..Inline::CAPACITY - 1], 3).is_none());
    }
}
