//! Endpoints of `ipc://`: a path, an `@abstract` name, or `*`.

use std::fmt;
use std::path::PathBuf;

use super::check_length;
use super::error::EndpointErrorKind;

/// A Unix domain socket endpoint.
///
/// It parses on every system. Binding and connecting work on Unix.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IpcEndpoint {
    name: IpcName,
}

impl IpcEndpoint {
    /// Parses the part after `ipc://`.
    pub(super) fn parse(address: &str) -> Result<Self, EndpointErrorKind> {
        check_length(address, MAX_IPC_PATH)?;
        if address.contains('\0') {
            return Err(EndpointErrorKind::InvalidPath);
        }
        let name = match address.strip_prefix('@') {
            Some("") => return Err(EndpointErrorKind::EmptyAddress),
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

    /// The endpoint of an abstract name that the application bound.
    #[cfg(unix)]
    pub(crate) fn from_abstract(name: String) -> Self {
        Self { name: IpcName::Abstract(name) }
    }

    /// The name of the socket.
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
    /// `*`: bind to a socket file in a new directory that only this user may enter. Both are removed
    /// with the listener.
    Any,
    /// `@name`: a name in Linux's abstract namespace, without the `@`. It has no file permissions, and
    /// ends with the listener.
    Abstract(String),
    /// A file.
    Path(PathBuf),
}

/// The longest path, or abstract name with its `@`, in bytes. `sockaddr_un` holds 108 with a NUL. Some
/// systems hold fewer (macOS 104), and binding fails there.
const MAX_IPC_PATH: usize = 107;
