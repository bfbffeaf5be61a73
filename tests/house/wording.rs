//! What stands, and what never stands, in a file: its purpose, reasons for exceptions, no leftovers.

use crate::expect_none;
use crate::source::Source;

/// Each file opens with its purpose in one sentence.
fn purposeless(file: &Source) -> Vec<String> {
    let first = file.text.lines().next().unwrap_or_default();
    let says_so = match file.path.rsplit('.').next() {
        Some("rs") => first
            .strip_prefix("//! ")
            .is_some_and(|purpose| purpose.len() > 10),
        Some("js" | "mjs" | "ts" | "css") => first.starts_with("//") || first.starts_with("/*"),
        _ => true,
    };
    if says_so {
        Vec::new()
    } else {
        vec![format!("{}: does not open with its purpose", file.path)]
    }
}

/// `#[allow]` hides; `#[expect]` with a reason explains, and goes when it is no longer needed.
fn unexplained(file: &Source) -> Vec<String> {
    if !file.is("rs") {
        return Vec::new();
    }
    let code = file.code();
    let attributes = code.match_indices("#[").chain(code.match_indices("#!["));
    attributes
        .filter_map(|(at, _)| code.get(at..)?.split(']').next())
        .filter(|attribute| {
            let allows = attribute.contains("allow(");
            let expects = attribute.contains("expect(") && !attribute.contains("reason =");
            allows || expects
        })
        .map(|attribute| format!("{}: `{attribute}]`: expect it, with a reason", file.path))
        .collect()
}

fn unsafe_code(file: &Source) -> Vec<String> {
    if !file.is("rs") {
        return Vec::new();
    }
    let code = file.code();
    let words = code.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words
        .filter(|word| *word == "unsafe")
        .map(|_| format!("{}: unsafe code", file.path))
        .collect()
}

/// Traces of the machine that something was made on, and of work that was not finished.
fn leftovers(file: &Source) -> Vec<String> {
    let folders = ["work", "root", "home", "Users"].map(|folder| format!("/{folder}/"));
    let unfinished = ["TO-DO", "FIX-ME", "#[ig-nore", "test.sk-ip(", "test.on-ly("]
        .map(|split| split.replace('-', ""));
    let mut faults = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let place = format!("{}:{}", file.path, index + 1);
        let of_a_machine = folders.iter().any(|folder| {
            line.match_indices(folder.as_str()).any(|(at, _)| {
                // `https://host/home/` is an address, not a path of a machine.
                !line
                    .get(..at)
                    .is_some_and(|before| before.ends_with(|c: char| c.is_alphanumeric()))
            })
        });
        if of_a_machine {
            faults.push(format!("{place}: a path of a machine"));
        }
        if unfinished.iter().any(|mark| line.contains(mark.as_str())) {
            faults.push(format!("{place}: left unfinished"));
        }
    }
    faults
}

#[test]
fn a_file_without_a_purpose_is_seen() {
    assert_eq!(
        purposeless(&Source::of("src/leg.rs", "use std::fmt;")).len(),
        1
    );
    assert_eq!(
        purposeless(&Source::of("web/page/chat.js", "export {};")).len(),
        1
    );
    assert!(purposeless(&Source::of("src/leg.rs", "//! One visitor's transport.\n")).is_empty());
}

#[test]
fn an_exception_without_a_reason_is_seen() {
    let hidden = Source::of("src/leg.rs", "#[allow(dead_code)]\nfn f() {}");
    assert_eq!(unexplained(&hidden).len(), 1);
    let bare = Source::of("src/leg.rs", "#![expect(clippy::unwrap_used)]");
    assert_eq!(unexplained(&bare).len(), 1);
    let explained =
        "#[expect(\n    clippy::exit,\n    reason = \"the one exit\"\n)]\nx.expect(\"a leg\")";
    assert!(unexplained(&Source::of("src/leg.rs", explained)).is_empty());
}

#[test]
fn unsafe_code_is_seen() {
    let file = Source::of("src/leg.rs", "// unsafe\nunsafe { x() }");
    assert_eq!(unsafe_code(&file).len(), 1);
}

#[test]
fn leftovers_are_seen() {
    let folder = "root";
    let path = Source::of(
        "docs/a.md",
        &format!("see\n/{folder}/project and http://x.org/{folder}/y"),
    );
    assert_eq!(leftovers(&path), ["docs/a.md:2: a path of a machine"]);
    let mark = Source::of("src/leg.rs", &format!("// {}{}: later", "TO", "DO"));
    assert_eq!(leftovers(&mark), ["src/leg.rs:1: left unfinished"]);
    assert!(leftovers(&Source::of("docs/a.md", "http://x.org/root/y")).is_empty());
}

#[test]
fn each_file_opens_with_its_purpose() {
    expect_none(purposeless);
}

#[test]
fn each_exception_has_its_reason() {
    expect_none(unexplained);
}

#[test]
fn nothing_is_unsafe() {
    expect_none(unsafe_code);
}

#[test]
fn nothing_is_left_behind() {
    expect_none(leftovers);
}
