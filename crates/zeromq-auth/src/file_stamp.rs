//! Detecting that a file has changed without reading it.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::error::FileError;
use crate::text_file::certificates_in;

/// The file system's metadata of a file, or of a folder and each certificate in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FileStamp(Vec<Entry>);

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    modified: SystemTime,
    /// The inode's change time, which programs cannot set. The modification time where the system
    /// has no change time.
    changed: SystemTime,
    size: u64,
    /// The inode number, or 0.
    inode: u64,
}

impl FileStamp {
    pub(crate) fn read(path: &Path) -> Result<Self, FileError> {
        let mut entries = vec![Entry::read(path)?];
        if path.is_dir() {
            for certificate in certificates_in(path)? {
                entries.push(Entry::read(&certificate)?);
            }
        }
        Ok(Self(entries))
    }

    /// Returns the stamp, or `None` if a later change could leave it the same: the clock of a file
    /// system is coarse, and two writes within one tick have the same time.
    pub(crate) fn if_settled(self) -> Option<Self> {
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
    fn read(path: &Path) -> Result<Self, FileError> {
        let read = || {
            let metadata = fs::metadata(path)?;
            let (modified, size) = (metadata.modified()?, metadata.len());
            let (changed, inode) = change_time_and_inode(&metadata, modified);
            io::Result::Ok(Self { modified, changed, size, inode })
        };
        read().map_err(|source| FileError::Unreadable { path: path.to_owned(), source })
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
