//! [`Capacity`]: whether the media threads can carry one more pair.

use crate::id::ShardIndex;

/// So much less than full, in permille, before anybody is admitted again.
const SLACK: u32 = 100;

/// How busy each media thread is, and whether that is too much.
///
/// A leg's home is the kernel's choice, so the busiest thread counts: whoever comes next may land
/// there.
#[derive(Debug)]
pub(super) struct Capacity {
    /// The load at which nobody is admitted any more, in permille; more than 1,000 for never.
    full_at: u32,
    loads: Vec<u32>,
    is_full: bool,
}

impl Capacity {
    pub(super) const fn new(full_at_percent: u32) -> Self {
        Self {
            full_at: full_at_percent * 10,
            loads: Vec::new(),
            is_full: false,
        }
    }

    /// A thread tells how busy it is. Answers whether there is room, where that changes.
    pub(super) fn note(&mut self, shard: ShardIndex, load_permille: u32) -> Option<bool> {
        let shard = usize::from(shard.0);
        if self.loads.len() <= shard {
            self.loads.resize(shard + 1, 0);
        }
        if let Some(load) = self.loads.get_mut(shard) {
            *load = load_permille;
        }
        let busiest = self.loads.iter().copied().max().unwrap_or(0);
        let is_full = if self.is_full {
            busiest + SLACK > self.full_at
        } else {
            busiest >= self.full_at
        };
        let changed = is_full != self.is_full;
        self.is_full = is_full;
        changed.then_some(!is_full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_thread_decides_and_a_little_less_load_is_not_enough() {
        let mut capacity = Capacity::new(85);
        assert_eq!(capacity.note(ShardIndex(0), 500), None);
        assert_eq!(capacity.note(ShardIndex(1), 850), Some(false));
        assert_eq!(capacity.note(ShardIndex(0), 100), None);
        assert_eq!(capacity.note(ShardIndex(1), 800), None);
        assert_eq!(capacity.note(ShardIndex(1), 740), Some(true));
    }

    #[test]
    fn at_101_percent_there_is_always_room() {
        let mut capacity = Capacity::new(101);
        assert_eq!(capacity.note(ShardIndex(0), 1_000), None);
    }
}
