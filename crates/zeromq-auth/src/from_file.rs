//! Authenticators that reload their file when it changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, io};

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::task::spawn_blocking;
use zeromq_async::security::{Attempt, Authenticator, Decision, DenyStatus};

use crate::error::{FileError, LineError};
use crate::file_stamp::FileStamp;
use crate::text_file;

/// An authenticator in a file, which is reloaded when the file changes: `KeyFile` or
/// [`PasswordFile`](crate::PasswordFile).
///
/// * Each authentication first compares the file's metadata (times, size, inode), and reloads the
///   file if it differs. A removed entry is therefore denied at the next handshake. Connected peers
///   stay connected.
/// * If the file is missing, unreadable or has a faulty line, the last valid content stays in use. A
///   `tracing` event of level ERROR says so once per error. [`reload`](Self::reload) returns the
///   error.
/// * Replace the file by renaming a new one over it, so that a half-written file is never read.
///
/// Tokio's blocking threads do all file access, one authentication at a time. Clones share the
/// content.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::RepSocket;
/// use zeromq_auth::PasswordFile;
///
/// # let folder = std::env::temp_dir().join(format!("zmq-from-file-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("users");
/// std::fs::write(&path, "alice:secret\n")?;
/// let users = PasswordFile::open(&path)?;
/// let server = RepSocket::builder().plain_server(users.clone()).build();
///
/// std::fs::write(&path, "alice:secret\nbob\n")?;
/// let error = users.reload().await.unwrap_err(); // alice is still allowed
/// assert!(error.to_string().contains("users: line 2: expected `user:password`"));
/// # drop(server);
/// # std::fs::remove_dir_all(folder)?;
/// # Ok(()) }
/// ```
pub struct FromFile<T>(Arc<Shared<T>>);

struct Shared<T> {
    path: PathBuf,
    current: Mutex<Arc<T>>,
    watch: Arc<tokio::sync::Mutex<Watch>>,
}

/// An authenticator that [`FromFile`] can load: `KeyList` or [`Passwords`](crate::Passwords). This
/// trait is sealed.
#[expect(private_bounds, reason = "sealed: formats are not public")]
pub trait ReadFile: Authenticator + Format {}

/// The file format of an authenticator.
pub(crate) trait Format: Sized {
    fn parse(text: &[u8]) -> Result<Self, LineError>;

    /// Reads a file or a folder.
    fn read(path: &Path) -> Result<Self, FileError> {
        Self::read_file(path)
    }

    fn read_file(path: &Path) -> Result<Self, FileError> {
        let text = text_file::read(path)?;
        Self::parse(&text).map_err(|source| FileError::Malformed { path: path.to_owned(), source })
    }

    /// Takes over the settings of the authenticator that this one replaces.
    fn with_settings_of(self, _previous: &Self) -> Self {
        self
    }
}

impl<T: Format + Authenticator> ReadFile for T {}

impl<T: ReadFile> FromFile<T> {
    /// Loads the file. This blocks the thread, so call it before the program serves requests.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a line is faulty.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, FileError> {
        let path = path.into();
        let watch = Watch { stamp: FileStamp::read(&path)?.if_settled(), last_error: None };
        let current = Mutex::new(Arc::new(T::read(&path)?));
        let watch = Arc::new(tokio::sync::Mutex::new(watch));
        Ok(Self(Arc::new(Shared { path, current, watch })))
    }

    /// Loads the file again, even if it has not changed.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a line is faulty. The last valid content stays in use.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Once reading has begun, dropping the future does not stop it.
    pub async fn reload(&self) -> Result<(), FileError> {
        self.blocking(Watch::reload).await.unwrap_or_else(|| {
            let source = io::Error::other("the runtime is shutting down");
            Err(FileError::Unreadable { path: self.0.path.clone(), source })
        })
    }

    /// The path that was passed to [`open`](Self::open).
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Runs one blocking task at a time, so a file system that hangs holds one thread.
    async fn blocking<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Watch, &Shared<T>) -> R + Send + 'static,
    ) -> Option<R> {
        let mut watch = Arc::clone(&self.0.watch).lock_owned().await;
        let shared = Arc::clone(&self.0);
        spawn_blocking(move || work(&mut watch, &shared)).await.ok()
    }

    /// Changes settings of the authenticator. Each reload keeps them.
    pub(crate) fn configure(self, configure: impl FnOnce(&T) -> T) -> Self {
        self.0.replace(configure);
        self
    }
}

impl<T: ReadFile> Authenticator for FromFile<T> {
    fn authenticate(&self, attempt: Attempt) -> BoxFuture<'_, Decision> {
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
    fn replace(&self, next: impl FnOnce(&T) -> T) {
        let mut current = self.current.lock();
        *current = Arc::new(next(&current));
    }
}

/// The state of the file at the last look.
struct Watch {
    /// `None` if the file must be read even though its metadata stays the same.
    stamp: Option<FileStamp>,
    /// The error that was logged last.
    last_error: Option<String>,
}

impl Watch {
    /// Returns the content, after a reload if the file has changed.
    fn refresh<T: Format>(&mut self, shared: &Shared<T>) -> Arc<T> {
        if self.stamp.is_none() || self.stamp != FileStamp::read(&shared.path).ok() {
            // `reload` logs its errors. The last valid content stays in use.
            let _ = self.reload(shared);
        }
        Arc::clone(&shared.current.lock())
    }

    fn reload<T: Format>(&mut self, shared: &Shared<T>) -> Result<(), FileError> {
        let loaded = self.load(shared);
        let error = loaded.as_ref().err().map(ToString::to_string);
        if let Some(error) = error.as_ref().filter(|error| Some(*error) != self.last_error.as_ref())
        {
            tracing::error!(
                name: "file_not_read", target: "zeromq_async::security",
                %error, "reload failed, the last valid content stays in use"
            );
        }
        self.last_error = error;
        loaded
    }

    fn load<T: Format>(&mut self, shared: &Shared<T>) -> Result<(), FileError> {
        self.stamp = None;
        // The stamp comes first: a change during the read then differs from it.
        let stamp = FileStamp::read(&shared.path)?;
        let content = T::read(&shared.path);
        if !matches!(content, Err(FileError::Unreadable { .. })) {
            self.stamp = stamp.if_settled();
        }
        let content = content?;
        shared.replace(|current| content.with_settings_of(current));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
