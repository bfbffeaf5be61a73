//! The moderation desk by its door: inputs in, outputs out, time by hand.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

mod complaints;
mod decisions;
mod first_looks;
mod late_words;
mod random_days;

mod trial;
mod wrong_policies;
