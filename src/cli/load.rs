//! `visavis load`: lets a crowd of simulated visitors load a server.

use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::print;
use crate::load::bad_line::Badness;
use crate::load::crowd::{self, Counted, Progress};
use crate::load::findings::Findings;
use crate::load::http_side::HttpSide;
use crate::load::meter::Meter;
use crate::load::plan::{Plan, Voice};
use crate::load::report_page::page;
use crate::load::trust::Trust;
use crate::private::Private;

/// Ends the command's help.
pub const AFTER_HELP: &str = "\
Examples:
  visavis load --pairs 50 --duration 10s
  visavis load --url http://chat.example:8080 --pairs 200 --video 1M --json findings.json
  visavis load --url https://localhost:8080 --insecure     against visavis serve --self-signed
  visavis load --pairs 20 --duration 1m --next-every 5s --report report.html
  visavis load --pairs 400 --threads 2 --duration 30s     it says when it is itself too slow
  visavis load --pairs 5 --loss 5% --delay 25ms --jitter 10ms   what is repaired, and how late
  visavis load --pairs 20 --duration 1m --unwanted 20%    how soon moderation stops them
  visavis load --pairs 20 --next-every 5s --max-loss 0.001 --max-p99-ms 20   for a CI

Every visitor joins by the public WebSocket, connects by ICE and DTLS, sends, decrypts and checks.
Exit codes: 0 done, 1 a threshold is passed, a visitor failed or the run could not be made.";

/// What a crowd is to do.
#[derive(Args, Clone, Debug)]
pub struct LoadArguments {
    /// The server's HTTP side: http://host:port or https://host:port.
    #[arg(long, default_value = "http://localhost:8080")]
    url: String,
    /// Take any certificate of an https url, also one that the server has made for itself.
    #[arg(long)]
    insecure: bool,
    /// The access token that every visitor brings, where the server asks for one; @FILE reads it from
    /// a file. Not one for a single use.
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// Pairs of visitors.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pairs: u32,
    /// Bits of picture per second and visitor: 800k, 1M; 0 for none. A clip of 30 pictures a second,
    /// 250k by itself, is filled up to it.
    #[arg(long, default_value = "1M", value_parser = bits)]
    video: u64,
    /// Whether visitors speak, 50 packets a second.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    audio: bool,
    /// How long is measured, once all have met: 30s, 5m.
    #[arg(long, default_value = "10s", value_parser = time)]
    duration: Duration,
    /// Over how long the visitors come in; 5 ms for each of them if not given.
    #[arg(long, value_parser = time)]
    ramp: Option<Duration>,
    /// How often one of each pair says Next; never if not given.
    #[arg(long, value_parser = time)]
    next_every: Option<Duration>,
    /// Share of the visitors who show a test card at some time, whose hash the server should have on
    /// its list of known pictures: how many are stopped, how soon, and what their partners saw by then.
    #[arg(long, default_value = "0", value_parser = share, value_name = "RATIO")]
    unwanted: f64,
    /// Share of the datagrams that each visitor's line loses, each way: 0.02 or 2%.
    #[arg(long, default_value = "0", value_parser = share, value_name = "RATIO")]
    loss: f64,
    /// How long each datagram is on that line, each way: 25ms.
    #[arg(long, default_value = "0", value_parser = delay)]
    delay: Duration,
    /// Up to so much longer by chance; none overtakes another.
    #[arg(long, default_value = "0", value_parser = delay)]
    jitter: Duration,
    /// Threads that carry the visitors' media; it says when they are too few.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    threads: u32,
    /// Seed of all chance.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The server's process on this machine: what it uses is read there if its metrics do not say.
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
    /// Write the findings to this file, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a page with plots over time to this file; any browser shows it, without a network.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Fail if a larger share of the packets is lost.
    #[arg(long, value_name = "RATIO")]
    max_loss: Option<f64>,
    /// Fail if more than one packet in a hundred takes longer.
    #[arg(long, value_name = "MS")]
    max_p99_ms: Option<f64>,
    /// Fail if one Next in a hundred takes longer to the first picture.
    #[arg(long, value_name = "MS")]
    max_next_p99_ms: Option<f64>,
}

/// Runs a crowd and says what it found.
///
/// # Errors
/// The run cannot be made, a visitor failed, or a threshold is passed.
pub fn load(arguments: &LoadArguments) -> anyhow::Result<()> {
    let plan = arguments.plan();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("the crowd's threads")?;
    let counted = runtime.block_on(run(arguments, &plan))?;
    let findings = Findings::of(&plan, &counted);
    if let Some(reason) = &counted.first_failure {
        print(&format!("a visitor failed: {reason}\n"))?;
    }
    print(&format!("{findings}"))?;
    if let Some(path) = &arguments.json {
        write(path, &(serde_json::to_string_pretty(&findings)? + "\n"))?;
    }
    if let Some(path) = &arguments.report {
        write(path, &page(&plan, &findings, counted.series.samples()))?;
    }
    arguments.judge(&findings)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| path.display().to_string())
}

async fn run(arguments: &LoadArguments, plan: &Plan) -> anyhow::Result<Counted> {
    let trust = match arguments.insecure {
        true => Trust::Anybody,
        false => Trust::System,
    };
    let token = arguments.token.as_deref().map(token_of).transpose()?;
    let side = HttpSide::of(&plan.url, trust)?.bringing(token);
    let meter = Meter::find(&side, arguments.server_pid).await;
    if arguments.server_pid.is_some() && matches!(meter, Meter::Nowhere) {
        bail!("there is no process with that id, and the server shows no metrics");
    }
    let bar = progress_bar(plan);
    let mut tell = |progress: &Progress| show(&bar, plan, progress);
    let counted = crowd::run(plan, &side, &meter, &mut tell).await?;
    bar.finish_and_clear();
    Ok(counted)
}

