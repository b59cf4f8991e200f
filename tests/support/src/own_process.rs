//! Tests that run in a process of their own, because they measure its memory or its open files.

use std::process::Command;

/// Set in a process that runs one test.
const OWN_PROCESS: &str = "ZEROMQ_ASYNC_TEST_OWN_PROCESS";

/// Runs the test with this path (`module::test`) in a process of its own. Returns true in that
/// process, where the test continues.
///
/// `descriptors` is the limit of open files and sockets there, or the maximum of the system if that
/// is lower.
///
/// # Panics
///
/// If the test fails there, or if there is no test with this path.
pub fn enter(descriptors: Option<u32>, test: &str) -> bool {
    if std::env::var_os(OWN_PROCESS).is_some_and(|running| running == test) {
        return true;
    }
    let program = std::env::current_exe().expect("this program");
    let script = "[ -z \"$1\" ] || ulimit -n \"$1\" || ulimit -n \"$(ulimit -Hn)\"; \
                  exec \"$0\" --exact \"$2\" --nocapture";
    let descriptors = descriptors.map_or_else(String::new, |descriptors| descriptors.to_string());
    let child = Command::new("sh")
        .args(["-c", script])
        .arg(program)
        .args([&descriptors, test])
        .env(OWN_PROCESS, test)
        .output()
        .expect("a shell");
    let (stdout, stderr) =
        (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    let passed = child.status.success() && stdout.contains("1 passed");
    assert!(passed, "{test}, in its own process:\n{stdout}{stderr}");
    false
}

/// The limit of open files and sockets of this process.
pub fn descriptor_limit() -> usize {
    let shell = Command::new("sh").args(["-c", "ulimit -n"]).output().expect("a shell");
    let text = String::from_utf8(shell.stdout).expect("a number");
    text.trim().parse().unwrap_or(usize::MAX)
}

/// The resident memory of this process in bytes, if the system reports it.
pub fn resident_memory() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: usize = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kib * 1024)
}
