//! Cases as the desk's pages read them.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::store::{Appeal, CaseFile, CaseRow, Decided, Lease, PictureRow, Queue};

/// What waits for a decision, the most pressing first.
#[derive(Serialize, ToSchema)]
#[schema(as = CaseQueue)]
pub(super) struct QueueJson {
    cases: Vec<QueuedJson>,
    /// How many wait, also those that are not listed.
    open: u64,
    oldest_age_ms: Option<u64>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = QueuedCase)]
struct QueuedJson {
    #[serde(flatten)]
    row: RowJson,
    age_ms: u64,
}

/// A case in a few words.
#[derive(Serialize, ToSchema)]
#[schema(as = CaseRow)]
struct RowJson {
    #[schema(example = "17")]
    id: String,
    /// `conduct` or `child_safety`.
    class: &'static str,
    /// The worst that was seen or said.
    label: String,
    /// How much it presses, from 1 to 5.
    severity: u8,
    /// What brought it about: `machine`, `report` or `appeal`.
    origin: &'static str,
    /// `open`, `second_opinion`, `escalated`, `appealed` or `closed`.
    status: &'static str,
    /// Milliseconds since 1970, as every time here.
    opened_ms: u64,
    #[schema(required)]
    lease: Option<LeaseJson>,
    /// How many complained.
    reports: u32,
    /// How many pictures there are.
    pictures: u32,
}

/// Who has a case, and until when.
#[derive(Serialize, ToSchema)]
#[schema(as = CaseLease)]
pub(super) struct LeaseJson {
    by: String,
    until_ms: u64,
}

/// A case as a whole.
#[derive(Serialize, ToSchema)]
#[schema(as = Case)]
pub(super) struct CaseJson {
    #[serde(flatten)]
    row: RowJson,
    /// What the visitor whom it is about may ask with.
    code: String,
    /// Whom it is about: our own numbers for nameless stays.
    sessions: [String; 1],
    /// What a machine has done; null if nothing.
    #[schema(required)]
    machine_action: Option<String>,
    policy_version: String,
    model_version: String,
    /// What was seen, and how sure somebody was of it.
    scores: BTreeMap<String, f32>,
    /// To which role it was handed.
    #[schema(required)]
    escalated_to: Option<String>,
    evidence: Vec<PictureJson>,
    decisions: Vec<DecidedJson>,
    /// Earlier cases about the same device.
    device_history: Vec<HistoryJson>,
    #[schema(required)]
    appeal: Option<AppealJson>,
    /// Whether it is kept beyond its time.
    legal_hold: bool,
    /// When its pictures are destroyed.
    expires_ms: u64,
}

/// A picture that goes with a case; itself it is asked for by `n`.
#[derive(Serialize, ToSchema)]
#[schema(as = CasePicture)]
struct PictureJson {
    n: u32,
    /// `about`: of whom the case is about; `reporter`: of whom they faced.
    whose: &'static str,
    taken_ms: u64,
    scores: BTreeMap<String, f32>,
    codec: String,
}

/// What a person has decided.
#[derive(Serialize, ToSchema)]
#[schema(as = CaseDecision)]
struct DecidedJson {
    by: String,
    role: String,
    action: String,
    #[schema(required)]
    lasts_ms: Option<u64>,
    reason: String,
    note: String,
    at_ms: u64,
}

/// An earlier case: what came of it, or what a machine did.
#[derive(Serialize, ToSchema)]
#[schema(as = EarlierCase)]
struct HistoryJson {
    id: String,
    label: String,
    #[schema(required)]
    action: Option<String>,
    status: &'static str,
    opened_ms: u64,
}

/// What the visitor says who asks for another look.
#[derive(Serialize, ToSchema)]
#[schema(as = CaseAppeal)]
struct AppealJson {
    text: String,
    at_ms: u64,
}

impl QueueJson {
    pub(super) fn of(queue: &Queue) -> Self {
        let age = |since: u64| queue.now_ms.saturating_sub(since);
        let case = |row: &CaseRow| QueuedJson {
            row: RowJson::of(row),
            age_ms: age(row.opened_ms),
        };
        Self {
            cases: queue.cases.iter().map(case).collect(),
            open: queue.open,
            oldest_age_ms: queue.oldest_ms.map(age),
        }
    }
}

impl LeaseJson {
    pub(super) fn of(lease: &Lease) -> Self {
        Self {
            by: lease.by.clone(),
            until_ms: lease.until_ms,
        }
    }
}

impl RowJson {
    fn of(row: &CaseRow) -> Self {
        Self {
            id: row.id.0.to_string(),
            class: row.class.word(),
            label: row.label.clone(),
            severity: row.severity,
            origin: row.origin.word(),
            status: row.status.word(),
            opened_ms: row.opened_ms,
            lease: row.lease.as_ref().map(LeaseJson::of),
            reports: row.reports,
            pictures: row.pictures,
        }
    }
}

impl CaseJson {
    pub(super) fn of(file: &CaseFile) -> Self {
        let row = &file.row;
        Self {
            row: RowJson::of(row),
            code: row.code.clone(),
            sessions: [row.session.to_string()],
            machine_action: row.machine_action.clone(),
            policy_version: row.policy.clone(),
            model_version: row.version.clone(),
            scores: BTreeMap::from([(row.label.clone(), row.score)]),
            escalated_to: row.escalated_to.clone(),
            evidence: file.pictures.iter().map(PictureJson::of).collect(),
            decisions: file.decisions.iter().map(DecidedJson::of).collect(),
            device_history: file.history.iter().map(HistoryJson::of).collect(),
            appeal: row.appeal.as_ref().map(AppealJson::of),
            legal_hold: row.legal_hold,
            expires_ms: row.expires_ms,
        }
    }
}

impl PictureJson {
    fn of(picture: &PictureRow) -> Self {
        Self {
            n: picture.n,
            whose: picture.whose.word(),
            taken_ms: picture.taken_ms,
            scores: picture.scores.iter().cloned().collect(),
            codec: picture.codec.clone(),
        }
    }
}

impl DecidedJson {
    fn of(decided: &Decided) -> Self {
        let ms = |lasts: std::time::Duration| u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
        Self {
            by: decided.by.clone(),
            role: decided.role.clone(),
            action: decided.action.clone(),
            lasts_ms: decided.lasts.map(ms),
            reason: decided.reason.clone(),
            note: decided.note.clone(),
            at_ms: decided.at_ms,
        }
    }
}

impl HistoryJson {
    fn of(row: &CaseRow) -> Self {
        Self {
            id: row.id.0.to_string(),
            label: row.label.clone(),
            action: row.machine_action.clone(),
            status: row.status.word(),
            opened_ms: row.opened_ms,
        }
    }
}

impl AppealJson {
    fn of(appeal: &Appeal) -> Self {
        Self {
            text: appeal.text.clone(),
            at_ms: appeal.at_ms,
        }
    }
}
