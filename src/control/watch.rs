//! [`Watch`]: everything that looking at pictures takes, handed to the control task at its start.

use std::time::Instant;

use tokio::sync::{mpsc, oneshot};
use tracing::error;

use crate::classify::{Classifier, Judged};
use crate::moderation::{AuditLine, Desk, DeviceTokens};
use crate::store::{AppendError, AuditLog, KeptOut};
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
    /// Where decisions are written down.
    pub audit: AuditLog,
    /// How browsers are known again.
    pub devices: DeviceBook,
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
    audit: AuditLog,
    writing: Option<oneshot::Receiver<Result<(), AppendError>>>,
}

/// What comes of looking.
pub(super) enum Seen {
    /// A verdict.
    Judged(Judged),
    /// The disk's answer to the lines.
    Written {
        /// Whether it took them.
        on_disk: bool,
    },
}

impl Watch {
    /// Who decides and whom they know again, and the rest.
    pub(super) fn split(self) -> ((Desk, DeviceBook), Eyes) {
        let eyes = Eyes {
            frames: Some(self.frames),
            classifier: self.classifier,
            judged: Some(self.judged),
            audit: self.audit,
            writing: None,
        };
        ((self.desk, self.devices), eyes)
    }
}

impl Eyes {
    /// Has lines written down; [`Eyes::next`] says when they are on disk.
    pub(super) fn write(&mut self, lines: Vec<AuditLine>) {
        self.writing = Some(self.audit.append(lines));
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
                on_disk = answer(&mut self.writing) => {
                    self.writing = None;
                    return Seen::Written { on_disk };
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

/// Whether the lines are on disk, once that is known.
async fn answer(writing: &mut Option<oneshot::Receiver<Result<(), AppendError>>>) -> bool {
    match writing {
        Some(answer) => match answer.await {
            Ok(Ok(())) => true,
            Ok(Err(refused)) => {
                error!(cause = %refused.cause, "the audit log is not written");
                false
            }
            Err(_) => false,
        },
        None => std::future::pending().await,
    }
}
