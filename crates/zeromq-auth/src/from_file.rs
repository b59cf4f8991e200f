//! Answers that stand in a file, which is read again when it has changed.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::{fmt, fs, io};

use tokio::task::spawn_blocking;
use zeromq_async::security::{Decision, DenyStatus};

mod error;
mod stamp;

use crate::text_file;
pub use error::{FileError, LineError, LineProblem};
use parking_lot::Mutex;
use stamp::Stamp;
use zeromq_async::security::{Attempt, Authenticator};

/// An authenticator that is read from a file, and read again when the file has changed:
/// `KeyFile` or [`PasswordFile`](super::PasswordFile).
///
/// * Every question looks at the file's times, size and number first, and reads the file if any of
///   them is new: who is taken out of it is refused at the next handshake. Peers that are connected
///   stay connected.
/// * A file that is gone, cannot be read, or has a faulty line changes nothing: the last good one
///   goes on answering, and a `tracing` event of level ERROR says so once. [`reload`](Self::reload)
///   returns the error as well.
/// * A file is best replaced by renaming a new one over it, so that nobody reads half of it.
///
/// Files are looked at and read on Tokio's threads for blocking work, by one question at a time.
/// Clones share what was read.
pub struct FromFile<T>(Arc<Shared<T>>);

struct Shared<T> {
    path: PathBuf,
    current: Mutex<Arc<T>>,
    watch: Arc<tokio::sync::Mutex<Watch>>,
}

/// An authenticator that can be read from a file: `KeyList` or [`Passwords`](super::Passwords).
/// This trait is sealed.
#[expect(private_bounds, reason = "sealed: formats are not public")]
pub trait ReadFile: Authenticator + Format {}

/// What a file is read as.
pub(super) trait Format: Sized {
    fn parse(text: &[u8]) -> Result<Self, LineError>;

    fn read(path: &Path) -> Result<Self, FileError> {
        let text = text_file::read(path)?;
        Self::parse(&text).map_err(|source| FileError::Malformed { path: path.to_owned(), source })
    }

    /// Takes over from the authenticator that answered until now.
    fn succeed(self, _predecessor: &Self) -> Self {
        self
    }
}

impl<T: Format + Authenticator> ReadFile for T {}

/// The files of a folder that count, in order: those called `NAME.key`.
pub(super) fn members(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let list = || {
        let paths = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
        paths.collect::<io::Result<Vec<_>>>()
    };
    let mut paths =
        list().map_err(|source| FileError::Unreadable { path: folder.to_owned(), source })?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "key"));
    paths.sort();
    Ok(paths)
}

impl<T: ReadFile> FromFile<T> {
    /// Reads the file for the first time. Blocks the thread meanwhile, so do it before the program
    /// serves.
    ///
    /// ```
    /// use zeromq_async::RepSocket;
    /// use zeromq_auth::PasswordFile;
    ///
    /// # let folder = std::env::temp_dir().join(format!("zmq-open-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// # let path = folder.join("users");
    /// std::fs::write(&path, "alice:secret\n")?;
    /// let rep = RepSocket::builder().plain_server(PasswordFile::open(&path)?).build();
    /// # drop(rep);
    ///
    /// std::fs::write(&path, "alice:secret\nbob\n")?;
    /// let error = PasswordFile::open(&path).unwrap_err();
    /// assert!(error.to_string().ends_with("users: line 2: there is no colon between user and password"));
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or one of its lines is faulty.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, FileError> {
        let path = path.into();
        let watch = Watch { stamp: Stamp::of(&path)?.settled(), complaint: None };
        let current = Mutex::new(Arc::new(T::read(&path)?));
        Ok(Self(Arc::new(Shared {
            path,
            current,
            watch: Arc::new(tokio::sync::Mutex::new(watch)),
        })))
    }

