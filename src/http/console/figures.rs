//! Figures of the desk's work, and what an operator may publish of it: counted from the audit log,
//! which names nobody.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Console;
use super::bans::read as read_disk;
use super::refusal::Refusal;
use crate::calendar::Day;
use crate::control::{COVERED_FOR, LookFigures, Spread};
use crate::limits;
use crate::store::Tally;

/// What is done to somebody.
const MEASURES: [&str; 5] = ["warn", "blur", "end", "cooldown", "ban"];

/// What takes it back.
const REVERSALS: [&str; 2] = ["unblur", "readmit"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Span {
    #[serde(default = "a_month")]
    days: u64,
}

const fn a_month() -> u64 {
    30
}

pub(super) async fn figures(
    State(console): State<Console>,
    span: Result<Query<Span>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(Span { days }) = span.map_err(|wrong| Refusal::Unreadable(wrong.body_text()))?;
    if !(1..=limits::FIGURES_DAYS).contains(&days) {
        let most = limits::FIGURES_DAYS;
        return Err(Refusal::Unreadable(format!("days are 1 to {most}")));
    }
    let today = today();
    let first = Day(today.0.saturating_sub(days - 1));
    let tallies = console.tally((first, Day(today.0 + 1))).await?;
    Ok(Json(json!({
        "from": first.to_string(),
        "to": today.to_string(),
        "days": by_day(&tallies),
        "labels": by_label(&tallies),
        "looking": looking(&console.0.control.look_figures()),
    })))
}

/// How the looking goes since the server was started: how much of visitors' time is covered, how long
/// things take, what is seen by which version.
fn looking(figures: &LookFigures) -> Value {
    let spread = |spread: &Spread| {
        json!({
            "count": spread.count(),
            "p50_ms": spread.percentile_ms(50.0),
            "p95_ms": spread.percentile_ms(95.0),
        })
    };
    let whole = figures.covered + figures.uncovered;
    let ratio = figures.covered.div_duration_f64(whole);
    let verdicts: Vec<_> = figures
        .verdicts
        .iter()
        .map(|((version, label), count)| {
            json!({ "version": **version, "label": label, "count": count })
        })
        .collect();
    json!({
        "visitor_seconds": whole.as_secs(),
        // Not a number, and so null, where nobody was there.
        "covered_ratio": ratio,
        "covered_for_ms": COVERED_FOR.as_millis(),
        "first_verdict": spread(&figures.first_verdict),
        "action": spread(&figures.action),
        "verdicts": verdicts,
    })
}

/// How often each thing was done on each day. What a policy only tries, and who is nobody, is left
/// out.
fn by_day(tallies: &[Tally]) -> Vec<Value> {
    let mut days: BTreeMap<Day, BTreeMap<&str, u64>> = BTreeMap::new();
    for tally in tallies.iter().filter(|tally| is_decision(tally)) {
        let counts = days.entry(tally.day).or_default();
        *counts.entry(&tally.action).or_default() += tally.count;
    }
    days.iter()
        .map(|(day, counts)| json!({ "day": day.to_string(), "counts": counts }))
        .collect()
}

/// For each label what machines and people did, and how often a person took something back.
fn by_label(tallies: &[Tally]) -> Vec<Value> {
    let mut labels: BTreeMap<&str, [u64; 3]> = BTreeMap::new();
    for tally in tallies {
        let is_measure = MEASURES.contains(&&*tally.action);
        let place = match &*tally.by {
            "policy" | "backend" if is_measure => 0,
            "person" if is_measure => 1,
            "person" if REVERSALS.contains(&&*tally.action) => 2,
            _ => continue,
        };
        let counts = labels.entry(&tally.label).or_default();
        if let Some(count) = counts.get_mut(place) {
            *count += tally.count;
        }
    }
    let mut rows: Vec<_> = labels.into_iter().collect();
    rows.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.iter().sum::<u64>()));
    rows.iter()
        .map(|(label, [by_machine, by_people, reversed])| {
            json!({
                "label": label,
                "by_machine": by_machine,
                "by_people": by_people,
                "reversed": reversed,
            })
        })
        .collect()
}

fn is_decision(tally: &Tally) -> bool {
    matches!(&*tally.by, "policy" | "person" | "backend" | "visitor") && tally.action != "policy"
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Export {
    month: String,
    #[serde(default)]
    format: Format,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Json,
    Csv,
}

pub(super) async fn transparency(
    State(console): State<Console>,
    export: Result<Query<Export>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(Export { month, format }) =
        export.map_err(|wrong| Refusal::Unreadable(wrong.body_text()))?;
    let days = Day::month(&month)
        .ok_or_else(|| Refusal::Unreadable("a month is written as 2026-11".to_owned()))?;
    let tallies = console.tally(days).await?;
    let rows = published(&tallies);
    let (kind, end, text) = match format {
        Format::Json => ("application/json", "json", as_json(&month, &rows)),
        Format::Csv => ("text/csv; charset=utf-8", "csv", as_csv(&month, &rows)),
    };
    let name = format!("attachment; filename=\"visavis-{month}.{end}\"");
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, text).into_response())
}

type Rows<'a> = BTreeMap<(&'a str, &'static str, &'a str), u64>;

/// What was done, whether automated means, a person or a service of the operator's decided it (EU DSA,
/// article 15), about what.
fn published(tallies: &[Tally]) -> Rows<'_> {
    let mut rows = Rows::new();
    for tally in tallies.iter().filter(|tally| is_decision(tally)) {
        let decided_by = match &*tally.by {
            "policy" => "automated",
            "person" => "person",
            "backend" => "service",
            _ => "visitor",
        };
        let row = (&*tally.action, decided_by, &*tally.label);
        *rows.entry(row).or_default() += tally.count;
    }
    rows
}

fn as_json(month: &str, rows: &Rows<'_>) -> String {
    let rows: Vec<_> = rows
        .iter()
        .map(|((action, decided_by, label), count)| {
            json!({ "action": action, "decided_by": decided_by, "label": label, "count": count })
        })
        .collect();
    json!({ "month": month, "rows": rows }).to_string()
}

/// Every word in it is ours or a label's: letters and underscores, which need no quotes.
fn as_csv(month: &str, rows: &Rows<'_>) -> String {
    let mut text = "month,action,decided_by,label,count\r\n".to_owned();
    for ((action, decided_by, label), count) in rows {
        text.push_str(&format!(
            "{month},{action},{decided_by},{label},{count}\r\n"
        ));
    }
    text
}

impl Console {
    /// One walk over the log at a time: it may be long.
    async fn tally(&self, days: (Day, Day)) -> Result<Vec<Tally>, Refusal> {
        let turn = self.0.tallies.acquire().await;
        let _turn = turn.map_err(|_| Refusal::Ending)?;
        let audit = self.0.audit.clone();
        read_disk(move || audit.tally(days)).await
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "which day it is, only the machine's clock tells"
)]
fn today() -> Day {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(Day(0), |since| {
        Day::of(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    })
}
