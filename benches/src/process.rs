//! The setup of every process of a trial, for all contestants.

use std::fmt;
use std::io;
use std::process::exit;
use std::thread;
use std::time::Duration;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::sys::time::TimeValLike;
use nix::unistd::Pid;

use crate::line::Line;
use crate::order::Order;

/// The reason of a failure, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// Creates a failure with this reason.
    pub fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// Prepares the process for its role. Pins it to its processor, raises the limit of file
/// descriptors, and starts to answer `cpu` on the standard input. The process exits when the
/// standard input is closed, because a role does not end by itself.
///
/// # Errors
///
/// The processor does not exist.
pub(crate) fn prepare(order: &Order) -> Result<(), Failure> {
    raise_descriptor_limit();
    if let Some(processor) = order.processor {
        pin(processor)?;
    }
    thread::spawn(answer);
    Ok(())
}

fn answer() {
    for line in io::stdin().lines() {
        if !line.is_ok_and(|line| line == "cpu") || Line::Cpu(cpu_time()).say().is_err() {
            break;
        }
    }
    exit(0);
}

/// Waits until the process is killed.
pub(crate) fn wait() -> ! {
    loop {
        thread::park();
    }
}

fn pin(processor: usize) -> Result<(), Failure> {
    let mut set = CpuSet::new();
    set.set(processor)
        .and_then(|()| sched_setaffinity(Pid::this(), &set))
        .map_err(|error| Failure::new(format!("cannot run on processor {processor}: {error}")))
}

/// The last processor that this process may run on. The first one usually has more other work.
pub(crate) fn last_processor() -> usize {
    let Ok(set) = sched_getaffinity(Pid::this()) else { return 0 };
    let may_run = |processor: &usize| set.is_set(*processor).unwrap_or(false);
    (0..CpuSet::count()).rfind(may_run).unwrap_or(0)
}

/// Raises the limit of open files to the maximum and returns it.
pub(crate) fn raise_descriptor_limit() -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return 0 };
    match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => hard,
        Err(_) => soft,
    }
}

/// The processor time of this process, in user and kernel mode.
pub(crate) fn cpu_time() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return Duration::ZERO };
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(micros.unsigned_abs())
}
