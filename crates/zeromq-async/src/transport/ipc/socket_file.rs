//! Creates and removes the file of a bound Unix domain socket.
//!
//! A program that crashes leaves its socket file behind, and the path cannot be bound until the file
//! is removed. libzmq removes any file there, and so takes the path from a live listener. This module
//! removes only the socket file of a dead listener:
//!
//! - A connect shows whether a listener is alive. It sees a connection that closes at once. Systems
//!   other than Linux also refuse a connection if the backlog is full. Such a listener looks dead.
//! - Two programs may find the same dead file, and the second could remove the new file of the first.
//!   So the directory is locked (`flock`) from the check until the new listener answers. Programs
//!   that do not lock, such as libzmq, can still race. So can programs that cannot open the directory.
//! - The path may belong to another listener later. A listener removes the file only if it is its own,
//!   and does so before it closes. After that the file looks dead, and another program may replace it.

use std::fs::{self, DirBuilder, File, Metadata, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::time::sleep;

use crate::transport::error::with_context;

/// A socket file that this process made. Drop it before its listener.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// The device and inode numbers. They stay the same while the socket is bound.
    identity: (u64, u64),
    /// Removed after the file, because fields are dropped after their struct.
    _directory: Option<PrivateDirectory>,
}

impl SocketFile {
    /// Lets `listen` bind to a path. Removes the socket file of a dead listener first.
    ///
    /// # Errors
    ///
    /// `AddrInUse` if a listener is alive there, `AlreadyExists` if the file is not a socket.
    pub(super) async fn at(
        path: &Path,
        listen: impl Fn(&Path) -> io::Result<Socket>,
    ) -> io::Result<(Socket, Self)> {
        // The working directory may have changed when this is dropped.
        let path = std::path::absolute(path)?;
        let _lock = lock_directory(&path).await;
        let socket = match listen(&path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                remove_dead(&path)?;
                listen(&path)?
            }
            bound => bound?,
        };
        Ok((socket, Self::new(path, None)?))
    }

    /// Lets `listen` bind to a path in a new directory that only this user may enter.
    pub(super) fn in_new_directory(
        listen: impl Fn(&Path) -> io::Result<Socket>,
    ) -> io::Result<(Socket, Self)> {
        Self::in_new_directory_of(&std::env::temp_dir(), listen)
    }

    pub(super) fn in_new_directory_of(
        parent: &Path,
        listen: impl Fn(&Path) -> io::Result<Socket>,
    ) -> io::Result<(Socket, Self)> {
        let in_parent = |error| {
            let parent = parent.display();
            with_context(error, format!("the directory for temporary files, {parent} (TMPDIR)"))
        };
        let directory = PrivateDirectory::create(parent).map_err(in_parent)?;
        let path = directory.0.join("socket");
        let socket = listen(&path).map_err(in_parent)?;
        Ok((socket, Self::new(path, Some(directory))?))
    }

    fn new(path: PathBuf, directory: Option<PrivateDirectory>) -> io::Result<Self> {
        let identity = identity(&fs::symlink_metadata(&path)?);
        Ok(Self { path, identity, _directory: directory })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|metadata| identity(&metadata) == self.identity);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(
                name: "ipc_file_left", target: "zeromq_async::transport",
                path = %self.path.display(), %error, "socket file not removed"
            );
        }
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Removes the socket file of a dead listener.
fn remove_dead(path: &Path) -> io::Result<()> {
    let metadata = match fs::symlink_metadata(path) {
        // Its listener has just closed and removed it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        metadata => metadata?,
    };
    if !metadata.file_type().is_socket() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    if is_live(path)? {
        return Err(io::ErrorKind::AddrInUse.into());
    }
    fs::remove_file(path)
}

/// Whether a listener is alive at a socket file.
fn is_live(path: &Path) -> io::Result<bool> {
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    probe.set_nonblocking(true)?; // A full backlog would block the connect.
    match probe.connect(&SockAddr::unix(path)?) {
        Err(error) => {
            Ok(!matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound))
        }
        Ok(()) => Ok(true),
    }
}

/// Locks the directory of a path until the returned file is dropped.
///
/// `None` if it cannot be opened or locked, or stays locked: then it is used without a lock.
async fn lock_directory(path: &Path) -> Option<File> {
    let directory = File::open(path.parent()?).ok()?;
    for _ in 0..LOCK_ATTEMPTS {
        match directory.try_lock() {
            Ok(()) => return Some(directory),
            Err(TryLockError::WouldBlock) => sleep(LOCK_PAUSE).await,
            Err(TryLockError::Error(_)) => return None,
        }
    }
    None
}

/// A directory of mode 0700 that is removed on drop, if it is empty.
#[derive(Debug)]
struct PrivateDirectory(PathBuf);

impl PrivateDirectory {
    fn create(parent: &Path) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
        for _ in 0..NAME_ATTEMPTS {
            let name = RandomState::new().hash_one(()); // seeded from the system's randomness
            let path = parent.join(format!("zmq-{name:016x}"));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }
}

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir(&self.0) {
            tracing::debug!(
                name: "ipc_file_left", target: "zeromq_async::transport",
                path = %self.0.display(), %error, "socket directory not removed"
            );
        }
    }
}

/// Tries to lock a directory for 200 ms. A bind holds the lock for less than one.
const LOCK_ATTEMPTS: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(2);

const NAME_ATTEMPTS: u32 = 8;
