//! The visitor's conversation: every message, and every walk through a stay.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

mod age_checks;
mod challenges;
mod conversation;
mod ends;
mod lifeline;
mod messages;
mod refusals;
mod stage;
mod tokens;
