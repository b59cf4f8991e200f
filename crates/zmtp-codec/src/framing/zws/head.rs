//! The head of an HTTP/1.1 message, within bounds.

use bytes::{Bytes, BytesMut};
use httparse::Header;

/// Takes the head of one HTTP message off the front of the input.
#[derive(Debug, Default)]
pub(super) struct HeadReader {
    /// The bytes that are known not to hold the end of the head.
    scanned: usize,
}

/// A head is larger than [`HEAD_MAX`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HeadTooLarge;

/// Whether each line ends with CRLF. A parser that ends the head at a bare LF, and one that does not,
/// see two different messages (RFC 9112 §2.2).
pub(super) fn has_whole_line_ends(head: &[u8]) -> bool {
    let mut lines = head.split(|&byte| byte == b'\n');
    // Behind the last line end is nothing.
    lines.next_back();
    lines.all(|line| line.ends_with(b"\r"))
}

/// The largest head, in bytes. A browser sends its cookies in it.
pub(super) const HEAD_MAX: usize = 16 * 1024;

/// The largest name and value of one header, in bytes.
const NAME_MAX: usize = 1024;
const VALUE_MAX: usize = 8 * 1024;

/// The most headers of one head.
pub(super) const HEADERS_MAX: usize = 100;

const END: &[u8] = b"\r\n\r\n";

impl HeadReader {
    /// Takes the head, with its last empty line; `Ok(None)` if it is incomplete.
    ///
    /// Each byte is scanned once, however slowly they arrive.
    pub(super) fn take(&mut self, input: &mut BytesMut) -> Result<Option<Bytes>, HeadTooLarge> {
        let within = &input[..input.len().min(HEAD_MAX)];
        let unscanned = within.get(self.scanned..).unwrap_or_default();
        if let Some(at) = unscanned.windows(END.len()).position(|window| window == END) {
            let size = std::mem::take(&mut self.scanned) + at + END.len();
            return Ok(Some(input.split_to(size).freeze()));
        }
        if input.len() >= HEAD_MAX {
            return Err(HeadTooLarge);
        }
        self.scanned = input.len().saturating_sub(END.len() - 1);
        Ok(None)
    }
}

/// The headers of one message. Names are compared without regard to case.
#[derive(Clone, Debug)]
pub(super) struct Headers<'a>(Vec<(&'a str, &'a [u8])>);

impl<'a> Headers<'a> {
    /// Reads parsed headers. `None` if a name or a value is too long.
    pub(super) fn parsed(headers: &[Header<'a>]) -> Option<Self> {
        let fits =
            |header: &Header<'_>| header.name.len() <= NAME_MAX && header.value.len() <= VALUE_MAX;
        let all = headers.iter().map(|header| (header.name, header.value));
        headers.iter().all(fits).then(|| Self(all.collect()))
    }

    pub(super) fn new(headers: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        Self(headers.into_iter().collect())
    }

    /// The values of all headers with this name, in order.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let named = self.0.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.trim_ascii())
    }

    /// Whether there is a header with this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// The value of the one header with this name. `None` if there is none, or more than one.
    pub(super) fn only(&self, name: &str) -> Option<&'a [u8]> {
        let mut all = self.all(name);
        all.next().filter(|_| all.next().is_none())
    }

    /// The elements of the lists in all headers with this name, in order.
    pub(super) fn list(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let elements = self.all(name).flat_map(|value| value.split(|&byte| byte == b','));
        elements.map(<[u8]>::trim_ascii).filter(|element| !element.is_empty())
    }

    /// Whether a list has this word, in any case.
    pub(super) fn lists(&self, name: &str, word: &str) -> bool {
        self.list(name).any(|element| element.eq_ignore_ascii_case(word.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_ends_at_the_empty_line() {
        let whole = b"GET / HTTP/1.1\r\na: b\r\n\r\n\x82\x01";
        let (mut reader, mut input) = (HeadReader::default(), BytesMut::new());
        for (at, &byte) in whole[..whole.len() - 3].iter().enumerate() {
            input.extend_from_slice(&[byte]);
            assert_eq!(reader.take(&mut input), Ok(None), "after {at}");
        }
        input.extend_from_slice(b"\n\x82\x01");
        let head = reader.take(&mut input).unwrap().unwrap();
        assert_eq!(head, whole[..whole.len() - 2]);
        assert_eq!(input, b"\x82\x01"[..]);
    }

    #[test]
    fn head_has_a_largest_size() {
        let head = |size: usize| {
            let mut input = BytesMut::from(&vec![b'x'; size - END.len()][..]);
            input.extend_from_slice(END);
            HeadReader::default().take(&mut input)
        };
        assert_eq!(head(HEAD_MAX).map(|head| head.unwrap().len()), Ok(HEAD_MAX));
        assert_eq!(head(HEAD_MAX + 1), Err(HeadTooLarge));
    }

    #[test]
    fn lists_span_headers() {
        let headers = Headers::new([
            ("Connection", &b"keep-alive, Upgrade"[..]),
            ("connection", b" ,close"),
            ("Host", b"a"),
        ]);
        assert!(headers.lists("CONNECTION", "upgrade") && headers.lists("connection", "close"));
        assert!(!headers.lists("connection", "keep"));
        assert_eq!(headers.only("host"), Some(&b"a"[..]));
        assert_eq!(headers.only("connection"), None);
        assert_eq!(headers.only("none"), None);
    }
}
