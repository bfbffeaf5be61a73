//! Reads a policy from TOML and refuses it whole where anything in it is wrong, with line and reason.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::policy::{Action, Policy, Row, Screening, When};
use super::reporting;
use super::verdict::Label;
use crate::limits;

/// Why a policy is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{name}, line {line}: {reason}")]
pub struct PolicyError {
    /// The file.
    pub name: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, in one line.
    pub reason: String,
}

const TOP_KEYS: &[&str] = &[
    "version",
    "shadow",
    "screening",
    "screening_deadline_ms",
    "fresh_ms",
    "grace_ms",
    "row",
];

const ROW_KEYS: &[&str] = &[
    "label",
    "threshold",
    "hits",
    "of",
    "within_ms",
    "for_ms",
    "after_strikes",
    "after_reports",
    "action",
    "cooldown_ms",
    "ban_ms",
    "shadow",
];

const HOUR_MS: u64 = 60 * 60 * 1_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// A reason and the byte it is about.
type Fault = (usize, String);

/// Reads a policy.
pub(super) fn parse(name: &str, text: &str) -> Result<Policy, PolicyError> {
    let refused = |(at, reason): Fault| PolicyError {
        name: name.to_owned(),
        line: line_of(text, at),
        reason: reason.replace('\n', ", "),
    };
    let root = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        refused((at, format!("this is not TOML: {}", error.message())))
    })?;
    let mut policy = top(root.get_ref()).map_err(refused)?;
    for row in &mut policy.rows {
        row.line = line_of(text, row.line);
    }
    Ok(policy)
}

/// The line of a byte of a text, from 1.
fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// One table of the file: its keys, each with where it stands.
struct Table<'a> {
    values: BTreeMap<&'static str, (usize, &'a DeValue<'a>)>,
    at: usize,
}

impl<'a> Table<'a> {
    fn read(table: &'a DeTable<'a>, at: usize, keys: &[&'static str]) -> Result<Self, Fault> {
        let mut values = BTreeMap::new();
        for (key, value) in table {
            let written = key.get_ref().as_ref();
            let Some(known) = keys.iter().find(|known| **known == written) else {
                let reason = format!(
                    "{written} is not a key; did you mean {}?",
                    nearest(written, keys)
                );
                return Err((key.span().start, reason));
            };
            values.insert(*known, (key.span().start, value.get_ref()));
        }
        Ok(Self { values, at })
    }

    fn at(&self, key: &str) -> usize {
        self.values.get(key).map_or(self.at, |(at, _)| *at)
    }

    fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    fn fault<T>(&self, key: &str, reason: impl Into<String>) -> Result<T, Fault> {
        Err((self.at(key), reason.into()))
    }

    fn text(&self, key: &str) -> Result<Option<&'a str>, Fault> {
        match self.values.get(key) {
            None => Ok(None),
            Some((_, DeValue::String(text))) => Ok(Some(text.as_ref())),
            Some(_) => self.fault(key, format!("{key} must be text in quotes")),
        }
    }

    fn switch(&self, key: &str) -> Result<bool, Fault> {
        match self.values.get(key) {
            None => Ok(false),
            Some((_, DeValue::Boolean(switch))) => Ok(*switch),
            Some(_) => self.fault(key, format!("{key} must be true or false")),
        }
    }

    fn whole(&self, key: &str, from: u64, to: u64) -> Result<Option<u64>, Fault> {
        let Some((_, value)) = self.values.get(key) else {
            return Ok(None);
        };
        let number = value
            .as_integer()
            .and_then(|digits| u64::from_str_radix(digits.as_str(), digits.radix()).ok());
        match number.filter(|number| (from..=to).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => self.fault(
                key,
                format!("{key} must be a whole number from {from} to {to}"),
            ),
        }
    }

