//! Every metric of `/metrics`: one row gives its name, shape, unit and help.
//!
//! A row is a value: `metrics::SESSIONS.gauge()` gives the handle to write to. Fetch handles once,
//! at the start: each fetch looks the name up. A media thread keeps plain counters of its own and
//! publishes them once a second with `absolute`.

use ::metrics::{Counter, Gauge, Histogram, SharedString, Unit};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// One metric.
#[derive(Clone, Debug)]
pub struct Metric {
    /// Its name in Prometheus.
    pub name: &'static str,
    /// How it moves.
    pub shape: Shape,
    /// What is counted.
    pub unit: Unit,
    /// What it means, in one line.
    pub help: &'static str,
    /// The one label that tells its values apart; empty for none.
    pub label: &'static str,
}

/// How a metric moves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// Only upwards.
    Counter,
    /// Up and down.
    Gauge,
    /// Many measurements, counted by size.
    Histogram,
}

macro_rules! table {
    ($($row:ident = $shape:ident $name:literal [$label:literal], $unit:ident, $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $row: Metric = Metric {
                name: $name,
                shape: Shape::$shape,
                unit: Unit::$unit,
                help: $help,
                label: $label,
            };
        )*

        /// Every metric, in the order of this file.
        pub const METRICS: &[Metric] = &[$($row),*];
    };
}

