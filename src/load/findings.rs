//! What is said of a run: one value that is a table for people and JSON for programs.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use super::clip::CARD_HASH;
use super::crowd::Counted;
use super::looks::LookFindings;
use super::plan::Plan;
use super::tally::{Tally, Times, loss_ratio, real};

/// What a run found. Units are in the names.
#[derive(Clone, Debug, Serialize)]
pub struct Findings {
    /// Pairs that were asked for.
    pub pairs: usize,
    /// Visitors that faced somebody when the measuring began.
    pub visitors_matched: usize,
    /// Stays that went on with a newer server that took over. What the server used is unknown then.
    pub visitors_moved: usize,
    /// Stays that ended before they should.
    pub visitors_failed: usize,
    /// How long it was measured.
    pub measured_seconds: f64,
    /// RTP packets sent by all visitors.
    pub packets_sent: u64,
    /// RTP packets that arrived whole.
    pub packets_received: u64,
    /// The same per second: what the server forwarded.
    pub packets_per_second: f64,
    /// Packets that are missing among those received, as a share, after what was sent again.
    pub loss_ratio: f64,
    /// The same of pictures alone: what is missing of a voice is not asked for again.
    pub picture_loss_ratio: f64,
    /// Packets that were missing and came when asked for.
    pub packets_repaired: u64,
    /// Packets that arrived altered, or could not be decrypted.
    pub packets_bad: u64,
    /// Complete pictures that arrived, per second and visitor.
    pub pictures_per_second: f64,
    /// From making a packet to reading it on the other side: the way through the server, and
    /// `--delay` and `--jitter` both ways.
    pub added_latency_ms: Spread,
    /// From a visitor's `join` to its connected leg.
    pub join_ms: Spread,
    /// From Next to the new partner's first complete picture, the wait for a partner included: where
    /// nobody looks, that is `lobby.requeue_ms` of those who were left.
    pub next_to_first_frame_ms: Option<Spread>,
    /// Of that, from hearing that there is a partner.
    pub match_to_first_frame_ms: Option<Spread>,
    /// What the server's process used per packet received.
    pub server_cpu_us_per_packet: Option<f64>,
    /// Memory that the server's process gained, per visitor.
    pub server_rss_bytes_per_leg: Option<f64>,
    /// How the server looked at pictures, where it does.
    pub looks: Option<LookFindings>,
    /// What became of those who showed the test card, where some did.
    pub unwanted: Option<Unwanted>,
    /// What the crowd's own media threads used per packet sent or received.
    pub own_cpu_us_per_packet: f64,
    /// How late the crowd itself was to send.
    pub own_lateness_ms: Spread,
    /// Share of one core that the crowd's busiest media thread used.
    pub own_load_ratio: f64,
    /// Share of the time that its media threads were ready to run and had no core.
    pub own_waiting_ratio: f64,
    /// Why the crowd itself is what was measured, and not the server; nothing if it kept up.
    pub own_bottleneck: Option<String>,
}

/// What became of those who showed the test card.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Unwanted {
    /// Visitors who showed it.
    pub visitors_showed: u64,
    /// Those of them whose picture or stay the server stopped.
    pub visitors_stopped: u64,
    /// Complete pictures of it that reached their partners, for each who showed it.
    pub pictures_seen_each: f64,
    /// From its first packet to the word that it is stopped.
    pub to_stop_ms: Option<Spread>,
}

impl Unwanted {
    fn of(tally: &Tally) -> Option<Self> {
        (tally.cards_shown > 0).then(|| Self {
            visitors_showed: tally.cards_shown,
            visitors_stopped: tally.card_to_stop.len(),
            pictures_seen_each: real(tally.cards_seen) / real(tally.cards_shown),
            to_stop_ms: Spread::of_some(&tally.card_to_stop),
        })
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let Self {
            visitors_showed,
            visitors_stopped,
            pictures_seen_each,
            to_stop_ms,
        } = self;
        let mut rows = vec![(
            "test card",
            format!(
                "{visitors_stopped} of {visitors_showed} who showed it were stopped, \
                 {pictures_seen_each:.1} pictures of each were seen"
            ),
        )];
        rows.extend(to_stop_ms.map(|spread| ("  until it was stopped", spread.to_string())));
        if *visitors_stopped == 0 {
            let why = format!(
                "nobody was stopped: does the server look, and is the card's hash on its list of \
                 known pictures (moderation.hash_list)? It is {CARD_HASH}"
            );
            rows.push(("WARNING", why));
        }
        rows
    }
}

