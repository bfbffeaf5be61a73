//! Looking at pictures: decoders, fingerprints and models against recorded references, hostile
//! bytes, and workers that die, hang or talk nonsense.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod hostile_bytes;
mod lives;
mod machines;
mod own_models;
mod parity;
mod processes;
mod services;
mod show;
