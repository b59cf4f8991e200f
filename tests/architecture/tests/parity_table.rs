//! Compares `docs/libzmq-parity.md` with libzmq's options, and with the tests that it names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const KINDS: [&str; 4] = ["same", "different on purpose", "not applicable", "not yet"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect(path)
}

/// The rows of all tables, split into cells.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let lines = text.lines().filter(|line| line.starts_with("| ") && !line.contains("| kind |"));
    lines.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// The text between backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The names of all tests.
fn tests() -> BTreeSet<String> {
    let mut folders = vec![root().join("crates"), root().join("tests")];
    let mut names = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                add_tests(&fs::read_to_string(path).expect("text"), &mut names);
            }
        }
    }
    names
}

fn add_tests(source: &str, names: &mut BTreeSet<String>) {
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        let function = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "));
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some(function) = function {
            if std::mem::take(&mut is_test) {
                names.extend(function.split_once('(').map(|(name, _)| name.to_owned()));
            }
        } else if !line.starts_with("#[") {
            is_test = false;
        }
    }
}

#[test]
fn parity_rows_give_kind_and_existing_tests() {
    let (text, tests) = (read("docs/libzmq-parity.md"), tests());
    let mut faults = Vec::new();
    for row in rows(&text) {
        let [name, _, kind, reason] = row[..] else {
            faults.push(format!("{row:?} has not four cells"));
            continue;
        };
        if !KINDS.contains(&kind) {
            faults.push(format!("{name} is {kind:?}"));
        }
        let named: Vec<_> = code(reason).filter(|name| looks_like_a_test(name)).collect();
        faults.extend(
            named
                .iter()
                .filter(|name| !tests.contains(**name))
                .map(|test| format!("{name}: there is no test {test}")),
        );
        if reason.is_empty() || (kind == "same" && named.is_empty()) {
            faults.push(format!("{name} is not shown by anything"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Test names are sentences.
fn looks_like_a_test(name: &str) -> bool {
    name.matches('_').count() >= 2
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[test]
fn parity_table_covers_all_of_libzmq() {
    let text = read("docs/libzmq-parity.md");
    let firsts: Vec<_> = rows(&text).iter().map(|row| row[0].to_owned()).collect();
    let told: BTreeSet<_> = firsts.iter().flat_map(|first| code(first)).collect();
    let constants = |path: &str, prefix: &str| {
        let source = read(path);
        let declared = source.lines().filter_map(|line| line.trim().split_once(" = "));
        let names = declared.map(|(name, _)| name).filter(|name| {
            name.len() > 1
                && name.chars().all(|c| c.is_ascii_uppercase() || "_0123456789".contains(c))
        });
        names.map(|name| format!("{prefix}{name}")).collect::<Vec<_>>()
    };
    let socket = read("tests/libzmq-peer/src/socket.rs");
    let kinds = socket.split("pub enum SocketKind {").nth(1).expect("the socket types");
    let kinds = kinds.split('}').next().expect("their end").lines();
    let kinds = kinds.filter_map(|line| line.trim().split_once(" = "));
    let mut wanted = constants("tests/libzmq-peer/src/opt.rs", "ZMQ_");
    wanted.extend(constants("tests/libzmq-peer/src/monitor.rs", "ZMQ_EVENT_"));
    wanted.extend(kinds.map(|(kind, _)| format!("ZMQ_{}", kind.to_uppercase())));
    assert!(wanted.len() > 150, "{} only", wanted.len());
    let missing: Vec<_> = wanted.iter().filter(|name| !told.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
