//! Certificate files and their permissions.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::FileError;
use crate::text_file::read_text_file;

/// Reads a file, and logs a warning if other users can read its secret.
pub(super) fn read(path: &Path, has_secret: bool) -> Result<Zeroizing<String>, FileError> {
    let text = read_text_file(path)?;
    if has_secret && others_can_read(path) {
        tracing::warn!(
            name: "secret_key_readable", target: "zeromq_async::security",
            path = %path.display(), "other users can read this secret key: chmod 600"
        );
    }
    Ok(text)
}

#[cfg(unix)]
fn others_can_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn others_can_read(_: &Path) -> bool {
    false
}

/// Writes a new file. On Unix only the owner can read a file with a secret.
pub(super) fn create(path: &Path, text: &str, has_secret: bool) -> Result<(), FileError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if has_secret {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = has_secret;
    let unwritable = |source: io::Error| FileError::Unwritable { path: path.to_owned(), source };
    let mut file = options.open(path).map_err(unwritable)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.inspect_err(|_| remove(path)).map_err(unwritable)
}

/// Removes a file that was written before an error.
pub(super) fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::warn!(
            name: "certificate_left", target: "zeromq_async::security",
            path = %path.display(), %error, "an incomplete certificate could not be removed"
        );
    }
}
