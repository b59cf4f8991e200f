//! Lists of public keys in a file or folder.

use std::path::Path;
use std::str;

#[cfg(feature = "curve")]
use zeromq_async::security::CurvePublicKey as PublicKey;
#[cfg(not(feature = "curve"))]
use zeromq_async::security::NoisePublicKey as PublicKey;
use zeromq_async::security::{Decision, KeyList};

use crate::certificate::read_any;
use crate::error::{FileError, LineError, LineProblem};
use crate::from_file::{Format, FromFile};
use crate::text_file;

/// Allows the public keys in a file or folder, which is reloaded when it changes.
///
/// * A file has the format of [`parse_keys`].
/// * From a folder, all [certificates](crate::Certificate) named `NAME.key` are loaded. `NAME` is
///   the user id, and the certificate's metadata becomes the peer's metadata. Each authentication
///   looks at the metadata of every file, so use a single file for thousands of keys.
///
#[cfg_attr(feature = "curve", doc = "```")]
#[cfg_attr(not(feature = "curve"), doc = "```ignore")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{RepSocket, ReqSocket};
/// use zeromq_async::security::generate_curve_keys;
/// use zeromq_auth::KeyFile;
///
/// # let folder = std::env::temp_dir().join(format!("zmq-keys-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("keys");
/// let (own, alice) = (generate_curve_keys(), generate_curve_keys());
/// let server_key = *own.public_key();
/// std::fs::write(&path, format!("# clients\n{} alice\n", alice.public_key()))?;
///
/// let mut server = RepSocket::builder().curve_server(own, KeyFile::open(&path)?).build();
/// let mut client = ReqSocket::builder().curve_client(alice, server_key).build();
/// client.connect(server.bind("tcp://127.0.0.1:0").await?)?;
/// client.send("hello").await?;
/// let (_, peer) = server.recv_from().await?;
/// assert_eq!(peer.info().user_id(), Some("alice"));
/// # std::fs::remove_dir_all(folder)?;
/// # Ok(()) }
/// ```
pub type KeyFile = FromFile<KeyList>;

/// Parses a list of public keys.
///
/// Each line has a key in Z85, and optionally a user id after it. The default user id is the key.
/// Empty lines, lines that begin with `#`, and text after ` #` are ignored.
///
/// # Errors
///
/// A line has no valid key, or has the key of an earlier line.
pub fn parse_keys(text: &[u8]) -> Result<KeyList, LineError> {
    let list = KeyList::new();
    text_file::each_line(text, |line| parse_line(&list, line))?;
    Ok(list)
}

fn parse_line(list: &KeyList, line: &[u8]) -> Result<(), LineProblem> {
    let line = line.trim_ascii();
    // No key begins with `#`: its first five characters would encode more than 32 bits.
    if line.is_empty() || line.starts_with(b"#") {
        return Ok(());
    }
    let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
    let (key, rest) = line.split_at(end);
    let key = utf8(key)?;
    let public_key: PublicKey = key.parse()?;
    let comment = rest.windows(2).position(|bytes| matches!(bytes, b" #" | b"\t#"));
    let user_id = utf8(&rest[..comment.unwrap_or(rest.len())])?.trim();
    let user_id = if user_id.is_empty() { key } else { user_id };
    match list.insert(public_key, Decision::allow_as(user_id)) {
        None => Ok(()),
        Some(_) => Err(LineProblem::KeyTwice),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, LineProblem> {
    str::from_utf8(bytes).map_err(|_| LineProblem::NotUtf8)
}

impl Format for KeyList {
    fn parse(text: &[u8]) -> Result<Self, LineError> {
        parse_keys(text)
    }

    fn read(path: &Path) -> Result<Self, FileError> {
        if path.is_dir() { read_folder(path) } else { Self::read_file(path) }
    }
}

fn read_folder(folder: &Path) -> Result<KeyList, FileError> {
    let list = KeyList::new();
    for path in text_file::certificates_in(folder)? {
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
