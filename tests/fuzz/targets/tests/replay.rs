//! Runs every input of the committed corpora through its target.

use std::fs;
use std::path::{Path, PathBuf};

use fuzz_targets::TARGETS;

fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus")
}

#[test]
fn fuzz_corpora_replay_without_panic() {
    for (name, target) in TARGETS {
        let inputs = fs::read_dir(corpora().join(name)).unwrap_or_else(|error| {
            panic!("the corpus of {name}: {error}");
        });
        let mut count = 0;
        for input in inputs {
            let path = input.expect("an input").path();
            let bytes = fs::read(&path).expect("an input");
            // Print the path of the failing input.
            if let Err(panic) = std::panic::catch_unwind(|| target(&bytes)) {
                eprintln!("failed on {}", path.display());
                std::panic::resume_unwind(panic);
            }
            count += 1;
        }
        assert!(count > 0, "the corpus of {name} is empty");
    }
}

#[test]
fn each_corpus_has_a_target_and_a_program() {
    for entry in fs::read_dir(corpora()).expect("the corpora") {
        let name = entry.expect("a corpus").file_name();
        let name = name.to_str().expect("a name");
        assert!(TARGETS.iter().any(|(target, _)| *target == name), "{name} has no target");
    }
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz_targets");
    for (name, _) in TARGETS {
        assert!(programs.join(format!("{name}.rs")).exists(), "{name} has no program");
    }
}

#[test]
fn fuzz_corpora_are_small() {
    const LIMIT: u64 = 500_000;
    let mut bytes = 0;
    for (name, _) in TARGETS {
        for input in fs::read_dir(corpora().join(name)).expect("a corpus") {
            bytes += input.expect("an input").metadata().expect("its size").len();
        }
    }
    assert!(bytes <= LIMIT, "{bytes} bytes: minimise the corpora with tests/fuzz/keep");
}
