//! [`Evidence`]: puts the pictures of cases into their places, sealed, and takes them out for whoever
//! may see them. A task of its own does it, behind the cases: no case waits for its pictures.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::{error, warn};

use super::case_pictures::PicturePlace;
use super::case_rows::PictureRow;
use super::cases::Cases;
use super::depot::{Depot, DepotError};
use super::exhibits::{Exhibit, Filed};
use super::ledger::AppendCause;
use super::vault::{CaseKey, SealError, Vault};
use crate::codec::VideoCodec;
use crate::id::CaseId;
use crate::limits;
use crate::metrics;

/// After a failure the same pictures are tried again so much later; twice as long each time.
const REST: Duration = Duration::from_secs(1);

/// The longest such wait.
const REST_MAX: Duration = Duration::from_secs(60);

/// How long the end waits for what is under way: a place that does not answer must not keep the
/// server from ending.
const END_PATIENCE: Duration = Duration::from_secs(20);

/// Two pictures of one side that were taken closer together are the same one, filed twice.
const SAME_MS: u64 = 100;

/// The pictures of cases. Clones lead to the same.
#[derive(Clone, Debug)]
pub struct Evidence {
    cases: Cases,
    vault: Arc<Vault>,
    depot: Depot,
    ending: Arc<watch::Sender<bool>>,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// The way of pictures to their task: bounded by count and by bytes.
#[derive(Clone, Debug)]
pub(super) struct PictureLine {
    inbox: mpsc::Sender<Filed>,
    waiting: Arc<AtomicUsize>,
}

/// A picture of a case, open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenPicture {
    /// How it is encoded.
    pub codec: VideoCodec,
    /// One keyframe.
    pub keyframe: Vec<u8>,
}

