//! Warnings on standard error without `--monitor`.

use std::io::Write;
use std::net::TcpListener;
use std::thread;

use crate::support::Zmq;

/// Waits for the next warning or error.
fn warning(zmq: &mut Zmq) -> String {
    loop {
        let line = zmq.error();
        if line.starts_with("zmq: ") {
            return line;
        }
    }
}

#[test]
fn unknown_host_is_reported_once() {
    const UNKNOWN: &str = "tcp://no-such-host.invalid:5555";
    let push = ["push", "--connect", UNKNOWN, "-m", "x", "--linger", "2"];
    let front = format!("pull:connect:{UNKNOWN}");
    let proxy = ["proxy", "--frontend", &front, "--backend", "push:bind:tcp://127.0.0.1:0"];
    let bench = ["bench", "pull", "--connect", UNKNOWN];
    for arguments in [&push[..], &proxy, &bench] {
        let mut zmq = Zmq::start(arguments);
        let line = warning(&mut zmq);
        assert!(line.contains(UNKNOWN) && line.contains("trying again"), "{line}");
    }
    // Many attempts later there is only one more line, about the unsent message.
    let ended = Zmq::start(push).end();
    let told: Vec<_> = ended.errors.lines().collect();
    assert_eq!((ended.status, told.len()), (1, 2), "{told:?}");
    assert!(told[1].contains("was not sent"), "{told:?}");
}

#[test]
fn server_of_another_protocol_is_reported() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.6, and more to fill a greeting up");
        }
    });
    let mut zmq = Zmq::start(["push", "--connect", &endpoint, "-m", "x"]);
    assert!(warning(&mut zmq).contains(&endpoint));
}

#[test]
fn monitor_replaces_warnings() {
    let mut zmq = Zmq::start(["push", "--connect", "tcp://no-such-host.invalid:1", "--monitor"]);
    for event in ["connect_failed", "connect_retried", "connect_failed"] {
        assert!(zmq.error().contains(event));
    }
}
