//! Lets a crowd in, measures, and lets it leave.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::LoadError;
use super::dialogue::{News, Phase, Surroundings, hold};
use super::herd::read_clock;
use super::http_side::HttpSide;
use super::looks::LookFindings;
use super::meter::Meter;
use super::plan::Plan;
use super::samples::{Sample, Series};
use super::server_process::Spent;
use super::tally::{Tally, Times, note, times};
use super::threads::Threads;
use super::visitor::Recruiter;

/// What is told while a run goes on.
#[derive(Clone, Debug)]
pub enum Progress {
    /// So many are connected, and so many have met somebody.
    Joining {
        /// With a leg.
        connected: usize,
        /// With a partner.
        met: usize,
    },
    /// While it measures, once a second.
    Measuring {
        /// Since it began.
        elapsed: Duration,
        /// What the last second brought.
        sample: Sample,
    },
}

/// What a run counted.
#[derive(Clone, Debug)]
pub struct Counted {
    /// Of all that was sent and received.
    pub tally: Tally,
    /// Processor time of the crowd's busiest media thread.
    pub busiest: Duration,
    /// How long it was measured.
    pub measured: Duration,
    /// From a visitor's `join` to its connected leg.
    pub join: Times,
    /// Visitors that were connected when the measuring began.
    pub connected: usize,
    /// Visitors that had a partner when the measuring began.
    pub met: usize,
    /// Stays that went on with a newer server that took over.
    pub moved: usize,
    /// Stays that ended before they should.
    pub failed: usize,
    /// Why the first of them did.
    pub first_failure: Option<String>,
    /// What the server had used, if anybody tells and it was one all the time.
    pub bills: Option<Bills>,
    /// How the server looked at pictures, if it did and told.
    pub looks: Option<LookFindings>,
    /// The run over time.
    pub series: Series,
}

/// What the server had used: before anybody came, when the measuring began, and when it ended.
pub type Bills = [Spent; 3];

