//! Lets a crowd in, measures, and lets it leave.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::LoadError;
use super::dialogue::{News, Phase, Surroundings, hold};
use super::herd::{self, Live, Word, read_clock};
use super::plan::Plan;
use super::tally::{Tally, Times, note, times};
use super::visitor::{Habits, Papers, Visitor};

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
    /// While it measures.
    Measuring {
        /// Since it began.
        elapsed: Duration,
        /// Packets received since it began.
        received: u64,
        /// Packets received in the last second, about.
        per_second: f64,
    },
}

/// What a run counted.
#[derive(Clone, Debug)]
pub struct Counted {
    /// Of all that was sent and received.
    pub tally: Tally,
    /// How long it was measured.
    pub measured: Duration,
    /// From a visitor's `join` to its connected leg.
    pub join: Times,
    /// Visitors that were connected when the measuring began.
    pub connected: usize,
    /// Visitors that had a partner when the measuring began.
    pub met: usize,
    /// Stays that ended before they should.
    pub failed: usize,
    /// Why the first of them did.
    pub first_failure: Option<String>,
}

/// How long the last may take to connect and meet.
const PATIENCE: Duration = Duration::from_secs(30);
/// All have met: let their first keyframes pass.
const SETTLE: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Runs a plan. `at_begin` is called when the measuring begins, `at_end` when it ends, `tell` in
/// between and before.
///
/// # Errors
/// [`LoadError`].
pub async fn run(
    plan: &Plan,
    tell: &mut (dyn FnMut(&Progress) + Send),
    at_begin: impl FnOnce(),
    at_end: impl FnOnce(),
) -> Result<Counted, LoadError> {
    let live = Arc::new(Live::default());
    let (door, thread) = herd::start(live.clone()).map_err(LoadError::Herd)?;
    let (phase, watched) = watch::channel(Phase::Joining);
    let (sender, news) = mpsc::unbounded_channel();
    let around = Surroundings {
        url: plan.signal_url()?,
        herd: door.clone(),
        phase: watched,
        news: sender,
        next_every: plan.next_every,
    };
    let mut hall = Hall {
        news,
        join: times(),
        connected: 0,
        met: 0,
        failed: 0,
        first_failure: None,
    };
    let mut stays = hall.let_in(plan, &around, tell).await?;
    drop(around);
    if hall.met == 0 {
        let reason = hall.first_failure.take();
        let reason = reason.unwrap_or_else(|| "nobody was connected in time".to_owned());
        return Err(LoadError::NobodyMet(reason));
    }
    let (connected, met) = (hall.connected, hall.met);
    door.tell(Word::Begin);
    let began = read_clock();
    at_begin();
    // Every visitor may have left: then nobody hears it.
    let _ = phase.send(Phase::Measuring);
    watch_over(plan.duration, began, &live, tell).await;
    at_end();
    let measured = began.elapsed();
    let tally = end(&door, thread).await;
    hall.listen();
    let _ = phase.send(Phase::Over);
    let leaving = async { while stays.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(Duration::from_secs(2), leaving).await;
    Ok(Counted {
        tally,
        measured,
        join: hall.join,
        connected,
        met,
        failed: hall.failed,
        first_failure: hall.first_failure,
    })
}

async fn end(door: &herd::Door, thread: JoinHandle<Tally>) -> Tally {
    door.tell(Word::End);
    let joined = tokio::task::spawn_blocking(move || thread.join()).await;
    // A panic there has been printed; what it had counted is gone.
    joined.ok().and_then(Result::ok).unwrap_or_default()
}

async fn watch_over(
    duration: Duration,
    began: Instant,
    live: &Live,
    tell: &mut (dyn FnMut(&Progress) + Send),
) {
    let (mut before, mut looked) = (0, began);
    while began.elapsed() < duration {
        let left = duration.saturating_sub(began.elapsed());
        tokio::time::sleep(left.min(LOOK_EVERY)).await;
        let received = live.received.load(Ordering::Relaxed);
        let now = read_clock();
        let span = now.saturating_duration_since(looked).as_secs_f64();
        let count = u32::try_from(received.saturating_sub(before)).unwrap_or(0);
        tell(&Progress::Measuring {
            elapsed: began.elapsed(),
            received,
            per_second: f64::from(count) / span.max(0.001),
        });
        (before, looked) = (received, now);
    }
}

struct Hall {
    news: mpsc::UnboundedReceiver<(u32, News)>,
    join: Times,
    connected: usize,
    met: usize,
    failed: usize,
    first_failure: Option<String>,
}

impl Hall {
    /// Lets everybody in, spread over the ramp, and waits until they have met.
    async fn let_in(
        &mut self,
        plan: &Plan,
        around: &Surroundings,
        tell: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<JoinSet<()>, LoadError> {
        let began = read_clock();
        let papers = Papers::new(began)?;
        let mut rng = SmallRng::seed_from_u64(plan.seed);
        let mut stays = JoinSet::new();
        let count = u32::try_from(plan.visitors()).unwrap_or(u32::MAX);
        for number in 0..count {
            let share = f64::from(number) / f64::from(count);
            let at = began + plan.ramp.mul_f64(share);
            tokio::time::sleep_until(at.into()).await;
            let phase = Duration::from_micros(rng.random_range(0..33_000));
            let visitor = Visitor::new(number, &papers, Habits::of(plan), (read_clock(), phase))?;
            stays.spawn(hold(visitor, around.clone()));
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
        Ok(stays)
    }

    fn listen(&mut self) {
        while let Ok((_, news)) = self.news.try_recv() {
            match news {
                News::Connected(after) => {
                    self.connected += 1;
                    note(&mut self.join, after);
                }
                News::Met => self.met += 1,
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
