//! Tests that run in a separate process, because they measure its memory or its open files.

use std::process::Command;

/// Set in a process that runs one test.
const ALONE: &str = "ZEROMQ_ASYNC_TEST_ALONE";

/// Runs the named test in a separate process with this limit of open files and sockets, or with the
/// maximum of the system if that is lower. Returns true in that process, where the test continues.
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
    assert!(status.expect("a shell").success(), "{test}, in a separate process");
    false
}

/// The limit of open files and sockets of this process.
pub fn descriptors() -> usize {
    let shell = Command::new("sh").args(["-c", "ulimit -n"]).output().expect("a shell");
    let text = String::from_utf8(shell.stdout).expect("a number");
    text.trim().parse().unwrap_or(usize::MAX)
}

/// The resident memory of this process in bytes, if the system reports it.
pub fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: usize = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kib * 1024)
}
