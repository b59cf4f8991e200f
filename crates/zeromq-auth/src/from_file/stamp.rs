//! How a file looks from outside: enough to see that it has changed without reading it.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::{FileError, members};

/// How a file looked at one time, or a folder and all files of it that count.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stamp(Vec<Look>);

#[derive(Debug, PartialEq, Eq)]
struct Look {
    modified: SystemTime,
    /// The time that nobody can set back, where there is one.
    changed: SystemTime,
    size: u64,
    number: u64,
}

impl Stamp {
    pub(super) fn of(path: &Path) -> Result<Self, FileError> {
        let mut looks = vec![Look::at(path)?];
        if path.is_dir() {
            for member in members(path)? {
                looks.push(Look::at(&member)?);
            }
        }
        Ok(Self(looks))
    }

    /// The stamp, unless something may change again without looking different: clocks of file
    /// systems tick slowly, and what was just written can be written once more within the same tick.
    pub(super) fn settled(self) -> Option<Self> {
        let now = SystemTime::now();
        let settled = |look: &Look| {
            let age = now.duration_since(look.modified.max(look.changed));
            // A time well ahead of the clock is nobody's who is writing just now.
            age.unwrap_or_else(|ahead| ahead.duration()) > TICK
        };
        self.0.iter().all(settled).then_some(self)
    }
}

impl Look {
    fn at(path: &Path) -> Result<Self, FileError> {
        let look = || {
            let metadata = fs::metadata(path)?;
            let (modified, size) = (metadata.modified()?, metadata.len());
            let (changed, number) = identity(&metadata, modified);
            io::Result::Ok(Self { modified, changed, size, number })
        };
        look().map_err(|source| FileError::Unreadable { path: path.to_owned(), source })
    }
}

/// Longer than the tick of any file system: two seconds on FAT.
const TICK: Duration = Duration::from_millis(2500);

/// When the file was last changed in any way, and its inode.
#[cfg(unix)]
fn identity(metadata: &Metadata, _: SystemTime) -> (SystemTime, u64) {
    use std::os::unix::fs::MetadataExt;
    let part = |number: i64| u64::try_from(number).unwrap_or_default();
    let changed = Duration::from_secs(part(metadata.ctime()))
        + Duration::from_nanos(part(metadata.ctime_nsec()));
    (SystemTime::UNIX_EPOCH + changed, metadata.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata, modified: SystemTime) -> (SystemTime, u64) {
    (modified, 0)
}
