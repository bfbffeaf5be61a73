//! [`Strikes`]: earlier warnings and blurs, by what they were for.

use std::time::Instant;

use super::verdict::Label;

/// Earlier warnings and blurs, by label.
#[derive(Clone, Default, Debug)]
pub(super) struct Strikes {
    by_label: Vec<Strike>,
}

#[derive(Clone, Debug)]
struct Strike {
    label: Label,
    count: u32,
    /// The last one of this stay.
    last: Option<Instant>,
}

impl Strikes {
    /// One more.
    pub(super) fn add(&mut self, label: &Label, now: Instant) {
        match self
            .by_label
            .iter_mut()
            .find(|strike| strike.label == *label)
        {
            Some(strike) => {
                strike.count = strike.count.saturating_add(1);
                strike.last = Some(now);
            }
            None => self.by_label.push(Strike {
                label: label.clone(),
                count: 1,
                last: Some(now),
            }),
        }
    }

    /// One less: it was a mistake.
    pub(super) fn forgive(&mut self, label: &Label) {
        for strike in self
            .by_label
            .iter_mut()
            .filter(|strike| strike.label == *label)
        {
            strike.count = strike.count.saturating_sub(1);
        }
    }

    /// How many for a label.
    pub(super) fn count(&self, label: &Label) -> u32 {
        self.find(label).map_or(0, |strike| strike.count)
    }

    /// The last one of this stay for a label.
    pub(super) fn last(&self, label: &Label) -> Option<Instant> {
        self.find(label).and_then(|strike| strike.last)
    }

    /// Whether there is any.
    pub(super) fn any(&self) -> bool {
        self.by_label.iter().any(|strike| strike.count > 0)
    }

    /// As another stay sees them.
    pub(super) fn of_earlier_stays(&self) -> Self {
        let mut earlier = self.clone();
        for strike in &mut earlier.by_label {
            strike.last = None;
        }
        earlier
    }

    fn find(&self, label: &Label) -> Option<&Strike> {
        self.by_label.iter().find(|strike| strike.label == *label)
    }
}
