//! Runs the example and checks its output.

use std::env::consts::EXE_EXTENSION;
use std::path::PathBuf;
use std::process::Command;

#[test]
fn hello_world_answers_all_requests() {
    let stdout = run();
    assert!(stdout.contains("server: a REP socket, bound to tcp://127.0.0.1:"), "{stdout}");
    for client in 1..=4 {
        let exchange = format!(
            r#"client {client}: sent "Hello 1 from client {client}", got "World 1 from client {client}""#
        );
        assert!(stdout.contains(&exchange), "{stdout}");
    }
    assert!(stdout.contains("server: answered 4000 requests"), "{stdout}");
    let counts = "done: 4 clients sent 4000 requests over TCP and got 4000 replies";
    assert!(stdout.contains(counts), "{stdout}");
}

fn run() -> String {
    let path = example();
    let output = Command::new(&path).output().unwrap_or_else(|error| {
        panic!("{}: {error}; `cargo test -p hello_world` builds it", path.display())
    });
    let stdout = String::from_utf8(output.stdout).expect("the output is UTF-8");
    assert!(output.status.success(), "{}, after:\n{stdout}", output.status);
    stdout
}

/// Cargo puts examples into `target/PROFILE/examples` and this test into `target/PROFILE/deps`.
fn example() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let profile = test.ancestors().nth(2).expect("the test is in target/PROFILE/deps");
    profile.join("examples/hello_world").with_extension(EXE_EXTENSION)
}
