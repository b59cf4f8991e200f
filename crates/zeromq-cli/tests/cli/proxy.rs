//! `zmq proxy` with capture and control sockets.

use crate::support::{FREE, Zmq, run};

/// Starts a proxy of these socket types. Returns the bound endpoints.
fn proxy<const N: usize>(kinds: [&str; N]) -> (Zmq, [String; N]) {
    let mut arguments = vec!["proxy".to_owned()];
    for (option, kind) in ["--frontend", "--backend", "--capture"].iter().zip(kinds) {
        arguments.extend([option.to_string(), format!("{kind}:bind:{FREE}")]);
    }
    let mut proxy = Zmq::start(arguments);
    let endpoints = kinds.map(|_| proxy.bound());
    (proxy, endpoints)
}

#[test]
fn requests_and_replies_are_captured() {
    let (_proxy, [front, back, capture]) = proxy(["router", "dealer", "push"]);
    let _rep = Zmq::start(["rep", "--connect", &back, "--reply", "world"]);
    let capture = ["pull", "--connect", &capture, "-n", "2", "--format", "json"];
    let captured = Zmq::start(capture);
    let req = run(["req", "--connect", &front, "--routing-id", "me", "-m", "hello"]);
    assert_eq!(req.well(), "world\n");
    let copies = "[\"me\",\"\",\"hello\"]\n[\"me\",\"\",\"world\"]\n";
    assert_eq!(captured.end().well(), copies);
}

#[test]
fn subscriptions_pass_upstream() {
    let (_proxy, [front, back]) = proxy(["xsub", "xpub"]);
    let sub = Zmq::start(["sub", "--connect", &back, "-s", "a", "-n", "1"]);
    run(["pub", "--connect", &front, "--wait-peers", "1", "-m", "b", "-m", "a"]).well();
    assert_eq!(sub.end().well(), "a\n");
}

#[test]
fn frontend_sub_subscribes_to_everything() {
    let (_proxy, [front, back]) = proxy(["sub", "push"]);
    run(["pub", "--connect", &front, "--wait-peers", "1", "-m", "x"]).well();
    assert_eq!(run(["pull", "--connect", &back, "-n", "1"]).well(), "x\n");
}

#[test]
fn pipeline_proxy_keeps_order() {
    let (_proxy, [front, back]) = proxy(["pull", "push"]);
    let lines: String = (0..10_000).map(|number| format!("{number}\n")).collect();
    let pull = Zmq::start(["pull", "--connect", &back, "-n", "10000"]);
    let mut push = Zmq::start(["push", "--connect", &front]);
    push.write(lines.as_bytes());
    push.end().well();
    assert_eq!(pull.end().well(), lines);
}

#[test]
fn rep_and_req_pass_one_request_at_a_time() {
    for (kinds, swapped) in [(["rep", "req"], false), (["req", "rep"], true)] {
        let (_proxy, [front, back]) = proxy(kinds);
        let (front, back) = if swapped { (back, front) } else { (front, back) };
        let _rep = Zmq::start(["rep", "--connect", &back, "--echo"]);
        let req = run(["req", "--connect", &front, "-m", "one", "-m", "two"]);
        assert_eq!(req.well(), "one\ntwo\n");
    }
}

#[test]
fn unmatched_proxy_sockets_are_rejected() {
    for (front, back) in [("pull", "sub"), ("rep", "rep"), ("rep", "push"), ("pub", "push")] {
        let (front, back) = (format!("{front}:bind:{FREE}"), format!("{back}:bind:{FREE}"));
        assert_eq!(run(["proxy", "--frontend", &front, "--backend", &back]).status, 2);
    }
}

#[test]
fn control_socket_pauses_and_terminates() {
    let mut proxy = Zmq::start([
        "proxy",
        "--frontend",
        &format!("pull:bind:{FREE}"),
        "--backend",
        &format!("push:bind:{FREE}"),
        "--control",
        &format!("rep:bind:{FREE}"),
    ]);
    let [front, back, control] = [(); 3].map(|()| proxy.bound());
    let command =
        |name: &str| run(["req", "--connect", &control, "-m", name, "--format", "hex"]).well();
    assert_eq!(command("PAUSE"), "\n");
    let pull = Zmq::start(["pull", "--connect", &back, "-n", "1"]);
    run(["push", "--connect", &front, "-m", "x"]).well();
    let nothing = ["0000000000000000"; 8].join("\t") + "\n";
    assert_eq!(command("STATISTICS"), nothing);
    assert_eq!(command("RESUME"), "\n");
    assert_eq!(pull.end().well(), "x\n");
    assert_eq!(command("TERMINATE"), "\n");
    proxy.end().well();
}

#[test]
fn invalid_control_sockets_are_rejected() {
    for kind in ["req", "push", "pub"] {
        let sides = ["pull", "push", kind].map(|kind| format!("{kind}:bind:{FREE}"));
        let options = ["--frontend", &sides[0], "--backend", &sides[1], "--control", &sides[2]];
        let refused = run(std::iter::once("proxy").chain(options));
        assert_eq!(refused.status, 2);
    }
}

#[test]
#[cfg(unix)]
fn proxy_reports_unsent_messages() {
    let (spare, nobody) = Zmq::bind(["pull", "--bind", FREE]);
    drop(spare);
    let sides = [format!("pull:bind:{FREE}"), format!("push:connect:{nobody}")];
    let capture = format!("push:bind:{FREE}");
    let mut proxy = Zmq::start([
        "proxy",
        "--frontend",
        &sides[0],
        "--backend",
        &sides[1],
        "--capture",
        &capture,
    ]);
    let (front, capture) = (proxy.bound(), proxy.bound());
    let captured = Zmq::start(["pull", "--connect", &capture, "-n", "1"]);
    run(["push", "--connect", &front, "-m", "x"]).well();
    assert_eq!(captured.end().well(), "x\n");
    proxy.signal("TERM");
    let ended = proxy.wait();
    assert_eq!(ended.status, 1, "{ended:?}");
    assert!(ended.errors.ends_with(": 1 message was not sent\n"), "{ended:?}");
}
