//! No circle of files in any crate: two files that use each other are one idea in two places, or
//! two ideas with no border.

use architecture::{circles, crates, sources};

/// The circles that are still there. One that is gone leaves the list; none may join it.

#[test]
fn no_files_use_each_other_in_a_circle() {
    let mut found = Vec::new();
    for folder in crates() {
        let sources = sources(&folder);
        assert!(!sources.is_empty(), "{} has no source", folder.display());
        let name = folder.file_name().expect("a crate's folder").to_string_lossy().into_owned();
        for circle in circles(&sources) {
            found.push(format!("{name}: {}", circle.join(", ")));
        }
    }
    assert_eq!(found, KNOWN, "circles of files, and those that are known");
}
