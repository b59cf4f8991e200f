//! The allowed arrows between crates and between modules, compared with the source.

use architecture::{Manifest, crates, modules, sources, workspace};

/// Each crate and the crates of the workspace that it may depend on.
const CRATES: &[(&str, &[&str])] = &[
    ("zeromq-async", &["zmtp-codec"]),
    ("zeromq-auth", &["zeromq-async"]),
    ("zeromq-cli", &["zeromq-async", "zeromq-auth", "zeromq-util"]),
    ("zeromq-test", &["zeromq-async", "zmtp-codec"]),
    ("zeromq-util", &["zeromq-async"]),
    ("zmtp-codec", &[]),
    ("zmtp-tokio", &["zmtp-codec"]),
];

/// Each module of each crate and the modules that it uses. `crate` is the crate's root.
///
/// A new arrow is a decision. To accept the arrows of the source, run the test with
/// `UPDATE_MODULES=1` and review the difference.
const MODULES: &str = "tests/architecture/modules.txt";

/// Arrows that no table may contain.
const FORBIDDEN: &[(&str, &str)] = &[
    // They meet in the pipe.
    ("zeromq-async::pattern", "engine"),
    ("zeromq-async::engine", "pattern"),
    ("zeromq-async::pipe", "engine"),
    ("zeromq-async::pipe", "pattern"),
    ("zeromq-async::transport", "engine"),
    ("zeromq-async::transport", "pipe"),
    ("zmtp-codec::wire", "mechanism"),
];

#[test]
fn crates_depend_only_on_allowed_crates() {
    let names: Vec<_> = CRATES.iter().map(|(name, _)| *name).collect();
    let found: Vec<_> = crates().iter().map(|folder| name_of(folder)).collect();
    assert_eq!(found, names, "the crates in crates/");
    for (name, allowed) in CRATES {
        let dependencies = Manifest::read(&workspace().join("crates").join(name)).dependencies();
        assert!(dependencies.len() > 1, "{name}: {dependencies:?}");
        for dependency in dependencies.iter().filter(|other| names.contains(&&other[..])) {
            assert!(allowed.contains(&&dependency[..]), "{name} depends on {dependency}");
        }
    }
}

/// Other crates use the public API of `zeromq-async` and `zmtp-codec` and nothing else.
#[test]
fn crates_use_no_private_hooks() {
    for folder in crates() {
        let name = name_of(&folder);
        for line in Manifest::read(&folder).enabled_features() {
            let (_, enabled) = line.split_once('=').expect("a key and a value");
            assert!(!enabled.contains("__"), "{name} enables a private feature: {line}");
        }
        for source in sources(&folder) {
            for library in ["zeromq_async", "zeromq_auth", "zmtp", "zmtp_codec"] {
                let uses = source.names(&[library, "fuzzing"]);
                assert!(!uses, "{name}: {} uses {library}::fuzzing", source.path.display());
            }
        }
    }
}

/// Items that are public and hidden are private hooks. Only fuzz targets have one.
#[test]
fn only_fuzzing_is_hidden() {
    for folder in crates() {
        for source in sources(&folder) {
            let path = folder.join("src").join(&source.path);
            let text = std::fs::read_to_string(&path).expect("a source file");
            let mut lines = text.lines().map(str::trim);
            while let Some(line) = lines.next() {
                if line.contains("doc(hidden)") {
                    let item = lines.next();
                    assert_eq!(item, Some("pub mod fuzzing;"), "{} hides it", path.display());
                }
            }
        }
    }
}

#[test]
fn modules_use_only_allowed_modules() {
    let (path, found) = (workspace().join(MODULES), table());
    if std::env::var_os("UPDATE_MODULES").is_some() {
        std::fs::write(&path, &found).expect("a table that can be written");
    }
    let allowed = std::fs::read_to_string(&path).expect("the table");
    let added = found.lines().filter(|line| !allowed.lines().any(|other| other == *line));
    let gone = allowed.lines().filter(|line| !found.lines().any(|other| other == *line));
    let difference: Vec<_> =
        gone.map(|line| format!("- {line}")).chain(added.map(|line| format!("+ {line}"))).collect();
    assert!(difference.is_empty(), "{MODULES} and the source differ:\n{}", difference.join("\n"));
}

#[test]
fn forbidden_arrows_are_absent() {
    let table = table();
    for (module, target) in FORBIDDEN {
        let line = table.lines().find(|line| line.starts_with(&format!("{module}:")));
        let line = line.unwrap_or_else(|| panic!("no module {module}"));
        let uses = line.split([' ', ',']).any(|name| name == *target);
        assert!(!uses, "{module} uses {target}");
    }
}

/// The arrows of the source, in the form of [`MODULES`].
fn table() -> String {
    let mut table = String::new();
    for folder in crates() {
        for (module, used) in modules(&sources(&folder)) {
            let used = used.into_iter().collect::<Vec<_>>().join(", ");
            table += format!("{}::{module}: {used}", name_of(&folder)).trim_end();
            table.push('\n');
        }
    }
    table
}

fn name_of(folder: &std::path::Path) -> String {
    folder.file_name().expect("a crate's folder").to_string_lossy().into_owned()
}
