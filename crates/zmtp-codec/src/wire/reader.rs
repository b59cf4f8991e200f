//! Reads fields from bytes of a peer.

use bytes::{Buf, Bytes};

/// Reads fields off the front of some bytes. A read returns `None` if too few bytes are left; stop
/// reading then.
pub(crate) struct Reader(Bytes);

impl Reader {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.0.try_get_u8().ok()
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.0.try_get_u16().ok()
    }

    #[cfg(feature = "curve")]
    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.0.try_get_u64().ok()
    }

    #[cfg(feature = "curve")]
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.first_chunk().copied()
    }

    pub(crate) fn take(&mut self, count: usize) -> Option<Bytes> {
        (count <= self.0.len()).then(|| self.0.split_to(count))
    }

    /// Bytes with a length of one byte before them.
    pub(crate) fn short(&mut self) -> Option<Bytes> {
        let count = self.u8()?;
        self.take(count.into())
    }

    /// Bytes with a length of four bytes before them.
    pub(crate) fn long(&mut self) -> Option<Bytes> {
        let count = self.0.try_get_u32().ok()?;
        self.take(usize::try_from(count).ok()?)
    }

    pub(crate) fn rest(self) -> Bytes {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_order() {
        let mut reader = Reader::new(Bytes::from_static(b"\x02ab\0\0\0\x01c\x01\x02rest"));
        assert_eq!(reader.short().unwrap(), "ab");
        assert_eq!(reader.long().unwrap(), "c");
        assert_eq!(reader.u16(), Some(0x0102));
        assert!(!reader.is_empty());
        assert_eq!(reader.rest(), "rest");
    }

    #[test]
    fn length_beyond_end_reads_nothing() {
        assert_eq!(Reader::new(Bytes::from_static(b"\x03ab")).short(), None);
        assert_eq!(Reader::new(Bytes::from_static(b"\xff\xff\xff\xffab")).long(), None);
        assert_eq!(Reader::new(Bytes::from_static(b"\0\0\0")).long(), None);
        assert_eq!(Reader::new(Bytes::new()).u8(), None);
    }
    #[cfg(feature = "curve")]
    #[test]
    fn arrays_are_read_whole_or_not_at_all() {
        let mut reader = Reader::new(Bytes::from_static(b"abc\0\0\0\0\0\0\0\x07."));
        assert_eq!(reader.array(), Some(*b"abc"));
        assert_eq!(reader.u64(), Some(7));
        assert_eq!(reader.u64(), None);
        assert_eq!(reader.array::<2>(), None);
    }
}