    /// Reads the file now, whether or not it has changed.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_auth::PasswordFile;
    ///
    /// # let folder = std::env::temp_dir().join(format!("zmq-reload-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// # let path = folder.join("users");
    /// # std::fs::write(&path, "alice:secret\n")?;
    /// let users = PasswordFile::open(&path)?;
    /// std::fs::write(&path, "alice: no colon here?\nbob")?;
    /// assert!(users.reload().await.is_err()); // and alice is let in as before
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or one of its lines is faulty; what was read before goes on
    /// answering.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// The file is read all the same once reading has begun.
    pub async fn reload(&self) -> Result<(), FileError> {
        self.blocking(Watch::reload).await.unwrap_or_else(|| {
            let source = io::Error::other("the runtime is shutting down");
            Err(FileError::Unreadable { path: self.0.path.clone(), source })
        })
    }

    /// The file, as it was given.
    ///
    /// ```
    /// use zeromq_auth::PasswordFile;
    ///
    /// # let folder = std::env::temp_dir().join(format!("zmq-path-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// # let path = folder.join("users");
    /// # std::fs::write(&path, "alice:secret\n")?;
    /// assert_eq!(PasswordFile::open(&path)?.path(), path);
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Does what may block, for one caller at a time: a file system that hangs holds one thread.
    async fn blocking<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Watch, &Shared<T>) -> R + Send + 'static,
    ) -> Option<R> {
        let mut watch = Arc::clone(&self.0.watch).lock_owned().await;
        let shared = Arc::clone(&self.0);
        spawn_blocking(move || work(&mut watch, &shared)).await.ok()
    }

    /// Puts something in place of what was read, from which all that is read later takes over.
    pub(super) fn adjust(self, adjust: impl FnOnce(&T) -> T) -> Self {
        self.0.replace(adjust);
        self
    }
}

impl<T: ReadFile> Authenticator for FromFile<T> {
    fn authenticate(
        &self,
        attempt: Attempt,
    ) -> Pin<Box<dyn Future<Output = Decision> + Send + '_>> {
        Box::pin(async move {
            match self.blocking(Watch::refresh).await {
                Some(current) => current.authenticate(attempt).await,
                None => Decision::Deny(DenyStatus::TemporaryError),
            }
        })
    }
}

impl<T> Clone for FromFile<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for FromFile<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFile").field("path", &self.0.path).finish_non_exhaustive()
    }
}

impl<T> Shared<T> {
    fn current(&self) -> Arc<T> {
        Arc::clone(&self.current.lock())
    }

    fn replace(&self, successor: impl FnOnce(&T) -> T) {
        let mut current = self.current.lock();
        *current = Arc::new(successor(&current));
    }
}

/// What is known of the file.
struct Watch {
    /// How it looked, where looking at it is enough to see a change.
    stamp: Option<Stamp>,
    /// What was last said to be wrong with it.
    complaint: Option<String>,
}

impl Watch {
    /// What the file says, which is read if it does not look as it did.
    fn refresh<T: Format>(&mut self, shared: &Shared<T>) -> Arc<T> {
        if self.stamp.is_none() || self.stamp != Stamp::of(&shared.path).ok() {
            // An error has been told; the last good answer stands.
            let _ = self.reload(shared);
        }
        shared.current()
    }

    fn reload<T: Format>(&mut self, shared: &Shared<T>) -> Result<(), FileError> {
        let read = self.read(shared);
        let complaint = read.as_ref().err().map(ToString::to_string);
        if let Some(error) = complaint.as_ref().filter(|_| complaint != self.complaint) {
            tracing::error!(
                name: "file_not_read", target: "zeromq_async::security",
                %error, "who is let in stays as it was"
            );
        }
        self.complaint = complaint;
        read
    }

    fn read<T: Format>(&mut self, shared: &Shared<T>) -> Result<(), FileError> {
        self.stamp = None;
        // Before reading: a change that comes while it is read is seen the next time.
        let stamp = Stamp::of(&shared.path)?;
        let read = T::read(&shared.path);
        if !matches!(read, Err(FileError::Unreadable { .. })) {
            self.stamp = stamp.settled();
        }
        let read = read?;
        shared.replace(|current| read.succeed(current));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
