//! Moderation: who decides what happens to a visitor, and by which rule. Knows no packet, no socket
//! and no clock: time comes in as an argument, effects go out as data.
//!
//! 1. A classifier says what it sees: [`verdict`].
//! 2. A decision is written down before it is carried out: [`audit_line`].
#![warn(clippy::wildcard_enum_match_arm)]

mod audit_line;
mod verdict;

pub use audit_line::{Actor, AuditLine, Deed};
pub use verdict::{BadLabel, BadScore, Label, Outcome, Score, Verdict};