table! {
    SESSIONS = Gauge "visavis_sessions" [""], Count, "Visitors' stays at present, those within grace included.";
    WAITING = Gauge "visavis_waiting" [""], Count, "Sessions that look for a partner.";
    LEGS = Gauge "visavis_legs" [""], Count, "Media connections held.";
    MATCHES = Gauge "visavis_matches" [""], Count, "Matches going on.";
    JOINS = Counter "visavis_joins_total" [""], Count, "Stays that began.";
    MATCHES_BEGUN = Counter "visavis_matches_begun_total" [""], Count, "Matches that began.";
    REPORTS = Counter "visavis_reports_total" ["category"], Count, "Reports of visitors about their partners.";
    REFUSALS = Counter "visavis_refusals_total" ["code"], Count, "Error messages sent to visitors.";
    ACCESS_REFUSED = Counter "visavis_access_refused_total" ["reason"], Count, "Visitors who were not let in, by what was wrong with their token or their age.";
    AGE_CHECKS = Counter "visavis_age_checks_total" ["result"], Count, "Checks of visitors' ages by the operator's service: asked, assured, not_assured, or unsigned, which is somebody else's request.";
    SPANS = Counter "visavis_trace_spans_total" ["result"], Count, "Spans of traces for the collector: sent, or lost because it did not take them.";
    CHALLENGES = Counter "visavis_challenges_total" ["result"], Count, "Challenges to visitors without a token: asked, passed, failed, late, or unreachable where the captcha's service does not answer.";
    JOIN_TIME = Histogram "visavis_join_seconds" [""], Seconds, "From a visitor's join to the connected leg.";
    NEXT_TIME = Histogram "visavis_next_seconds" [""], Seconds, "From a visitor's Next to the first complete keyframe on its way to them.";
    FACE_TIME = Histogram "visavis_first_picture_seconds" [""], Seconds, "From a match's begin to the first complete keyframe on its way to the partner.";
    WAIT_TIME = Histogram "visavis_wait_seconds" [""], Seconds, "How long a session looked for a partner.";
    MATCH_TIME = Histogram "visavis_match_seconds" [""], Seconds, "How long a match lasted.";
    ROUND_TRIP = Histogram "visavis_match_round_trip_seconds" [""], Seconds, "Of one direction of a match: from the relay to the one who receives and back, on average.";
    JITTER = Histogram "visavis_match_jitter_seconds" [""], Seconds, "Of one direction of a match: jitter of the picture at its end, as the one who receives reports it.";
    UP_LOSS = Histogram "visavis_match_up_loss_ratio" [""], Count, "Of one direction of a match: share of the packets that were lost on the way to the relay.";
    DOWN_LOSS = Histogram "visavis_match_down_loss_ratio" [""], Count, "Of one direction of a match: share of the packets that were lost on the way from the relay.";
    FROZEN = Histogram "visavis_match_frozen_ratio" [""], Count, "Of one direction of a match: share of the time in which no picture came where one was due.";
    SCREENING_TIME = Histogram "visavis_screening_seconds" [""], Seconds, "From a connected leg to the first picture of it that passes.";
    VERDICT_TIME = Histogram "visavis_verdict_seconds" [""], Seconds, "From a picture to what is said of it.";
    FIRST_VERDICT_TIME = Histogram "visavis_first_verdict_seconds" [""], Seconds, "From a connected leg to the first picture of it that was judged.";
    ACTION_TIME = Histogram "visavis_action_seconds" [""], Seconds, "From the picture that brought it about to a warning, a stopped picture or an ended stay.";
    WATCHED = Counter "visavis_watched_seconds_total" ["covered"], Seconds, "Time of visitors by video: yes, while their newest judged picture is younger than 10 s, and no.";
    VERDICTS = Counter "visavis_verdicts_total" ["label"], Count, "Pictures that were judged, by what they show most.";
    DECISIONS = Counter "visavis_moderation_decisions_total" ["decision"], Count, "Decisions of policy and people that are written down.";
    POLICIES_REFUSED = Counter "visavis_moderation_policies_refused_total" [""], Count, "Times that a policy with a mistake was read; the one before stayed in force.";
    CASES_OPEN = Gauge "visavis_cases_open" ["class"], Count, "Cases that wait for a person.";
    CASES_OLDEST = Gauge "visavis_cases_oldest_seconds" ["class"], Seconds, "How long the oldest of them waits.";
    CASES_DECIDED = Counter "visavis_cases_decided_total" ["decision"], Count, "Decisions of people about cases.";
    CASE_TIME = Histogram "visavis_case_seconds" [""], Seconds, "From the opening of a case to the first decision of a person.";
    EVIDENCE_PICTURES = Counter "visavis_evidence_pictures_total" ["outcome"], Count, "Pictures of cases that were kept, lost on the way, or asked for and could not be opened.";
    CONSOLE_REFUSED = Counter "visavis_console_refused_total" ["reason"], Count, "Requests to the moderators' console that were refused before they were read.";
    MEDIA_DATAGRAMS_IN = Counter "visavis_media_datagrams_in_total" [""], Count, "Datagrams that came to the media port.";
    MEDIA_BYTES_IN = Counter "visavis_media_bytes_in_total" [""], Bytes, "Bytes of the datagrams that came to the media port.";
    MEDIA_DATAGRAMS_OUT = Counter "visavis_media_datagrams_out_total" [""], Count, "Datagrams sent from the media port.";
    MEDIA_BYTES_OUT = Counter "visavis_media_bytes_out_total" [""], Bytes, "Bytes of the datagrams sent from the media port.";
    MEDIA_FORWARDED = Counter "visavis_media_packets_forwarded_total" [""], Count, "RTP packets sent on to a partner.";
    MEDIA_HELD = Counter "visavis_media_packets_held_total" [""], Count, "RTP packets kept back until a keyframe, or while the picture is stopped.";
    MEDIA_SHED = Counter "visavis_media_packets_shed_total" [""], Count, "RTP packets kept back because a media thread could not carry them.";
    MEDIA_LEGS_SHED = Gauge "visavis_media_legs_shed" [""], Count, "Legs whose picture is kept back because a media thread cannot carry it.";
    MEDIA_SOCKET_DROPS = Gauge "visavis_media_socket_drops" [""], Count, "Datagrams that the kernel has dropped since the start because a media thread's socket was full.";
    MEDIA_LOAD = Gauge "visavis_media_load_ratio" ["shard"], Count, "Share of its time that a media thread does not wait, over about a second.";
    MEDIA_WAITING = Counter "visavis_media_packets_waiting_total" [""], Count, "RTP packets of visitors who face nobody.";
    MEDIA_RESENT = Counter "visavis_media_packets_resent_total" [""], Count, "Packets sent again from the relay's own ring.";
    MEDIA_ASKED = Counter "visavis_media_packets_asked_total" [""], Count, "Packets the relay asked senders to send again.";
    MEDIA_KEYFRAMES_ASKED = Counter "visavis_media_keyframes_asked_total" [""], Count, "Keyframes the relay asked of senders.";
    MEDIA_FACES_SHOWN = Counter "visavis_media_faces_shown_total" [""], Count, "Matches that began with a kept keyframe, per direction.";
    TAP_FRAMES = Counter "visavis_tap_frames_total" [""], Count, "Pictures copied to be looked at.";
    TAP_BYTES = Counter "visavis_tap_bytes_total" [""], Bytes, "Bytes of the pictures copied to be looked at.";
    TAP_ABANDONED = Counter "visavis_tap_abandoned_total" [""], Count, "Keyframes to be looked at that were given up: incomplete, too large, or not what they said.";
    TAP_DROPPED = Counter "visavis_tap_dropped_total" [""], Count, "Pictures that waited to be looked at and were dropped for newer ones.";
    MEDIA_STRAYED = Counter "visavis_media_strayed_total" [""], Count, "Datagrams handed over to another media thread.";
    MEDIA_BROKEN_LEGS = Counter "visavis_media_broken_legs_total" [""], Count, "Legs given up because of a fault in the program.";
    MEDIA_DROPS = Counter "visavis_media_drops_total" ["reason"], Count, "Datagrams and requests that went no further.";
    CLASSIFY_FRAMES = Counter "visavis_classify_frames_total" ["outcome"], Count, "Pictures handed over to be judged, by what became of them.";
    CLASSIFY_RESTARTS = Counter "visavis_classify_worker_restarts_total" [""], Count, "Worker processes started in the place of one that was gone.";
    CLASSIFY_TIME = Histogram "visavis_classify_seconds" [""], Seconds, "From handing a picture over to its verdict, of those that were judged.";
    CLASSIFY_WORKERS = Gauge "visavis_classify_workers" ["place"], Count, "Workers that look at pictures, or could: here, or far on another machine.";
    CLASSIFY_ASKED = Counter "visavis_classify_asked_total" ["place"], Count, "Pictures given to a worker, here or far, or to a service.";
    CLASSIFY_LATE = Counter "visavis_classify_late_total" ["place"], Count, "Pictures that a worker or a service had, and that were answered without it at the deadline.";
    CLASSIFY_BELATED = Counter "visavis_classify_belated_total" [""], Count, "Pictures that a worker was late with and that were judged after all: they count from when they were taken.";
    CLASSIFY_LOST = Counter "visavis_classify_lost_total" ["place"], Count, "Pictures that were taken back from a worker that was gone, or that a service gave no answer to.";
    CLASSIFY_MACHINES_REFUSED = Counter "visavis_classify_machines_refused_total" [""], Count, "Worker machines that were not let in: a certificate that is not of the authority, or too many.";
    CLASSIFY_NONSENSE = Counter "visavis_classify_nonsense_total" [""], Count, "Workers that were ended for what no worker says, and answers of a service that are none.";
    HTTP_CONNECTIONS = Gauge "visavis_http_connections" [""], Count, "HTTP connections held open, WebSockets included.";
    HTTP_REFUSED = Counter "visavis_http_refused_total" [""], Count, "HTTP connections closed at once because there were too many.";
    HTTP_THROTTLED = Counter "visavis_http_throttled_total" [""], Count, "WebSockets refused because one network opened too many.";
    API_THROTTLED = Counter "visavis_api_throttled_total" ["by"], Count, "Requests of the HTTP API answered with 429: by the holder of one token, by one backend, by one network without a token, or by one whose tokens were not good.";
    WEBHOOKS_SENT = Counter "visavis_webhooks_sent_total" [""], Count, "Events that a webhook's target has taken.";
    WEBHOOKS_RETRIED = Counter "visavis_webhooks_retried_total" [""], Count, "Attempts that a webhook's target did not take, and that are repeated.";
    CLOCK_LEAPS = Counter "visavis_clock_leaps_total" [""], Count, "Leaps of the machine's clock: what is old is not forgotten for a day after one.";
    WEBHOOKS_LOST = Counter "visavis_webhooks_lost_total" [""], Count, "Events given up for a target: too old, too many, or not written down.";
    WEBHOOKS_WAITING = Gauge "visavis_webhooks_waiting" [""], Count, "Events that wait, counted once for each target.";
    MEDIA_TCP = Gauge "visavis_media_tcp_connections" [""], Count, "Visitors' media connections over TCP.";
    MEDIA_TCP_REFUSED = Counter "visavis_media_tcp_refused_total" [""], Count, "Media connections over TCP beyond what media.tcp_connections allows, of all or of one network.";
    PROCESS_CPU = Gauge "process_cpu_seconds_total" [""], Seconds, "Processor time of this process, the system's for it included; fractions of a second, which a counter here cannot hold.";
    PROCESS_MEMORY = Gauge "process_resident_memory_bytes" [""], Bytes, "Memory that this process holds.";
}

