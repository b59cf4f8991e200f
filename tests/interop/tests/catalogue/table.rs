//! Checks that every row has a test and documentation.

use std::collections::BTreeSet;
use std::process::Command;

use crate::support::AT_LENGTH;

/// The rows of the catalogue.
const ROWS: u32 = 32;

/// The rows that also apply to libzmq.
const SIDE_BY_SIDE: [u32; 21] =
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 17, 18, 19, 20, 22, 23, 24];

#[test]
fn rows_have_tests_and_documentation() {
    let tests = tests();
    let document = include_str!("../../../../docs/failure-catalogue.md");
    for row in 1..=ROWS {
        let named = |suffix: &str| {
            let prefix = format!("row_{row:02}_");
            tests.iter().any(|test| {
                test.split("::").any(|part| part.starts_with(&prefix)) && test.ends_with(suffix)
            })
        };
        assert!(named(""), "row {row} has no test");
        if SIDE_BY_SIDE.contains(&row) {
            assert!(named("::ours"), "row {row} has no test of this library");
            assert!(named("::libzmq"), "row {row} has no test of libzmq");
        }
        let line = format!("\n| {row} | ");
        assert!(document.contains(&line), "docs/failure-catalogue.md has no row {row}");
    }
    for name in names(&tests) {
        assert!(document.contains(&format!("`{name}`")), "docs/failure-catalogue.md: no {name}");
    }
}

#[test]
#[ignore = "takes minutes"]
fn every_row_runs_at_length() {
    let program = std::env::current_exe().expect("this program");
    let status = Command::new(program).env(AT_LENGTH, "1").args(["row_", "--nocapture"]).status();
    assert!(status.expect("this program").success());
}

/// The tests of this program.
fn tests() -> Vec<String> {
    let program = std::env::current_exe().expect("this program");
    let list = Command::new(program).arg("--list").output().expect("its tests");
    let list = String::from_utf8(list.stdout).expect("text");
    list.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

/// The names of the rows among them.
fn names(tests: &[String]) -> BTreeSet<&str> {
    let parts = tests.iter().flat_map(|test| test.split("::"));
    parts.filter(|part| part.starts_with("row_")).collect()
}
