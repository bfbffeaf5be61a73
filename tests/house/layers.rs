//! Rows go up: a file imports from rows below its own and from its own folder. Folders in one row
//! are strangers to each other.

use std::collections::BTreeMap;
use std::fs;

use crate::expect_none;
use crate::source::{Source, root, tree};

/// The rows, lowest first. ARCHITECTURE.md shows the same table with what each holds.
const ROWS: [&[&str]; 10] = [
    &[
        "age",
        "calendar",
        "category",
        "codec",
        "direction",
        "id",
        "limits",
        "private",
    ],
    &["alarm", "config", "destination", "metrics", "pace", "rtp"],
    &["access", "logging", "srtp", "tap", "traces"],
    &["lobby", "media", "moderation"],
    &["classify", "store"],
    &["control"],
    &["http"],
    &["load", "server", "top"],
    &["cli"],
    &["main"],
];

fn row_of(unit: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&unit))
}

/// The top-level module that a source file belongs to.
fn unit_of(path: &str) -> Option<&str> {
    let inner = path.strip_prefix("src/")?;
    let unit = inner.split('/').next()?;
    (unit != "lib.rs").then(|| unit.strip_suffix(".rs").unwrap_or(unit))
}

fn wrong_ways(file: &Source) -> Vec<String> {
    let Some(unit) = unit_of(&file.path) else {
        return Vec::new();
    };
    let Some(row) = row_of(unit) else {
        return vec![format!("{}: `{unit}` stands in no row", file.path)];
    };
    imports(&file.code())
        .into_iter()
        .filter(|import| import != unit)
        .filter(|import| row_of(import).is_some_and(|below| below >= row))
        .map(|import| format!("{}: row {row} ({unit}) imports {import}", file.path))
        .collect()
}

/// The top-level modules that are named by `crate::`, or by `super::super::` from a folder, or by
/// the library's name from the binary.
fn imports(code: &str) -> Vec<String> {
    let packed: String = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let packed = packed.replace(":: ", "::").replace(" ::", "::");
    let mut found = Vec::new();
    for door in ["crate::", "super::super::", "visavis::"] {
        for (at, _) in packed.match_indices(door) {
            let Some(rest) = packed.get(at + door.len()..) else {
                continue;
            };
            match rest.strip_prefix('{') {
                Some(group) => found.extend(heads_of_group(group)),
                None => found.push(head(rest)),
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The first name of a path.
fn head(path: &str) -> String {
    path.trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// The first names in `a, b::{c, d}, e}`.
fn heads_of_group(group: &str) -> Vec<String> {
    let mut heads = Vec::new();
    let mut depth = 0;
    let mut starts = true;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => starts = true,
            ' ' => {}
            _ if starts => {
                heads.push(head(group.get(at..).unwrap_or_default()));
                starts = false;
            }
            _ => {}
        }
    }
    heads
}

/// The rows as a document draws them: a number or a blank, then names, then what they hold.
fn drawn_rows(document: &str) -> Vec<(usize, Vec<String>)> {
    let drawing = document
        .split("```text\n")
        .skip(1)
        .filter_map(|after| after.split("```").next())
        .find(|block| block.lines().any(|line| line.starts_with("0 ")))
        .unwrap_or_default();
    let mut row = 0;
    let mut names_by_row: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for line in drawing.lines() {
        let (number, rest) = line.split_at_checked(2).unwrap_or((line, ""));
        row = number.trim().parse().unwrap_or(row);
        if rest.starts_with(' ') || rest.is_empty() {
            continue;
        }
        let names = rest.split("  ").next().unwrap_or_default();
        for name in names.split(", ") {
            let unit = head(name);
            if unit != "lib" {
                names_by_row.entry(row).or_default().push(unit);
            }
        }
    }
    for names in names_by_row.values_mut() {
        names.sort();
        names.dedup();
    }
    names_by_row.into_iter().collect()
}

#[test]
fn every_way_to_import_is_seen() {
    let code = "use crate::{id::{A, B}, media::\nleg};\nfn f(x: crate::lobby::Seat) { super::super::control::g() }";
    assert_eq!(imports(code), ["control", "id", "lobby", "media"]);
}

#[test]
fn an_import_from_above_is_seen() {
    let upward = Source::of("src/media/relay.rs", "use crate::control::Handle;");
    assert_eq!(
        wrong_ways(&upward),
        ["src/media/relay.rs: row 3 (media) imports control"]
    );
}

#[test]
fn an_import_from_a_stranger_in_the_same_row_is_seen() {
    let sideways = Source::of("src/lobby/mod.rs", "use crate::media::Command;");
    assert_eq!(wrong_ways(&sideways).len(), 1);
}

#[test]
fn imports_from_below_and_from_the_own_folder_are_fine() {
    let downward = Source::of(
        "src/media/relay.rs",
        "use crate::{rtp, srtp};\nuse crate::media::leg::Leg; // crate::control",
    );
    assert!(wrong_ways(&downward).is_empty());
}

#[test]
fn a_file_without_a_row_is_seen() {
    assert_eq!(
        wrong_ways(&Source::of("src/attic.rs", "")),
        ["src/attic.rs: `attic` stands in no row"]
    );
}

#[test]
fn a_drawing_is_read_as_rows() {
    let drawing = "x\n```text\n2 cli/          one file per command\n  server.rs     builds\n1 http/mod      routes\n    signal*     a WebSocket\n0 id, limits    names\n  lib.rs        modules\n```\n";
    let read = drawn_rows(drawing);
    assert_eq!(
        read,
        [
            (0, vec!["id".to_owned(), "limits".to_owned()]),
            (1, vec!["http".to_owned()]),
            (2, vec!["cli".to_owned(), "server".to_owned()]),
        ]
    );
}

#[test]
fn rows_go_up() {
    expect_none(wrong_ways);
}

#[test]
fn every_row_is_lived_in() {
    let tree = tree();
    for unit in ROWS.iter().flat_map(|row| row.iter()) {
        let lived_in = tree.iter().any(|file| unit_of(&file.path) == Some(unit));
        assert!(lived_in, "nothing in src/ is called {unit}");
    }
}

#[test]
fn the_architecture_draws_these_rows() {
    let document =
        fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    let rows: Vec<(usize, Vec<String>)> = ROWS
        .iter()
        .enumerate()
        .map(|(row, units)| (row, units.iter().map(|unit| (*unit).to_owned()).collect()))
        .collect();
    assert_eq!(
        drawn_rows(&document),
        rows,
        "ARCHITECTURE.md draws other rows than the test has"
    );
}