/// A distribution in milliseconds.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Spread {
    /// Half are at most this.
    pub p50: f64,
    /// 95 of 100.
    pub p95: f64,
    /// 99 of 100.
    pub p99: f64,
    /// All.
    pub max: f64,
}

/// Above either the crowd itself is what is measured.
const OWN_LATENESS_P99_MS: f64 = 5.0;
const OWN_LOAD: f64 = 0.9;

impl Findings {
    /// What a run found.
    pub fn of(plan: &Plan, counted: &Counted) -> Self {
        let (tally, bills) = (&counted.tally, counted.bills);
        let seconds = counted.measured.as_secs_f64();
        let received = real(tally.received);
        let threads = real(plan.threads.max(1) as u64);
        let handled = (real(tally.sent) + received).max(1.0);
        let mut findings = Self {
            pairs: plan.pairs,
            visitors_matched: counted.met,
            visitors_moved: counted.moved,
            visitors_failed: counted.failed,
            measured_seconds: seconds,
            packets_sent: tally.sent,
            packets_received: tally.received,
            packets_per_second: received / seconds,
            loss_ratio: loss_ratio(tally.lost, tally.received),
            picture_loss_ratio: loss_ratio(tally.picture_lost, tally.picture_packets),
            packets_repaired: tally.repaired,
            packets_bad: tally.corrupt + tally.refused,
            pictures_per_second: real(tally.pictures) / seconds / real(counted.met as u64),
            added_latency_ms: Spread::of(&tally.latency),
            join_ms: Spread::of(&counted.join),
            next_to_first_frame_ms: Spread::of_some(&tally.next_to_picture),
            match_to_first_frame_ms: Spread::of_some(&tally.match_to_picture),
            server_cpu_us_per_packet: bills.map(|[_, begin, end]| {
                let used = end.processor.saturating_sub(begin.processor);
                used.as_secs_f64() * 1e6 / received.max(1.0)
            }),
            server_rss_bytes_per_leg: bills.map(|[before, _, end]| {
                let gained = end.memory_bytes.saturating_sub(before.memory_bytes);
                real(gained) / real(counted.connected as u64).max(1.0)
            }),
            looks: counted.looks,
            unwanted: Unwanted::of(tally),
            own_cpu_us_per_packet: tally.processor.as_secs_f64() * 1e6 / handled,
            own_lateness_ms: Spread::of(&tally.lateness),
            own_load_ratio: counted.busiest.as_secs_f64() / seconds,
            own_waiting_ratio: tally.waiting.as_secs_f64() / seconds / threads,
            own_bottleneck: None,
        };
        findings.own_bottleneck = findings.bottleneck();
        findings
    }

    /// Whether the crowd was too slow itself for its figures to be the server's, and why.
    fn bottleneck(&self) -> Option<String> {
        let late = self.own_lateness_ms.p99;
        if self.own_load_ratio > OWN_LOAD {
            let share = 100.0 * self.own_load_ratio;
            return Some(format!(
                "this crowd's busiest thread used {share:.0} % of a core: give it more --threads"
            ));
        }
        if late <= OWN_LATENESS_P99_MS {
            return None;
        }
        let waiting = 100.0 * self.own_waiting_ratio;
        Some(format!(
            "this crowd sent {late:.0} ms late at p99, and waited {waiting:.0} % of the time for a \
             core: give it a machine of its own, or fewer pairs"
        ))
    }
}

impl Spread {
    /// Of a distribution that holds something.
    pub(super) fn of_some(times: &Times) -> Option<Self> {
        (!times.is_empty()).then(|| Self::of(times))
    }

    /// The larger of each.
    pub(super) const fn worse(self, other: Self) -> Self {
        Self {
            p50: self.p50.max(other.p50),
            p95: self.p95.max(other.p95),
            p99: self.p99.max(other.p99),
            max: self.max.max(other.max),
        }
    }

    fn of(times: &Times) -> Self {
        let ms = |micros: u64| real(micros) / 1000.0;
        let at = |quantile| ms(times.value_at_quantile(quantile));
        Self {
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            max: ms(times.max()),
        }
    }
}

impl Display for Spread {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { p50, p95, p99, max } = self;
        write!(
            f,
            "{p50:8.2} p50 {p95:8.2} p95 {p99:8.2} p99 {max:8.2} max  ms"
        )
    }
}

