//! [`Watch`]: everything that looking at pictures takes, handed to the control task at its start.

use std::collections::VecDeque;
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout_at;
use tracing::{error, warn};

use crate::classify::afterwards::Afterword;
use crate::classify::remarks::Remarks;
use crate::classify::{Classifier, Judged};
use crate::limits;
use crate::moderation::{AuditLine, Desk, DeviceTokens};
use crate::store::{AppendCause, AppendError, AuditLog, Cases, Filing, KeptOut, Receipt};
use crate::tap;

/// Everything that looking at pictures takes.
pub struct Watch {
    /// Who decides.
    pub desk: Desk,
    /// Pictures, from the media plane.
    pub frames: tap::Receiver,
    /// Who looks at them.
    pub classifier: Box<dyn Classifier>,
    /// What it says.
    pub judged: mpsc::Receiver<Judged>,
    /// What a service says of pictures that are long past.
    pub afterwords: mpsc::Receiver<Afterword>,
    /// Where decisions are written down.
    pub audit: AuditLog,
    /// Where cases are kept for people to decide.
    pub cases: Cases,
    /// How browsers are known again.
    pub devices: DeviceBook,
    /// What is said of texts.
    pub remarks: Remarks,
}

/// How browsers are known again, and where it is kept who stays outside.
pub struct DeviceBook {
    /// Signs tokens and reads them.
    pub tokens: DeviceTokens,
    /// Where it is kept.
    pub kept_out: KeptOut,
    /// One moment by two clocks: seconds since 1970.
    pub moment: (Instant, u64),
}

impl DeviceBook {
    /// Seconds since 1970.
    pub(super) fn seconds_at(&self, now: Instant) -> u64 {
        let (moment, seconds) = self.moment;
        seconds + now.saturating_duration_since(moment).as_secs()
    }
}

/// The part of a watch that waits for others.
pub(super) struct Eyes {
    frames: Option<tap::Receiver>,
    classifier: Box<dyn Classifier>,
    judged: Option<mpsc::Receiver<Judged>>,
    afterwords: mpsc::Receiver<Afterword>,
    audit: AuditLog,
    cases: Cases,
    disk: Disk,
}

/// What the disk is still to say.
#[derive(Default)]
struct Disk {
    writing: Option<Writing>,
    /// Cases that nothing waits for any more, the oldest first.
    late: VecDeque<Receipts>,
}

/// Cases on their way to the disk.
type Receipts = oneshot::Receiver<Result<Vec<Receipt>, AppendCause>>;

/// How far the disk is.
enum Writing {
    /// The lines are on their way; the cases follow them.
    Lines(oneshot::Receiver<Result<(), AppendError>>, Vec<Filing>),
    /// The lines are on disk, the cases on their way.
    Cases(Receipts, Instant),
}

/// What comes of looking.
pub(super) enum Seen {
    /// A verdict.
    Judged(Judged),
    /// A later word about a picture, or that there will be one.
    Afterword(Afterword),
    /// The disk's answer to the lines.
    Written {
        /// Whether it took them.
        on_disk: bool,
        /// The cases that it took with them.
        receipts: Vec<Receipt>,
    },
    /// Cases that are on disk now, after what was decided was done.
    Late(Vec<Receipt>),
}

impl Watch {
    /// Who decides and whom they know again, and the rest.
    pub(super) fn split(self) -> ((Desk, Remarks, DeviceBook), Eyes) {
        let eyes = Eyes {
            frames: Some(self.frames),
            classifier: self.classifier,
            judged: Some(self.judged),
            afterwords: self.afterwords,
            audit: self.audit,
            cases: self.cases,
            disk: Disk::default(),
        };
        ((self.desk, self.remarks, self.devices), eyes)
    }
}

impl Eyes {
    /// Has lines written down, and after them the cases that they open; [`Eyes::next`] says when
    /// they are on disk.
    pub(super) fn write(&mut self, lines: Vec<AuditLine>, filings: Vec<Filing>) {
        self.disk.writing = Some(Writing::Lines(self.audit.append(lines), filings));
    }

    /// Hands pictures to whoever looks, until there is something to tell. Nothing is lost of a wait
    /// that is given up.
    pub(super) async fn next(&mut self) -> Seen {
        loop {
            tokio::select! {
                frame = next_frame(&mut self.frames) => match frame {
                    Some(frame) => if let Some(judged) = self.classifier.judge(frame) {
                        return Seen::Judged(judged);
                    },
                    // The media plane has ended.
                    None => self.frames = None,
                },
                judged = next_judged(&mut self.judged) => match judged {
                    Some(judged) => return Seen::Judged(judged),
                    None => {
                        error!("the classifier has ended: nobody is admitted by video any more");
                        self.judged = None;
                    }
                },
                Some(word) = self.afterwords.recv() => return Seen::Afterword(word),
                seen = self.disk.next(|filings| self.cases.add(filings)) => return seen,
            }
        }
    }
}