    fn number(&self, key: &str, above: f32, to: f32) -> Result<Option<f32>, Fault> {
        let Some((_, value)) = self.values.get(key) else {
            return Ok(None);
        };
        let digits = value
            .as_float()
            .map(|digits| digits.as_str())
            .or_else(|| value.as_integer().map(|digits| digits.as_str()));
        let number: Option<f32> = digits.and_then(|digits| digits.parse().ok());
        match number.filter(|number| *number > above && *number <= to) {
            Some(number) => Ok(Some(number)),
            None => self.fault(
                key,
                format!("{key} must be a number above {above} and not above {to}"),
            ),
        }
    }

    fn duration(&self, key: &str, from: u64, to: u64) -> Result<Option<Duration>, Fault> {
        Ok(self.whole(key, from, to)?.map(Duration::from_millis))
    }
}

fn nearest(written: &str, keys: &[&'static str]) -> &'static str {
    let likeness = |key: &str| strsim::jaro_winkler(written, key);
    keys.iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
        .copied()
        .unwrap_or_default()
}

fn top(root: &DeTable<'_>) -> Result<Policy, Fault> {
    let table = Table::read(root, 0, TOP_KEYS)?;
    let version = match table.text("version")? {
        Some(version) if is_version(version) => Arc::from(version),
        Some(_) => {
            let most = limits::VERSION_BYTES;
            let reason = format!("version must be 1 to {most} printable characters");
            return table.fault("version", reason);
        }
        None => return table.fault("version", "version is missing: it stands in the audit log"),
    };
    let screening = match table.text("screening")? {
        None | Some("closed") => Screening::Closed,
        Some("open") => Screening::Open,
        Some(_) => return table.fault("screening", "screening must be \"closed\" or \"open\""),
    };
    let fresh = table
        .duration("fresh_ms", 0, HOUR_MS)?
        .unwrap_or(Duration::from_secs(10));
    Ok(Policy {
        version,
        shadow: table.switch("shadow")?,
        screening,
        screening_deadline: table
            .duration("screening_deadline_ms", 100, HOUR_MS)?
            .unwrap_or(Duration::from_secs(5)),
        fresh: (!fresh.is_zero()).then_some(fresh),
        grace: table
            .duration("grace_ms", 0, HOUR_MS)?
            .unwrap_or(Duration::from_secs(5)),
        rows: rows(&table)?,
    })
}

fn is_version(text: &str) -> bool {
    let printable = |c: char| c.is_ascii_graphic() || c == ' ';
    (1..=limits::VERSION_BYTES).contains(&text.len()) && text.chars().all(printable)
}

fn rows(table: &Table<'_>) -> Result<Vec<Row>, Fault> {
    let list = match table.values.get("row") {
        Some((_, DeValue::Array(list))) => list,
        Some(_) => return table.fault("row", "a row is written as [[row]]"),
        None => return table.fault("row", "there is no [[row]]: nothing would ever be done"),
    };
    if list.len() > limits::POLICY_ROWS {
        let reason = format!("a policy has at most {} rows", limits::POLICY_ROWS);
        return table.fault("row", reason);
    }
    list.iter().map(row).collect()
}

fn row(value: &Spanned<DeValue<'_>>) -> Result<Row, Fault> {
    let at = value.span().start;
    let Some(table) = value.get_ref().as_table() else {
        return Err((at, "a row is written as [[row]]".to_owned()));
    };
    let table = Table::read(table, at, ROW_KEYS)?;
    let label = match table.text("label")?.map(Label::new) {
        Some(Ok(label)) => label,
        Some(Err(error)) => return table.fault("label", error.to_string()),
        None => return table.fault("label", "label is missing"),
    };
    let (action, review) = action(&table)?;
    if reporting::is_of_reports(&label) && matches!(action, Action::Ban(_)) {
        return table.fault("action", "reports alone never ban");
    }
    Ok(Row {
        when: when(&table, &label)?,
        label,
        threshold: table.number("threshold", 0.0, 1.0)?.unwrap_or(0.5),
        after_strikes: table
            .whole("after_strikes", 0, 1_000)?
            .and_then(|strikes| u32::try_from(strikes).ok())
            .unwrap_or(0),
        after_reports: table.number("after_reports", 0.0, 1_000.0)?.unwrap_or(0.0),
        action,
        review,
        shadow: table.switch("shadow")?,
        line: at,
    })
}

fn when(table: &Table<'_>, label: &Label) -> Result<When, Fault> {
    let counts = ["hits", "of", "within_ms"];
    if reporting::is_of_reports(label)
        && let Some(key) = counts
            .into_iter()
            .chain(["for_ms"])
            .find(|key| table.has(key))
    {
        let reason = format!("{key} does not go with {label}: reports are weighed as they come");
        return table.fault(key, reason);
    }
    if let Some(lasts) = table.duration("for_ms", 1, HOUR_MS)? {
        return match counts.into_iter().find(|key| table.has(key)) {
            Some(key) => table.fault(key, format!("{key} and for_ms exclude each other")),
            None => Ok(When::For(lasts)),
        };
    }
    if *label == Label::NO_VERDICT {
        return table.fault("label", "no_verdict needs for_ms: how long nobody judges");
    }
    let most = limits::VERDICTS_KEPT as u64;
    let hits = table.whole("hits", 1, most)?.unwrap_or(1);
    let of = table.whole("of", 1, most)?.unwrap_or(hits);
    if of < hits {
        return table.fault(
            "of",
            format!("of must not be less than hits, which is {hits}"),
        );
    }
    let count = |number| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(When::Hits {
        hits: count(hits),
        of: count(of),
        within: table
            .duration("within_ms", 1, HOUR_MS)?
            .unwrap_or(Duration::from_secs(30)),
    })
}

/// What the row does, and whether a person should look as well.
fn action(table: &Table<'_>) -> Result<(Action, bool), Fault> {
    let words = action_words(table)?;
    let review = words.contains(&"review");
    let mut others = words.iter().filter(|word| **word != "review");
    let first = others.next();
    if others.next().is_some() {
        return table.fault("action", "one action, and \"review\" beside it");
    }
    let cooldown = table.duration("cooldown_ms", 1, DAY_MS)?;
    let ban = table.duration("ban_ms", 1, 30 * DAY_MS)?;
    let action = match (first.copied(), cooldown, ban) {
        (None, ..) => Action::Review,
        (Some("allow"), ..) => Action::Allow,
        (Some("warn"), ..) => Action::Warn,
        (Some("blur"), ..) => Action::Blur,
        (Some("end"), ..) => Action::End,
        (Some("cooldown"), Some(lasts), _) => Action::Cooldown(lasts),
        (Some("cooldown"), None, _) => return table.fault("action", "cooldown needs cooldown_ms"),
        (Some("ban"), _, Some(lasts)) => Action::Ban(lasts),
        (Some("ban"), _, None) => {
            return table.fault(
                "action",
                "ban needs ban_ms: a machine's verdict alone never bans for good",
            );
        }
        (Some(word), ..) => {
            let known = "allow, warn, blur, end, cooldown, ban or review";
            return table.fault(
                "action",
                format!("{word:?} is no action; it must be {known}"),
            );
        }
    };
    if table.has("cooldown_ms") && !matches!(action, Action::Cooldown(_)) {
        return table.fault("cooldown_ms", "cooldown_ms goes with the action cooldown");
    }
    if table.has("ban_ms") && !matches!(action, Action::Ban(_)) {
        return table.fault("ban_ms", "ban_ms goes with the action ban");
    }
    Ok((action, review && action != Action::Review))
}

fn action_words<'a>(table: &Table<'a>) -> Result<Vec<&'a str>, Fault> {
    let wrong = "action must be a word in quotes or a list of them";
    let words = match table.values.get("action") {
        None => return table.fault("action", "action is missing"),
        Some((_, DeValue::String(word))) => vec![word.as_ref()],
        Some((_, DeValue::Array(list))) => {
            let words = list.iter().map(|word| word.get_ref().as_str());
            match words.collect::<Option<Vec<_>>>() {
                Some(words) => words,
                None => return table.fault("action", wrong),
            }
        }
        Some(_) => return table.fault("action", wrong),
    };
    if words.is_empty() {
        return table.fault("action", wrong);
    }
    Ok(words)
}
