//! `--monitor`: events as JSON.

use crate::support::{FREE, Zmq};

#[test]
fn monitor_reports_connection_lifecycle() {
    let mut pull = Zmq::start(["pull", "--bind", FREE, "--monitor"]);
    let endpoint = pull.event("listening")["endpoint"].as_str().unwrap().to_owned();
    let mut push = Zmq::start(["push", "--connect", &endpoint, "-m", "x", "--monitor"]);

    let connected = push.event("connected");
    assert_eq!(connected["endpoint"], endpoint);
    assert_eq!(connected["address"], endpoint.strip_prefix("tcp://").unwrap());
    let local = connected["local"].as_str().unwrap().to_owned();
    let ready = push.event("handshake_succeeded");
    assert_eq!(ready["socket_type"], "PULL");
    assert_eq!(ready["mechanism"], "NULL");
    assert_eq!(ready["version"], "3.1");

    let accepted = pull.event("accepted");
    assert_eq!(
        (&accepted["endpoint"], &accepted["local"]),
        (&endpoint.clone().into(), &endpoint.clone().into())
    );
    assert_eq!(accepted["address"], local.strip_prefix("tcp://").unwrap());
    #[cfg(unix)]
    assert!(accepted["descriptor"].is_i64() && connected["descriptor"].is_i64());
    assert_eq!(pull.event("handshake_succeeded")["socket_type"], "PUSH");
    push.end().well();
    let gone = pull.event("disconnected");
    assert_eq!((&gone["endpoint"], &gone["unsent"]), (&endpoint.into(), &0.into()));
}

#[test]
fn monitor_reports_the_routing_id() {
    let mut router = Zmq::start(["router", "--bind", FREE, "--monitor"]);
    let endpoint = router.bound();
    let _dealer = Zmq::start(["dealer", "--connect", &endpoint, "--routing-id", "me", "-m", "x"]);
    assert_eq!(router.event("handshake_succeeded")["routing_id"], "me");
}

#[test]
fn monitor_reports_connect_attempts() {
    let (spare, endpoint) = Zmq::bind(["pull", "--bind", FREE]);
    drop(spare);
    let mut push = Zmq::start(["push", "--connect", &endpoint, "--monitor"]);
    let failed = push.event("connect_failed");
    assert_eq!((&failed["endpoint"], &failed["attempt"]), (&endpoint.as_str().into(), &1.into()));
    let retried = push.event("connect_retried");
    assert!(retried["delay_seconds"].as_f64().unwrap() >= 0.1, "{retried}");
}

#[test]
fn monitor_reports_wrong_peer_type() {
    let mut pull = Zmq::start(["pull", "--bind", FREE, "--monitor"]);
    let endpoint = pull.bound();
    let _req = Zmq::start(["req", "--connect", &endpoint, "-m", "x"]);
    let failed = pull.event("handshake_failed");
    assert!(failed["reason"].as_str().unwrap().contains("REQ"), "{failed}");
}
