//! pub, sub, xpub and xsub.

use crate::support::{FREE, Zmq, run};

#[test]
fn pub_waits_for_its_subscribers() {
    let (sub, endpoint) = Zmq::bind(["sub", "--bind", FREE, "-s", "a", "-s", "b", "-n", "2"]);
    run(["pub", "--connect", &endpoint, "--wait-peers", "1", "-m", "b1", "-m", "c", "-m", "a1"])
        .well();
    assert_eq!(sub.end().well(), "b1\na1\n");
}

#[test]
fn sub_subscribes_to_everything_by_default() {
    let (publisher, endpoint) =
        Zmq::bind(["pub", "--bind", FREE, "--wait-peers", "2", "-m", "x", "-m", ""]);
    let subs = [(); 2].map(|()| Zmq::start(["sub", "--connect", &endpoint, "-n", "2"]));
    for sub in subs {
        assert_eq!(sub.end().well(), "x\n\n");
    }
    publisher.end().well();
}

#[test]
fn leaving_subscriber_does_not_fail_pub() {
    let (mut publisher, endpoint) = Zmq::bind(["pub", "--bind", FREE, "--wait-peers", "1"]);
    let sub = Zmq::start(["sub", "--connect", &endpoint, "-n", "1"]);
    publisher.write(&b"x\n".repeat(10_000));
    assert_eq!(sub.end().well(), "x\n");
    publisher.end().well();
}

#[test]
fn xpub_prints_subscriptions_while_sending() {
    let (mut xpub, endpoint) = Zmq::bind(["xpub", "--bind", FREE, "--format", "hex"]);
    let mut sub = Zmq::start(["sub", "--connect", &endpoint, "-s", "ab"]);
    assert_eq!(xpub.line(), b"016162");
    xpub.write(b"abc\n");
    assert_eq!(sub.line(), b"abc");
    drop(sub);
    assert_eq!(xpub.line(), b"006162");
}

#[test]
fn xpub_waits_for_peers_and_counts_prints() {
    let (xpub, endpoint) =
        Zmq::bind(["xpub", "--bind", FREE, "--wait-peers", "1", "-m", "x", "-n", "2"]);
    let sub = Zmq::start(["sub", "--connect", &endpoint, "-n", "1"]);
    assert_eq!(sub.end().well(), "x\n");
    assert_eq!(xpub.end().well(), "\u{1}\n\u{0}\n");
}

#[test]
fn xsub_sends_to_publishers() {
    let (mut xpub, endpoint) = Zmq::bind(["xpub", "--bind", FREE]);
    let mut xsub = Zmq::start(["xsub", "--connect", &endpoint, "-s", "a"]);
    assert_eq!(xpub.line(), b"\x01a");
    xsub.write(b"hello up there\n");
    assert_eq!(xpub.line(), b"hello up there");
    xpub.write(b"not for you\nand this is\n");
    assert_eq!(xsub.line(), b"and this is");
}
