//! RTP and RTCP: a stranger's bytes to values and back, without state, clock or allocation.
//!
//! The walk of a datagram through this folder:
//! 1. [`Kind::of`] tells media from STUN and DTLS;
//! 2. [`Header::parse`] finds the bounds of an RTP packet;
//! 3. [`extension::find`] and [`extension::remap`] read and clean its header extensions;
//! 4. [`sequence`] lays 16-bit numbers out on one line;
//! 5. [`descriptor`] takes off what stands before a piece of a picture, and [`starts_keyframe`] tells
//!    where a picture that needs no past begins;
//! 6. [`rtcp`] reads and writes control packets.

// Tests may panic; what reads a stranger's bytes may not.
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)
)]

mod bytes;
mod datagram;
pub mod descriptor;
pub mod extension;
mod header;
mod keyframe;
pub mod rtcp;
pub mod sequence;

pub use datagram::Kind;
pub use header::{
    ExtensionBlock, Header, payload, set_marker, set_no_padding, set_payload_type, set_sequence,
    set_ssrc, set_timestamp,
};
pub use keyframe::starts_keyframe;

#[cfg(test)]
mod hostile_tests;
