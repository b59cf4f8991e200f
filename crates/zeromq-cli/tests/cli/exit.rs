//! Exit statuses and error messages.

use crate::support::{Ended, FREE, Zmq, run};

#[track_caller]
pub(crate) fn assert_fails(ended: &Ended, status: i32, naming: &str) {
    assert_eq!(ended.status, status, "{ended:?}");
    let line = ended.errors.lines().last().unwrap();
    assert!(line.starts_with("zmq: ") && line.contains(naming), "{ended:?}");
    let others = ended.errors.lines().filter(|line| !line.starts_with("bound ")).count();
    assert_eq!(others, 1, "{ended:?}");
    assert_eq!(ended.output, "");
}

#[track_caller]
pub(crate) fn assert_misused(arguments: &[&str], naming: &str) {
    let ended = run(arguments);
    assert_eq!(ended.status, 2, "{ended:?}");
    assert!(ended.errors.contains(naming), "{ended:?}");
}

#[test]
fn wrong_usage_is_2() {
    assert_misused(&[], "Usage");
    assert_misused(&["plug", "--bind", FREE], "plug");
    assert_misused(&["pull"], "--bind");
    assert_misused(&["pull", "--bind", FREE, "--frobnicate"], "--frobnicate");
    assert_misused(&["pull", "--bind", FREE, "-m", "x"], "-m");
    assert_misused(&["push", "--bind", FREE, "-s", "x"], "-s");
    assert_misused(&["push", "--bind", FREE, "--echo"], "--echo");
    assert_misused(&["pull", "--bind", FREE, "-n", "0"], "--count");
    assert_misused(&["pull", "--bind", FREE, "-d", ""], "--delimiter");
    assert_misused(&["pull", "--bind", FREE, "--timeout", "soon"], "--timeout");
    assert_misused(&["pull", "--bind", FREE, "--format", "xml"], "--format");
    assert_misused(&["rep", "--bind", FREE, "--echo", "--reply", "x"], "--reply");
    assert_misused(&["rep", "--bind", FREE, "--echo", "-m", "x"], "--message");
    assert_misused(&["proxy", "--frontend", "pull:tcp://x:1", "--backend", "x"], "--frontend");
    assert_misused(&["bench", "pull", "--bind", FREE, "--connect", FREE], "--connect");
    assert_misused(&["bench", "sub", "--bind", FREE, "--peers", "2"], "--peers");
    assert_misused(&["keygen", "rot13"], "rot13");
}

#[test]
fn help_and_version_are_0() {
    for help in [&["--help"][..], &["push", "--help"], &["bench", "pull", "--help"], &["-V"]] {
        assert_ne!(run(help).well(), "");
    }
}

#[test]
fn errors_are_1_and_name_the_endpoint() {
    let (_pull, endpoint) = Zmq::bind(["pull", "--bind", FREE]);
    assert_fails(&run(["pull", "--bind", &endpoint]), 1, &endpoint);
    assert_fails(&run(["pull", "--bind", "nowhere"]), 1, "nowhere");
    assert_fails(&run(["pull", "--bind", FREE, "--connect", "tcp://*:9"]), 1, "tcp://*:9");
    assert_fails(&run(["bench", "pull", "--bind", &endpoint]), 1, &endpoint);
    let front = format!("pull:bind:{endpoint}");
    let proxy = ["proxy", "--frontend", &front, "--backend", "push:bind:tcp://127.0.0.1:0"];
    assert_fails(&run(proxy), 1, &endpoint);
}

#[test]
fn errors_are_1_and_name_the_option() {
    let long = "x".repeat(256);
    let dealer = ["dealer", "--connect", "tcp://127.0.0.1:9", "--routing-id", &long];
    assert_fails(&run(dealer), 1, "--routing-id");
    let router = ["router", "--bind", FREE, "-m", "nobody"];
    assert_fails(&run(router), 1, "--delimiter");
}

