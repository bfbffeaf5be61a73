//! Expected text stands in `tests/golden`, and each file there is read by a test.

use std::path::Path;

use crate::source::{root, tree};

/// A golden file counts as read when a test names it, or the folder that it stands in.
fn is_read(golden: &Path, code: &str) -> bool {
    let named = |part: Option<&std::ffi::OsStr>| {
        part.and_then(std::ffi::OsStr::to_str)
            .is_some_and(|part| part != "golden" && code.contains(part))
    };
    named(golden.file_name()) || named(golden.parent().and_then(Path::file_name))
}

#[test]
fn an_orphan_is_seen() {
    let code = "include_str!(\"golden/help.txt\"); folder(\"golden/signaling\")";
    assert!(is_read(Path::new("tests/golden/help.txt"), code));
    assert!(is_read(Path::new("tests/golden/signaling/join.json"), code));
    assert!(!is_read(Path::new("tests/golden/orphan.txt"), code));
}

#[test]
fn every_golden_file_is_read_by_a_test() {
    let tree = tree();
    let code: String = tree
        .iter()
        .filter(|file| file.is("rs") && !file.path.starts_with("tests/house/"))
        .map(|file| file.text.as_str())
        .collect();
    let golden: Vec<_> = tree
        .iter()
        .filter(|file| file.path.starts_with("tests/golden/"))
        .collect();
    assert!(
        !golden.is_empty(),
        "{} holds nothing",
        root().join("tests/golden").display()
    );
    for file in golden {
        assert!(
            is_read(Path::new(&file.path), &code),
            "{} is read by no test",
            file.path
        );
    }
}