/// Bounds of the histograms of shares: from one packet in a thousand to all.
const SHARES: &[f64] = &[
    0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0,
];

/// Bounds of the histograms of times, in seconds: from a frame on loopback to a long talk.
const TIMES: &[f64] = &[
    0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0,
    300.0, 1800.0,
];

impl Metric {
    /// The handle of a counter without a label.
    pub fn counter(&self) -> Counter {
        debug_assert!(
            self.shape == Shape::Counter && self.label.is_empty(),
            "{}",
            self.name
        );
        ::metrics::counter!(self.name)
    }

    /// The handle of one value of a counter's label.
    pub fn counter_of(&self, value: impl Into<SharedString>) -> Counter {
        debug_assert!(
            self.shape == Shape::Counter && !self.label.is_empty(),
            "{}",
            self.name
        );
        ::metrics::counter!(self.name, self.label => value.into())
    }

    /// The handle of a gauge.
    pub fn gauge(&self) -> Gauge {
        debug_assert!(
            self.shape == Shape::Gauge && self.label.is_empty(),
            "{}",
            self.name
        );
        ::metrics::gauge!(self.name)
    }

    /// The handle of one value of a gauge's label.
    pub fn gauge_of(&self, value: String) -> Gauge {
        debug_assert!(
            self.shape == Shape::Gauge && !self.label.is_empty(),
            "{}",
            self.name
        );
        ::metrics::gauge!(self.name, self.label => value)
    }

