//! A shard's plain counters: written by its thread alone, published once a second by its driver.

use super::tapping::Seen;

/// Everything a shard counts.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Counters {
    /// Datagrams and their bytes from the socket.
    pub datagrams_in: u64,
    /// Bytes of them.
    pub bytes_in: u64,
    /// Datagrams handed to the socket.
    pub datagrams_out: u64,
    /// Bytes of them.
    pub bytes_out: u64,
    /// RTP packets sent on to a partner.
    pub packets_forwarded: u64,
    /// RTP packets kept back for a keyframe or by a stop.
    pub packets_held: u64,
    /// RTP packets kept back because this shard cannot carry them.
    pub packets_shed: u64,
    /// Legs whose picture is kept back for that now.
    pub legs_shed: u64,
    /// Permille of its time that the thread does not wait.
    pub load_permille: u32,
    /// RTP packets of waiting legs.
    pub packets_waiting: u64,
    /// Packets sent again from the ring.
    pub packets_resent: u64,
    /// Requests beyond a downlink's share for resending.
    pub resends_over_share: u64,
    /// Keyframes asked of senders by the relay.
    pub keyframes_asked: u64,
    /// Packets asked of senders by the relay.
    pub packets_asked: u64,
    /// Pictures that were tapped whole.
    pub frames_tapped: u64,
    /// Bytes of them.
    pub bytes_tapped: u64,
    /// Keyframes that were wanted for the tap and given up: incomplete, too large, or not what they
    /// said.
    pub frames_abandoned: u64,
    /// Tapped pictures that nobody took in time.
    pub frames_dropped: u64,
    /// Datagrams handed over between shards.
    pub strayed: u64,
    /// Matches that began on this shard, counted per direction.
    pub relays_begun: u64,
    /// Matches that began with a kept keyframe, counted per direction.
    pub faces_shown: u64,
    /// Legs given up because something for them panicked.
    pub broken_legs: u64,
    /// Legs at home here now.
    pub legs: u64,
    /// Why datagrams went no further.
    pub drops: Drops,
}

impl Counters {
    /// Counts what the tap made of a packet.
    pub(crate) fn count_seen(&mut self, seen: &Seen) {
        self.frames_abandoned += seen.abandoned;
        if let Some(frame) = &seen.frame {
            self.frames_tapped += 1;
            self.bytes_tapped += frame.data.len() as u64;
        }
    }
}

/// Datagrams that went no further, by reason.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Drops {
    /// From an address that no leg has proved to be its own.
    pub unknown_address: u64,
    /// STUN for nobody, or nobody's own.
    pub unknown_stun: u64,
    /// Neither STUN, DTLS, RTP nor RTCP.
    pub unknown_kind: u64,
    /// RTP or RTCP before the handshake.
    pub before_handshake: u64,
    /// Not RTP or RTCP by its own account.
    pub malformed: u64,
    /// An SSRC or payload type that is not the sender's.
    pub foreign: u64,
    /// Altered, replayed or too old.
    pub unauthentic: u64,
    /// Of the time before the match.
    pub stale: u64,
    /// Could not be protected or written.
    pub failed: u64,
    /// A message between shards that found no room.
    pub mail: u64,
}
