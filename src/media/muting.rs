//! Keeping a leg's sound or picture from everybody, as its backend wants it.
//!
//! A picture is held as if a gate were shut. Of sound every packet goes on with silence in it: nothing is
//! missing in anybody's numbers, so nothing reads as loss.

use std::time::Instant;

use super::command::Muted;
use super::face::Face;
use super::shard::Shard;
use crate::rtp::{self, Header};

/// An Opus packet of silence: one frame of 20 ms (RFC 6716, 3.1; the code that libopus writes for it).
const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];

impl Shard {
    pub(super) fn mute(&mut self, key: usize, muted: Muted, now: Instant) {
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        leg.muted = muted;
        if muted.video {
            leg.face = Face::default();
            if let Some(relay) = &mut leg.relay {
                relay.hold_video();
            }
        }
        self.schedule(key, now);
    }
}

/// Puts silence in place of the sound in a decrypted packet, which lies in a larger one as it came.
/// Answers its new length; none where there is no room for it.
pub(super) fn silence(packet: &mut [u8], header: &Header) -> Option<usize> {
    let end = header.length + SILENCE.len();
    packet
        .get_mut(header.length..end)?
        .copy_from_slice(&SILENCE);
    rtp::set_no_padding(packet);
    Some(end)
}
