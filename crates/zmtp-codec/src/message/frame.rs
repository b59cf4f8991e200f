//! The body of one frame.

use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::str::Utf8Error;

use bytes::{Bytes, BytesMut};

use super::inline::Inline;

/// One frame of a [`Message`](crate::Message): opaque bytes.
///
/// Up to [`Frame::INLINE`] bytes are stored in the frame, without an allocation. Longer bodies are
/// [`Bytes`], so cloning and sending share the memory.
///
/// A frame dereferences to `[u8]` and compares with bytes and text:
///
/// ```
/// use zmtp_codec::Frame;
///
/// let frame = Frame::from("hello");
/// assert_eq!(frame, "hello");
/// assert!(frame.starts_with(b"he"));
/// assert_eq!(frame.to_str(), Ok("hello"));
/// ```
#[derive(Clone)]
pub struct Frame(Repr);

#[derive(Clone)]
enum Repr {
    Inline(Inline),
    Shared(Bytes),
}

const _: () =
    assert!(size_of::<Frame>() == size_of::<Inline>(), "the inline length is the only tag");

impl Frame {
    /// The longest body that is stored in the frame, in bytes.
    ///
    /// 64 bytes hold most small messages and are moved with a few registers.
    pub const INLINE: usize = Inline::CAPACITY;

    /// Makes an empty frame.
    pub const fn new() -> Self {
        Self(Repr::Inline(Inline::EMPTY))
    }

    /// Makes a frame from static bytes. Long ones are not copied.
    pub fn from_static(bytes: &'static [u8]) -> Self {
        Self::inline(bytes).unwrap_or_else(|| Self(Repr::Shared(Bytes::from_static(bytes))))
    }

    /// Makes a frame from a copy of `bytes`.
    #[inline]
    pub fn copy_from_slice(bytes: &[u8]) -> Self {
        Self::inline(bytes).unwrap_or_else(|| Self(Repr::Shared(Bytes::copy_from_slice(bytes))))
    }

    /// The bytes of the frame.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline(inline) => inline.as_slice(),
            Repr::Shared(bytes) => bytes,
        }
    }

    /// The frame as UTF-8 text.
    ///
    /// # Errors
    ///
    /// If the bytes are not UTF-8.
    pub fn to_str(&self) -> Result<&str, Utf8Error> {
        str::from_utf8(self)
    }

    /// The frame as lossy UTF-8 text, for logs.
    pub fn to_str_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self)
    }

    /// Converts the frame to [`Bytes`]. Only an inline body is copied.
    pub fn into_bytes(self) -> Bytes {
        match self.0 {
            Repr::Inline(_) => Bytes::copy_from_slice(&self),
            Repr::Shared(bytes) => bytes,
        }
    }

    /// Like [`into_bytes`](Self::into_bytes). The frame is unspecified afterwards.
    #[inline]
    pub(crate) fn take_bytes(&mut self) -> Bytes {
        match &mut self.0 {
            Repr::Inline(_) => Bytes::copy_from_slice(self),
            Repr::Shared(bytes) => std::mem::take(bytes),
        }
    }

    /// Makes a frame from a copy of `bytes[from..to]`.
    #[inline]
    pub(crate) fn copy_from(bytes: &[u8], from: usize, to: usize) -> Self {
        let inline =
            bytes.get(from..).and_then(|rest| Inline::copy_first(rest, to.saturating_sub(from)));
        match inline {
            Some(inline) => Self(Repr::Inline(inline)),
            None => Self::copy_from_slice(bytes.get(from..to).unwrap_or_default()),
        }
    }

    /// Makes a frame that shares the bytes, whatever their number.
    #[inline]
    pub(crate) fn share(bytes: Bytes) -> Self {
        Self(Repr::Shared(bytes))
    }

    /// Makes an inline frame; `None` if `bytes` are too many.
    #[inline]
    pub(crate) fn inline(bytes: &[u8]) -> Option<Self> {
        Inline::new(bytes).map(|inline| Self(Repr::Inline(inline)))
    }
}

