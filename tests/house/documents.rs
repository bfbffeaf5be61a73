//! What a document points at is there.

use std::path::{Component, Path, PathBuf};

use crate::expect_none;
use crate::source::{Source, root};

/// The places inside the project that a document links to.
fn links(document: &str) -> Vec<&str> {
    document
        .split("](")
        .skip(1)
        .filter_map(|after| after.split(')').next())
        .map(|target| target.split('#').next().unwrap_or(target))
        .filter(|target| !target.is_empty() && !target.contains("://"))
        .collect()
}

fn broken_links(document: &Source) -> Vec<String> {
    if !document.is("md") {
        return Vec::new();
    }
    let folder = Path::new(&document.path)
        .parent()
        .unwrap_or_else(|| Path::new(""));
    links(&document.text)
        .into_iter()
        .filter(|target| !root().join(plain(&folder.join(target))).exists())
        .map(|target| format!("{}: {target} is not there", document.path))
        .collect()
}

/// A path without its `..`.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
        plain
    })
}

#[test]
fn a_link_to_nowhere_is_seen() {
    let text = "[a](nowhere.md), [b](../Cargo.toml), [c](https://x.org/y), [d](#top) ![e](images/planes.svg)";
    let document = Source::of("docs/page.md", text);
    assert_eq!(
        links(text),
        ["nowhere.md", "../Cargo.toml", "images/planes.svg"]
    );
    assert_eq!(
        broken_links(&document),
        ["docs/page.md: nowhere.md is not there"]
    );
}

#[test]
fn every_link_in_a_document_leads_somewhere() {
    expect_none(broken_links);
}
