//! `ipc://path`, `ipc://@abstract` and `ipc://*`.

use std::fmt;
use std::path::PathBuf;

use super::check_length;
use super::error::EndpointError;

/// A Unix domain socket endpoint.
///
/// It parses on every system, so that a configuration can be read anywhere; binding and connecting
/// work on Unix.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IpcEndpoint {
    name: IpcName,
}

impl IpcEndpoint {
    /// Reads what follows `ipc://` in `text`, the whole of which errors name.
    pub(super) fn parse(text: &str, address: &str) -> Result<Self, EndpointError> {
        check_length(text, address, MAX_IPC_PATH)?;
        if address.contains('\0') {
            return Err(EndpointError::InvalidPath { endpoint: text.into() });
        }
        let name = match address.strip_prefix('@') {
            Some("") => {
                return Err(EndpointError::EmptyAddress { endpoint: text.into() });
            }
            Some(name) => IpcName::Abstract(name.into()),
            None if address == "*" => IpcName::Any,
            None => IpcName::Path(address.into()),
        };
        Ok(Self { name })
    }

    /// The endpoint of a path that binding chose.
    #[cfg(unix)]
    pub(crate) fn from_path(path: &std::path::Path) -> Self {
        Self { name: IpcName::Path(path.into()) }
    }

    /// The endpoint of an abstract name that somebody else has bound.
    #[cfg(unix)]
    pub(crate) fn from_abstract(name: String) -> Self {
        Self { name: IpcName::Abstract(name) }
    }

    /// Where the socket is.
    pub fn name(&self) -> &IpcName {
        &self.name
    }
}

impl fmt::Display for IpcEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            IpcName::Path(path) => path.display().fmt(f),
            IpcName::Abstract(name) => write!(f, "@{name}"),
            IpcName::Any => f.write_str("*"),
        }
    }
}

/// The name of a Unix domain socket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IpcName {
    /// `*`: bind to a socket file in a new directory that only this user may enter. Both go with
    /// the listener.
    Any,
    /// `@name`: a name in Linux's abstract namespace, without the `@`. It belongs to no file
    /// system, so permissions do not guard it, and it goes with the listener.
    Abstract(String),
    /// A file.
    Path(PathBuf),
}

/// The longest path, and the longest abstract name with its `@`, in bytes: `sockaddr_un` has room
/// for 108 and the last is a NUL. Some other systems have room for fewer (macOS 104) and say so
/// when binding.
const MAX_IPC_PATH: usize = 107;