/// Why a picture cannot be put away or looked at.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// There is none with that number.
    #[error("there is no such picture")]
    NoSuchPicture,
    /// The operator's key is another than the one it was sealed with.
    #[error("the picture does not open: {0}")]
    Sealed(#[from] SealError),
    /// Its place cannot be used.
    #[error(transparent)]
    Depot(#[from] DepotError),
    /// The cases cannot be used.
    #[error("the cases cannot be used: {0}")]
    Cases(#[from] AppendCause),
}

impl Evidence {
    /// From now on what is filed with cases goes to that place, sealed by that vault.
    ///
    /// # Errors
    /// The cases cannot be used.
    pub async fn start(cases: Cases, vault: Vault, depot: Depot) -> Result<Self, AppendCause> {
        let book = cases.ask(|clerk, _| Ok(clerk.table.book()?)).await?;
        let (inbox, filings) = mpsc::channel(limits::CASE_MAILS);
        let (ending, end) = watch::channel(false);
        let line = PictureLine {
            inbox,
            waiting: Arc::default(),
        };
        let evidence = Self {
            cases: cases.clone(),
            vault: Arc::new(vault),
            depot: depot.part(&book),
            ending: Arc::new(ending),
            task: Arc::default(),
        };
        evidence.try_key().await?;
        let waiting = Arc::clone(&line.waiting);
        cases.send_pictures_to(line).await?;
        let keeper = Keeper {
            evidence: evidence.clone(),
            filings,
            waiting,
            end,
        };
        *evidence.task.lock() = Some(tokio::spawn(keeper.work()));
        Ok(evidence)
    }

    /// Says so where the newest case was sealed with a key that is not here.
    async fn try_key(&self) -> Result<(), AppendCause> {
        let newest = self
            .cases
            .ask(|clerk, _| Ok(clerk.table.newest_key()?))
            .await?;
        if let Some((case, wrapped)) = newest
            && self.vault.unwrap(case, &wrapped).is_err()
        {
            error!("pictures of earlier cases do not open: the evidence key is another one");
        }
        Ok(())
    }

    /// Whether a case has a picture with that number.
    ///
    /// # Errors
    /// The cases cannot be used.
    pub async fn has(&self, case: CaseId, n: u32) -> Result<bool, AppendCause> {
        let place = self.place(case).await?;
        Ok(place.is_some_and(|place| place.pictures.iter().any(|row| row.n == n)))
    }

    /// A picture of a case, open.
    ///
    /// # Errors
    /// There is none, or it does not open.
    pub async fn open(&self, case: CaseId, n: u32) -> Result<OpenPicture, EvidenceError> {
        let opened = self.try_open(case, n).await;
        if let Err(error) = &opened
            && !matches!(error, EvidenceError::NoSuchPicture)
        {
            metrics::EVIDENCE_PICTURES.counter_of("closed").increment(1);
            error!(%error, %case, n, "a picture of a case cannot be shown");
        }
        opened
    }

    async fn try_open(&self, case: CaseId, n: u32) -> Result<OpenPicture, EvidenceError> {
        let place = self.place(case).await?;
        let place = place.ok_or(EvidenceError::NoSuchPicture)?;
        let row = place.pictures.iter().find(|row| row.n == n);
        let row = row.ok_or(EvidenceError::NoSuchPicture)?;
        let codec = VideoCodec::of_word(&row.codec).ok_or(EvidenceError::NoSuchPicture)?;
        let wrapped = place.key.ok_or(EvidenceError::NoSuchPicture)?;
        let key = self.vault.unwrap(case, &wrapped)?;
        let sealed = self.depot.get(case, n).await?;
        let keyframe = key.open(n, &sealed)?;
        Ok(OpenPicture { codec, keyframe })
    }

    async fn place(&self, case: CaseId) -> Result<Option<PicturePlace>, AppendCause> {
        self.cases
            .ask(move |clerk, _| Ok(clerk.table.picture_place(case)?))
            .await
    }

    /// Takes away what is left of cases that are not there any more. Their keys went with them: it
    /// cannot be read, whether this succeeds or not.
    ///
    /// # Errors
    /// The place cannot be used.
    pub async fn sweep(&self) -> Result<(), EvidenceError> {
        let there = self.depot.cases().await?;
        let absent = self
            .cases
            .ask(move |clerk, _| Ok(clerk.table.absent(there)?))
            .await?;
        for case in absent {
            self.depot.clear(case).await?;
        }
        Ok(())
    }

    /// Waits until what was filed is in its place, as far as that takes it and for a while at most.
    pub async fn close(&self) {
        // Nobody listens once the task has ended.
        let _ = self.ending.send(true);
        let task = self.task.lock().take();
        if let Some(task) = task
            && timeout(END_PATIENCE, task).await.is_err()
        {
            error!("pictures of cases are lost: their place does not answer");
        }
    }
}

impl PictureLine {
    /// Hands pictures over, and never waits.
    pub(super) fn offer(&self, filed: Filed) {
        let (bytes, count) = (filed.bytes(), filed.exhibits.len());
        if count == 0 {
            return;
        }
        let before = self.waiting.fetch_add(bytes, Ordering::AcqRel);
        let has_room = before.saturating_add(bytes) <= limits::EVIDENCE_BYTES;
        if !has_room || self.inbox.try_send(filed).is_err() {
            self.waiting.fetch_sub(bytes, Ordering::AcqRel);
            warn!(count, "pictures of a case are lost: too many wait");
            count_lost(count);
        }
    }
}

/// The task behind [`Evidence`].
struct Keeper {
    evidence: Evidence,
    filings: mpsc::Receiver<Filed>,
    waiting: Arc<AtomicUsize>,
    end: watch::Receiver<bool>,
}

impl Keeper {
    async fn work(mut self) {
        while let Some(filed) = self.next().await {
            self.keep(&filed).await;
            self.waiting.fetch_sub(filed.bytes(), Ordering::AcqRel);
        }
    }

    /// What is to be put away; nothing once it is to end and nothing is left.
    async fn next(&mut self) -> Option<Filed> {
        tokio::select! {
            biased;
            filed = self.filings.recv() => filed,
            _ = self.end.wait_for(|end| *end) => self.filings.try_recv().ok(),
        }
    }

    /// Tries until it succeeds, cannot succeed, or is to end.
    async fn keep(&mut self, filed: &Filed) {
        let mut rest = REST;
        loop {
            let failure = match self.try_keep(filed).await {
                Ok(()) => return,
                Err(failure) => failure,
            };
            let (count, case) = (filed.exhibits.len(), filed.case);
            let is_final = matches!(failure, EvidenceError::Sealed(_));
            if is_final || *self.end.borrow() {
                error!(%failure, %case, count, "pictures of a case are lost");
                return count_lost(count);
            }
            error!(%failure, %case, "pictures of a case are not put away; they are tried again");
            // Either way it is tried again; the last time, where it is to end.
            let _ = timeout(rest, self.end.wait_for(|end| *end)).await;
            rest = (rest * 2).min(REST_MAX);
        }
    }

    async fn try_keep(&self, filed: &Filed) -> Result<(), EvidenceError> {
        let case = filed.case;
        let Some(place) = self.evidence.place(case).await? else {
            return Ok(());
        };
        let wanted = wanted(filed, &place);
        if wanted.is_empty() {
            return Ok(());
        }
        let key = self.key(case, place.key).await?;
        let mut rows = Vec::with_capacity(wanted.len());
        for (row, exhibit) in wanted {
            let sealed = key.seal(row.n, &exhibit.picture)?;
            self.evidence.depot.put(case, row.n, sealed).await?;
            rows.push(row);
        }
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        self.evidence
            .cases
            .change(move |clerk, _| Ok(clerk.table.add_pictures(case, &rows)?))
            .await?;
        metrics::EVIDENCE_PICTURES
            .counter_of("kept")
            .increment(count);
        Ok(())
    }

    /// The key of a case; the first pictures bring one, which is on disk before them.
    async fn key(&self, case: CaseId, wrapped: Option<Vec<u8>>) -> Result<CaseKey, EvidenceError> {
        if let Some(wrapped) = wrapped {
            return Ok(self.evidence.vault.unwrap(case, &wrapped)?);
        }
        let (key, wrapped) = self.evidence.vault.draw(case)?;
        self.evidence
            .cases
            .ask(move |clerk, _| Ok(clerk.table.keep_key(case, &wrapped)?))
            .await?;
        Ok(key)
    }
}

/// Which pictures are new to a case, and the rows they get: as many as it has room for.
fn wanted<'a>(filed: &'a Filed, place: &PicturePlace) -> Vec<(PictureRow, &'a Exhibit)> {
    let mut wanted: Vec<(PictureRow, &Exhibit)> = Vec::new();
    let mut n = place.pictures.iter().map(|row| row.n).max().unwrap_or(0);
    for exhibit in &filed.exhibits {
        if place.pictures.len() + wanted.len() >= limits::CASE_PICTURES {
            break;
        }
        let taken_ms = filed.taken_ms(exhibit);
        let same = |row: &PictureRow| {
            row.whose == exhibit.whose && row.taken_ms.abs_diff(taken_ms) < SAME_MS
        };
        if place.pictures.iter().any(same) || wanted.iter().any(|(row, _)| same(row)) {
            continue;
        }
        n += 1;
        let scores = exhibit.scores.iter();
        let row = PictureRow {
            n,
            whose: exhibit.whose,
            taken_ms,
            codec: exhibit.codec.word().to_owned(),
            scores: scores
                .map(|score| (score.label.to_string(), score.value))
                .collect(),
        };
        wanted.push((row, exhibit));
    }
    wanted
}

fn count_lost(count: usize) {
    metrics::EVIDENCE_PICTURES
        .counter_of("lost")
        .increment(u64::try_from(count).unwrap_or(u64::MAX));
}
