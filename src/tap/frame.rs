//! [`Frame`]: one encoded picture that was copied to be looked at.

use std::fmt;
use std::time::Instant;

use bytes::Bytes;

use crate::codec::VideoCodec;
use crate::id::LegId;

/// One keyframe of a visitor's, whole and as it was encoded: it decodes without its past.
#[derive(Clone)]
pub struct Frame {
    /// Whose picture it is.
    pub leg: LegId,
    /// Why it was taken.
    pub occasion: Occasion,
    /// How it is encoded.
    pub codec: VideoCodec,
    /// When its last packet came.
    pub taken: Instant,
    /// VP8: the frame (RFC 6386). H.264: an access unit with start codes (Annex B).
    pub data: Bytes,
}

/// Why a picture is taken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Occasion {
    /// The leg has just connected; nobody sees it yet.
    Door,
    /// The leg faces somebody new.
    MatchStart,
    /// Time has passed since the last one.
    Routine,
    /// The control plane wants one now.
    Asked,
}

/// Says how many bytes the picture has, never what is in them.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("leg", &self.leg)
            .field("occasion", &self.occasion)
            .field("codec", &self.codec)
            .field("bytes", &self.data.len())
            .finish_non_exhaustive()
    }
}
