//! [`Refused`]: which refused requests get a line of their own in the audit log, so that nobody can
//! fill it with rubbish: the next line says how many had none.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::pace::{Meter, Pace};

/// Lines about one person.
const PERSON: Pace = Pace {
    burst: 20,
    every: Duration::from_secs(10),
};

/// Lines about all those whom no token names, together: at most 1,440 a day.
const NOBODY: Pace = Pace {
    burst: 20,
    every: Duration::from_secs(60),
};

/// How many lines there were.
#[derive(Default)]
pub(super) struct Refused {
    /// At most as many as there are people in the list of moderators.
    counts_by_name: HashMap<String, Count>,
    nobody: Count,
}

#[derive(Default)]
struct Count {
    meter: Meter,
    /// Requests since the last line that got none.
    without: u64,
}

impl Refused {
    /// A request of this person is refused, or of nobody in particular: how many before it got no
    /// line, if this one is to get one.
    pub(super) fn count(&mut self, name: Option<&str>, now: Instant) -> Option<u64> {
        let (count, pace) = match name {
            Some(name) => {
                let count = self.counts_by_name.entry(name.to_owned()).or_default();
                (count, PERSON)
            }
            None => (&mut self.nobody, NOBODY),
        };
        if count.meter.take(pace, now) {
            return Some(std::mem::take(&mut count.without));
        }
        count.without += 1;
        None
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some instant to begin with"
)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_gets_few_lines_and_the_next_one_tells_of_the_others() {
        let (mut refused, now) = (Refused::default(), Instant::now());
        let lines = (0..10_000).filter_map(|_| refused.count(None, now));
        assert_eq!(lines.collect::<Vec<_>>(), vec![0; 20]);
        assert_eq!(refused.count(Some("Ada"), now), Some(0), "her own count");
        assert_eq!(refused.count(None, now + NOBODY.every), Some(9_980));
    }
}