impl Default for Frame {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Frame {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl AsRef<[u8]> for Frame {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Borrow<[u8]> for Frame {
    fn borrow(&self) -> &[u8] {
        self
    }
}

/// Conversions that copy.
macro_rules! from_copied {
    ($([$($generics:tt)*] $source:ty;)*) => {$(
        impl<$($generics)*> From<$source> for Frame {
            #[inline]
            fn from(bytes: $source) -> Self {
                Self::copy_from_slice(bytes.as_ref())
            }
        }
    )*};
}

from_copied! {
    [] &[u8];
    [] &str;
    [const N: usize] &[u8; N];
    [const N: usize] [u8; N];
}

impl From<String> for Frame {
    #[inline]
    fn from(text: String) -> Self {
        Self::from(text.into_bytes())
    }
}

impl From<Vec<u8>> for Frame {
    #[inline]
    fn from(bytes: Vec<u8>) -> Self {
        Self::inline(&bytes).unwrap_or_else(|| Self(Repr::Shared(bytes.into())))
    }
}

impl From<Bytes> for Frame {
    #[inline]
    fn from(bytes: Bytes) -> Self {
        Self::inline(&bytes).unwrap_or(Self(Repr::Shared(bytes)))
    }
}

impl From<BytesMut> for Frame {
    #[inline]
    fn from(bytes: BytesMut) -> Self {
        Self::inline(&bytes).unwrap_or_else(|| Self(Repr::Shared(bytes.freeze())))
    }
}

impl From<Frame> for Bytes {
    fn from(frame: Frame) -> Self {
        frame.into_bytes()
    }
}

impl PartialEq for Frame {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Frame {}

/// Comparisons of the bytes.
macro_rules! equals_bytes {
    ($([$($generics:tt)*] $other:ty;)*) => {$(
        impl<$($generics)*> PartialEq<$other> for Frame {
            fn eq(&self, other: &$other) -> bool {
                self.as_slice() == AsRef::<[u8]>::as_ref(other)
            }
        }
    )*};
}

equals_bytes! {
    [] [u8];
    [] &[u8];
    [] str;
    [] &str;
    [] String;
    [const N: usize] [u8; N];
    [const N: usize] &[u8; N];
}

impl PartialOrd for Frame {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Frame {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_slice().cmp(other.as_slice())
    }
}

impl Hash for Frame {
    /// Hashes like `[u8]`, so that a map with frames as keys can be queried with a slice.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

/// The bytes as lossy UTF-8 text.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_str_lossy())
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.get(..DEBUG_BYTES) {
            Some(start) if self.len() > DEBUG_BYTES => {
                write!(f, "b\"{}\"... ({} bytes)", start.escape_ascii(), self.len())
            }
            _ => write!(f, "b\"{}\"", self.escape_ascii()),
        }
    }
}

/// The bytes of a frame in its `Debug` text.
const DEBUG_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn frame_sources_give_equal_bytes() {
        for size in [0, 1, Frame::INLINE, Frame::INLINE + 1, 300] {
            let bytes = vec![b'x'; size];
            let text = String::from_utf8(bytes.clone()).unwrap();
            let leaked: &'static [u8] = bytes.clone().leak();
            for frame in [
                Frame::from(bytes.as_slice()),
                Frame::from(bytes.clone()),
                Frame::from(Bytes::from(bytes.clone())),
                Frame::from(BytesMut::from(bytes.as_slice())),
                Frame::from(text.as_str()),
                Frame::from(text),
                Frame::from_static(leaked),
            ] {
                assert_eq!(frame, bytes.as_slice());
                assert_eq!(frame.into_bytes(), bytes);
            }
        }
    }

    #[test]
    fn only_long_frame_bodies_are_shared() {
        let long = Bytes::from(vec![7; Frame::INLINE + 1]);
        assert_eq!(Frame::from(long.clone()).as_ptr(), long.as_ptr());
        let short = Bytes::from(vec![7; Frame::INLINE]);
        assert_ne!(Frame::from(short.clone()).as_ptr(), short.as_ptr());
    }

    #[test]
    fn frame_map_is_queried_by_slice() {
        let map = HashMap::from([(Frame::from("key"), 1)]);
        assert_eq!(map.get(b"key".as_slice()), Some(&1));
    }

    #[test]
    fn debug_truncates_long_bodies() {
        assert_eq!(format!("{:?}", Frame::from("a\0")), r#"b"a\x00""#);
        let long = format!("{:?}", Frame::from(vec![b'a'; 1000]));
        assert!(long.ends_with("a\"... (1000 bytes)"), "{long}");
        assert!(long.len() < 100);
    }
}
