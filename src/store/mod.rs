//! What outlives a match. Today that is the audit log: append-only, each line sealed to the one
//! before by its hash.
//!
//! 1. [`chain`] seals a line: a change, a gap or a swap in what is stored shows.

mod chain;

pub use chain::{Seal, Stored};