impl LoadArguments {
    fn plan(&self) -> Plan {
        let each = Duration::from_millis(5) * 2 * self.pairs;
        Plan {
            url: self.url.clone(),
            pairs: self.pairs as usize,
            video_bps: self.video,
            audio: if self.audio {
                Voice::Speaking
            } else {
                Voice::Silent
            },
            duration: self.duration,
            ramp: self.ramp.unwrap_or(each),
            next_every: self.next_every.unwrap_or_default(),
            unwanted: self.unwanted,
            line: Badness {
                loss: self.loss,
                delay: self.delay,
                jitter: self.jitter,
            },
            threads: self.threads as usize,
            seed: self.seed,
        }
    }

    fn judge(&self, findings: &Findings) -> anyhow::Result<()> {
        let next = findings.next_to_first_frame_ms.map(|spread| spread.p99);
        let found = [
            ("loss", Some(findings.loss_ratio), self.max_loss),
            (
                "p99 of the added latency, in ms,",
                Some(findings.added_latency_ms.p99),
                self.max_p99_ms,
            ),
            ("p99 of Next, in ms,", next, self.max_next_p99_ms),
        ];
        for (name, value, most) in found {
            if let (Some(value), Some(most)) = (value, most)
                && value > most
            {
                bail!("{name} is {value:.4}, more than {most}");
            }
        }
        if findings.visitors_failed > 0 || findings.visitors_matched < 2 * findings.pairs {
            bail!("not every visitor stayed in a match");
        }
        Ok(())
    }
}

fn progress_bar(plan: &Plan) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(plan.visitors() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, plan: &Plan, progress: &Progress) {
    match progress {
        Progress::Joining { connected, met } => {
            bar.set_position(*met as u64);
            bar.set_message(format!("matched, {connected} connected"));
        }
        Progress::Measuring { elapsed, sample } => {
            bar.set_length(plan.duration.as_secs());
            bar.set_position(elapsed.as_secs());
            let (rate, lost) = (sample.received_per_second, 100.0 * sample.loss_ratio);
            let p99 = sample.added_latency_ms.map_or(0.0, |spread| spread.p99);
            bar.set_message(format!(
                "s, {rate:.0} packets/s, {lost:.2} % lost, p99 {p99:.1} ms"
            ));
        }
    }
}

/// `800k`, `1M`, `1.5M` or a plain number.
fn bits(text: &str) -> Result<u64, String> {
    let (number, factor) = match text.strip_suffix(['k', 'K']) {
        Some(number) => (number, 1000.0),
        None => match text.strip_suffix('M') {
            Some(number) => (number, 1e6),
            None => (text, 1.0),
        },
    };
    let bits = number.parse::<f64>().ok().map(|number| number * factor);
    let bits = bits.filter(|bits| (0.0..=1e9).contains(bits));
    // Within bounds, so that nothing is cut off but fractions of a bit.
    let bits = bits.and_then(|bits| format!("{bits:.0}").parse().ok());
    bits.ok_or_else(|| "bits per second, like 800k or 1M".to_owned())
}

/// The token itself, or what stands in a file.
fn token_of(text: &str) -> anyhow::Result<Private<String>> {
    let token = match text.strip_prefix('@') {
        Some(file) => fs::read_to_string(file).with_context(|| file.to_owned())?,
        None => text.to_owned(),
    };
    Ok(Private::new(token.trim().to_owned()))
}

/// `500ms`, `30s`, `5m`, `2h` or a plain number of seconds.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let (number, factor) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => match text.strip_suffix('m') {
            Some(number) => (number, 60.0),
            None => match text.strip_suffix('h') {
                Some(number) => (number, 3600.0),
                None => (text.strip_suffix('s').unwrap_or(text), 1.0),
            },
        },
    };
    let seconds = number.parse::<f64>().ok().map(|number| number * factor);
    let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.ok_or_else(|| "a time, like 500ms, 30s or 5m".to_owned())
}

/// `0.02` or `2%`.
fn share(text: &str) -> Result<f64, String> {
    let (number, factor) = match text.strip_suffix('%') {
        Some(number) => (number, 0.01),
        None => (text, 1.0),
    };
    let share = number.parse::<f64>().ok().map(|number| number * factor);
    let share = share.filter(|share| (0.0..=0.9).contains(share));
    share.ok_or_else(|| "a share of at most 0.9, like 0.02 or 2%".to_owned())
}

/// A time that a line can hold.
fn delay(text: &str) -> Result<Duration, String> {
    let time = time(text)?;
    let fits = time <= Duration::from_secs(10);
    fits.then_some(time)
        .ok_or_else(|| "at most 10 s".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_and_times_are_read_as_people_write_them() {
        assert_eq!(bits("800k"), Ok(800_000));
        assert_eq!(bits("1.5M"), Ok(1_500_000));
        assert_eq!(bits("0"), Ok(0));
        assert_eq!(time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(time("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(time("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(time("1h"), Ok(Duration::from_secs(3600)));
        for text in ["", "fast", "-1s", "1d"] {
            assert!(time(text).is_err(), "{text}");
        }
        assert_eq!((share("0.02"), share("2%")), (Ok(0.02), Ok(0.02)));
        assert!(share("95%").is_err() && share("-1").is_err() && share("two").is_err());
        assert!(delay("11s").is_err() && delay("10s").is_ok());
        assert!(bits("-1").is_err() && bits("1G").is_err());
    }
}
