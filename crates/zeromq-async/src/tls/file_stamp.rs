//! Detecting that files have changed without reading them.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The file system's metadata of several files.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FileStamp(Vec<Entry>);

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    modified: SystemTime,
    /// The inode's change time, which programs cannot set. The modification time where the system has
    /// no change time.
    changed: SystemTime,
    size: u64,
    /// The inode number, or 0.
    inode: u64,
}

impl FileStamp {
    pub(super) fn read(paths: &[PathBuf]) -> io::Result<Self> {
        paths.iter().map(|path| Entry::read(path)).collect::<io::Result<_>>().map(Self)
    }

    /// Returns the stamp, or `None` if a later change could leave it the same: the clock of a file
    /// system is coarse, and two writes within one tick have the same time.
    pub(super) fn if_settled(self) -> Option<Self> {
        let now = SystemTime::now();
        let settled = |entry: &Entry| {
            let age = now.duration_since(entry.modified.max(entry.changed));
            // A time far in the future was not set by a write that happens now.
            age.unwrap_or_else(|ahead| ahead.duration()) > MAX_TICK
        };
        self.0.iter().all(settled).then_some(self)
    }
}

impl Entry {
    fn read(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        let (modified, size) = (metadata.modified()?, metadata.len());
        let (changed, inode) = change_time_and_inode(&metadata, modified);
        Ok(Self { modified, changed, size, inode })
    }
}

/// Longer than the tick of any file system. FAT has the longest: two seconds.
const MAX_TICK: Duration = Duration::from_millis(2500);

#[cfg(unix)]
fn change_time_and_inode(metadata: &Metadata, _: SystemTime) -> (SystemTime, u64) {
    use std::os::unix::fs::MetadataExt;
    let unsigned = |number: i64| u64::try_from(number).unwrap_or_default();
    let changed = Duration::from_secs(unsigned(metadata.ctime()))
        + Duration::from_nanos(unsigned(metadata.ctime_nsec()));
    (SystemTime::UNIX_EPOCH + changed, metadata.ino())
}

#[cfg(not(unix))]
fn change_time_and_inode(_: &Metadata, modified: SystemTime) -> (SystemTime, u64) {
    (modified, 0)
}