impl Findings {
    fn visitors(&self) -> String {
        let moved = match self.visitors_moved {
            0 => String::new(),
            moved => format!(", {moved} moved to a newer server"),
        };
        let (matched, all) = (self.visitors_matched, 2 * self.pairs);
        let failed = self.visitors_failed;
        format!("{matched} of {all} matched{moved}, {failed} failed")
    }

    /// What it says, row by row, for people.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = vec![
            ("visitors", self.visitors()),
            (
                "packets",
                format!(
                    "{:.0} per second, {} received in {:.1} s",
                    self.packets_per_second, self.packets_received, self.measured_seconds
                ),
            ),
            (
                "lost",
                format!(
                    "{:.4} %, of pictures {:.4} %, {} repaired, {} bad",
                    100.0 * self.loss_ratio,
                    100.0 * self.picture_loss_ratio,
                    self.packets_repaired,
                    self.packets_bad
                ),
            ),
            (
                "pictures",
                format!("{:.1} per second and visitor", self.pictures_per_second),
            ),
            ("added latency", self.added_latency_ms.to_string()),
            ("join", self.join_ms.to_string()),
        ];
        rows.extend(
            self.next_to_first_frame_ms
                .map(|next| ("Next to first picture", next.to_string())),
        );
        rows.extend(
            self.match_to_first_frame_ms
                .map(|next| ("  once there is a partner", next.to_string())),
        );
        rows.extend(
            self.server_cpu_us_per_packet
                .map(|cpu| ("server CPU", format!("{cpu:.2} µs per forwarded packet"))),
        );
        rows.extend(self.server_rss_bytes_per_leg.map(|memory| {
            let text = format!("{:.0} KiB per leg", memory / 1024.0);
            ("server memory", text)
        }));
        rows.extend(
            self.looks
                .map(|looks| ("looked at its pictures", looks.text())),
        );
        rows.extend(self.unwanted.iter().flat_map(Unwanted::rows));
        rows.push((
            "this crowd's own CPU",
            format!(
                "{:.2} µs per packet, busiest thread {:.0} % of a core, {:.0} % waiting for one",
                self.own_cpu_us_per_packet,
                100.0 * self.own_load_ratio,
                100.0 * self.own_waiting_ratio
            ),
        ));
        rows.push(("its own lateness", self.own_lateness_ms.to_string()));
        rows.extend(self.own_bottleneck.as_ref().map(|why| {
            let warning = format!("not the server's limit: {why}");
            ("WARNING", warning)
        }));
        rows
    }
}

impl Display for Findings {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut rows = self.rows().into_iter();
        rows.try_for_each(|(name, value)| writeln!(f, "  {name:<26}{value}"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::load::bad_line::Badness;
    use crate::load::plan::Voice;
    use crate::load::samples::Series;
    use crate::load::tally::{Tally, note, times};

    fn plan() -> Plan {
        Plan {
            url: String::new(),
            pairs: 1,
            video_bps: 0,
            audio: Voice::Silent,
            duration: Duration::ZERO,
            ramp: Duration::ZERO,
            next_every: Duration::ZERO,
            unwanted: 0.0,
            line: Badness::default(),
            threads: 2,
            seed: 0,
        }
    }

    /// After ten seconds, of which the busiest thread ran so many.
    fn findings(busiest: u64, late: Duration) -> Findings {
        let mut tally = Tally {
            received: 1000,
            processor: Duration::from_secs(busiest),
            waiting: Duration::from_secs(10),
            ..Tally::default()
        };
        note(&mut tally.lateness, late);
        let counted = Counted {
            tally,
            busiest: Duration::from_secs(busiest),
            measured: Duration::from_secs(10),
            join: times(),
            connected: 2,
            met: 2,
            moved: 0,
            failed: 0,
            first_failure: None,
            bills: None,
            looks: None,
            series: Series::default(),
        };
        Findings::of(&plan(), &counted)
    }

    #[test]
    fn a_crowd_that_is_too_slow_itself_says_so_and_why() {
        let fine = findings(2, Duration::from_millis(1));
        assert_eq!(fine.own_bottleneck, None);
        assert!(!fine.to_string().contains("WARNING"));
        assert!(
            (fine.own_waiting_ratio - 0.5).abs() < 1e-9,
            "of two threads"
        );
        let busy = findings(10, Duration::from_millis(50));
        assert!(
            busy.to_string()
                .contains("100 % of a core: give it more --threads")
        );
        let starved = findings(2, Duration::from_millis(50));
        assert!(starved.to_string().contains("waited 50 % of the time"));
    }
}
