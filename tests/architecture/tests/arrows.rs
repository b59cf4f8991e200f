//! Which module may use which: the arrows of `docs/design.md`, held against the source.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each module, and those it may name. `pattern` and `engine` meet in `pipe` alone.
const ARROWS: &[(&str, &[&str])] = &[
    ("authentication", &["identity", "sync"]),
    ("context", &["endpoint", "engine", "error", "options", "sync", "transport"]),
    ("endpoint", &[]),
    (
        "engine",
        &[
            "authentication",
            "endpoint",
            "error",
            "event",
            "identity",
            "options",
            "pipe",
            "random",
            "stats",
            "sync",
            "transport",
            "unsent",
        ],
    ),
    ("error", &["endpoint", "identity"]),
    ("event", &["endpoint", "error", "identity", "stats", "sync"]),
    ("fuzzing", &["pattern"]),
    ("identity", &[]),
    ("options", &["authentication", "endpoint", "error", "identity"]),
    ("pattern", &["endpoint", "error", "identity", "options", "pipe", "random", "stats", "sync"]),
    ("pipe", &["endpoint", "error", "identity", "options", "stats", "sync", "unsent"]),
    ("random", &[]),
    ("security", &["authentication", "random", "sync"]),
    (
        "socket",
        &[
            "authentication",
            "context",
            "endpoint",
            "engine",
            "error",
            "event",
            "identity",
            "options",
            "pattern",
            "pipe",
            "stats",
            "transport",
            "unsent",
        ],
    ),
    ("stats", &["endpoint", "identity"]),
    ("sync", &[]),
    ("transport", &["endpoint", "error", "identity", "options", "sync"]),
    ("unsent", &["endpoint", "identity"]),
];

fn sources(path: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(path).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The modules that the code of a file names with `crate::`.
fn named(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .collect()
}

#[test]
fn modules_use_only_allowed_modules() {
    let root = architecture::workspace().join("crates/zeromq-async/src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let allowed: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    let mut faults = Vec::new();
    for file in files {
        let inner = file.strip_prefix(&root).unwrap();
        let module = inner.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if module == "lib" {
            continue;
        }
        let may = allowed.get(module).unwrap_or_else(|| panic!("{module} has no arrows yet"));
        for name in named(&fs::read_to_string(&file).unwrap()) {
            let is_module = allowed.contains_key(&name[..]);
            if is_module && name != module && !may.contains(&&name[..]) {
                faults.push(format!("{} names crate::{name}", inner.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
