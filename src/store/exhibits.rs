//! What is put into a case to be seen: [`Exhibit`], and the [`Filing`] that brings it together with
//! what opens the case.

use std::time::Duration;

use bytes::Bytes;

use super::case_rows::Side;
use crate::codec::VideoCodec;
use crate::id::CaseId;
use crate::moderation::{Opening, Score};

/// One picture, as it was encoded by the visitor's browser.
#[derive(Clone, PartialEq, Debug)]
pub struct Exhibit {
    /// Whose it is.
    pub whose: Side,
    /// How long ago it was taken.
    pub age: Duration,
    /// How it is encoded.
    pub codec: VideoCodec,
    /// What the classifier said of it.
    pub scores: Vec<Score>,
    /// One keyframe: it decodes without its past.
    pub picture: Bytes,
}

/// A case is to be opened or gone on with, and this is what there is to see.
#[derive(Clone, PartialEq, Debug)]
pub struct Filing {
    /// Why.
    pub opening: Opening,
    /// What there is to see, the oldest first.
    pub exhibits: Vec<Exhibit>,
}

impl From<Opening> for Filing {
    fn from(opening: Opening) -> Self {
        let exhibits = Vec::new();
        Self { opening, exhibits }
    }
}

impl Filing {
    /// What its pictures take of memory.
    pub(super) fn bytes(&self) -> usize {
        bytes_of(&self.exhibits)
    }
}

/// What is to be put into a case that is on disk.
#[derive(Debug)]
pub(super) struct Filed {
    pub(super) case: CaseId,
    /// When it was filed, in milliseconds since 1970: ages count from then.
    pub(super) at_ms: u64,
    pub(super) exhibits: Vec<Exhibit>,
}

impl Filed {
    /// What its pictures take of memory.
    pub(super) fn bytes(&self) -> usize {
        bytes_of(&self.exhibits)
    }

    /// When a picture of it was taken, in milliseconds since 1970.
    pub(super) fn taken_ms(&self, exhibit: &Exhibit) -> u64 {
        let age = u64::try_from(exhibit.age.as_millis()).unwrap_or(u64::MAX);
        self.at_ms.saturating_sub(age)
    }
}

fn bytes_of(exhibits: &[Exhibit]) -> usize {
    exhibits.iter().map(|exhibit| exhibit.picture.len()).sum()
}
