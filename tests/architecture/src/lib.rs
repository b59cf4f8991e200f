//! Reads the source of a crate as a graph: an arrow from each file to each file whose items it uses.
//!
//! `use` trees are parsed and re-exports are resolved, so an item counts for the file that defines
//! it. Code for tests alone is left out.

mod graph;
mod source;

pub use graph::circles;
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
