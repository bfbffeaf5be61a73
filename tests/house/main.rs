//! The house rules, read from the source: layers, sizes, names, drivers and documents.
//!
//! Each rule is a function from a file's path and text to the faults it finds. It is tried on small
//! strings first, so that a rule which has stopped seeing anything is noticed, and then on the tree.

mod documents;
mod drivers;
mod golden;
mod layers;
mod names;
mod sizes;
mod source;
mod wording;

use source::{Source, tree};

/// Runs one rule over every file of the tree and shows all it finds at once.
fn expect_none(rule: impl Fn(&Source) -> Vec<String>) {
    let faults: Vec<String> = tree().iter().flat_map(rule).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
