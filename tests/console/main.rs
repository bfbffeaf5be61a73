//! The moderators' side of the HTTP API: who is let in, what their role may, and that nothing is done
//! before it is written down.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

mod cases_at_desk;
mod counted;
#[path = "../program/described.rs"]
mod described;
mod desk_stage;
mod outside;
mod reload;
mod roles;
mod signing_in;
mod trails;
