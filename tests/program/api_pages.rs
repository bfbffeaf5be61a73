//! The API's description: as it is written down, printed, served, and true of the router.

use serde_json::Value;

use crate::described::{Said, description, expect_described};
use crate::started::{Started, said, visavis};

const GOLDEN: &str = "tests/golden/openapi.json";

#[test]
fn the_description_is_the_golden_one_wherever_it_is_asked_for() {
    let (code, printed, complaint) = said(&mut visavis(&["openapi"]));
    assert_eq!((code, complaint.as_str()), (0, ""));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(GOLDEN, &printed).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap();
    assert!(
        golden == printed,
        "UPDATE_GOLDEN=1 cargo test --test program writes it anew; the diff is the review"
    );
    let server = Started::with(&[]);
    let served = server.get("/v1/openapi.json");
    assert_eq!(
        (served.status, served.header("content-type")),
        (200, "application/json")
    );
    assert_eq!(served.body, golden);
}

#[test]
fn what_is_described_can_be_asked_for_and_nothing_else_at_the_same_address() {
    let folder = folder();
    let server = Started::with(&["--moderation-enabled=true", "--store-folder", &folder]);
    let paths = description()["paths"].as_object().unwrap();
    assert!(paths.len() > 5);
    for (template, item) in paths {
        let path = filled(template);
        for method in ["GET", "PUT", "POST", "DELETE", "PATCH"] {
            let answer = server.ask(method, &path, "content-length: 0\r\n");
            let said = Said {
                status: answer.status,
                kind: answer.header("content-type"),
                body: &answer.body,
            };
            expect_described(method, &path, &said);
            let is_described = item.get(method.to_lowercase()).is_some();
            // Who may come in is asked first: where a token is needed, 401 hides whether there is more.
            let is_open = item
                .as_object()
                .unwrap()
                .values()
                .all(|it| it["security"].is_null());
            let words = ["no such page", "no_such_route"];
            let there =
                answer.status != 405 && !words.iter().any(|word| answer.body.contains(word));
            if is_described || is_open {
                assert_eq!(there, is_described, "{method} {path}: {answer:?}");
            }
        }
    }
    drop(server);
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn every_operation_says_what_a_stranger_needs() {
    let mut names = Vec::new();
    for item in description()["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let name = operation["operationId"].as_str().unwrap();
            names.push(name);
            assert!(operation["summary"].is_string(), "{name} has no summary");
            assert!(has_tag(operation), "{name} has no tag that is explained");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["description"].is_string(), "{name}: {parameter}");
            }
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let words = answer["description"].as_str().unwrap_or_default();
                assert!(!words.is_empty(), "{name} does not say what {status} is");
            }
        }
    }
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "two operations have one name");
}

fn has_tag(operation: &Value) -> bool {
    let explained = description()["tags"].as_array().unwrap();
    let tags = operation["tags"].as_array().unwrap();
    tags.len() == 1 && explained.iter().any(|tag| tag["name"] == tags[0])
}

/// An address with something in place of its names.
fn filled(template: &str) -> String {
    let parts = template
        .split('/')
        .map(|part| if part.starts_with('{') { "1" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn folder() -> String {
    let name = format!("visavis-described-{}", std::process::id());
    std::env::temp_dir().join(name).display().to_string()
}
