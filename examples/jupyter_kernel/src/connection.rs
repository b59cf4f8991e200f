//! The file by which a frontend tells a kernel where to listen.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Where the five sockets are to be bound, and the key that signs what passes over them.
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

/// Why a connection file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// It cannot be read.
    #[error("cannot read the connection file {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It is not what a frontend writes.
    #[error("the connection file {} is not as Jupyter writes it: {error}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// It asks for a signature that is not made here.
    #[error("the signature scheme {0} is not hmac-sha256, which is all that this kernel has")]
    Scheme(String),
}

impl ConnectionFile {
    /// Reads a connection file.
    ///
    /// # Errors
    ///
    /// It cannot be read, is not a connection file, or asks for another signature than HMAC with
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
        // An ipc path ends in a number where tcp has its port.
        let separator = if self.transport == "ipc" { '-' } else { ':' };
        format!("{}://{}{separator}{port}", self.transport, self.ip)
    }
}

fn sha256() -> String {
    "hmac-sha256".to_owned()
}
