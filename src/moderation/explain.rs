//! Says in words what a row means, and what a score would lead to.

use std::fmt::{self, Write};
use std::time::Duration;

use super::policy::{Action, Policy, Row, Screening, When};
use super::reporting;
use super::verdict::Label;

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} or more", self.label, self.threshold)?;
        match self.when {
            When::Hits { .. } if reporting::is_of_reports(&self.label) => {}
            When::Hits { hits: 1, of: 1, .. } => f.write_str(" in one picture")?,
            When::Hits { hits, of, within } => {
                write!(f, " in {hits} of {of} pictures within {}", Span(within))?;
            }
            When::For(lasts) => write!(f, " for {}", Span(lasts))?,
        }
        match self.after_strikes {
            0 => {}
            1 => f.write_str(", after a warning or a blur")?,
            strikes => write!(f, ", after {strikes} warnings or blurs")?,
        }
        if self.after_reports > 0.0 {
            write!(f, ", with reports of weight {}", self.after_reports)?;
        }
        Ok(())
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allow => f.write_str("nothing"),
            Self::Review => f.write_str("a person looks"),
            Self::Warn => f.write_str("the visitor is warned"),
            Self::Blur => f.write_str("their picture is stopped until one passes"),
            Self::End => f.write_str("their stay ends"),
            Self::Cooldown(lasts) => {
                write!(
                    f,
                    "their stay ends, and their device stays outside for {}",
                    Span(*lasts)
                )
            }
            Self::Ban(lasts) => write!(f, "their device is banned for {}", Span(*lasts)),
        }
    }
}

/// A duration in the largest unit that fits.
struct Span(Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millis();
        let units = [
            (86_400_000, "d"),
            (3_600_000, "h"),
            (60_000, "min"),
            (1_000, "s"),
        ];
        let fitting = units
            .into_iter()
            .find(|(length, _)| ms >= *length && ms.is_multiple_of(*length));
        match fitting {
            Some((length, unit)) => write!(f, "{} {unit}", ms / length),
            None => write!(f, "{ms} ms"),
        }
    }
}

impl Policy {
    /// What a score of a label leads to, row by row.
    pub fn explain(&self, label: &Label, score: f32) -> String {
        let mut text = format!("policy {}", self.version);
        if self.shadow {
            text.push_str(", in shadow mode: written down, not done");
        }
        let _ = writeln!(text, "\n{label} at {score}");
        let rows: Vec<_> = self.rows.iter().filter(|row| row.label == *label).collect();
        if rows.is_empty() {
            text.push_str("  no row is about it: nothing happens\n");
        }
        for row in &rows {
            let reached = if row.is_reached_by(score) {
                "reached"
            } else {
                "not reached"
            };
            let review = if row.review {
                ", and a person looks"
            } else {
                ""
            };
            let shadow = if row.shadow {
                " (shadow: only written down)"
            } else {
                ""
            };
            let (line, action) = (row.line, row.action);
            let _ = writeln!(
                text,
                "  line {line}, {reached}: {row}: {action}{review}{shadow}"
            );
        }
        let _ = writeln!(text, "{}", self.explain_door(label, &rows, score));
        text
    }

    fn explain_door(&self, label: &Label, rows: &[&Row], score: f32) -> &'static str {
        if *label == Label::NO_VERDICT || *label == Label::UNDECODABLE {
            return match self.screening {
                Screening::Closed => "At the door: the visitor waits until a picture is judged.",
                Screening::Open => "At the door: the visitor passes unseen after the deadline.",
            };
        }
        if reporting::is_of_reports(label) {
            return "At the door: reports do not count there.";
        }
        let hides = |row: &&&Row| {
            self.is_in_force(row)
                && row.action.hides()
                && matches!(row.when, When::Hits { .. })
                && row.is_reached_by(score)
        };
        if rows.iter().any(|row| hides(&row)) {
            "At the door: a picture with it lets nobody pass."
        } else {
            "At the door: a picture with it may pass."
        }
    }
}
