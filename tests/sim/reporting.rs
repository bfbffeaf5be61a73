//! What a browser says of what it hears: reports, transport-wide feedback and requests.

use std::time::Instant;

use crate::world::Visitor;

impl Visitor {
    /// A receiver's RTCP: transport-wide feedback, report blocks, requests for what is missing.
    pub(crate) fn give_feedback(&mut self, now: Instant) {
        use visavis::rtp::rtcp::{self, ReportBlock};
        let [audio, video, rtx] = self.browser.expected;
        let own = self.browser.video.ssrc;
        let mut compound = Vec::new();
        let newest = |ssrc: u32| {
            self.browser
                .got
                .iter()
                .rev()
                .take(400)
                .filter(|g| g.ssrc == ssrc)
                .map(|g| g.index)
                .max()
        };
        let last_sr = self
            .browser
            .rtcp
            .iter()
            .rev()
            .find_map(|(at, packet)| match packet {
                crate::got::GotRtcp::SenderReport(report) => Some(((report.ntp >> 16) as u32, *at)),
                _ => None,
            });
        let blocks: Vec<ReportBlock> = [audio, video]
            .into_iter()
            .filter_map(|ssrc| {
                Some(ReportBlock {
                    ssrc,
                    fraction_lost: 0,
                    cumulative_lost: crate::got::missing_of(&self.browser.got, ssrc),
                    highest_sequence: newest(ssrc)? as u32,
                    jitter: 7,
                    last_sr: last_sr.map_or(0, |(sr, _)| sr),
                    delay_since_last_sr: last_sr.map_or(0, |(_, at)| {
                        ((now - at).as_micros() * 65_536 / 1_000_000) as u32
                    }),
                })
            })
            .collect();
        if !blocks.is_empty() {
            rtcp::write::receiver_report(&mut compound, own, &blocks);
        }
        let entries = self.arrivals_since();
        if !entries.is_empty() {
            let count = self.feedback_count;
            self.feedback_count = count.wrapping_add(1);
            rtcp::write::transport_feedback(&mut compound, (own, video), count, &entries);
        }
        let missing = self.missing(video, rtx);
        if !missing.is_empty() {
            rtcp::write::nack(&mut compound, own, video, &missing);
        }
        if !compound.is_empty() {
            self.browser.send_rtcp(&compound);
        }
    }

    /// Transport-wide arrivals not yet reported, in this browser's own clock.
    fn arrivals_since(&mut self) -> Vec<(u16, Option<i64>)> {
        let began = self.browser.got.first().map(|got| got.at);
        let recent = self.browser.got.iter().enumerate().rev().take(200);
        let mut numbers: Vec<(u64, i64)> = Vec::new();
        let mut first_new: Option<u64> = None;
        for (place, got) in recent {
            let Some(low) = got.transport else { continue };
            // Runs here are short: numbers start low and are made whole by hand.
            let whole = self
                .reported_to
                .map_or_else(|| u64::from(low) + 0x1_0000, |last| nearest(last, low));
            let ticks = (got.at - began.unwrap()).as_micros() as i64 / 250 + 1_000_000;
            numbers.push((whole, ticks));
            if place >= self.reported_of {
                first_new = Some(first_new.map_or(whole, |first| first.min(whole)));
            }
        }
        numbers.sort_unstable();
        numbers.dedup_by_key(|(number, _)| *number);
        let (Some(from), Some((to, _))) = (first_new, numbers.last()) else {
            return Vec::new();
        };
        // From a late one on all is named again, as libwebrtc does.
        let from = self.reported_to.map_or(from, |to| from.min(to + 1));
        self.reported_to = Some(*to);
        self.reported_of = self.browser.got.len();
        (from..=*to)
            .map(|number| {
                let ticks = numbers.iter().find(|(n, _)| *n == number).map(|(_, t)| *t);
                ((number & 0xffff) as u16, ticks)
            })
            .collect()
    }

    /// Sequence numbers of the picture that neither came nor were resent, of the last 40.
    fn missing(&mut self, video: u32, rtx: u32) -> Vec<u16> {
        let recent: Vec<_> = self.browser.got.iter().rev().take(400).collect();
        let have: Vec<u16> = recent
            .iter()
            .filter_map(|got| {
                if got.ssrc == video {
                    Some(got.sequence)
                } else if got.ssrc == rtx && got.payload.len() >= 2 {
                    Some(u16::from_be_bytes([got.payload[0], got.payload[1]]))
                } else {
                    None
                }
            })
            .collect();
        let Some(newest) = recent.iter().find(|g| g.ssrc == video).map(|g| g.index) else {
            return Vec::new();
        };
        let oldest = recent
            .iter()
            .filter(|g| g.ssrc == video)
            .map(|g| g.index)
            .min()
            .unwrap();
        (oldest.max(newest.saturating_sub(40))..newest)
            .map(|index| (index & 0xffff) as u16)
            .filter(|sequence| !have.contains(sequence))
            .collect()
    }
}

fn nearest(reference: u64, low: u16) -> u64 {
    let here = (reference & !0xffff) | u64::from(low);
    [
        here.checked_sub(0x1_0000),
        Some(here),
        Some(here + 0x1_0000),
    ]
    .into_iter()
    .flatten()
    .min_by_key(|n| n.abs_diff(reference))
    .unwrap()
}
