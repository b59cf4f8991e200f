//! Sockets that send and receive: req, rep, dealer, router, pair.

use crate::support::{FREE, Zmq, run};

#[test]
fn rep_echoes_requests() {
    let (rep, endpoint) = Zmq::bind(["rep", "--bind", FREE, "--echo", "-n", "2"]);
    let req = run(["req", "--connect", &endpoint, "-m", "one", "-m", "two"]);
    assert_eq!(req.well(), "one\ntwo\n");
    assert_eq!(rep.end().well(), "one\ntwo\n");
}

#[test]
fn rep_replies_with_a_text() {
    let (_rep, endpoint) = Zmq::bind(["rep", "--bind", FREE, "--reply", "a,b", "-d", ","]);
    let req = run(["req", "--connect", &endpoint, "-m", "x", "--format", "json"]);
    assert_eq!(req.well(), "[\"a\",\"b\"]\n");
}

#[test]
fn rep_replies_with_input_lines() {
    let (mut rep, endpoint) = Zmq::bind(["rep", "--bind", FREE]);
    let mut req = Zmq::start(["req", "--connect", &endpoint]);
    for (request, reply) in [("1 + 1", "2"), ("2 + 2", "4")] {
        req.write(format!("{request}\n").as_bytes());
        assert_eq!(rep.line(), request.as_bytes());
        rep.write(format!("{reply}\n").as_bytes());
        assert_eq!(req.line(), reply.as_bytes());
    }
    req.end().well();
}

#[test]
fn rep_exits_after_its_last_reply() {
    let (rep, endpoint) = Zmq::bind(["rep", "--bind", FREE, "-m", "first", "-m", "last"]);
    let req = run(["req", "--connect", &endpoint, "-m", "a", "-m", "b"]);
    assert_eq!(req.well(), "first\nlast\n");
    assert_eq!(rep.end().well(), "a\nb\n");
}

#[test]
fn req_exits_after_count_exchanges() {
    let (_rep, endpoint) = Zmq::bind(["rep", "--bind", FREE, "--echo"]);
    let req = run(["req", "--connect", &endpoint, "-m", "1", "-m", "2", "-m", "3", "-n", "2"]);
    assert_eq!(req.well(), "1\n2\n");
}

#[test]
fn router_replies_to_a_dealer_by_name() {
    let (router, endpoint) =
        Zmq::bind(["router", "--bind", FREE, "--reply", "yes", "-n", "1", "-d", "|"]);
    let dealer =
        run(["dealer", "--connect", &endpoint, "--routing-id", "me", "-m", "well?", "-n", "1"]);
    assert_eq!(dealer.well(), "yes\n");
    assert_eq!(router.end().well(), "me|well?\n");
}

#[test]
fn router_keeps_the_envelope_of_a_req() {
    for answer in [&["--reply", "yes"][..], &["--echo"]] {
        let (_router, endpoint) = Zmq::bind([&["router", "--bind", FREE], answer].concat());
        let req = run(["req", "--connect", &endpoint, "-m", "yes"]);
        assert_eq!(req.well(), "yes\n");
    }
}

#[test]
fn router_sends_to_peer_named_in_input() {
    let (mut router, endpoint) = Zmq::bind(["router", "--bind", FREE, "-d", ":"]);
    let mut dealers = ["a", "b"].map(|name| {
        let dealer = ["dealer", "--connect", &endpoint, "--routing-id", name, "-m", "here"];
        let dealer = Zmq::start(dealer);
        assert_eq!(router.line(), format!("{name}:here").as_bytes());
        dealer
    });
    router.write(b"b:for b\na:for a\n");
    assert_eq!(dealers[0].line(), b"for a");
    assert_eq!(dealers[1].line(), b"for b");
}

#[test]
fn pair_talks_both_ways_at_once() {
    let (mut one, endpoint) = Zmq::bind(["pair", "--bind", FREE]);
    let mut other = Zmq::start(["pair", "--connect", &endpoint]);
    one.write(b"from one\n");
    assert_eq!(other.line(), b"from one");
    one.write(b"again\n");
    assert_eq!(other.line(), b"again");
    other.write(b"from the other\n");
    assert_eq!(one.line(), b"from the other");
}

#[test]
fn dealer_exits_at_count_with_open_input() {
    let (_rep, endpoint) = Zmq::bind(["rep", "--bind", FREE, "--echo"]);
    let mut dealer = Zmq::start(["dealer", "--connect", &endpoint, "-n", "1", "-d", ","]);
    dealer.write(b",question\n");
    let ended = dealer.wait();
    assert_eq!(ended.well(), ",question\n");
}
