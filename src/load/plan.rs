//! What the crowd is to do.

use std::time::Duration;

use super::bad_line::Badness;

/// What the crowd is to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The server's HTTP side.
    pub url: String,
    /// Pairs of visitors.
    pub pairs: usize,
    /// Bits of picture per second and visitor, headers not counted; 0 for none.
    pub video_bps: u64,
    /// Whether they speak: 50 packets a second.
    pub audio: Voice,
    /// How long is measured, once all have met.
    pub duration: Duration,
    /// Over how long they come in.
    pub ramp: Duration,
    /// How often one of each pair says Next; never if zero.
    pub next_every: Duration,
    /// Share of the visitors who show the test card at some time, as somebody shows what nobody should see.
    pub unwanted: f64,
    /// What their lines do to datagrams, each way.
    pub line: Badness,
    /// Threads that carry their media.
    pub threads: usize,
    /// Seed of all chance.
    pub seed: u64,
}

/// Whether visitors speak.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Voice {
    /// 50 packets a second.
    Speaking,
    /// Nothing.
    Silent,
}

impl Plan {
    /// What it says, option by option, for people.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let seconds = |time: Duration| format!("{} s", time.as_secs_f64());
        let next = match self.next_every {
            Duration::ZERO => "never".to_owned(),
            every => format!("every {}", seconds(every)),
        };
        let line = format!(
            "{} % lost, {} ms, up to {} ms more by chance",
            100.0 * self.line.loss,
            self.line.delay.as_millis(),
            self.line.jitter.as_millis()
        );
        let voice = match self.audio {
            Voice::Speaking => "50 packets/s",
            Voice::Silent => "none",
        };
        vec![
            ("server", self.url.clone()),
            ("pairs", self.pairs.to_string()),
            ("picture", format!("{} kbit/s", self.video_bps / 1000)),
            ("voice", voice.to_owned()),
            ("measured", seconds(self.duration)),
            ("coming in over", seconds(self.ramp)),
            ("Next", next),
            (
                "who show a test card",
                format!("{} %", 100.0 * self.unwanted),
            ),
            ("line, each way", line),
            ("media threads", self.threads.to_string()),
            ("seed", self.seed.to_string()),
        ]
    }

    /// How many visitors come.
    pub const fn visitors(&self) -> usize {
        2 * self.pairs
    }

    /// Whether this visitor is one of those who show the test card: evenly spread over the crowd.
    pub fn is_unwanted(&self, number: u32) -> bool {
        let before = |number: u32| (f64::from(number) * self.unwanted).floor();
        before(number + 1) > before(number)
    }
}
