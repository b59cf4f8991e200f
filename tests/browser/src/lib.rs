//! Finds the programs that the tests need. `.ci/browser` installs them.

use std::io::Write;
use std::path::Path;
use std::process::Command;

/// A headless browser, if this machine has one. Reports the skipped test otherwise.
pub fn chromium() -> Option<&'static str> {
    let found =
        ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| has(name));
    found.or_else(|| skipped("there is no chromium"))
}

/// Node with jszmq, if this machine has both. Reports the skipped test otherwise.
pub fn node() -> Option<&'static str> {
    if !has("node") {
        return skipped("there is no node");
    }
    let modules = concat!(env!("CARGO_MANIFEST_DIR"), "/node/node_modules/jszmq");
    if !Path::new(modules).exists() {
        return skipped("there is no jszmq; run npm install in tests/browser/node");
    }
    Some("node")
}

fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Reports a skipped test, bypassing the capture of test output.
///
/// # Panics
///
/// If `BROWSER_TESTS_REQUIRED` is set.
fn skipped<T>(why: &str) -> Option<T> {
    assert!(std::env::var_os("BROWSER_TESTS_REQUIRED").is_none(), "{why}");
    let thread = std::thread::current();
    let name = thread.name().unwrap_or_default();
    let _ = writeln!(std::io::stderr(), "test {name} ... SKIPPED: {why}");
    None
}
