//! What every process of a trial does first, whoever plays.

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

/// Why something could not be done, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// A failure for this reason.
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

/// Makes the process ready for its role: gives it its processor and as many file descriptors as
/// may be had, and answers `cpu` on the standard input. When that is closed, the process ends: a role has no end of its own.
///
/// # Errors
///
/// The processor is not there.
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

/// Waits for the process to be ended.
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

/// The last of the processors this process may run on: the first has the most to do besides.
pub(crate) fn last_processor() -> usize {
    let Ok(set) = sched_getaffinity(Pid::this()) else { return 0 };
    let may_run = |processor: &usize| set.is_set(*processor).unwrap_or(false);
    (0..CpuSet::count()).rfind(may_run).unwrap_or(0)
}

/// Raises the limit of open files as far as it goes, and returns it.
pub(crate) fn raise_descriptor_limit() -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return 0 };
    match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => hard,
        Err(_) => soft,
    }
}

/// The processor time this process has used, in user and kernel mode.
pub(crate) fn cpu_time() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return Duration::ZERO };
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(micros.unsigned_abs())
}
