//! [`Watch`]: everything that looking at pictures takes, handed to the control task at its start.

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
    writing: Option<Writing>,
}

/// How far the disk is.
enum Writing {
    /// The lines are on their way; the cases follow them.
    Lines(oneshot::Receiver<Result<(), AppendError>>, Vec<Filing>),
    /// The lines are on disk, the cases on their way.
    Cases(
        oneshot::Receiver<Result<Vec<Receipt>, AppendCause>>,
        Instant,
    ),
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
            writing: None,
        };
        ((self.desk, self.remarks, self.devices), eyes)
    }
}

impl Eyes {
    /// Has lines written down, and after them the cases that they open; [`Eyes::next`] says when
    /// they are on disk.
    pub(super) fn write(&mut self, lines: Vec<AuditLine>, filings: Vec<Filing>) {
        self.writing = Some(Writing::Lines(self.audit.append(lines), filings));
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
                (on_disk, receipts) = answer(&mut self.writing, &self.cases) => {
                    self.writing = None;
                    return Seen::Written { on_disk, receipts };
                }
            }
        }
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

/// Whether the lines are on disk, and which cases, once that is known. What was decided waits for
/// its case only so long: somebody may be looking at the picture.
async fn answer(writing: &mut Option<Writing>, cases: &Cases) -> (bool, Vec<Receipt>) {
    loop {
        match writing {
            Some(Writing::Lines(lines, filings)) => match lines.await {
                Ok(Ok(())) if filings.is_empty() => return (true, Vec::new()),
                Ok(Ok(())) => {
                    let receipts = cases.add(std::mem::take(filings));
                    let until = tokio::time::Instant::now() + limits::CASE_PATIENCE;
                    *writing = Some(Writing::Cases(receipts, until.into_std()));
                }
                Ok(Err(refused)) => {
                    error!(cause = %refused.cause, "the audit log is not written");
                    return (false, Vec::new());
                }
                Err(_) => return (false, Vec::new()),
            },
            Some(Writing::Cases(receipts, until)) => {
                let receipts = timeout_at((*until).into(), receipts).await;
                return (true, receipts.map_or_else(|_| late(), told));
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

fn late() -> Vec<Receipt> {
    warn!("cases are slow to reach the disk: what was decided is done before");
    Vec::new()
}
