//! SRTP and SRTCP (RFC 3711, RFC 7714): packets protected and unprotected in place, without clock,
//! socket or allocation.
//!
//! The walk of a key, then of a packet:
//! 1. [`KeyPair::from_exporter`] cuts the handshake's bytes into one [`MasterKey`] per direction;
//! 2. [`Inbound`] takes what a visitor sends: replay check against a [`ReplayWindow`],
//!    authentication, decryption, and only then is anything remembered;
//! 3. [`Outbound`] protects what is sent to a visitor, and refuses an index that it has used.

// Tests may panic; what reads a stranger's bytes may not.
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)
)]

mod cipher;
mod inbound;
mod keys;
mod outbound;
mod profile;
mod replay;

pub use inbound::{Inbound, Unprotected};
pub use keys::{KeyPair, MasterKey};
pub use outbound::Outbound;
pub use profile::Profile;
pub use replay::ReplayWindow;

/// Indices end here: 32 bits of roll-over counter, 16 of sequence number (RFC 3711, section 9.2).
const RTP_INDEX_LIMIT: u64 = 1 << 48;
/// SRTCP indices end here (RFC 3711, section 3.4).
const RTCP_INDEX_LIMIT: u32 = 1 << 31;
/// The bit beside an SRTCP index that says "encrypted".
const ENCRYPTED: u32 = 1 << 31;
/// An SRTCP packet begins with so many bytes in clear: the first header and the sender's SSRC.
const RTCP_CLEAR: usize = 8;

/// Why a packet is neither taken nor sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SrtpError {
    /// Hostile or cut short.
    #[error("the packet is too short for what it must carry")]
    Malformed,
    /// Its index has been taken before.
    #[error("the packet has been received before")]
    Replayed,
    /// Its index lies before the replay window.
    #[error("the packet is older than the replay window")]
    TooOld,
    /// Altered on the way, or made without the key.
    #[error("the packet does not bear the sender's tag")]
    Forged,
    /// SRTCP sent in clear, which WebRTC never does (RFC 8834, section 4.2).
    #[error("the control packet is not encrypted")]
    Unencrypted,
    /// More SSRCs under one key than a leg has streams.
    #[error("packets name more senders than a leg has")]
    TooManySenders,
    /// The buffer is too short for the tag.
    #[error("the buffer has no room for the tag")]
    NoRoom,
    /// Sent before under this index, or too long ago to tell.
    #[error("the index may have protected another packet")]
    Reused,
    /// Another packet would need a nonce twice.
    #[error("the key has protected all packets it may")]
    Exhausted,
}

#[cfg(test)]
mod protection_tests;
#[cfg(test)]
mod vector_tests;
