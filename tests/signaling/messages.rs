//! The messages, their examples and their documentation say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use visavis::http::message::{ErrorCode, FromBrowser, FromServer};

/// The names between back quotes in serde's list of what it would have taken.
fn expected_names(error: &str) -> BTreeSet<String> {
    let (_, list) = error.split_once("expected").unwrap();
    list.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// What the code takes, asked of the code itself: the types of `M`.
fn types_of<M: DeserializeOwned + std::fmt::Debug>() -> BTreeSet<String> {
    let error = serde_json::from_value::<M>(json!({"type": "no such type"})).unwrap_err();
    expected_names(&error.to_string())
}

/// The fields of the message `kind` of `M`.
fn fields_of<M: DeserializeOwned + std::fmt::Debug>(kind: &str) -> BTreeSet<String> {
    let with_one_too_many = json!({"type": kind, "no such field": 1});
    let error = serde_json::from_value::<M>(with_one_too_many)
        .unwrap_err()
        .to_string();
    if error.contains("there are no fields") {
        BTreeSet::new()
    } else {
        expected_names(&error)
    }
}

fn golden(name: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/signaling")
        .join(format!("{name}.json"));
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{name}.json: {error}"));
    serde_json::from_str(&text).unwrap()
}

fn documentation() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/signaling.md")).unwrap()
}

/// The table under a heading: the first cell without quotes, and the rest of the row.
fn table(heading: &str) -> BTreeMap<String, String> {
    let documentation = documentation();
    let (_, section) = documentation
        .split_once(&format!("## {heading}\n"))
        .unwrap();
    let section = section.split("\n## ").next().unwrap();
    section
        .lines()
        .skip_while(|line| !line.starts_with("|---"))
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(name, rest)| (name.to_owned(), rest.to_owned()))
        .collect()
}

fn examples_come_back_unchanged<M: DeserializeOwned + Serialize + std::fmt::Debug>(side: &str) {
    for kind in types_of::<M>() {
        let example = golden(&format!("{side}_{kind}"));
        let message: M = serde_json::from_value(example.clone()).unwrap();
        assert_eq!(
            serde_json::to_value(&message).unwrap(),
            example,
            "{side} {kind}"
        );

        let shown: BTreeSet<_> = example.as_object().unwrap().keys().cloned().collect();
        let mut taken = fields_of::<M>(&kind);
        taken.insert("type".to_owned());
        assert_eq!(
            shown, taken,
            "the example of {side} {kind} shows every field"
        );
    }
}

fn documentation_names_everything<M: DeserializeOwned + std::fmt::Debug>(heading: &str) {
    let rows = table(heading);
    let documented: BTreeSet<_> = rows.keys().cloned().collect();
    assert_eq!(documented, types_of::<M>(), "{heading}");
    for (kind, row) in rows {
        for field in fields_of::<M>(&kind) {
            assert!(
                row.contains(&format!("`{field}`")),
                "{heading}: {kind} says nothing of {field}"
            );
        }
    }
}

#[test]
fn every_message_of_the_browser_comes_back_unchanged() {
    examples_come_back_unchanged::<FromBrowser>("browser");
}

#[test]
fn every_message_of_the_server_comes_back_unchanged() {
    examples_come_back_unchanged::<FromServer>("server");
}

#[test]
fn no_example_is_left_of_a_message_that_is_gone() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/signaling");
    let there: BTreeSet<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let browser = types_of::<FromBrowser>()
        .into_iter()
        .map(|kind| format!("browser_{kind}.json"));
    let server = types_of::<FromServer>()
        .into_iter()
        .map(|kind| format!("server_{kind}.json"));
    assert_eq!(there, browser.chain(server).collect());
}

#[test]
fn the_documentation_names_every_message_and_field() {
    documentation_names_everything::<FromBrowser>("From the browser");
    documentation_names_everything::<FromServer>("From the server");
}

#[test]
fn the_documentation_names_every_error_code() {
    let codes = ErrorCode::ALL
        .iter()
        .map(|code| serde_json::to_value(code).unwrap());
    let codes: BTreeSet<_> = codes
        .map(|code| code.as_str().unwrap().to_owned())
        .collect();
    let documented: BTreeSet<_> = table("Errors").into_keys().collect();
    assert_eq!(codes, documented);
}

#[test]
fn the_documentation_names_every_word_of_the_small_lists() {
    let documentation = documentation();
    for (field, heading) in [
        (
            json!({"type": "join", "mode": "?", "adult": true}),
            "From the browser",
        ),
        (
            json!({"type": "report", "category": "?"}),
            "From the browser",
        ),
    ] {
        let error = serde_json::from_value::<FromBrowser>(field)
            .unwrap_err()
            .to_string();
        for word in expected_names(&error) {
            assert!(
                documentation.contains(&format!("`\"{word}\"`")),
                "{heading}: {word}"
            );
        }
    }
    for field in [
        json!({"type": "left", "reason": "?", "requeue_ms": 1}),
        json!({"type": "bye", "reason": "?"}),
        json!({"type": "connection", "state": "?"}),
        json!({"type": "screening", "state": "?"}),
        json!({"type": "blocked", "whose": "?", "blocked": true, "label": null}),
    ] {
        let error = serde_json::from_value::<FromServer>(field)
            .unwrap_err()
            .to_string();
        for word in expected_names(&error) {
            assert!(
                documentation.contains(&format!("`\"{word}\"`")),
                "From the server: {word}"
            );
        }
    }
}

#[test]
fn an_unknown_field_is_refused_also_where_there_are_none() {
    for kind in types_of::<FromBrowser>() {
        let mut example = golden(&format!("browser_{kind}"));
        example["spelling_mistake"] = json!(1);
        assert!(
            serde_json::from_value::<FromBrowser>(example).is_err(),
            "{kind}"
        );
    }
}

#[test]
fn what_may_be_left_out_may_be_left_out() {
    let join = json!({"type": "join", "mode": "text", "adult": true});
    let expected = FromBrowser::Join {
        mode: visavis::http::message::Mode::Text,
        offer: None,
        adult: true,
        interests: vec![],
        languages: vec![],
        device: None,
        token: None,
        proof: None,
        age_check: None,
    };
    assert_eq!(
        serde_json::from_value::<FromBrowser>(join).unwrap(),
        expected
    );
    for needs_a_field in [
        json!({"type": "join", "mode": "text"}),
        json!({"type": "resume"}),
        json!({"type": "chat"}),
        json!({"type": "report"}),
    ] {
        assert!(serde_json::from_value::<FromBrowser>(needs_a_field).is_err());
    }
}

#[test]
fn a_message_that_is_printed_shows_nothing_of_the_visitor() {
    for kind in types_of::<FromBrowser>() {
        let message: FromBrowser =
            serde_json::from_value(golden(&format!("browser_{kind}"))).unwrap();
        let printed = format!("{message:?}");
        for secret in ["hello", "v=0", "5VZk0tB8w1mJ7cQe", "sells"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}
