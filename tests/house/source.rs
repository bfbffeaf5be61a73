//! The files of the tree, and Rust text with its comments and strings blanked out.

use std::fs;
use std::path::{Path, PathBuf};

/// One text file of the project.
pub(crate) struct Source {
    /// From the root of the project, with forward slashes.
    pub(crate) path: String,
    /// Everything in it.
    pub(crate) text: String,
}

impl Source {
    /// A file for trying a rule on.
    pub(crate) fn of(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// Whether the name ends so, as in `rs`.
    pub(crate) fn is(&self, extension: &str) -> bool {
        self.path
            .rsplit_once('.')
            .is_some_and(|(_, end)| end == extension)
    }

    /// The last part of the path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The text without comments and without what stands in strings; lines stay where they are.
    pub(crate) fn code(&self) -> String {
        blank(&self.text)
    }
}

/// The root of the project.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file that the project keeps, in order of path.
pub(crate) fn tree() -> Vec<Source> {
    let mut files = Vec::new();
    collect(root(), &mut files);
    files.sort();
    files
        .into_iter()
        .filter_map(|file| {
            let path = file.strip_prefix(root()).ok()?.to_str()?.replace('\\', "/");
            let text = fs::read_to_string(&file).ok()?;
            Some(Source { path, text })
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let kept_out = ["target", "node_modules", ".git"];
        if kept_out.iter().any(|kept_out| name == *kept_out) {
            continue;
        }
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// What a reader of Rust is inside of.
enum Inside {
    Code,
    LineComment,
    BlockComment { depth: u32 },
    String { hashes: Option<usize> },
}

/// Replaces comments and the insides of strings by spaces.
fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut inside = Inside::Code;
    let mut at = 0;
    while let Some(&here) = chars.get(at) {
        let next = chars.get(at + 1).copied().unwrap_or(' ');
        let mut width = 1;
        let mut shown = if here == '\n' { '\n' } else { ' ' };
        match inside {
            Inside::Code => match (here, next) {
                ('/', '/') => inside = Inside::LineComment,
                ('/', '*') => {
                    inside = Inside::BlockComment { depth: 1 };
                    width = 2;
                }
                ('"', _) => {
                    inside = Inside::String {
                        hashes: raw_hashes(&chars, at),
                    };
                    shown = '"';
                }
                ('\'', '\\') => width = 4,
                ('\'', _) if chars.get(at + 2) == Some(&'\'') => width = 3,
                _ => shown = here,
            },
            Inside::LineComment if here == '\n' => inside = Inside::Code,
            Inside::LineComment => {}
            Inside::BlockComment { depth } => match (here, next) {
                ('/', '*') => inside = Inside::BlockComment { depth: depth + 1 },
                ('*', '/') if depth == 1 => {
                    inside = Inside::Code;
                    width = 2;
                }
                ('*', '/') => inside = Inside::BlockComment { depth: depth - 1 },
                _ => {}
            },
            Inside::String { hashes: None } => match here {
                '\\' => width = 2,
                '"' => {
                    inside = Inside::Code;
                    shown = '"';
                }
                _ => {}
            },
            Inside::String {
                hashes: Some(count),
            } => {
                let closes =
                    here == '"' && (1..=count).all(|ahead| chars.get(at + ahead) == Some(&'#'));
                if closes {
                    inside = Inside::Code;
                    shown = '"';
                }
            }
        }
        out.push(shown);
        // A line break that was stepped over (`\` at the end of a line) still counts.
        out.extend(
            (at + 1..at + width)
                .filter_map(|skipped| chars.get(skipped))
                .map(|skipped| if *skipped == '\n' { '\n' } else { ' ' }),
        );
        at += width;
    }
    out
}

/// How many `#` stand before the quote of a raw string, or nothing if it is a plain one.
fn raw_hashes(chars: &[char], quote: usize) -> Option<usize> {
    let before = chars.get(..quote)?;
    let hashes = before.iter().rev().take_while(|c| **c == '#').count();
    let letter = before.len().checked_sub(hashes + 1)?;
    (before.get(letter) == Some(&'r')).then_some(hashes)
}

#[test]
fn comments_and_strings_are_not_code() {
    let text = "let a = \"unsafe \\\" x\"; // unsafe\n/* unsafe /* unsafe */ */ b('\"'); r#\"unsafe \" \"#; c";
    let code = blank(text);
    assert!(!code.contains("unsafe"), "{code}");
    assert!(
        code.contains("let a =") && code.contains("b(") && code.ends_with("; c"),
        "{code}"
    );
    assert_eq!(code.lines().count(), 2);
}

#[test]
fn a_lifetime_is_not_a_character() {
    assert_eq!(blank("fn f<'a>(x: &'a str) {}"), "fn f<'a>(x: &'a str) {}");
}

#[test]
fn the_tree_is_seen() {
    let tree = tree();
    for path in [
        "src/lib.rs",
        "tests/house/source.rs",
        "Cargo.toml",
        "scripts/test",
    ] {
        assert!(
            tree.iter().any(|file| file.path == path),
            "{path} is not seen"
        );
    }
    assert!(!tree.iter().any(|file| file.path.contains("node_modules/")));
}
