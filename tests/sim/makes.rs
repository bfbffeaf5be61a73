//! What makes of browsers differ in, and where the numbers of one browser begin and go on.

/// By which numbers a make of browser speaks.
#[derive(Clone, Copy)]
pub(crate) struct Make {
    pub(crate) audio: u8,
    pub(crate) video: u8,
    /// None for a client that sends lost packets again under their first number.
    pub(crate) rtx: Option<u8>,
    pub(crate) transport_cc: u8,
    pub(crate) mid: u8,
    pub(crate) playout_delay: u8,
    /// Whether its packets say when to show them. No browser's do by itself.
    pub(crate) says_playout: bool,
    /// Video section first.
    pub(crate) video_first: bool,
}

impl Make {
    /// When a receiver of its packets is to show them, if it says so: an element that must not cross.
    pub(crate) fn playout(&self) -> Option<[u8; 4]> {
        let says = [(self.playout_delay << 4) | 2, 0x12, 0x31, 0x23];
        self.says_playout.then_some(says)
    }

    /// How many words of extensions its packets have, behind 16 bytes of header.
    pub(crate) const fn extension_words(&self) -> u8 {
        if self.says_playout { 3 } else { 2 }
    }
}

pub(crate) const CHROMIUM: Make = Make {
    audio: 111,
    video: 96,
    rtx: Some(97),
    transport_cc: 3,
    mid: 4,
    playout_delay: 5,
    says_playout: false,
    video_first: false,
};
pub(crate) const FIREFOX: Make = Make {
    audio: 109,
    video: 120,
    rtx: Some(124),
    transport_cc: 7,
    mid: 3,
    playout_delay: 6,
    says_playout: false,
    video_first: true,
};

/// A client that knows no retransmission stream.
pub(crate) const PLAIN: Make = Make {
    rtx: None,
    ..CHROMIUM
};

/// Where the numbers of a browser's streams begin.
#[derive(Clone, Copy)]
pub(crate) struct Start {
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) transport: u16,
    /// The browser's wall clock at the beginning of the run.
    pub(crate) ntp: u64,
}

/// NTP time so many hours into a day of our era.
pub(crate) const fn ntp_at(hours: u64) -> u64 {
    (3_900_000_000 + hours * 3600) << 32
}

/// Counters of one stream that is sent.
pub(crate) struct Sending {
    pub(crate) ssrc: u32,
    pub(crate) sequence: u16,
    pub(crate) wraps: u64,
    pub(crate) packets: u32,
    pub(crate) octets: u32,
}

impl Sending {
    pub(crate) fn new(ssrc: u32, sequence: u16) -> Self {
        Self {
            ssrc,
            sequence,
            wraps: 0,
            packets: 0,
            octets: 0,
        }
    }

    pub(crate) fn index(&self) -> u64 {
        (self.wraps << 16) | u64::from(self.sequence)
    }

    pub(crate) fn advance(&mut self) {
        self.sequence = self.sequence.wrapping_add(1);
        if self.sequence == 0 {
            self.wraps += 1;
        }
    }
}
