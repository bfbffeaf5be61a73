//! The tap: copies chosen keyframes of what a visitor sends, so that somebody can look at them.
//!
//! The walk of a frame:
//!
//! 1. [`Sampler`] says when a picture of a leg is due: at the door, at each match's start, and then
//!    at moments that cannot be foreseen;
//! 2. [`Assembler`] joins the packets of the next keyframe (each coding's own way is in [`unpack`]);
//! 3. the [`Frame`] goes through the [`queue`](queue()) to the one who judges it.
//!
//! The media plane offers the packets, after decryption and beside forwarding: nothing here delays
//! one, and no packet is copied that is not of a picture that is due.

// Tests may panic; what reads a stranger's bytes may not.
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod assemble;
#[cfg(test)]
mod assemble_tests;
mod frame;
mod queue;
mod sample;
mod unpack;

pub use assemble::{Assembler, Packet};
pub use frame::{Frame, Occasion};
pub use queue::{Receiver, Sender, queue};
pub use sample::{Rates, Sampler};

/// A tap that is on: how often it looks, and where its frames go.
#[derive(Clone)]
pub struct Tap {
    /// How often, until the control plane says otherwise of a leg.
    pub rates: Rates,
    /// To whoever judges.
    pub sender: Sender,
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "there is no other way to make an `Instant`"
)]
pub(crate) fn any_instant() -> std::time::Instant {
    std::time::Instant::now()
}