    /// The handle of a histogram.
    pub fn histogram(&self) -> Histogram {
        debug_assert!(
            self.shape == Shape::Histogram && self.label.is_empty(),
            "{}",
            self.name
        );
        ::metrics::histogram!(self.name)
    }

    fn describe(&self) {
        match self.shape {
            Shape::Counter => ::metrics::describe_counter!(self.name, self.unit, self.help),
            Shape::Gauge => ::metrics::describe_gauge!(self.name, self.unit, self.help),
            Shape::Histogram => ::metrics::describe_histogram!(self.name, self.unit, self.help),
        }
    }

    /// Makes a metric without a label visible before anything has happened: a dashboard can tell
    /// "none yet" from "no such thing".
    fn begin(&self) {
        match self.shape {
            _ if !self.label.is_empty() => {}
            Shape::Counter => self.counter().absolute(0),
            Shape::Gauge => self.gauge().set(0.0),
            Shape::Histogram => drop(self.histogram()),
        }
    }
}

/// Makes the process's recorder and registers every row. Its handle renders `/metrics`.
///
/// # Errors
/// There is one already.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let mut builder = PrometheusBuilder::new();
    for metric in METRICS
        .iter()
        .filter(|metric| metric.shape == Shape::Histogram)
    {
        let bounds = match metric.unit {
            Unit::Seconds => TIMES,
            _ => SHARES,
        };
        builder = builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds)?;
    }
    let handle = builder.install_recorder()?;
    for metric in METRICS {
        metric.describe();
        metric.begin();
    }
    Ok(handle)
}
