//! Names: unique in the tree, saying what is inside, and in the words of the project.

use std::collections::BTreeMap;

use crate::expect_none;
use crate::source::{Source, tree};

/// Names that say nothing of what is inside.
const EMPTY_NAMES: [&str; 8] = [
    "utils", "util", "common", "core", "types", "helpers", "helper", "misc",
];

/// Words for which the project has others (ARCHITECTURE.md).
const OTHER_WORDS: [&str; 4] = ["room", "user", "peer", "call"];

/// Names that a tool or a custom gives, and that may stand in several folders.
const GIVEN_NAMES: [&str; 4] = ["mod.rs", "main.rs", "index.html", "README.md"];

fn is_ours(file: &Source) -> bool {
    ["src/", "tests/", "web/", "scripts/"]
        .iter()
        .any(|folder| file.path.starts_with(folder))
        && !file.path.starts_with("tests/golden/")
}

fn empty_names(file: &Source) -> Vec<String> {
    if !is_ours(file) {
        return Vec::new();
    }
    file.path
        .split('/')
        .map(|part| part.split_once('.').map_or(part, |(stem, _)| stem))
        .filter(|stem| EMPTY_NAMES.contains(stem) || OTHER_WORDS.contains(stem))
        .map(|stem| format!("{}: `{stem}` does not say what is inside", file.path))
        .collect()
}

/// Types and modules named with a word that the project does not use.
fn other_words(file: &Source) -> Vec<String> {
    if !(file.is("rs") && file.path.starts_with("src/")) {
        return Vec::new();
    }
    let code = file.code();
    let words: Vec<&str> = code.split_whitespace().collect();
    words
        .windows(2)
        .filter_map(|pair| match pair {
            ["struct" | "enum" | "trait" | "mod" | "type", name] => Some(*name),
            _ => None,
        })
        .filter(|name| {
            word_parts(name)
                .iter()
                .any(|part| OTHER_WORDS.contains(&part.as_str()))
        })
        .map(|name| {
            format!(
                "{}: `{name}`: the project has another word for it",
                file.path
            )
        })
        .collect()
}

/// `RoomOfTwo<T>` and `room_of_two` are both room, of, two.
fn word_parts(name: &str) -> Vec<String> {
    let name: String = name
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    let mut parts = vec![String::new()];
    for c in name.chars() {
        if c == '_' || c.is_uppercase() {
            parts.push(String::new());
        }
        if let Some(last) = parts.last_mut() {
            last.extend(c.to_lowercase().filter(|c| *c != '_'));
        }
    }
    parts
}

/// Names that stand for two files of one top folder. A test may carry the name of what it tests.
fn twice<'a>(files: impl Iterator<Item = &'a Source>) -> Vec<String> {
    let mut paths_by_name: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for file in files.filter(|file| is_ours(file) && !GIVEN_NAMES.contains(&file.name())) {
        paths_by_name
            .entry((top(file), file.name()))
            .or_default()
            .push(&file.path);
    }
    paths_by_name.retain(|_, paths| paths.len() > 1);
    paths_by_name
        .values()
        .map(|paths| paths.join(" and "))
        .collect()
}

fn top(file: &Source) -> &str {
    file.path.split('/').next().unwrap_or_default()
}

#[test]
fn a_name_that_says_nothing_is_seen() {
    assert_eq!(empty_names(&Source::of("src/media/utils.rs", "")).len(), 1);
    assert_eq!(empty_names(&Source::of("web/common/page.js", "")).len(), 1);
    assert!(empty_names(&Source::of("src/media/relay.rs", "")).is_empty());
}

#[test]
fn a_word_that_is_not_used_is_seen() {
    let rooms = Source::of(
        "src/lobby/seat.rs",
        "pub struct ChatRoom { a: u8 }\nmod user_list;",
    );
    assert_eq!(other_words(&rooms).len(), 2);
    let others = Source::of(
        "src/lobby/seat.rs",
        "struct Headroom; // struct Room\nfn peer_addr() {}",
    );
    assert!(other_words(&others).is_empty());
}

#[test]
fn a_name_used_twice_is_seen() {
    let files = [
        Source::of("src/media/leg.rs", ""),
        Source::of("src/lobby/leg.rs", ""),
        Source::of("tests/leg.rs", ""),
        Source::of("src/media/mod.rs", ""),
        Source::of("src/lobby/mod.rs", ""),
    ];
    assert_eq!(
        twice(files.iter()),
        ["src/media/leg.rs and src/lobby/leg.rs"]
    );
}

#[test]
fn every_name_says_what_is_inside() {
    expect_none(empty_names);
}

#[test]
fn types_and_modules_use_the_words_of_the_project() {
    expect_none(other_words);
}

#[test]
fn a_file_name_stands_for_one_file() {
    let faults = twice(tree().iter());
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
