//! Values that come from files, and are loaded again when the files change.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::error::TlsConfigError;
use super::file_stamp::FileStamp;
use crate::sync::Mutex;

/// A value that was given, or that files have.
pub(super) enum Source<T> {
    Value(Arc<T>),
    Files(Arc<Files<T>>),
}

pub(super) struct Files<T> {
    paths: Vec<PathBuf>,
    load: fn(&[PathBuf]) -> Result<T, TlsConfigError>,
    current: Mutex<Arc<T>>,
    watch: Arc<tokio::sync::Mutex<Watch>>,
}

/// The state of the files at the last look.
struct Watch {
    /// `None` if the files must be read even though their metadata stays the same.
    stamp: Option<FileStamp>,
    /// The error that was logged last.
    last_error: Option<String>,
}

impl<T: Send + Sync + 'static> Source<T> {
    pub(super) fn value(value: T) -> Self {
        Self::Value(Arc::new(value))
    }

    /// Loads the files. This blocks the thread.
    pub(super) fn files(
        paths: Vec<PathBuf>,
        load: fn(&[PathBuf]) -> Result<T, TlsConfigError>,
    ) -> Result<Self, TlsConfigError> {
        // The stamp comes first: a change during the read then differs from it.
        let stamp = FileStamp::read(&paths).ok().and_then(FileStamp::if_settled);
        let current = Mutex::new(Arc::new(load(&paths)?));
        let watch = Arc::new(tokio::sync::Mutex::new(Watch { stamp, last_error: None }));
        Ok(Self::Files(Arc::new(Files { paths, load, current, watch })))
    }

    /// The value, after a reload if the files have changed.
    ///
    /// Tokio's blocking threads do all file access, one at a time for the same files. So a file system
    /// that hangs holds one thread.
    pub(super) async fn current(&self) -> Arc<T> {
        let files = match self {
            Self::Value(value) => return value.clone(),
            Self::Files(files) => files.clone(),
        };
        let mut watch = files.watch.clone().lock_owned().await;
        let looked = files.clone();
        // It fails only if the runtime shuts down.
        let _ = spawn_blocking(move || watch.refresh(&looked)).await;
        files.current.lock().clone()
    }

    pub(super) fn paths(&self) -> &[PathBuf] {
        match self {
            Self::Value(_) => &[],
            Self::Files(files) => &files.paths,
        }
    }
}

impl<T> Clone for Source<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Value(value) => Self::Value(value.clone()),
            Self::Files(files) => Self::Files(files.clone()),
        }
    }
}

impl Watch {
    /// Loads changed files. If that fails, the last valid value stays in use.
    fn refresh<T>(&mut self, files: &Files<T>) {
        let stamp = FileStamp::read(&files.paths).ok();
        if self.stamp.is_some() && self.stamp == stamp {
            return;
        }
        let loaded = (files.load)(&files.paths);
        let is_unreadable = matches!(loaded, Err(TlsConfigError::Unreadable { .. }));
        self.stamp = stamp.filter(|_| !is_unreadable).and_then(FileStamp::if_settled);
        let error = loaded.as_ref().err().map(ToString::to_string);
        if let Some(error) = error.as_ref().filter(|error| Some(*error) != self.last_error.as_ref())
        {
            tracing::error!(
                name: "file_not_read", target: "zeromq_async::security",
                %error, "reload failed, the last valid content stays in use"
            );
        }
        self.last_error = error;
        if let Ok(value) = loaded {
            *files.current.lock() = Arc::new(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;

    /// Counts the events of level ERROR.
    #[derive(Clone, Default)]
    struct Errors(Arc<AtomicUsize>);

    impl Subscriber for Errors {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn event(&self, event: &Event<'_>) {
            let name = event.metadata().name();
            assert_eq!((name, *event.metadata().level()), ("file_not_read", tracing::Level::ERROR));
            self.0.fetch_add(1, Ordering::Relaxed);
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    /// Any text but `faulty` is valid.
    fn load(paths: &[PathBuf]) -> Result<String, TlsConfigError> {
        let read = fs::read_to_string(&paths[0]);
        let text = read.map_err(|error| TlsConfigError::unreadable(&paths[0], error))?;
        match text.as_str() {
            "faulty" => Err(TlsConfigError::NoCertificate { origin: "the file".into() }),
            _ => Ok(text),
        }
    }

    #[test]
    fn each_fault_is_logged_once() {
        let path = std::env::temp_dir().join(format!("zmq-reloaded-{}", std::process::id()));
        fs::write(&path, "first").unwrap();
        let source = Source::files(vec![path.clone()], load).unwrap();
        let Source::Files(files) = &source else { panic!("it has files") };
        let errors = Errors::default();
        let _guard = tracing::subscriber::set_default(errors.clone());
        let refreshed = || {
            files.watch.blocking_lock().refresh(files);
            files.current.lock().clone()
        };
        for (text, value, logged) in [
            ("first", "first", 0),
            ("faulty", "first", 1),
            ("faulty", "first", 1),
            ("second", "second", 1),
            ("faulty", "second", 2),
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(*refreshed(), value);
            assert_eq!(errors.0.load(Ordering::Relaxed), logged, "{text}");
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(*refreshed(), "second");
        assert_eq!(errors.0.load(Ordering::Relaxed), 3);
    }
}