/// How long the last may take to connect and meet.
const PATIENCE: Duration = Duration::from_secs(30);
/// All have met: let their first keyframes pass.
const SETTLE: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(250);
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// Runs a plan against the server behind `side`. `meter` is asked what the server uses, `tell` hears how it goes.
///
/// # Errors
/// [`LoadError`].
pub async fn run(
    plan: &Plan,
    side: &HttpSide,
    meter: &Meter,
    tell: &mut (dyn FnMut(&Progress) + Send),
) -> Result<Counted, LoadError> {
    let (before, unlooked) = (meter.read().await, meter.looks().await);
    let threads = Threads::start(plan)?;
    let recruiter = Recruiter::new(plan, read_clock())?;
    let (phase, watched) = watch::channel(Phase::Joining);
    let (sender, news) = mpsc::unbounded_channel();
    let around = Surroundings {
        side: side.clone(),
        recruiter,
        phase: watched,
        news: sender,
        next_every: plan.next_every,
    };
    let mut hall = Hall {
        news,
        join: times(),
        connected: 0,
        met: 0,
        moved: 0,
        failed: 0,
        first_failure: None,
    };
    let mut stays = hall.let_in(plan, &around, &threads, tell).await;
    drop(around);
    if hall.met == 0 {
        let reason = hall.first_failure.take();
        let reason = reason.unwrap_or_else(|| "nobody was connected in time".to_owned());
        return Err(LoadError::NobodyMet(reason));
    }
    let (connected, met) = (hall.connected, hall.met);
    threads.begin();
    let looked = meter.looks().await;
    // Every visitor may have left: then nobody hears it.
    let _ = phase.send(Phase::Measuring);
    let watched = watch_over(plan.duration, &threads, meter, tell).await?;
    let looks = looked.zip(meter.looks().await).and_then(|(begin, end)| {
        let looks = [unlooked.unwrap_or_default(), begin, end];
        LookFindings::of(looks, watched.measured.as_secs_f64())
    });
    hall.listen();
    threads.end().await;
    let _ = phase.send(Phase::Over);
    let leaving = async { while stays.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(Duration::from_secs(2), leaving).await;
    let [begin, end] = watched.bills;
    let bills = before.zip(begin).zip(end).map(|((a, b), c)| [a, b, c]);
    Ok(Counted {
        tally: watched.tally,
        busiest: watched.each.into_iter().max().unwrap_or_default(),
        measured: watched.measured,
        join: hall.join,
        connected,
        met,
        moved: hall.moved,
        failed: hall.failed,
        first_failure: hall.first_failure,
        bills: bills.filter(|_| hall.moved == 0),
        looks: looks.filter(|_| hall.moved == 0),
        series: watched.series,
    })
}

/// What was measured.
struct Watched {
    tally: Tally,
    /// Processor time of each media thread.
    each: Vec<Duration>,
    measured: Duration,
    bills: [Option<Spent>; 2],
    series: Series,
}

/// Takes a sample each second until the time is over.
async fn watch_over(
    duration: Duration,
    threads: &Threads,
    meter: &Meter,
    tell: &mut (dyn FnMut(&Progress) + Send),
) -> Result<Watched, LoadError> {
    let began = read_clock();
    let begin = meter.read().await;
    let mut watched = Watched {
        tally: Tally::default(),
        each: Vec::new(),
        measured: Duration::ZERO,
        bills: [begin; 2],
        series: Series::default(),
    };
    while watched.measured < duration {
        let next = (watched.measured + SAMPLE_EVERY).min(duration);
        tokio::time::sleep_until((began + next).into()).await;
        let sum = threads.sum().await?;
        let elapsed = began.elapsed();
        let spent = meter.read().await;
        let [_, last] = watched.bills;
        let sample = Sample::of([watched.measured, elapsed], &sum.tally, [last, spent]);
        watched.tally.add(&sum.tally);
        watched.each.resize(sum.each.len(), Duration::ZERO);
        for (all, more) in watched.each.iter_mut().zip(sum.each) {
            *all += more;
        }
        (watched.bills, watched.measured) = ([begin, spent], elapsed);
        tell(&Progress::Measuring {
            elapsed,
            sample: sample.clone(),
        });
        watched.series.push(sample);
    }
    Ok(watched)
}

struct Hall {
    news: mpsc::UnboundedReceiver<(u32, News)>,
    join: Times,
    connected: usize,
    met: usize,
    moved: usize,
    failed: usize,
    first_failure: Option<String>,
}

impl Hall {
    /// Lets everybody in, spread over the ramp, and waits until they have met.
    async fn let_in(
        &mut self,
        plan: &Plan,
        around: &Surroundings,
        threads: &Threads,
        tell: &mut (dyn FnMut(&Progress) + Send),
    ) -> JoinSet<()> {
        let began = read_clock();
        let mut stays = JoinSet::new();
        let count = u32::try_from(plan.visitors()).unwrap_or(u32::MAX);
        for number in 0..count {
            let share = f64::from(number) / f64::from(count);
            let at = began + plan.ramp.mul_f64(share);
            tokio::time::sleep_until(at.into()).await;
            if let Some(door) = threads.door_of(number) {
                stays.spawn(hold(number, door.clone(), around.clone()));
            }
            self.listen();
            tell(&self.progress());
        }
        let deadline = read_clock() + PATIENCE;
        while self.met + self.failed < plan.visitors() && read_clock() < deadline {
            tokio::time::sleep(LOOK_EVERY).await;
            self.listen();
            tell(&self.progress());
        }
        tokio::time::sleep(SETTLE).await;
        stays
    }

    fn listen(&mut self) {
        while let Ok((_, news)) = self.news.try_recv() {
            match news {
                News::Connected(after) => {
                    self.connected += 1;
                    note(&mut self.join, after);
                }
                News::Met => self.met += 1,
                News::Moved => self.moved += 1,
                // Nobody is sorry.
                News::PutOut => {}
                News::Failed(reason) => {
                    self.failed += 1;
                    self.first_failure.get_or_insert(reason);
                }
            }
        }
    }

    const fn progress(&self) -> Progress {
        Progress::Joining {
            connected: self.connected,
            met: self.met,
        }
    }
}
