use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, subscriber};

use super::*;
use crate::error::LineProblem;

/// Counts the reads of all files.
static READS: AtomicUsize = AtomicUsize::new(0);

/// The content of a file. Any text but `faulty` is valid.
struct Content(String);

impl Format for Content {
    fn read(path: &Path) -> Result<Self, FileError> {
        READS.fetch_add(1, Ordering::Relaxed);
        Self::read_file(path)
    }

    fn parse(text: &[u8]) -> Result<Self, LineError> {
        match text {
            b"faulty" => Err(LineProblem::NoColon.at(1)),
            _ => Ok(Self(String::from_utf8_lossy(text).into_owned())),
        }
    }
}

/// Counts the events of level ERROR.
#[derive(Clone, Default)]
struct Errors(Arc<AtomicUsize>);

impl Subscriber for Errors {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn event(&self, event: &Event<'_>) {
        if *event.metadata().level() == tracing::Level::ERROR {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Runs the tests one at a time, because they share `READS`.
static LOCK: LazyLock<Mutex<()>> = LazyLock::new(Mutex::default);

fn with_file(name: &str, test: impl FnOnce(&Path, &Shared<Content>, &mut Watch)) {
    let _guard = LOCK.lock();
    let path = std::env::temp_dir().join(format!("zeromq-async-{name}-{}", std::process::id()));
    fs::write(&path, "first").unwrap();
    let current = Mutex::new(Arc::new(Content::read(&path).unwrap()));
    let watch = Arc::new(tokio::sync::Mutex::new(Watch { stamp: None, last_error: None }));
    let shared = Shared { path: path.clone(), current, watch };
    test(&path, &shared, &mut Watch { stamp: None, last_error: None });
    let _ = fs::remove_file(path);
}

#[test]
fn changed_file_is_reloaded() {
    with_file("stamp", |path, shared, watch| {
        watch.stamp = FileStamp::read(path).ok();
        let reads = READS.load(Ordering::Relaxed);
        assert_eq!(watch.refresh(shared).0, "first");
        assert_eq!(READS.load(Ordering::Relaxed), reads);

        fs::write(path, "second").unwrap();
        assert_eq!(watch.refresh(shared).0, "second");
    });
}

#[test]
fn just_written_file_is_always_reloaded() {
    with_file("tick", |path, shared, watch| {
        for text in ["aaa", "bbb", "ccc", "ddd"] {
            fs::write(path, text).unwrap();
            assert_eq!(watch.refresh(shared).0, text);
            assert!(watch.stamp.is_none());
        }
    });
}

#[test]
fn faulty_file_keeps_old_and_logs_once() {
    with_file("fault", |path, shared, watch| {
        let errors = Errors::default();
        subscriber::with_default(errors.clone(), || {
            let logged = || errors.0.load(Ordering::Relaxed);
            fs::write(path, "faulty").unwrap();
            for _ in 0..3 {
                assert_eq!(watch.refresh(shared).0, "first");
                assert_eq!(logged(), 1);
            }
            fs::remove_file(path).unwrap();
            for _ in 0..3 {
                assert_eq!(watch.refresh(shared).0, "first");
                assert_eq!(logged(), 2);
            }
            fs::write(path, "repaired").unwrap();
            assert_eq!(watch.refresh(shared).0, "repaired");
            fs::write(path, "faulty").unwrap();
            assert_eq!(watch.refresh(shared).0, "repaired");
            assert_eq!(logged(), 3);
        });
    });
}

#[test]
fn folder_stamp_includes_its_files() {
    let folder = std::env::temp_dir().join(format!("zeromq-async-look-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let stamp = || FileStamp::read(&folder).unwrap();
    fs::write(folder.join("a.key"), "1").unwrap();
    let before = stamp();
    assert_eq!(stamp(), before);
    // This does not change the metadata of the folder.
    fs::write(folder.join("a.key"), "22").unwrap();
    assert_ne!(stamp(), before);
    let _ = fs::remove_dir_all(folder);
}
