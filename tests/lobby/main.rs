//! The lobby by its door: inputs in, outputs out, time by hand.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

mod drain;
mod hall;
mod led;
mod pairing;
mod simulation;
mod stays;
mod talk;
