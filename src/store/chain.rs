//! The hash chain: each line of the audit log is sealed with the seal of the one before.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};

use crate::moderation::AuditLine;

/// SHA-256 over the seal before and the line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seal([u8; 32]);

/// A line as it is stored: every field as it is read back.
#[derive(Clone, PartialEq, Debug)]
pub struct Stored {
    /// Counts from 1 without a gap.
    pub sequence: u64,
    /// Milliseconds since 1970, by the clock of the machine.
    pub time_ms: u64,
    /// Who decided.
    pub actor: String,
    /// About whom.
    pub session: String,
    /// What was seen.
    pub label: String,
    /// How sure.
    pub score: f32,
    /// Who looked.
    pub version: String,
    /// What happens.
    pub action: String,
    /// In words.
    pub reason: String,
}

impl Stored {
    /// A line with its place and its time.
    pub fn new(line: &AuditLine, sequence: u64, time_ms: u64) -> Self {
        Self {
            sequence,
            time_ms,
            actor: line.actor.to_string(),
            session: line.session.map_or_else(String::new, |id| id.to_string()),
            label: line.label.as_str().to_owned(),
            score: line.score,
            version: line.version.as_ref().to_owned(),
            action: line.deed.word().to_owned(),
            reason: line.reason.clone(),
        }
    }
}

impl Seal {
    /// What the first line is sealed with.
    pub const FIRST: Self = Self([0; 32]);

    /// The seal of the line that follows the one with this seal.
    pub fn next(self, line: &Stored) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(&self.0);
        context.update(&line.sequence.to_be_bytes());
        context.update(&line.time_ms.to_be_bytes());
        context.update(&line.score.to_bits().to_be_bytes());
        let texts = [
            &line.actor,
            &line.session,
            &line.label,
            &line.version,
            &line.action,
            &line.reason,
        ];
        for text in texts {
            // Its length first, so that no letter can move from one field to the next.
            context.update(&(text.len() as u64).to_be_bytes());
            context.update(text.as_bytes());
        }
        let mut seal = [0; 32];
        seal.copy_from_slice(context.finish().as_ref());
        Self(seal)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// From the 64 hexadecimal digits that it prints as; none if they are anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        Self::from_bytes(&hex::decode(text).ok()?)
    }

    /// From its bytes; none if they are not 32.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::id::SessionId;
    use crate::moderation::{Actor, Deed, Label};

    fn line() -> Stored {
        let actor = Actor::Policy {
            version: Arc::from("p1"),
            shadow: false,
        };
        let line = AuditLine {
            actor,
            session: Some(SessionId(7)),
            label: Label::PORN,
            score: 0.5,
            version: Arc::from("m1"),
            deed: Deed::Blur,
            reason: "2 of 3".to_owned(),
        };
        Stored::new(&line, 1, 1_000)
    }

    #[test]
    fn every_field_of_a_line_is_under_its_seal() {
        let seal = Seal::FIRST.next(&line());
        assert_eq!(seal, Seal::FIRST.next(&line()));
        let changes: [fn(&mut Stored); 9] = [
            |line| line.sequence += 1,
            |line| line.time_ms += 1,
            |line| line.actor.push('x'),
            |line| line.session.push('x'),
            |line| line.label.push('x'),
            |line| line.score += 0.25,
            |line| line.version.push('x'),
            |line| line.action.push('x'),
            |line| line.reason.push('x'),
        ];
        for change in changes {
            let mut changed = line();
            change(&mut changed);
            assert_ne!(seal, Seal::FIRST.next(&changed), "{changed:?}");
        }
    }

    #[test]
    fn a_letter_cannot_move_from_one_field_to_the_next() {
        let mut moved = line();
        let letter = moved.action.pop().unwrap();
        moved.reason.insert(0, letter);
        assert_ne!(Seal::FIRST.next(&line()), Seal::FIRST.next(&moved));
    }

    #[test]
    fn a_seal_depends_on_the_one_before() {
        let first = Seal::FIRST.next(&line());
        assert_ne!(first, first.next(&line()));
        assert_eq!(Seal::from_bytes(first.as_bytes()), Some(first));
        assert_eq!(Seal::from_bytes(&[0; 31]), None);
        assert_eq!(Seal::from_hex(&first.to_string()), Some(first));
        assert_eq!(Seal::from_hex("00"), None);
    }
}
