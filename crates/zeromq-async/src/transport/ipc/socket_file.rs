//! The file of a bound Unix domain socket: how it is taken, and how it goes.
//!
//! A program that dies leaves its socket file behind, and nobody can bind to the path until it is
//! removed. libzmq removes any file that is there, and so takes a path away from a listener that is
//! alive. Here a path is taken only when nobody listens at it, and nothing but a dead socket is
//! ever removed:
//!
//! - *Is anyone there?* is asked by connecting. A live listener sees a connection that closes at
//!   once. Systems other than Linux refuse a connection also where a backlog is full, and a listener
//!   so far behind cannot be told from a dead one there.
//! - *Two programs find the same dead file.* The second would remove the file that the first has
//!   just made, so they take turns: the directory is locked (`flock`) from the question to the
//!   answering listener. Programs that do not lock, libzmq's among them, are outside this bargain,
//!   and so are directories that cannot be read.
//! - *The file changed hands.* When a listener goes, it removes the file only if it is the one it
//!   made. It does so while it still listens: a moment later the file would look dead, and could be
//!   another's by the time it is removed.

use std::fs::{self, DirBuilder, File, Metadata, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::time::sleep;

use crate::transport::explained::explained;

/// A socket file that this process made. Drop it before the listener that it belongs to.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// The device and inode numbers. The inode lives, and keeps its number, for as long as the
    /// socket is bound to it.
    identity: (u64, u64),
    /// Removed after the file, for fields are dropped after their struct.
    _directory: Option<PrivateDirectory>,
}

impl SocketFile {
    /// Lets `listen` bind to a path, from which the socket file of a dead listener is removed
    /// first.
    ///
    /// # Errors
    ///
    /// `AddrInUse` if a listener is alive there, `AlreadyExists` if the file is not a socket.
    pub(super) async fn at(
        path: &Path,
        listen: impl Fn(&Path) -> io::Result<Socket>,
    ) -> io::Result<(Socket, Self)> {
        // The working directory may be another one by the time of the drop.
        let path = std::path::absolute(path)?;
        let _turn = lock_directory(&path).await;
        let socket = match listen(&path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                remove_dead(&path)?;
                listen(&path)?
            }
            bound => bound?,
        };
        Ok((socket, Self::new(path, None)?))
    }

    /// Lets `listen` bind to a path in a new directory, which only this user may enter.
    pub(super) fn in_new_directory(
        listen: impl Fn(&Path) -> io::Result<Socket>,
    ) -> io::Result<(Socket, Self)> {
        Self::in_new_directory_of(&std::env::temp_dir(), listen)
    }

    /// The same, in a new directory of `parent`.
    pub(super) fn in_new_directory_of(
        parent: &Path,
        listen: impl Fn(&Path) -> io::Result<Socket>,
    ) -> io::Result<(Socket, Self)> {
        let in_parent = |error| {
            let parent = parent.display();
            explained(error, format!("the directory for temporary files, {parent} (TMPDIR)"))
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

/// Removes the socket file of a listener that is no more.
fn remove_dead(path: &Path) -> io::Result<()> {
    let metadata = match fs::symlink_metadata(path) {
        // Its listener has just gone, and taken it along.
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

/// Whether somebody listens at a socket file.
fn is_live(path: &Path) -> io::Result<bool> {
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    probe.set_nonblocking(true)?; // or a listener that does not accept would make us wait for it
    match probe.connect(&SockAddr::unix(path)?) {
        Err(error) => {
            Ok(!matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound))
        }
        Ok(()) => Ok(true),
    }
}

/// Waits for the turn to look at the directory of a path and to change it; it ends when the file is
/// dropped.
///
/// `None` without one: a directory that cannot be opened or locked is used all the same, and one
/// that is locked for longer than anybody needs here is locked for another purpose.
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

/// How often, and how long apart, a locked directory is tried: 200 ms in all, where a turn takes
/// well below one.
const LOCK_ATTEMPTS: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(2);

/// How many random names are tried. The first is free unless somebody guesses 64 random bits.
const NAME_ATTEMPTS: u32 = 8;
