//! The resources of the process at one moment.

use std::fs;
use std::io;

use tokio::runtime::Handle;

/// The resources of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Resident memory, in KiB.
    pub memory: u64,
    /// Open file descriptors.
    pub descriptors: u64,
    /// Tasks of the runtime that have not ended.
    pub tasks: u64,
}

impl Sample {
    /// Takes a sample of this process and the current runtime.
    ///
    /// # Errors
    ///
    /// `/proc` cannot be read. Only Linux has it.
    pub fn take() -> io::Result<Self> {
        let status = fs::read_to_string("/proc/self/status")?;
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let memory = memory.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse().ok());
        Ok(Self {
            memory: memory.ok_or_else(|| io::Error::other("/proc/self/status has no VmRSS"))?,
            descriptors: fs::read_dir("/proc/self/fd")?.count() as u64,
            tasks: Handle::current().metrics().num_alive_tasks() as u64,
        })
    }
}
