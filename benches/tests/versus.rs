//! Runs `versus` with very short trials and checks the files that it writes.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::{Command, Output};
use std::{env, fs};

const OURS: &str = "zeromq-async";

#[test]
fn every_kind_of_case_runs_and_is_reported() {
    let directory = env::temp_dir().join(format!("versus-test-{}", std::process::id()));
    let cases = "tcp/64-B-shared,inproc/16-B-fresh,64-B/ipc-one,64-B/inproc-one,tcp/4-subscribers,\
                 tcp/16-senders,echo/tcp/1-client,churn,tcp/1000-subscriptions,CURVE-64-B,\
                 NOISE-64-B,udp/loopback/64-B";
    let output = versus(&["--cases", cases, "--window", "20", "--rounds", "2"], &directory);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let (tables, json) = (read(&directory, "README.md"), read(&directory, "versus.json"));
    fs::remove_dir_all(&directory).unwrap();

    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let played = json["cases"].as_array().unwrap();
    assert_eq!(played.len(), 12);
    for case in played {
        let metrics = case["metrics"].as_object().unwrap();
        assert!(
            metrics.values().any(|metric| metric[OURS]["median"].is_number()),
            "{case}\n{said}"
        );
        assert!(case["failures"][OURS].is_null(), "{case}\n{said}");
    }
    assert!(tables.contains("| 64 B, shared |"), "{tables}");
}

#[test]
fn unknown_arguments_are_reported() {
    let nowhere = env::temp_dir().join("versus-nowhere");
    let none = versus(&["--cases", "dance"], &nowhere);
    assert!(!none.status.success());
    assert!(String::from_utf8_lossy(&none.stderr).contains("--list"));
    let role = Command::new(env!("CARGO_BIN_EXE_versus")).args(["role", OURS, "dance"]).output();
    assert!(String::from_utf8_lossy(&role.unwrap().stdout).starts_with("failed there is no Role"));
    assert!(!nowhere.exists());
}

fn versus(arguments: &[&str], output: &Path) -> Output {
    let mut versus = Command::new(env!("CARGO_BIN_EXE_versus"));
    versus.args(arguments).arg("--output").arg(output).output().expect("versus starts")
}

fn read(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(name)).expect("it is written")
}
