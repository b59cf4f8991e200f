//! The one reader of files with keys and passwords.

use std::io;
use std::path::Path;
use std::{fs, str};

use zeroize::Zeroizing;

use super::{FileError, LineError, LineProblem};

/// Reads a file of keys or passwords as every part of this crate does: whole, wiped from memory when
/// it is dropped, and without the byte order mark that some editors put in front.
///
/// ```
/// use zeromq_auth::read_text_file;
///
/// # let path = std::env::temp_dir().join(format!("zmq-read-text-{}", std::process::id()));
/// std::fs::write(&path, "\u{feff}a key")?;
/// assert_eq!(*read_text_file(&path)?, "a key");
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// The file cannot be read, or is not UTF-8. What is in it is not part of the error.
pub fn read_text_file(path: impl AsRef<Path>) -> Result<Zeroizing<String>, FileError> {
    let path = path.as_ref();
    let bytes = read(path)?;
    let text = str::from_utf8(&bytes).map_err(|error| {
        let good = &bytes[..error.valid_up_to()];
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
        FileError::Malformed { path: path.to_owned(), source: LineProblem::NotUtf8.at(line) }
    })?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// The same for what need not be UTF-8.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let unreadable = |source| FileError::Unreadable { path: path.to_owned(), source };
    let mut bytes = fs::read(path).map(Zeroizing::new).map_err(unreadable)?;
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let text = "it is UTF-16, as its byte order mark says; save it as UTF-8";
        return Err(unreadable(io::Error::new(io::ErrorKind::InvalidData, text)));
    }
    if bytes.starts_with(MARK) {
        bytes.drain(..MARK.len());
    }
    Ok(bytes)
}

/// The numbered lines of a text, without their ends, and without the mark that a file begins with:
/// where files are put together it is at the start of some later line.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    (1..).zip(text.split(|byte| *byte == b'\n')).map(|(number, line)| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        (number, line.strip_prefix(MARK).unwrap_or(line))
    })
}

/// What every line of a text says, one after the other.
pub(super) fn each_line(
    text: &[u8],
    mut add: impl FnMut(&[u8]) -> Result<(), LineProblem>,
) -> Result<(), LineError> {
    lines(text).try_for_each(|(number, line)| add(line).map_err(|problem| problem.at(number)))
}

/// U+FEFF in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_lose_their_ends_and_marks() {
        let text = b"\xef\xbb\xbfone\r\n\n\xef\xbb\xbftwo\xff\nlast";
        let expected: [&[u8]; 4] = [b"one", b"", b"two\xff", b"last"];
        assert!(lines(text).map(|(_, line)| line).eq(expected));
        assert_eq!(lines(text).last(), Some((4, &b"last"[..])));
    }
}
