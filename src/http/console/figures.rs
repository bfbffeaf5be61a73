//! Figures of the desk's work, and what an operator may publish of it: counted from the audit log,
//! which names nobody.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Span {
    /// How many, today among them.
    #[serde(default = "a_month")]
    #[param(required = false, minimum = 1, maximum = 366)]
    days: u64,
}

/// How the work goes.
#[derive(Serialize, ToSchema)]
#[schema(as = Figures)]
pub(super) struct FiguresJson {
    #[schema(example = "2026-11-01")]
    from: String,
    #[schema(example = "2026-11-30")]
    to: String,
    days: Vec<DayJson>,
    labels: Vec<LabelJson>,
    looking: LookingJson,
}

/// How often each thing was done on a day.
#[derive(Serialize, ToSchema)]
#[schema(as = FiguresOfDay)]
struct DayJson {
    #[schema(example = "2026-11-30")]
    day: String,
    counts: BTreeMap<String, u64>,
}

/// What machines and people did for a label, and how often a person took something back.
#[derive(Serialize, ToSchema)]
#[schema(as = FiguresOfLabel)]
struct LabelJson {
    label: String,
    by_machine: u64,
    by_people: u64,
    reversed: u64,
}

/// How the looking goes since the server was started.
#[derive(Serialize, ToSchema)]
#[schema(as = LookFigures)]
struct LookingJson {
    /// Time of visitors whose pictures can be looked at.
    visitor_seconds: u64,
    /// How much of it is covered by a verdict; null where nobody was there.
    #[schema(required)]
    covered_ratio: Option<f64>,
    /// For so long a verdict covers.
    covered_for_ms: u64,
    /// From a connected leg to the first verdict.
    first_verdict: SpreadJson,
    /// From the picture that brought it about to what was done.
    action: SpreadJson,
    verdicts: Vec<VerdictsJson>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Spread)]
struct SpreadJson {
    count: u64,
    #[schema(required)]
    p50_ms: Option<u64>,
    #[schema(required)]
    p95_ms: Option<u64>,
}

/// Pictures by the classifier's version and by what they show most.
#[derive(Serialize, ToSchema)]
#[schema(as = VerdictCount)]
struct VerdictsJson {
    version: String,
    label: String,
    count: u64,
}

const fn a_month() -> u64 {
    30
}

/// See how the work goes
#[utoipa::path(
    get,
    path = "/figures",
    tag = "Console",
    operation_id = "getFigures",
    params(Span),
    responses((status = 200, description = "Counted from the audit log.", body = FiguresJson)),
    extensions(("x-problems" = json!(["unreadable", "store", "ending"]))),
)]
pub(super) async fn figures(
    State(console): State<Console>,
    span: Result<Query<Span>, QueryRejection>,
) -> Result<Json<FiguresJson>, Refusal> {
    let Query(Span { days }) = span.map_err(|wrong| Refusal::Unreadable(wrong.body_text()))?;
    if !(1..=limits::FIGURES_DAYS).contains(&days) {
        let most = limits::FIGURES_DAYS;
        return Err(Refusal::Unreadable(format!("days are 1 to {most}")));
    }
    let today = today();
    let first = Day(today.0.saturating_sub(days - 1));
    let tallies = console.tally((first, Day(today.0 + 1))).await?;
    Ok(Json(FiguresJson {
        from: first.to_string(),
        to: today.to_string(),
        days: by_day(&tallies),
        labels: by_label(&tallies),
        looking: LookingJson::of(&console.0.control.look_figures()),
    }))
}

impl LookingJson {
    fn of(figures: &LookFigures) -> Self {
        let whole = figures.covered + figures.uncovered;
        let ratio = (!whole.is_zero()).then(|| figures.covered.div_duration_f64(whole));
        let verdicts = figures.verdicts.iter();
        let verdicts = verdicts.map(|((version, label), count)| VerdictsJson {
            version: version.to_string(),
            label: label.clone(),
            count: *count,
        });
        Self {
            visitor_seconds: whole.as_secs(),
            covered_ratio: ratio,
            covered_for_ms: u64::try_from(COVERED_FOR.as_millis()).unwrap_or(u64::MAX),
            first_verdict: SpreadJson::of(&figures.first_verdict),
            action: SpreadJson::of(&figures.action),
            verdicts: verdicts.collect(),
        }
    }
}

impl SpreadJson {
    fn of(spread: &Spread) -> Self {
        Self {
            count: spread.count(),
            p50_ms: spread.percentile_ms(50.0),
            p95_ms: spread.percentile_ms(95.0),
        }
    }
}

/// How often each thing was done on each day. What a policy only tries, and who is nobody, is left
/// out.
fn by_day(tallies: &[Tally]) -> Vec<DayJson> {
    let mut days: BTreeMap<Day, BTreeMap<String, u64>> = BTreeMap::new();
    for tally in tallies.iter().filter(|tally| is_decision(tally)) {
        let counts = days.entry(tally.day).or_default();
        *counts.entry(tally.action.clone()).or_default() += tally.count;
    }
    let day = |(day, counts): (Day, _)| DayJson {
        day: day.to_string(),
        counts,
    };
    days.into_iter().map(day).collect()
}

/// For each label what machines and people did, and how often a person took something back.
fn by_label(tallies: &[Tally]) -> Vec<LabelJson> {
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
    let row = |(label, [by_machine, by_people, reversed]): (&str, [u64; 3])| LabelJson {
        label: label.to_owned(),
        by_machine,
        by_people,
        reversed,
    };
    rows.into_iter().map(row).collect()
}

fn is_decision(tally: &Tally) -> bool {
    matches!(&*tally.by, "policy" | "person" | "backend" | "visitor") && tally.action != "policy"
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Export {
    /// Which, as it is written in UTC.
    #[param(example = "2026-11")]
    month: String,
    /// For a program or for a table.
    #[serde(default)]
    #[param(required = false, inline, example = "json")]
    format: Format,
}

#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Json,
    Csv,
}

/// What was done in a month, as it may be published.
#[derive(Serialize, ToSchema)]
#[schema(as = Transparency)]
pub(super) struct PublishedJson<'a> {
    #[schema(example = "2026-11")]
    month: &'a str,
    rows: Vec<PublishedRow<'a>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = TransparencyRow)]
struct PublishedRow<'a> {
    #[schema(example = "ban")]
    action: &'a str,
    /// `automated`, `person`, `service` or `visitor` (EU DSA, article 15).
    decided_by: &'static str,
    label: &'a str,
    count: u64,
}

/// Take out what may be published
///
/// As JSON or as CSV; it names nobody.
#[utoipa::path(
    get,
    path = "/transparency",
    tag = "Console",
    operation_id = "getTransparency",
    params(Export),
    responses((
        status = 200,
        description = "What was done in the month.",
        content((PublishedJson<'_> = "application/json"), (String = "text/csv")),
    )),
    extensions(("x-problems" = json!(["unreadable", "store", "ending"]))),
)]
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
        Format::Json => ("application/json", "json", as_json(&month, &rows)?),
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

fn as_json(month: &str, rows: &Rows<'_>) -> Result<String, Refusal> {
    let rows = rows
        .iter()
        .map(|((action, decided_by, label), count)| PublishedRow {
            action,
            decided_by,
            label,
            count: *count,
        })
        .collect();
    serde_json::to_string(&PublishedJson { month, rows }).map_err(|_| Refusal::Store)
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
