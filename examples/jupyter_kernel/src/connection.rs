//! The connection file, in which a frontend gives a kernel its endpoints.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The endpoints of the five sockets, and the key that signs their messages.
#[derive(Clone, Deserialize)]
pub struct ConnectionFile {
    transport: String,
    ip: String,
    shell_port: u16,
    control_port: u16,
    iopub_port: u16,
    stdin_port: u16,
    hb_port: u16,
    pub(crate) key: String,
    #[serde(default = "sha256")]
    signature_scheme: String,
}

/// The error of a connection file.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The file cannot be read.
    #[error("cannot read the connection file {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
    /// The file is not a connection file.
    #[error("the connection file {} is malformed: {error}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The parse error.
        error: serde_json::Error,
    },
    /// The file requires an unsupported signature scheme.
    #[error("unsupported signature scheme {0}: this kernel supports hmac-sha256")]
    Scheme(String),
}

impl ConnectionFile {
    /// Reads a connection file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is malformed, or requires a signature scheme other than HMAC with
    /// SHA-256.
    pub fn read(path: &Path) -> Result<Self, ConnectionError> {
        let path = path.to_owned();
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) => return Err(ConnectionError::Unreadable { path, error }),
        };
        let file: Self = match serde_json::from_slice(&text) {
            Ok(file) => file,
            Err(error) => return Err(ConnectionError::Malformed { path, error }),
        };
        if file.signature_scheme != sha256() {
            return Err(ConnectionError::Scheme(file.signature_scheme));
        }
        Ok(file)
    }

    pub(crate) fn shell(&self) -> String {
        self.endpoint(self.shell_port)
    }

    pub(crate) fn control(&self) -> String {
        self.endpoint(self.control_port)
    }

    pub(crate) fn iopub(&self) -> String {
        self.endpoint(self.iopub_port)
    }

    pub(crate) fn stdin(&self) -> String {
        self.endpoint(self.stdin_port)
    }

    pub(crate) fn heartbeat(&self) -> String {
        self.endpoint(self.hb_port)
    }

    fn endpoint(&self, port: u16) -> String {
        // An ipc path ends with the port number after a hyphen.
        let separator = if self.transport == "ipc" { '-' } else { ':' };
        format!("{}://{}{separator}{port}", self.transport, self.ip)
    }
}

fn sha256() -> String {
    "hmac-sha256".to_owned()
}
