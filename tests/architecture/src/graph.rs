//! The arrows between files and modules, and the circles of files.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Segments, Source};

/// The limit of re-exports followed for one item, in case they form a circle.
const MAX_EXPORTS: usize = 8;

/// The circles among a crate's files. Each is a set of files that all lead to each other.
pub fn circles(sources: &[Source]) -> Vec<Vec<String>> {
    let graph = Graph::new(sources);
    let reached: BTreeMap<_, _> =
        graph.arrows.keys().map(|&file| (file, graph.reachable(file))).collect();
    let mut circles = BTreeSet::new();
    for (&file, others) in &reached {
        if others.contains(&file) {
            let circle = others.iter().filter(|&&other| reached[&other].contains(&file));
            circles.insert(circle.map(|&other| graph.name(other)).collect::<Vec<_>>());
        }
    }
    circles.into_iter().collect()
}

/// The top-level modules of a crate, and for each the other top-level modules that it uses. The
/// crate's root is left out as a user, and is `crate` as a target.
pub fn modules(sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let graph = Graph::new(sources);
    let mut modules = BTreeMap::new();
    for (&file, targets) in &graph.arrows {
        let Some(module) = sources[file].module.first() else { continue };
        let used: &mut BTreeSet<_> = modules.entry(module.clone()).or_default();
        let targets = targets.iter().map(|&target| sources[target].module.first());
        used.extend(targets.map(|target| target.map_or("crate", String::as_str).to_owned()));
        used.remove(module);
    }
    modules
}

struct Graph<'a> {
    sources: &'a [Source],
    modules: BTreeMap<&'a [String], usize>,
    arrows: BTreeMap<usize, BTreeSet<usize>>,
}

impl<'a> Graph<'a> {
    fn new(sources: &'a [Source]) -> Self {
        let modules = (0..).zip(sources).map(|(n, source)| (&source.module[..], n)).collect();
        let mut graph = Self { sources, modules, arrows: BTreeMap::new() };
        for (file, source) in (0..).zip(sources) {
            let targets = source.uses.iter().filter_map(|path| graph.resolve(path, 0));
            let targets = targets.filter(|&target| target != file).collect();
            graph.arrows.insert(file, targets);
        }
        graph
    }

    /// The file that defines the item of a path. `None` for items of other crates.
    fn resolve(&self, path: &Segments, depth: usize) -> Option<usize> {
        let known = (0..=path.len()).rev().find(|&n| self.modules.contains_key(&path[..n]))?;
        let file = self.modules[&path[..known]];
        let source = &self.sources[file];
        let Some(item) = path.get(known) else { return Some(file) };
        match source.exports.get(item) {
            Some(origin) if depth < MAX_EXPORTS && !source.defines.contains(item) => {
                let rest = &path[known + 1..];
                let origin = origin.iter().chain(rest).cloned().collect();
                self.resolve(&origin, depth + 1)
            }
            // No such name here, so the path leads into another crate.
            None if !source.defines.contains(item) && source.module.len() == known => {
                is_item_of(source, item).then_some(file)
            }
            _ => Some(file),
        }
    }

    fn reachable(&self, file: usize) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut next: Vec<_> = self.arrows[&file].iter().copied().collect();
        while let Some(file) = next.pop() {
            if reached.insert(file) {
                next.extend(&self.arrows[&file]);
            }
        }
        reached
    }

    fn name(&self, file: usize) -> String {
        self.sources[file].path.display().to_string()
    }
}

/// Whether a file defines the item, or imports it with a glob.
fn is_item_of(source: &Source, item: &str) -> bool {
    source.defines.contains(item) || item == "*"
}
