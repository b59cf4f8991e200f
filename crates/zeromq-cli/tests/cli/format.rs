//! Message formats on input and output.

use crate::support::{FREE, Zmq, run};

/// The output of a `pull` with these options for a message from a `push` with those.
fn transferred(pull: &[&str], push: &[&str]) -> String {
    let (puller, endpoint) = Zmq::bind([&["pull", "--bind", FREE, "-n", "1"], pull].concat());
    run([&["push", "--connect", &endpoint], push].concat()).well();
    puller.end().well()
}

#[test]
fn delimiter_splits_and_joins() {
    let push = ["-m", "a::b::", "-d", "::"];
    assert_eq!(transferred(&[], &push), "a\tb\t\n");
    assert_eq!(transferred(&["-d", "+"], &push), "a+b+\n");
    assert_eq!(transferred(&["--format", "hex"], &push), "61\t62\t\n");
    assert_eq!(transferred(&["--format", "json"], &push), "[\"a\",\"b\",\"\"]\n");
    assert_eq!(transferred(&["--format", "json"], &["-m", "a::b"]), "[\"a::b\"]\n");
}

#[test]
fn input_lines_are_split_at_delimiter() {
    let args = ["pull", "--bind", FREE, "-n", "1", "--format", "json"];
    let (pull, endpoint) = Zmq::bind(args);
    let mut push = Zmq::start(["push", "--connect", &endpoint, "--delimiter", "|"]);
    push.write(b"x|\xff|\"\n");
    push.end().well();
    assert_eq!(pull.end().well(), "[\"x\",{\"hex\":\"ff\"},\"\\\"\"]\n");
}

#[test]
fn hex_format_shows_binary_bytes() {
    let (mut pull, endpoint) = Zmq::bind(["pull", "--bind", FREE, "--format", "hex"]);
    let mut push = Zmq::start(["push", "--connect", &endpoint]);
    push.write(b"\x00\xfe\n");
    assert_eq!(pull.line(), b"00fe");
}

#[test]
fn message_may_look_like_an_option() {
    assert_eq!(transferred(&[], &["-m", "--linger"]), "--linger\n");
}
