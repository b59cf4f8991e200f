//! Tests that need a process of their own: for its memory, or for what it may have open.

use std::process::Command;

/// Set in a process that was started for one test.
const ALONE: &str = "ZEROMQ_ASYNC_TEST_ALONE";

/// Runs the test of this name again in a process of its own, which may have so many files and
/// sockets open, or as many as the system allows where that is less. True in that process: the test
/// is to go on.
pub fn again(descriptors: Option<u32>, test: &str) -> bool {
    if std::env::var_os(ALONE).is_some_and(|alone| alone == test) {
        return true;
    }
    let program = std::env::current_exe().expect("this program");
    let script = "[ -z \"$1\" ] || ulimit -n \"$1\" || ulimit -n \"$(ulimit -Hn)\"; \
                  exec \"$0\" --exact \"$2\" --nocapture";
    let descriptors = descriptors.map_or_else(String::new, |descriptors| descriptors.to_string());
    let status = Command::new("sh")
        .args(["-c", script])
        .arg(program)
        .args([&descriptors, test])
        .env(ALONE, test)
        .status();
    assert!(status.expect("a shell").success(), "{test}, in a process of its own");
    false
}

/// How many files and sockets this process may have open.
pub fn descriptors() -> usize {
    let shell = Command::new("sh").args(["-c", "ulimit -n"]).output().expect("a shell");
    let text = String::from_utf8(shell.stdout).expect("a number");
    text.trim().parse().unwrap_or(usize::MAX)
}

/// Octets of memory that this process has in use, where the system tells.
pub fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: usize = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kib * 1024)
}
