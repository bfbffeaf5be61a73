//! The threads that carry the visitors' media, as one.

use std::thread::JoinHandle;
use std::time::Duration;

use super::LoadError;
use super::herd::{self, Door, Word};
use super::plan::Plan;
use super::tally::Tally;

/// All threads of a run.
pub(super) struct Threads {
    doors: Vec<Door>,
    handles: Vec<JoinHandle<()>>,
}

/// What all threads counted in a span.
pub(super) struct Sum {
    pub(super) tally: Tally,
    /// What each of them used of a processor.
    pub(super) each: Vec<Duration>,
}

impl Threads {
    /// Starts as many as the plan says.
    ///
    /// # Errors
    /// [`LoadError::Herd`].
    pub(super) fn start(plan: &Plan) -> Result<Self, LoadError> {
        let started = (0..plan.threads).map(|_| herd::start(plan));
        let started: std::io::Result<Vec<_>> = started.collect();
        let (doors, handles) = started.map_err(LoadError::Herd)?.into_iter().unzip();
        Ok(Self { doors, handles })
    }

    /// The way to the thread that carries this visitor. A pair of neighbours has one.
    pub(super) fn door_of(&self, visitor: u32) -> Option<&Door> {
        let pair = usize::try_from(visitor / 2).unwrap_or(0);
        self.doors.get(pair % self.doors.len().max(1))
    }

    /// All visitors are in: count anew.
    pub(super) fn begin(&self) {
        for door in &self.doors {
            door.tell(Word::Begin);
        }
    }

    /// What was counted since the last time.
    ///
    /// # Errors
    /// [`LoadError::HerdEnded`].
    pub(super) async fn sum(&self) -> Result<Sum, LoadError> {
        let mut sum = Sum {
            tally: Tally::default(),
            each: Vec::with_capacity(self.doors.len()),
        };
        for door in &self.doors {
            let tally = door.tally().await.ok_or(LoadError::HerdEnded)?;
            sum.each.push(tally.processor);
            sum.tally.add(&tally);
        }
        Ok(sum)
    }

    /// Ends them.
    pub(super) async fn end(self) {
        for door in &self.doors {
            door.tell(Word::End);
        }
        // A panic there has been printed, and all that is asked of them has been told.
        let joined = || {
            for handle in self.handles {
                drop(handle.join());
            }
        };
        let _ = tokio::task::spawn_blocking(joined).await;
    }
}
