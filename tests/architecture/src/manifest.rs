//! The dependencies in a `Cargo.toml`.

use std::fs;
use std::path::Path;

/// The parts of a crate's `Cargo.toml` that are about dependencies and features.
#[derive(Debug)]
pub struct Manifest {
    text: String,
}

impl Manifest {
    /// Reads the manifest in this folder.
    pub fn read(folder: &Path) -> Self {
        let text = fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
        Self { text }
    }

    /// The crates that this crate itself needs: dependencies and build dependencies of any target,
    /// and no dev-dependencies.
    pub fn dependencies(&self) -> Vec<String> {
        let lines = self.lines(|section| {
            section.ends_with("dependencies") && !section.ends_with("dev-dependencies")
        });
        lines.filter_map(dependency).collect()
    }

    /// The features of other crates that this crate enables, one line of the manifest each.
    pub fn enabled_features(&self) -> impl Iterator<Item = &str> {
        let own = self.lines(|section| section == "features").filter(|line| line.contains('/'));
        own.chain(self.lines(|section| section.ends_with("dependencies")))
    }

    /// The lines of these sections, without comments.
    fn lines(&self, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = &str> {
        let mut is_wanted = false;
        self.text.lines().map(str::trim).filter(move |line| {
            let header = line.strip_prefix('[').and_then(|line| line.strip_suffix(']'));
            if let Some(header) = header {
                is_wanted = wanted(header);
            }
            is_wanted && header.is_none() && !line.is_empty() && !line.starts_with('#')
        })
    }
}

/// The crate of a line such as `zmtp = { package = "zmtp-codec", ... }`.
fn dependency(line: &str) -> Option<String> {
    let (key, value) = line.split_once('=')?;
    let package = value.split_once("package = \"").and_then(|(_, rest)| rest.split('"').next());
    let key = key.trim().trim_end_matches(".workspace");
    Some(package.unwrap_or(key).to_owned())
}
