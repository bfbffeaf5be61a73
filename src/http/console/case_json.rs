//! Cases as the desk's pages read them.

use serde_json::{Map, Value, json};

use crate::store::{CaseFile, CaseRow, Decided, Lease, PictureRow, Queue};

pub(super) fn queue_json(queue: &Queue) -> Value {
    let age = |since: u64| queue.now_ms.saturating_sub(since);
    let row = |row: &CaseRow| {
        let mut case = row_json(row);
        case.insert("age_ms".to_owned(), json!(age(row.opened_ms)));
        case
    };
    let cases: Vec<_> = queue.cases.iter().map(row).collect();
    json!({
        "cases": cases,
        "open": queue.open,
        "oldest_age_ms": queue.oldest_ms.map(age),
    })
}

pub(super) fn lease_json(lease: &Lease) -> Value {
    json!({ "by": lease.by, "until_ms": lease.until_ms })
}

fn row_json(row: &CaseRow) -> Map<String, Value> {
    let fields = [
        ("id", json!(row.id.0.to_string())),
        ("class", json!(row.class.word())),
        ("label", json!(row.label)),
        ("severity", json!(row.severity)),
        ("origin", json!(row.origin.word())),
        ("status", json!(row.status.word())),
        ("opened_ms", json!(row.opened_ms)),
        ("lease", row.lease.as_ref().map_or(Value::Null, lease_json)),
        ("reports", json!(row.reports)),
        ("pictures", json!(row.pictures)),
    ];
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

pub(super) fn file_json(file: &CaseFile) -> Value {
    let row = &file.row;
    let appeal = row
        .appeal
        .as_ref()
        .map(|appeal| json!({ "text": appeal.text, "at_ms": appeal.at_ms }));
    let score = std::iter::once((row.label.clone(), json!(row.score)));
    let scores: Map<String, Value> = score.collect();
    let more = [
        ("code", json!(row.code)),
        ("sessions", json!([row.session.to_string()])),
        ("machine_action", json!(row.machine_action)),
        ("policy_version", json!(row.policy)),
        ("model_version", json!(row.version)),
        ("scores", Value::Object(scores)),
        ("escalated_to", json!(row.escalated_to)),
        ("evidence", file.pictures.iter().map(picture_json).collect()),
        (
            "decisions",
            file.decisions.iter().map(decision_json).collect(),
        ),
        (
            "device_history",
            file.history.iter().map(history_json).collect(),
        ),
        ("appeal", json!(appeal)),
        ("legal_hold", json!(row.legal_hold)),
        ("expires_ms", json!(row.expires_ms)),
    ];
    let mut case = row_json(row);
    case.extend(
        more.into_iter()
            .map(|(name, value)| (name.to_owned(), value)),
    );
    Value::Object(case)
}

fn picture_json(picture: &PictureRow) -> Value {
    let scores: Map<String, Value> = picture
        .scores
        .iter()
        .map(|(label, score)| (label.clone(), json!(score)))
        .collect();
    json!({
        "n": picture.n,
        "whose": picture.whose.word(),
        "taken_ms": picture.taken_ms,
        "scores": scores,
        "codec": picture.codec,
    })
}

fn decision_json(decided: &Decided) -> Value {
    json!({
        "by": decided.by,
        "role": decided.role,
        "action": decided.action,
        "lasts_ms": decided.lasts.map(|lasts| u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX)),
        "reason": decided.reason,
        "note": decided.note,
        "at_ms": decided.at_ms,
    })
}

/// An earlier case about the same device: what came of it, or what a machine did.
fn history_json(row: &CaseRow) -> Value {
    json!({
        "id": row.id.0.to_string(),
        "label": row.label,
        "action": row.machine_action,
        "status": row.status.word(),
        "opened_ms": row.opened_ms,
    })
}
