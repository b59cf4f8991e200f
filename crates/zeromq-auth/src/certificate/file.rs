//! Certificates in files, with the permissions that they need.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::Certificate;
use super::keys::CertificateKeys;
use crate::{FileError, read_text_file};

/// Reads a certificate.
pub(super) fn read<K: CertificateKeys>(path: &Path) -> Result<Certificate<K>, FileError> {
    let text = read_text_file(path)?;
    if K::HAS_SECRET && others_may_read(path) {
        tracing::warn!(
            name: "secret_key_readable", target: "zeromq_async::security",
            path = %path.display(), "others may read this secret key: chmod 600"
        );
    }
    text.parse().map_err(|source| FileError::Certificate { path: path.to_owned(), source })
}

#[cfg(unix)]
fn others_may_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn others_may_read(_: &Path) -> bool {
    false
}

/// Writes a file that is not there yet, for its owner alone where it has a secret.
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

/// Takes back what was written in vain.
pub(super) fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::warn!(
            name: "certificate_left", target: "zeromq_async::security",
            path = %path.display(), %error, "half of a certificate is left"
        );
    }
}
