//! Lists of hashes from elsewhere: what of them is new, and what is refused, line by line.
//!
//! Read is what the tools of ThreatExchange write: one fingerprint on a line, 64 hexadecimal digits,
//! bare or as `hash=`, with its quality in the second column if it is given; commas, tabs or blanks
//! between columns; quotes around them; a heading; comments behind `#`.

use std::collections::BTreeSet;

use super::known::KnownPictures;
use super::pdq::Fingerprint;

/// Quality from which Meta and its partners share a fingerprint: one of less is near to too many.
pub const SHARED_QUALITY_MIN: u8 = 50;

/// What has been read, beside the list that is there.
#[derive(Debug)]
pub struct Imported {
    known: BTreeSet<Fingerprint>,
    /// Fingerprints that the list did not have, in the order they came.
    pub new: Vec<Fingerprint>,
    /// Lines whose fingerprint was there already.
    pub duplicate: usize,
    /// Lines that are no fingerprint.
    pub refused: Vec<Refused>,
}

/// A line that is left out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// Counts from one.
    pub line: usize,
    /// Why.
    pub reason: Reason,
}

/// Why a line is left out.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error, Debug)]
pub enum Reason {
    /// Something else stands where a fingerprint should.
    #[error("64 hexadecimal digits stand first on each line")]
    Digits,
    /// There is too little in the picture to know it again by.
    #[error("a quality of {0} is less than {SHARED_QUALITY_MIN}: too many pictures are near to it")]
    Quality(u8),
}

impl Imported {
    /// Beside this list.
    pub fn beside(list: &KnownPictures) -> Self {
        Self {
            known: list.iter().copied().collect(),
            new: Vec::new(),
            duplicate: 0,
            refused: Vec::new(),
        }
    }

    /// Reads a list.
    pub fn read(&mut self, text: &str) {
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_start_matches('\u{feff}').trim();
            if line.is_empty() || line.starts_with('#') || (index == 0 && is_heading(line)) {
                continue;
            }
            match fingerprint_of(line) {
                Ok(fingerprint) if self.known.insert(fingerprint) => self.new.push(fingerprint),
                Ok(_) => self.duplicate += 1,
                Err(reason) => self.refused.push(Refused {
                    line: index + 1,
                    reason,
                }),
            }
        }
    }
}

/// Whether a first line names the columns.
fn is_heading(line: &str) -> bool {
    let first = columns(line).next().unwrap_or_default();
    ["hash", "pdq", "pdq_hash"].contains(&first.to_ascii_lowercase().as_str())
}

fn columns(line: &str) -> impl Iterator<Item = &str> {
    line.split([',', '\t', ' '])
        .map(|column| column.trim_matches('"'))
}

fn fingerprint_of(line: &str) -> Result<Fingerprint, Reason> {
    let mut columns = columns(line);
    let first = columns.next().unwrap_or_default();
    let first = first.strip_prefix("hash=").unwrap_or(first);
    let fingerprint = Fingerprint::parse(first).ok_or(Reason::Digits)?;
    match columns.next().and_then(|second| second.parse().ok()) {
        Some(quality @ 0..SHARED_QUALITY_MIN) => Err(Reason::Quality(quality)),
        _ => Ok(fingerprint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(digit: &str) -> String {
        digit.repeat(64)
    }

    #[test]
    fn what_the_tools_write_is_read() {
        let text = [
            "hash,quality,filename".to_owned(),
            format!("{},100,a.jpg", digits("1")),
            format!("\"{}\",\"77\"", digits("2")),
            format!("hash={},norm=128,delta=0", digits("3")),
            format!("{} b.jpg", digits("A")),
            "# a remark".to_owned(),
            String::new(),
            digits("a"),
        ];
        let mut imported = Imported::beside(&KnownPictures::parse(&digits("1")).unwrap());
        imported.read(&text.join("\r\n"));
        let new: Vec<_> = imported.new.iter().map(ToString::to_string).collect();
        assert_eq!(new, [digits("2"), digits("3"), digits("a")]);
        assert_eq!((imported.duplicate, imported.refused.len()), (2, 0));
    }

    #[test]
    fn a_line_that_is_refused_is_named_with_its_reason() {
        let text = format!("{},49\nnonsense\n{}\nhash", digits("1"), digits("2"));
        let mut imported = Imported::beside(&KnownPictures::default());
        imported.read(&text);
        let lines: Vec<_> = imported
            .refused
            .iter()
            .map(|refused| refused.line)
            .collect();
        assert_eq!((imported.new.len(), lines), (1, vec![1, 2, 4]));
        assert_eq!(imported.refused[0].reason, Reason::Quality(49));
        assert_eq!(imported.refused[1].reason, Reason::Digits);
    }
}
