//! Which picture coding a leg speaks; both legs of a match speak the same one.

use serde::{Deserialize, Serialize};

/// A video codec that the fixed answer can offer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VideoCodec {
    /// RFC 7741: every browser has it, and its keyframes decode anywhere.
    Vp8,
    /// RFC 9628, profile 0.
    Vp9,
    /// RFC 6184, packetization mode 1, constrained baseline.
    H264,
}

impl VideoCodec {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Vp8 => "vp8",
            Self::Vp9 => "vp9",
            Self::H264 => "h264",
        }
    }

    /// The codec of that name.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Vp8, Self::Vp9, Self::H264]
            .into_iter()
            .find(|codec| codec.word() == word)
    }
}
