//! Reads the source of a crate as a graph: an arrow leads from each file to the files that it uses.
//!
//! `use` items and paths in code are parsed and re-exports are resolved, so an item counts for the
//! file that defines it. Tests are left out.

mod graph;
mod manifest;
mod source;

pub use graph::{circles, modules};
pub use manifest::Manifest;
pub use source::{Source, sources};

use std::path::{Path, PathBuf};

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folders of all crates in the workspace's `crates/`, in order.
pub fn crates() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(workspace().join("crates")).expect("the workspace's crates");
    let mut folders: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    folders.sort();
    folders
}