#[test]
fn timeouts_are_3() {
    let pull = ["pull", "--bind", FREE, "--timeout", "0.05"];
    assert_fails(&run(pull), 3, "--timeout");
    let (spare, endpoint) = Zmq::bind(["rep", "--bind", FREE]);
    drop(spare);
    for kind in ["req", "dealer"] {
        let ended = run([kind, "--connect", &endpoint, "-m", "x", "--timeout", "0.05"]);
        assert_fails(&ended, 3, "--timeout");
    }
    assert_fails(&run(["push", "--bind", FREE, "-m", "x", "--timeout", "0.05"]), 3, "--timeout");
    for kind in ["push", "pub"] {
        let waiting = [kind, "--bind", FREE, "-m", "x", "--wait-peers", "1"];
        assert_fails(&run([&waiting[..], &["--timeout", "0.05"]].concat()), 3, "--timeout");
    }
}

#[test]
fn unsent_messages_are_reported() {
    let (spare, endpoint) = Zmq::bind(["pull", "--bind", FREE]);
    drop(spare);
    let push = ["push", "--connect", &endpoint, "-m", "a", "-m", "b", "--linger", "0.05"];
    assert_fails(&run(push), 1, &format!("{endpoint}: 2 messages were not sent"));
}

#[test]
#[cfg(unix)]
fn signals_exit_cleanly() {
    for signal in ["TERM", "INT"] {
        let (mut pull, _) = Zmq::bind(["pull", "--bind", FREE]);
        pull.signal(signal);
        assert_eq!(pull.wait().well(), "");

        let sockets = ["router:bind:tcp://127.0.0.1:0", "dealer:bind:tcp://127.0.0.1:0"];
        let (mut proxy, _) =
            Zmq::bind(["proxy", "--frontend", sockets[0], "--backend", sockets[1]]);
        proxy.signal(signal);
        proxy.wait().well();

        let (mut rep, _) = Zmq::bind(["bench", "rep", "--bind", FREE]);
        rep.signal(signal);
        rep.wait().well();
    }
}

#[test]
#[cfg(unix)]
fn signal_ends_the_final_linger() {
    let (spare, endpoint) = Zmq::bind(["pull", "--bind", FREE]);
    drop(spare);
    let mut push = Zmq::start(["push", "--connect", &endpoint, "-m", "x", "--monitor"]);
    push.event("connect_retried");
    push.signal("INT");
    let ended = push.wait();
    assert_eq!(ended.status, 1, "{ended:?}");
    let told = format!("zmq: {endpoint}: 1 message was not sent\n");
    assert!(ended.errors.ends_with(&told), "{ended:?}");
}

#[test]
#[cfg(unix)]
fn signal_reports_unsent_messages() {
    for signal in ["TERM", "INT"] {
        // No message has a peer. One waits in `send`, the others are read but not sent.
        for kind in ["push", "dealer", "pair"] {
            let (mut push, endpoint) =
                Zmq::bind([kind, "--bind", FREE, "-m", "a", "-m", "b", "-m", "c"]);
            let _ = endpoint;
            push.signal(signal);
            assert_fails(&push.wait(), 1, &format!("{FREE}: 3 messages were not sent"));
        }
    }
}

#[test]
#[cfg(unix)]
fn signal_flushes_to_connected_peers() {
    let (mut pull, endpoint) = Zmq::bind(["pull", "--bind", FREE]);
    let mut push = Zmq::start(["push", "--connect", &endpoint]);
    push.write(b"one\n");
    assert_eq!(pull.line(), b"one");
    push.signal("TERM");
    push.wait().well();
}

#[test]
fn line_size_is_limited() {
    let (spare, endpoint) = Zmq::bind(["pull", "--bind", FREE]);
    drop(spare);
    let mut push = Zmq::start(["push", "--connect", &endpoint, "--linger", "0"]);
    push.write(&vec![b'x'; (16 << 20) + 1]);
    assert_fails(&push.wait(), 1, "standard input: line 1 is longer than 16777216 bytes");
}

#[test]
fn closed_output_is_not_an_error() {
    let (mut pull, endpoint) = Zmq::bind_without_output(&["pull", "--bind", FREE]);
    run(["push", "--connect", &endpoint, "-m", "x"]).well();
    let ended = pull.wait();
    assert_eq!((ended.status, ended.errors.as_str()), (0, ""));
}
