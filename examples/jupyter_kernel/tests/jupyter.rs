//! Tests the kernel with Jupyter's client library.

use std::io::{Write, stderr};
use std::process::Command;

#[test]
fn jupyter_client_runs_code() {
    let has = Command::new("python3").args(["-c", "import jupyter_client"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        // Not by `println!`, which is captured.
        let why = "python3 has no jupyter_client; `pip install jupyter_client`";
        let _ = writeln!(stderr(), "test jupyter_client_runs_code ... SKIPPED: {why}");
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/frontend.py");
    let frontend =
        Command::new("python3").args([script, env!("CARGO_BIN_EXE_jupyter_kernel")]).output();
    let frontend = frontend.expect("python3 runs");
    let stdout = String::from_utf8_lossy(&frontend.stdout);
    assert!(
        frontend.status.success() && stdout.contains("ran code with jupyter_client"),
        "{stdout}{}",
        String::from_utf8_lossy(&frontend.stderr)
    );
}
