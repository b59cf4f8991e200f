//! `zmq bench` and its output.

use serde_json::Value;

use crate::support::{Ended, FREE, Zmq, run};

/// Parses the printed JSON object.
fn object(ended: Ended) -> Value {
    let output = ended.well();
    assert_eq!(output.lines().count(), 1, "{output}");
    serde_json::from_str(&output).unwrap()
}

#[track_caller]
fn assert_throughput(result: &Value, messages: u64, bytes: u64) {
    let keys: Vec<_> = result.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["messages", "bytes", "seconds", "messages_per_second"]);
    assert_eq!((&result["messages"], &result["bytes"]), (&messages.into(), &bytes.into()));
    assert!(result["seconds"].as_f64().unwrap() >= 0.0, "{result}");
    assert!(result["messages_per_second"].as_f64().unwrap() > 0.0, "{result}");
}

#[test]
fn push_runs_until_pull_is_done() {
    let arguments = ["bench", "pull", "--bind", FREE, "--count", "2000", "--json"];
    let (pull, endpoint) = Zmq::bind(arguments);
    let push = run(["bench", "push", "--connect", &endpoint, "--size", "100"]);
    assert_eq!(push.well(), "");
    assert_throughput(&object(pull.end()), 2000, 200_000);
}

#[test]
fn sub_bench_sums_its_subscribers() {
    let (publisher, endpoint) = Zmq::bind(["bench", "pub", "--bind", FREE, "--size", "10"]);
    let load = ["--count", "500", "--peers", "3", "--json"];
    let sub = run([&["bench", "sub", "--connect", &endpoint][..], &load].concat());
    assert_throughput(&object(sub), 1500, 15_000);
    assert_eq!(publisher.end().well(), "");
}

#[test]
fn req_bench_reports_round_trip_times() {
    let (rep, endpoint) = Zmq::bind(["bench", "rep", "--bind", FREE]);
    let req = object(run(["bench", "req", "--connect", &endpoint, "--count", "50", "--json"]));
    let keys: Vec<_> = req.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["round_trips", "p50_us", "p99_us", "p999_us", "mean_us"]);
    assert_eq!(req["round_trips"], 50);
    let [p50, p99, p999] = ["p50_us", "p99_us", "p999_us"].map(|key| req[key].as_f64().unwrap());
    assert!(0.0 < p50 && p50 <= p99 && p99 <= p999, "{req}");
    assert_eq!(rep.end().well(), "");
}

#[test]
fn inproc_bench_runs_in_one_process() {
    let inproc = ["bench", "inproc", "--size", "8", "--count", "1000"];
    assert_throughput(&object(run([&inproc[..], &["--json"]].concat())), 1000, 8000);
    let line = run(inproc).well();
    assert!(line.starts_with("1000 messages, 8000 bytes in ") && line.ends_with(" MB/s\n"));
}
