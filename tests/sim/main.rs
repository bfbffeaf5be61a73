//! The whole relay in one thread, in virtual time, over networks that lose, delay and reorder.
//! One seed replays one run.
#![expect(
    clippy::unwrap_used,
    reason = "a test that fails may say so by panicking"
)]
#![expect(clippy::cast_possible_truncation, reason = "test numbers are small")]

mod browser;
mod got;
mod makes;
mod one_way;
mod reporting;
mod world;

mod cost;
mod feedback;
mod hostile;
mod isolation;
mod looking_on;
mod muting;
mod overload;
mod playout;
mod quality;
mod repair;
mod shards;
mod stream;
mod tapping;
