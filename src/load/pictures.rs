//! Tells when a picture is complete, in whatever order its packets come.

use std::collections::VecDeque;

use super::stamp::Stamp;

/// Pictures of which something has come and something has not.
#[derive(Default)]
pub(super) struct Pictures {
    open: VecDeque<Open>,
}

struct Open {
    sender: u32,
    count: u32,
    missing: u16,
}

/// Older pictures are never completed.
const OPEN: usize = 32;

impl Pictures {
    /// Takes a packet that has not come before; answers whether its picture is complete now.
    pub(super) fn take(&mut self, stamp: &Stamp) -> bool {
        let known = self.open.iter_mut().enumerate().rev();
        let mut known = known.filter(|(_, o)| (o.sender, o.count) == (stamp.sender, stamp.count));
        if let Some((at, open)) = known.next() {
            open.missing = open.missing.saturating_sub(1);
            let is_complete = open.missing == 0;
            if is_complete {
                self.open.remove(at);
            }
            return is_complete;
        }
        if stamp.parts > 1 {
            if self.open.len() == OPEN {
                self.open.pop_front();
            }
            self.open.push_back(Open {
                sender: stamp.sender,
                count: stamp.count,
                missing: stamp.parts - 1,
            });
        }
        stamp.parts == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(sender: u32, count: u32, part: u16, parts: u16) -> Stamp {
        Stamp {
            sender,
            sent_us: 0,
            count,
            part,
            parts,
            position: 0,
        }
    }

    #[test]
    fn a_picture_is_complete_with_its_last_missing_packet() {
        let mut pictures = Pictures::default();
        assert!(!pictures.take(&part(1, 7, 0, 3)));
        assert!(!pictures.take(&part(1, 7, 2, 3)));
        assert!(!pictures.take(&part(2, 7, 0, 2)), "somebody else's");
        assert!(pictures.take(&part(1, 8, 0, 1)), "a small one");
        assert!(pictures.take(&part(1, 7, 1, 3)), "resent");
        for count in 0..100 {
            assert!(!pictures.take(&part(3, count, 0, 2)));
        }
        assert_eq!(pictures.open.len(), OPEN);
    }
}
