//! Tests that need a process of their own, with a number of descriptors to be there or not.

use std::process::Command;

/// Set in a process that was started for one test.
const ALONE: &str = "ZEROMQ_ASYNC_TEST_ALONE";

/// Runs the test of this name again in a process that may have so many files and sockets open, or
/// as many as the system allows where that is less. True in that process: the test is to go on.
pub(crate) fn with_descriptors(descriptors: u32, test: &str) -> bool {
    if std::env::var_os(ALONE).is_some_and(|alone| alone == test) {
        return true;
    }
    let program = std::env::current_exe().expect("this program");
    let script = "ulimit -n \"$1\" || ulimit -n \"$(ulimit -Hn)\"; \
                  exec \"$0\" --exact \"$2\" --nocapture";
    let status = Command::new("sh")
        .arg("-c")
        .arg(script)
        .arg(program)
        .args([&descriptors.to_string(), test])
        .env(ALONE, test)
        .status();
    assert!(status.expect("a shell").success(), "{test}, in a process of its own");
    false
}

/// How many files and sockets this process may have open.
pub(crate) fn descriptors() -> usize {
    let shell = Command::new("sh").args(["-c", "ulimit -n"]).output().expect("a shell");
    let text = String::from_utf8(shell.stdout).expect("a number");
    text.trim().parse().unwrap_or(usize::MAX)
}
