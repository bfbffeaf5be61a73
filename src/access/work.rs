//! [`Work`]: a sum that whoever wants to come in does first. For one browser it is a moment; for one who
//! comes a thousand times it is the price of a thousand (Dwork and Naor, 1992; as in Hashcash).

use std::time::Instant;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::limits;

/// What is asked of one who wants to come in: the SHA-256 of `text`, a full stop and the answer has to
/// begin with so many bits of zero.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Work {
    text: String,
    bits: u32,
    given: Instant,
}

/// Why an answer is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unproved {
    /// It is right for something else, or for nothing.
    Wrong,
    /// It comes too late.
    Late,
}

impl Work {
    /// Something that nobody was asked before: `random` is new each time.
    pub fn new(random: [u8; 16], bits: u32, now: Instant) -> Self {
        Self {
            text: URL_SAFE_NO_PAD.encode(random),
            bits,
            given: now,
        }
    }

    /// What the answer is written behind.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many bits of zero; each doubles the work.
    pub const fn bits(&self) -> u32 {
        self.bits
    }

    /// Whether an answer may still come.
    pub fn is_open(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.given) < limits::CHALLENGE_OPEN
    }

    /// Looks at an answer.
    ///
    /// # Errors
    /// It is none.
    pub fn check(&self, answer: &str, now: Instant) -> Result<(), Unproved> {
        if !self.is_open(now) {
            return Err(Unproved::Late);
        }
        let fits =
            answer.len() <= limits::WORK_ANSWER_BYTES && zeros(&self.text, answer) >= self.bits;
        if fits { Ok(()) } else { Err(Unproved::Wrong) }
    }
}

/// Finds an answer: 2^`bits` tries on average.
pub fn solve(text: &str, bits: u32) -> String {
    let mut tried = 0_u64;
    loop {
        let answer = tried.to_string();
        if zeros(text, &answer) >= bits {
            return answer;
        }
        tried += 1;
    }
}

/// How many bits of zero the hash begins with.
fn zeros(text: &str, answer: &str) -> u32 {
    let hash = digest(&SHA256, format!("{text}.{answer}").as_bytes());
    let mut zeros = 0;
    for byte in hash.as_ref() {
        zeros += byte.leading_zeros();
        if *byte != 0 {
            break;
        }
    }
    zeros
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some instant to begin with"
)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_good_for_what_was_asked_and_nothing_else() {
        let now = Instant::now();
        let [one, other] = [1, 2].map(|byte| Work::new([byte; 16], 12, now));
        let answer = solve(one.text(), one.bits());
        assert_eq!(one.check(&answer, now), Ok(()));
        assert_eq!(other.check(&answer, now), Err(Unproved::Wrong));
        assert_eq!(one.check("", now), Err(Unproved::Wrong));
        let harder = Work::new([1; 16], 40, now);
        assert_eq!(harder.check(&answer, now), Err(Unproved::Wrong));
    }

    #[test]
    fn an_answer_comes_in_time_or_not_at_all() {
        let now = Instant::now();
        let work = Work::new([1; 16], 4, now);
        let answer = solve(work.text(), work.bits());
        let late = now + limits::CHALLENGE_OPEN;
        assert_eq!(work.check(&answer, late), Err(Unproved::Late));
        assert!(work.is_open(now) && !work.is_open(late));
    }

    #[test]
    fn an_answer_is_short() {
        let now = Instant::now();
        let work = Work::new([1; 16], 0, now);
        let long = "1".repeat(limits::WORK_ANSWER_BYTES);
        assert_eq!(work.check(&long, now), Ok(()));
        assert_eq!(work.check(&format!("{long}1"), now), Err(Unproved::Wrong));
    }

    /// Worked out with another program: `printf 'AAAAAAAAAAAAAAAAAAAAAA.%d' N | sha256sum`.
    #[test]
    fn bits_are_counted_from_the_first() {
        let text = Work::new([0; 16], 0, Instant::now()).text().to_owned();
        assert_eq!(text, "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(
            KNOWN.map(|(answer, _)| zeros(&text, answer)),
            KNOWN.map(|(_, bits)| bits)
        );
    }

    const KNOWN: [(&str, u32); 5] = [("1", 0), ("0", 1), ("33", 7), ("207", 8), ("175060", 17)];
}
