//! A file fits a head: 600 lines are two files. Functions are Clippy's business (`clippy.toml`).

use crate::expect_none;
use crate::source::Source;

const LINES_MAX: usize = 600;

fn too_long(file: &Source) -> Vec<String> {
    let written = ["rs", "js", "mjs", "css", "html", "md", "ts"];
    let lines = file.text.lines().count();
    if lines > LINES_MAX && written.iter().any(|extension| file.is(extension)) {
        vec![format!("{}: {lines} lines; at most {LINES_MAX}", file.path)]
    } else {
        Vec::new()
    }
}

#[test]
fn a_file_of_601_lines_is_seen() {
    assert!(too_long(&Source::of("src/long.rs", &"\n".repeat(600))).is_empty());
    assert_eq!(
        too_long(&Source::of("src/long.rs", &"\n".repeat(601))).len(),
        1
    );
}

#[test]
fn no_file_is_longer_than_a_head_holds() {
    expect_none(too_long);
}
