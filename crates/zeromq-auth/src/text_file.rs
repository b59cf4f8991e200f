//! Reading text files that contain keys or passwords.

use std::path::{Path, PathBuf};
use std::{fs, io, str};

use zeroize::Zeroizing;

use crate::error::{FileError, LineError, LineProblem};

/// Reads a UTF-8 text file that contains a key or a password.
///
/// The text is wiped from memory when it is dropped. A byte order mark at the start is removed.
/// This blocks the thread.
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
/// The file cannot be read, or is not UTF-8. The error does not contain any of the text.
pub fn read_text_file(path: impl AsRef<Path>) -> Result<Zeroizing<String>, FileError> {
    let path = path.as_ref();
    let bytes = read(path)?;
    let text = str::from_utf8(&bytes).map_err(|error| {
        let valid = &bytes[..error.valid_up_to()];
        let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
        FileError::Malformed { path: path.to_owned(), source: LineProblem::NotUtf8.at(line) }
    })?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Reads a file of any encoding except UTF-16.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let unreadable = |source| FileError::Unreadable { path: path.to_owned(), source };
    let mut bytes = fs::read(path).map(Zeroizing::new).map_err(unreadable)?;
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let text = "the file is UTF-16; save it as UTF-8";
        return Err(unreadable(io::Error::new(io::ErrorKind::InvalidData, text)));
    }
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(bytes)
}

/// Calls `parse` with each line, and adds the line's number to the first problem.
pub(crate) fn each_line(
    text: &[u8],
    mut parse: impl FnMut(&[u8]) -> Result<(), LineProblem>,
) -> Result<(), LineError> {
    lines(text).try_for_each(|(number, line)| parse(line).map_err(|problem| problem.at(number)))
}

/// The numbered lines, without line ends and byte order marks. A concatenation of files can have a
/// mark at the start of any line.
fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    (1..).zip(text.split(|byte| *byte == b'\n')).map(|(number, line)| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        (number, line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line))
    })
}

/// The certificates in a folder, sorted: the files named `NAME.key`.
pub(crate) fn certificates_in(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let list = || {
        let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
        entries.collect::<io::Result<Vec<_>>>()
    };
    let mut paths =
        list().map_err(|source| FileError::Unreadable { path: folder.to_owned(), source })?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "key"));
    paths.sort();
    Ok(paths)
}

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

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
