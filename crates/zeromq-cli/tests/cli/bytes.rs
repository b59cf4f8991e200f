//! Input and output for other programs: --input, --format, --chunk, --file, --after-input.

use std::fs;

use crate::exit::{assert_fails, assert_misused};
use crate::support::{FREE, Zmq, run};

/// Messages with their lengths.
fn lengths(messages: &[&[u8]]) -> Vec<u8> {
    let with_length = |message: &&[u8]| {
        [&u32::try_from(message.len()).unwrap().to_be_bytes()[..], message].concat()
    };
    messages.iter().flat_map(with_length).collect()
}

#[test]
fn lengths_carry_any_bytes() {
    let messages = [&b"a\nb"[..], b"", b"\xff\0"];
    let format = ["--format", "lengths", "-n", "3"];
    let (mut pull, endpoint) = Zmq::bind_raw([&["pull", "--bind", FREE][..], &format].concat());
    let mut push = Zmq::start(["push", "--connect", &endpoint, "--input", "lengths"]);
    push.write(&lengths(&messages));
    push.end().well();
    assert_eq!(pull.bytes(), lengths(&messages));
}

#[test]
fn raw_passes_a_stream_unchanged() {
    let bytes: Vec<u8> = (0..200_000).map(|number: u32| number.to_le_bytes()[0]).collect();
    let raw = ["--format", "raw", "--timeout", "120"];
    let (mut pull, endpoint) = Zmq::bind_raw([&["pull", "--bind", FREE][..], &raw].concat());
    let mut push =
        Zmq::start(["push", "--connect", &endpoint, "--input", "raw", "--chunk", "1000"]);
    push.write(&bytes);
    push.end().well();
    assert_eq!(pull.read(bytes.len()), bytes);
}

#[test]
fn json_input_is_an_array_of_frames() {
    let (pull, endpoint) = Zmq::bind(["pull", "--bind", FREE, "-n", "2", "--format", "json"]);
    let mut push = Zmq::start(["push", "--connect", &endpoint, "--input", "json"]);
    push.write(b"[\"a\",{\"hex\":\"ff0a\"}]\n[\"b\"]\n");
    push.end().well();
    assert_eq!(pull.end().well(), "[\"a\",{\"hex\":\"ff0a\"}]\n[\"b\"]\n");
}

#[test]
fn file_is_one_message() {
    let path = std::env::temp_dir().join(format!("zmq-cli-file-{}", std::process::id()));
    fs::write(&path, b"two\nlines\n").unwrap();
    let (pull, endpoint) = Zmq::bind(["pull", "--bind", FREE, "-n", "2", "--format", "json"]);
    let file = path.to_str().unwrap();
    run(["push", "--connect", &endpoint, "--file", file, "--file", file, "-d", "\n"]).well();
    fs::remove_file(&path).unwrap();
    assert_eq!(pull.end().well(), "[\"two\\nlines\\n\"]\n".repeat(2));
    assert_fails(&run(["push", "--connect", &endpoint, "--file", file]), 1, file);
}

#[test]
fn dealer_ends_when_replies_end() {
    let (_rep, endpoint) = Zmq::bind(["router", "--bind", FREE, "--echo"]);
    let mut dealer = Zmq::start(["dealer", "--connect", &endpoint, "--after-input", "0.5"]);
    dealer.write(b"one\ntwo\n");
    assert_eq!([dealer.line(), dealer.line()], [&b"one"[..], b"two"]);
    assert_eq!(dealer.end().well(), "");
}

#[test]
fn raw_dish_and_dgram_leave_the_address_out() {
    let dish = ["dish", "--bind", FREE, "--group", "g", "--format", "raw", "-n", "1"];
    let (mut dish, endpoint) = Zmq::bind_raw(dish);
    run(["radio", "--connect", &endpoint, "--group", "g", "-m", "x", "--wait-peers", "1"]).well();
    assert_eq!(dish.bytes(), b"x");
}

#[test]
fn wrong_input_is_told() {
    let push = ["push", "--connect", "tcp://127.0.0.1:9"];
    let misused = |options: &[&str], naming| assert_misused(&[&push[..], options].concat(), naming);
    misused(&["-m", "x", "--input", "raw"], "--input");
    misused(&["-m", "x", "--file", "x"], "--file");
    misused(&["--chunk", "9"], "--input");
    misused(&["--input", "raw", "--chunk", "0"], "--chunk");
    let chunk = run([&push[..], &["--input", "json", "--chunk", "9"]].concat());
    assert_fails(&chunk, 1, "--chunk");
    for (format, input) in [("json", &b"no array\n"[..]), ("lengths", b"\0\0\0\x09cut")] {
        let mut push = Zmq::start([&push[..], &["--linger", "0", "--input", format]].concat());
        push.write(input);
        assert_fails(&push.end(), 1, "standard input: ");
    }
}
