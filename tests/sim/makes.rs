//! What makes of browsers differ in, and where the numbers of one browser begin.

/// By which numbers a make of browser speaks.
#[derive(Clone, Copy)]
pub(crate) struct Make {
    pub(crate) audio: u8,
    pub(crate) video: u8,
    /// None for a client that sends lost packets again under their first number.
    pub(crate) rtx: Option<u8>,
    pub(crate) transport_cc: u8,
    pub(crate) mid: u8,
    /// Video section first.
    pub(crate) video_first: bool,
}

pub(crate) const CHROMIUM: Make = Make {
    audio: 111,
    video: 96,
    rtx: Some(97),
    transport_cc: 3,
    mid: 4,
    video_first: false,
};
pub(crate) const FIREFOX: Make = Make {
    audio: 109,
    video: 120,
    rtx: Some(124),
    transport_cc: 7,
    mid: 3,
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
pub(crate) fn ntp_at(hours: u64) -> u64 {
    (3_900_000_000 + hours * 3600) << 32
}
