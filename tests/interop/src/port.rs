//! Addresses that belong to one test even while they are unbound.

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::net::TcpSocket;

/// A port that the system gives to no other process, and that a socket of either library can bind.
///
/// It is bound and does not listen, so connections are refused. With `SO_REUSEADDR`, which both
/// libraries set, it can be bound once more.
#[derive(Debug)]
pub struct ReservedPort {
    address: SocketAddr,
    _socket: TcpSocket,
}

impl ReservedPort {
    /// Reserves a port.
    ///
    /// # Panics
    ///
    /// If none is free.
    pub fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an option of every socket");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        let address = socket.local_addr().expect("it is bound");
        Self { address, _socket: socket }
    }

    /// The endpoint to bind and to connect to.
    pub fn endpoint(&self) -> String {
        format!("tcp://{}", self.address)
    }
}

impl Default for ReservedPort {
    fn default() -> Self {
        Self::new()
    }
}

/// A directory for ipc sockets, removed when dropped.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// Creates a directory.
    ///
    /// # Panics
    ///
    /// If that is not permitted.
    pub fn new() -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("interop-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).expect("a directory of this process's own");
        Self { path }
    }

    /// An ipc endpoint in it.
    pub fn endpoint(&self) -> String {
        format!("ipc://{}/socket", self.path.display())
    }
}

impl Default for Directory {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // A leftover in the temporary directory does no harm.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
