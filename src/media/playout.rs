//! When a receiver shows a picture: at once, as the first of a match, or when its jitter buffer thinks
//! best.
//!
//! The playout delay extension (`http://www.webrtc.org/experiments/rtp-hdrext/playout-delay`) bounds
//! what the jitter buffer may wait. A match begins with a kept keyframe, or without one, and with the
//! keyframe of the moving picture: both are to be seen as soon as they are there. A receiver keeps to
//! the last bounds that it heard, so the pictures after these tell the usual ones.

use std::time::{Duration, Instant};

/// Least and most of the delay, 12 bits each, in units of 10 ms: a picture is shown once it is decoded.
const AT_ONCE: [u8; 3] = [0; 3];

/// From nothing to ten seconds, as with a receiver who has heard of no bounds.
const USUAL: [u8; 3] = [0x00, 0x03, 0xe8];

/// For so long every packet of the moving picture tells the usual bounds: some are lost.
const TOLD_FOR: Duration = Duration::from_secs(1);

/// What a receiver has been told of when to show pictures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Playout {
    /// Id of the extension, where the receiver has it.
    id: Option<u8>,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The first picture of a match, and the first that moves, by its timestamp.
    First(Option<u32>),
    /// Those after it tell the usual bounds, until then.
    After(Instant),
    /// Nothing is told.
    Usual,
}

/// An element of the extension: its id and what it says.
pub(crate) type Element = (u8, [u8; 3]);

impl Playout {
    pub(crate) const fn new(id: Option<u8>) -> Self {
        Self {
            id,
            stage: Stage::Usual,
        }
    }

    /// A match begins.
    pub(crate) fn begin_match(&mut self) {
        if self.id.is_some() {
            self.stage = Stage::First(None);
        }
    }

    /// What a kept keyframe tells.
    pub(crate) fn of_face(&self) -> Option<Element> {
        Some((self.id?, AT_ONCE))
    }

    /// Whether nothing is to be told with the moving picture.
    pub(crate) fn is_usual(&self) -> bool {
        self.stage == Stage::Usual
    }

    /// What a packet of the moving picture tells.
    pub(crate) fn of_moving(&mut self, timestamp: u32, now: Instant) -> Option<Element> {
        let id = self.id?;
        match self.stage {
            Stage::First(first) if first.is_none_or(|first| first == timestamp) => {
                self.stage = Stage::First(Some(timestamp));
                return Some((id, AT_ONCE));
            }
            Stage::First(_) => self.stage = Stage::After(now + TOLD_FOR),
            Stage::After(until) if now >= until => self.stage = Stage::Usual,
            Stage::After(_) | Stage::Usual => {}
        }
        (!self.is_usual()).then_some((id, USUAL))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::clock::any_instant;

    #[test]
    fn what_is_first_is_shown_at_once_and_what_follows_as_usual() {
        let start = any_instant();
        let mut playout = Playout::new(Some(5));
        assert_eq!(playout.of_moving(1, start), None, "before any match");
        playout.begin_match();
        assert!(!playout.is_usual());
        assert_eq!(playout.of_face(), Some((5, AT_ONCE)));
        let first = start + Duration::from_secs(9);
        for _ in 0..3 {
            assert_eq!(playout.of_moving(7, first), Some((5, AT_ONCE)));
        }
        assert_eq!(playout.of_moving(8, first), Some((5, USUAL)));
        assert_eq!(
            playout.of_moving(7, first),
            Some((5, USUAL)),
            "out of order"
        );
        let late = first + TOLD_FOR - Duration::from_millis(1);
        assert_eq!(playout.of_moving(9, late), Some((5, USUAL)));
        assert_eq!(playout.of_moving(10, first + TOLD_FOR), None);
        assert!(playout.is_usual());
    }

    #[test]
    fn who_has_no_such_extension_is_told_nothing() {
        let mut playout = Playout::new(None);
        playout.begin_match();
        assert!(playout.is_usual());
        assert_eq!(playout.of_face(), None);
    }
}
