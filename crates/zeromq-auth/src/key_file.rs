//! Public keys in a file or folder.

use std::path::Path;
use std::str;

#[cfg(feature = "curve")]
use zeromq_async::security::CurvePublicKey as PublicKey;
#[cfg(not(feature = "curve"))]
use zeromq_async::security::NoisePublicKey as PublicKey;
use zeromq_async::security::{Decision, KeyList};

use crate::certificate::read_any;
use crate::from_file::{FileError, Format, FromFile, LineError, LineProblem, members};
use crate::text_file;

/// A list of public keys in a file or folder, which is read again when it changes.
///
/// A file has the text of [`parse_keys`]. From a folder the [certificates](crate::Certificate) are taken whose names end in `.key`: the rest
/// of the name is the user id, and the peer's metadata is the certificate's. Every question looks at
/// each of them, so for thousands a file is better.
///
#[cfg_attr(feature = "curve", doc = "```")]
#[cfg_attr(not(feature = "curve"), doc = "```ignore")]
/// use zeromq_async::RepSocket;
/// use zeromq_async::security::generate_curve_keys;
/// use zeromq_auth::KeyFile;
///
/// # let folder = std::env::temp_dir().join(format!("zmq-keys-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("keys");
/// let alice = generate_curve_keys();
/// std::fs::write(&path, format!("# who may connect\n{} alice\n", alice.public_key()))?;
///
/// let server = generate_curve_keys();
/// let rep = RepSocket::builder().curve_server(server, KeyFile::open(&path)?).build();
/// # drop(rep);
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type KeyFile = FromFile<KeyList>;

/// Reads a list of public keys from text.
///
/// A line holds a key in Z85. A user id may follow it, and a comment behind ` #`. Lines that are
/// empty or begin with `#` are skipped.
///
#[cfg_attr(feature = "curve", doc = "```")]
#[cfg_attr(not(feature = "curve"), doc = "```ignore")]
/// use zeromq_async::security::generate_curve_keys;
/// use zeromq_auth::parse_keys;
///
/// let alice = generate_curve_keys();
/// let known = parse_keys(format!("# clients\n{} alice\n", alice.public_key()).as_bytes())?;
/// assert!(known.contains(*alice.public_key()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// A line has no valid key, or a key that an earlier line has.
pub fn parse_keys(text: &[u8]) -> Result<KeyList, LineError> {
    let list = KeyList::new();
    text_file::each_line(text, |line| add_line(&list, line))?;
    Ok(list)
}

fn add_line(list: &KeyList, line: &[u8]) -> Result<(), LineProblem> {
    let line = line.trim_ascii();
    // `#` cannot begin a key: no 32 bytes have a Z85 text that does.
    if line.is_empty() || line.starts_with(b"#") {
        return Ok(());
    }
    let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
    let (key, rest) = line.split_at(end);
    let key = utf8(key)?;
    let public_key: PublicKey = key.parse()?;
    let user_id = utf8(&rest[..comment_at(rest).unwrap_or(rest.len())])?.trim();
    let user_id = if user_id.is_empty() { key } else { user_id };
    match list.insert(public_key, Decision::allow_as(user_id)) {
        None => Ok(()),
        Some(_) => Err(LineProblem::KeyTwice),
    }
}

/// Where the comment begins in the text behind a key.
fn comment_at(rest: &[u8]) -> Option<usize> {
    rest.windows(2).position(|bytes| matches!(bytes, b" #" | b"\t#"))
}

fn utf8(bytes: &[u8]) -> Result<&str, LineProblem> {
    str::from_utf8(bytes).map_err(|_| LineProblem::NotUtf8)
}

impl Format for KeyList {
    fn parse(text: &[u8]) -> Result<Self, LineError> {
        parse_keys(text)
    }

    fn read(path: &Path) -> Result<Self, FileError> {
        if path.is_dir() {
            return read_folder(path);
        }
        let text = text_file::read(path)?;
        parse_keys(&text).map_err(|source| FileError::Malformed { path: path.to_owned(), source })
    }
}

/// Reads all certificates in a folder.
fn read_folder(folder: &Path) -> Result<KeyList, FileError> {
    let list = KeyList::new();
    for path in members(folder)? {
        let (key, metadata) = read_any(&path)?;
        let Some(user_id) = path.file_stem().and_then(|stem| stem.to_str()) else {
            return Err(FileError::NameNotUtf8 { path });
        };
        let user_id = user_id.to_owned();
        if list.insert(key, Decision::Allow { user_id, metadata }).is_some() {
            return Err(FileError::KeyTwice { path });
        }
    }
    Ok(list)
}
