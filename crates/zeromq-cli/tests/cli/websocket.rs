//! ws: sockets over WebSocket.

use libzmq_peer::{Context, Opt, Socket, SocketKind};

use crate::exit::assert_fails;
use crate::support::{Zmq, run};

const FREE_WS: &str = "ws://127.0.0.1:0/chat";

#[test]
fn requests_pass_over_ws() {
    let (_rep, endpoint) = Zmq::bind(["rep", "--bind", FREE_WS, "--echo"]);
    assert!(endpoint.starts_with("ws://127.0.0.1:") && endpoint.ends_with("/chat"), "{endpoint}");
    let req = run(["req", "--connect", &endpoint, "-m", "one", "-m", "two"]);
    assert_eq!(req.well(), "one\ntwo\n");
}

#[test]
fn subscriptions_pass_over_ws() {
    let (publisher, endpoint) =
        Zmq::bind(["pub", "--bind", FREE_WS, "--wait-peers", "1", "-m", "b", "-m", "a"]);
    assert_eq!(run(["sub", "--connect", &endpoint, "-s", "a", "-n", "1"]).well(), "a\n");
    publisher.end().well();
}

#[test]
fn libzmq_talks_ws_with_dealer() {
    let router = Socket::new(&Context::new().unwrap(), SocketKind::Router).unwrap();
    router.set_i32(Opt::RCVTIMEO, 120_000).unwrap();
    let endpoint = router.bind("ws://127.0.0.1:*/zmq").unwrap();
    let dealer = ["dealer", "--connect", &endpoint, "--routing-id", "me", "-m", "hello", "-n", "1"];
    let dealer = Zmq::start(dealer);
    assert_eq!(router.recv().unwrap(), [&b"me"[..], b"hello"]);
    router.send(&["me", "welcome"]).unwrap();
    assert_eq!(dealer.end().well(), "welcome\n");
}

#[test]
fn ws_errors_name_the_endpoint() {
    let (_pull, endpoint) = Zmq::bind(["pull", "--bind", FREE_WS]);
    assert_fails(&run(["pull", "--bind", &endpoint]), 1, &endpoint);
    for side in ["--bind", "--connect"] {
        let stream = run(["stream", side, "ws://127.0.0.1:9", "-m", "x"]);
        assert_fails(&stream, 1, "ws://127.0.0.1:9");
    }
}

#[test]
fn bench_measures_ws() {
    let pull = ["bench", "pull", "--bind", FREE_WS, "--count", "1000", "--json"];
    let (pull, endpoint) = Zmq::bind(pull);
    run(["bench", "push", "--connect", &endpoint]).well();
    let result: serde_json::Value = serde_json::from_str(&pull.end().well()).unwrap();
    assert_eq!(result["messages"], 1000);
}
