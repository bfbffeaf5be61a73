//! What one measurement sends and what comes of it.

use std::time::Duration;

use hdrhistogram::Histogram;

/// How the packets of one sender come.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// One packet of each sender in turn, a system call each.
    OneAtATime,
    /// Six packets of a sender together, as a picture's: one segmented send.
    FrameBursts,
}

impl Shape {
    pub(crate) fn packets(self) -> usize {
        match self {
            Self::OneAtATime => 1,
            Self::FrameBursts => 6,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OneAtATime => "one at a time",
            Self::FrameBursts => "frame bursts",
        }
    }
}

/// What came of a measurement.
pub(crate) struct Flow {
    pub(crate) sent: u64,
    pub(crate) received: u64,
    pub(crate) took: Duration,
    /// Of the thread that relays.
    pub(crate) cpu: Duration,
    /// Of the thread that sends, encrypts and receives.
    pub(crate) own_cpu: Duration,
    pub(crate) latency_ns: Histogram<u64>,
}

impl Flow {
    /// Packets that did not come out.
    pub(crate) fn lost(&self) -> u64 {
        self.sent.saturating_sub(self.received)
    }

    /// Microseconds of processor time for each packet that came out.
    pub(crate) fn cost_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.received as f64
    }
}