impl Disk {
    /// Whether the lines are on disk, and which cases: at once, or late. `add` puts those on their way
    /// that follow lines which are there.
    async fn next(&mut self, add: impl Fn(Vec<Filing>) -> Receipts) -> Seen {
        tokio::select! {
            (on_disk, receipts) = answer(&mut self.writing, add) => {
                let receipts = receipts.unwrap_or_else(|| self.give_up_waiting());
                self.writing = None;
                Seen::Written { on_disk, receipts }
            }
            receipts = next_late(&mut self.late) => Seen::Late(receipts),
        }
    }

    /// What was decided is done without its cases. They are told when they come.
    fn give_up_waiting(&mut self) -> Vec<Receipt> {
        warn!("cases are slow to reach the disk: what was decided is done before");
        if let Some(Writing::Cases(receipts, _)) = self.writing.take() {
            self.late.push_back(receipts);
        }
        if self.late.len() > limits::CASES_LATE {
            self.late.pop_front();
        }
        Vec::new()
    }
}

async fn next_frame(frames: &mut Option<tap::Receiver>) -> Option<tap::Frame> {
    match frames {
        Some(frames) => frames.next().await,
        None => std::future::pending().await,
    }
}

async fn next_judged(judged: &mut Option<mpsc::Receiver<Judged>>) -> Option<Judged> {
    match judged {
        Some(judged) => judged.recv().await,
        None => std::future::pending().await,
    }
}

/// Whether the lines are on disk, and which cases, once that is known; none where those are late. What
/// was decided waits for its case only so long: somebody may be looking at the picture.
async fn answer(
    writing: &mut Option<Writing>,
    add: impl Fn(Vec<Filing>) -> Receipts,
) -> (bool, Option<Vec<Receipt>>) {
    loop {
        match writing {
            Some(Writing::Lines(lines, filings)) => match lines.await {
                Ok(Ok(())) if filings.is_empty() => return (true, Some(Vec::new())),
                Ok(Ok(())) => {
                    let receipts = add(std::mem::take(filings));
                    let until = tokio::time::Instant::now() + limits::CASE_PATIENCE;
                    *writing = Some(Writing::Cases(receipts, until.into_std()));
                }
                Ok(Err(refused)) => {
                    error!(cause = %refused.cause, "the audit log is not written");
                    return (false, Some(Vec::new()));
                }
                Err(_) => return (false, Some(Vec::new())),
            },
            Some(Writing::Cases(receipts, until)) => {
                let receipts = timeout_at((*until).into(), receipts).await;
                return (true, receipts.ok().map(told));
            }
            None => std::future::pending().await,
        }
    }
}

fn told(
    answer: Result<Result<Vec<Receipt>, AppendCause>, oneshot::error::RecvError>,
) -> Vec<Receipt> {
    answer.map_or_else(|_| Vec::new(), Result::unwrap_or_default)
}

/// The oldest of the cases that are late, once they are on disk.
async fn next_late(late: &mut VecDeque<Receipts>) -> Vec<Receipt> {
    match late.front_mut() {
        Some(receipts) => {
            let answer = receipts.await;
            late.pop_front();
            told(answer)
        }
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{CaseId, SessionId};

    fn receipt(number: u64) -> Receipt {
        Receipt {
            session: SessionId(number),
            reporter: None,
            id: CaseId(number),
            code: "7Q2M".to_owned(),
        }
    }

    #[tokio::test]
    async fn cases_that_are_late_hold_nobody_up_and_are_told_when_they_come() {
        let mut disk = Disk::default();
        let mut on_their_way = Vec::new();
        let never = |_| unreachable!("no lines are under way");
        for _ in 0..2 {
            let (done, receipts) = oneshot::channel();
            on_their_way.push(done);
            let until = tokio::time::Instant::now();
            disk.writing = Some(Writing::Cases(receipts, until.into_std()));
            let seen = disk.next(never).await;
            let is_done = |seen| matches!(seen, Seen::Written { on_disk: true, receipts } if receipts.is_empty());
            assert!(is_done(seen));
        }
        for (number, done) in (0..).zip(on_their_way) {
            done.send(Ok(vec![receipt(number)])).unwrap();
            let seen = disk.next(never).await;
            assert!(matches!(seen, Seen::Late(receipts) if receipts == [receipt(number)]));
        }
        assert!(disk.late.is_empty());
    }

    #[tokio::test]
    async fn a_disk_that_never_answers_takes_no_more_memory_than_its_share() {
        let mut disk = Disk::default();
        let mut on_their_way = Vec::new();
        for _ in 0..2 * limits::CASES_LATE {
            let (done, receipts) = oneshot::channel();
            on_their_way.push(done);
            let until = tokio::time::Instant::now();
            disk.writing = Some(Writing::Cases(receipts, until.into_std()));
            disk.next(|_| unreachable!("no lines are under way")).await;
        }
        assert_eq!(disk.late.len(), limits::CASES_LATE);
        let given_up = on_their_way.iter().filter(|done| done.is_closed());
        assert_eq!(given_up.count(), limits::CASES_LATE);
    }
}
