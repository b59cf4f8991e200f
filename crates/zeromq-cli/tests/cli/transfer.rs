//! push and pull with streaming input and output.

use std::time::{Duration, Instant};

use crate::support::{FREE, Zmq, run};

#[test]
fn input_lines_are_sent_and_printed() {
    let (mut pull, endpoint) = Zmq::bind(["pull", "--bind", FREE]);
    let mut push = Zmq::start(["push", "--connect", &endpoint]);
    for line in ["one", "", "three"] {
        push.write(format!("{line}\n").as_bytes());
        assert_eq!(pull.line(), line.as_bytes());
    }
    push.write(b"no end of line");
    push.end().well();
    assert_eq!(pull.line(), b"no end of line");
}

#[test]
fn everything_is_sent_before_push_ends() {
    let (pull, endpoint) = Zmq::bind(["pull", "--bind", FREE, "-n", "20000"]);
    let mut push = Zmq::start(["push", "--connect", &endpoint]);
    let lines: String = (0..20_000).map(|number| format!("{number}\n")).collect();
    push.write(lines.as_bytes());
    push.end().well();
    assert_eq!(pull.end().well(), lines);
}

#[test]
fn push_waits_for_its_puller() {
    let (spare, endpoint) = Zmq::bind(["pull", "--bind", FREE]);
    drop(spare);
    let mut push = Zmq::start(["push", "--connect", &endpoint, "-m", "x", "--monitor"]);
    push.event("connect_failed");
    let (pull, _) = Zmq::bind(["pull", "--bind", &endpoint, "-n", "1"]);
    assert_eq!(pull.end().well(), "x\n");
    push.wait().well();
}

#[test]
fn bytes_pass_unchanged_through_push_pull() {
    let (mut pull, endpoint) = Zmq::bind(["pull", "--bind", FREE]);
    let mut push = Zmq::start(["push", "--connect", &endpoint]);
    push.write(b"\xff\0\r\n");
    assert_eq!(pull.line(), b"\xff\0\r");
}

#[test]
fn count_limits_sent_messages() {
    let (mut pull, endpoint) = Zmq::bind(["pull", "--bind", FREE]);
    run(["push", "--connect", &endpoint, "-m", "1", "-m", "2", "-n", "1"]).well();
    run(["push", "--connect", &endpoint, "-m", "end"]).well();
    assert_eq!([pull.line(), pull.line()], [&b"1"[..], b"end"]);
}

#[test]
fn interval_paces_the_sends() {
    let (_pull, endpoint) = Zmq::bind(["pull", "--bind", FREE]);
    let start = Instant::now();
    run(["push", "--connect", &endpoint, "-m", "1", "-m", "2", "-m", "3", "--interval", "0.05"])
        .well();
    assert!(start.elapsed() >= Duration::from_millis(100));
}

#[test]
fn several_endpoints_are_one_socket() {
    let mut pull = Zmq::start(["pull", "--bind", FREE, "--bind", FREE, "-n", "2"]);
    for endpoint in [pull.bound(), pull.bound()] {
        run(["push", "--connect", &endpoint, "-m", "x"]).well();
    }
    assert_eq!(pull.wait().well(), "x\nx\n");
}

#[test]
#[cfg(unix)]
fn ipc_path_is_removed_on_exit() {
    let path = std::env::temp_dir().join(format!("zmq-cli-{}.sock", std::process::id()));
    let endpoint = format!("ipc://{}", path.display());
    let (pull, bound) = Zmq::bind(["pull", "--bind", &endpoint, "-n", "1"]);
    assert_eq!(bound, endpoint);
    run(["push", "--connect", &endpoint, "-m", "x"]).well();
    assert_eq!(pull.end().well(), "x\n");
    assert!(!path.exists());
}
