//! [`Spent`]: the single-use tokens that were used, until they expire.

use std::collections::{BTreeSet, HashSet};

use aws_lc_rs::digest::{SHA256, digest};

use super::Flaw;
use crate::limits;

/// The name of a token, as much of its hash as nobody can hit.
type Mark = [u8; 16];

/// The single-use tokens that were used.
#[derive(Default)]
pub(super) struct Spent {
    marks: HashSet<Mark>,
    /// The first to be forgotten first.
    by_end: BTreeSet<(u64, Mark)>,
}

impl Spent {
    /// Uses up a token, which is remembered as long as it could be used.
    ///
    /// # Errors
    /// It was used before, or no more can be remembered: then it is not taken, because it could be
    /// used twice.
    pub(super) fn spend(&mut self, name: &str, ends_s: u64, now_s: u64) -> Result<(), Flaw> {
        while let Some(&(end, mark)) = self.by_end.first().filter(|(end, _)| *end < now_s) {
            self.by_end.remove(&(end, mark));
            self.marks.remove(&mark);
        }
        let mark = mark_of(name);
        if self.marks.contains(&mark) {
            return Err(Flaw::Replayed);
        }
        if self.marks.len() >= limits::SPENT_TOKENS {
            return Err(Flaw::Crowded);
        }
        self.marks.insert(mark);
        self.by_end.insert((ends_s, mark));
        Ok(())
    }
}

fn mark_of(name: &str) -> Mark {
    let hash = digest(&SHA256, name.as_bytes());
    let mut mark = [0; 16];
    mark.iter_mut()
        .zip(hash.as_ref())
        .for_each(|(byte, hash)| *byte = *hash);
    mark
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_one_use() {
        let mut spent = Spent::default();
        assert_eq!(spent.spend("a", 100, 10), Ok(()));
        assert_eq!(spent.spend("a", 100, 100), Err(Flaw::Replayed));
        assert_eq!(spent.spend("b", 100, 10), Ok(()));
    }

    #[test]
    fn nothing_is_kept_of_those_that_have_expired() {
        let mut spent = Spent::default();
        for number in 0..100 {
            spent.spend(&number.to_string(), 100 + number, 10).unwrap();
        }
        spent.spend("later", 300, 150).unwrap();
        assert_eq!((spent.marks.len(), spent.by_end.len()), (51, 51));
    }

    #[test]
    fn what_cannot_be_remembered_is_not_taken() {
        let mut spent = Spent::default();
        for number in 0..limits::SPENT_TOKENS {
            spent.spend(&number.to_string(), 100, 10).unwrap();
        }
        assert_eq!(spent.spend("one more", 100, 10), Err(Flaw::Crowded));
        assert_eq!(spent.spend("one more", 300, 101), Ok(()));
    }
}
