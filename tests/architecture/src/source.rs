//! The files of a crate, and the imports, exports and definitions of each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, UseTree, Visibility};

/// The path of a module or an item within its crate, as segments.
pub(crate) type Segments = Vec<String>;

/// One file of a crate.
#[derive(Debug)]
pub struct Source {
    /// The file, below `src`.
    pub path: PathBuf,
    pub(crate) module: Segments,
    pub(crate) defines: BTreeSet<String>,
    pub(crate) uses: Vec<Segments>,
    /// The paths as written, from `use` items and from code.
    pub(crate) paths: Vec<Segments>,
    /// Its re-exports: each name and its origin.
    pub(crate) exports: BTreeMap<String, Segments>,
}

/// Reads all files of a crate except those for tests.
pub fn sources(folder: &Path) -> Vec<Source> {
    let root = folder.join("src");
    let mut paths = Vec::new();
    list(&root, &mut paths);
    paths.sort();
    let files = paths.iter().map(|path| path.strip_prefix(&root).expect("below src"));
    files.filter(|path| !is_test(path)).map(|path| Source::read(&root, path)).collect()
}

fn is_test(path: &Path) -> bool {
    path.file_stem().is_some_and(|name| name == "tests" || name == "loom_models")
        || path.iter().any(|part| part == "tests")
}

fn list(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            list(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

impl Source {
    fn read(root: &Path, path: &Path) -> Self {
        let text = fs::read_to_string(root.join(path)).expect("a source file");
        let file = syn::parse_file(&text).expect("Rust");
        let mut source = Self {
            path: path.to_owned(),
            module: module_of(path),
            defines: file.items.iter().filter_map(name_of).collect(),
            uses: Vec::new(),
            paths: Vec::new(),
            exports: BTreeMap::new(),
        };
        source.visit_file(&file);
        source
    }

    /// Whether a path in this file begins with these segments.
    pub fn names(&self, start: &[&str]) -> bool {
        self.paths
            .iter()
            .any(|path| path.len() >= start.len() && path.iter().zip(start).all(|(a, b)| a == b))
    }

    /// Makes a path of a `use` absolute. `None` if it is empty.
    fn absolute(&self, path: Segments) -> Option<Segments> {
        let mut base = self.module.clone();
        let mut rest = path.as_slice();
        match rest.first().map(String::as_str)? {
            "crate" => (base, rest) = (Vec::new(), &rest[1..]),
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|part| part == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            // A module below this one, or another crate. The graph resolves it.
            _ => {}
        }
        base.extend_from_slice(rest);
        Some(base)
    }
}

/// The module of a file below `src`.
fn module_of(path: &Path) -> Segments {
    let without_extension = path.with_extension("");
    let mut parts = without_extension.iter().map(|part| part.to_string_lossy().into_owned());
    match parts.clone().collect::<Vec<_>>().as_slice() {
        [only] if only == "lib" || only == "main" => Vec::new(),
        _ => parts.by_ref().collect(),
    }
}

impl<'ast> Visit<'ast> for Source {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if for_tests(&item.attrs) {
            return;
        }
        let mut leaves = Vec::new();
        flatten(&item.tree, &mut Vec::new(), &mut leaves);
        for (name, path) in leaves {
            self.paths.push(path.clone());
            let Some(path) = self.absolute(path) else { continue };
            match item.vis {
                Visibility::Inherited => self.uses.push(path),
                _ => drop(self.exports.insert(name, path)),
            }
        }
    }

    /// A path in code, such as `crate::peer::Pipe::new`.
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Segments = path.segments.iter().map(|part| plain(&part.ident)).collect();
        let is_relative = matches!(&segments[0][..], "crate" | "self" | "super");
        if is_relative && segments.len() > 1 {
            self.uses.extend(self.absolute(segments.clone()));
        }
        self.paths.push(segments);
        visit::visit_path(self, path);
    }

    /// `pub(in path)` uses nothing.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !for_tests(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }
}

/// The names that a `use` tree imports, each with its path.
fn flatten(tree: &UseTree, path: &mut Segments, leaves: &mut Vec<(String, Segments)>) {
    let with = |path: &Segments, name: &syn::Ident| {
        path.iter().cloned().chain([plain(name)]).collect::<Segments>()
    };
    match tree {
        UseTree::Path(inner) => {
            path.push(plain(&inner.ident));
            flatten(&inner.tree, path, leaves);
            path.pop();
        }
        UseTree::Name(leaf) if leaf.ident == "self" => {
            leaves.push((path.last().cloned().unwrap_or_default(), path.clone()));
        }
        UseTree::Name(leaf) => leaves.push((plain(&leaf.ident), with(path, &leaf.ident))),
        UseTree::Rename(leaf) => leaves.push((plain(&leaf.rename), with(path, &leaf.ident))),
        UseTree::Glob(_) => leaves.push(("*".into(), path.clone())),
        UseTree::Group(group) => {
            group.items.iter().for_each(|tree| flatten(tree, path, leaves));
        }
    }
}

fn plain(name: &syn::Ident) -> String {
    name.to_string().trim_start_matches("r#").to_owned()
}

fn for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| {
                list.tokens.clone().into_iter().any(|token| token.to_string() == "test")
            })
    })
}

fn name_of(item: &Item) -> Option<String> {
    Some(plain(match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    }))
}
