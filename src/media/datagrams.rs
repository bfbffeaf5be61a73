//! What a shard wants sent: a batch of datagrams, side by side in one buffer.
//!
//! Packets that go to one address one after another lie one after another here, which is the shape
//! that a segmented send (GSO) takes without copying.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use crate::limits;

/// A way to a visitor: their address, and which of ours they know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The visitor's address.
    pub remote: SocketAddr,
    /// The local address that their datagrams come to, where the kernel told it.
    pub local: Option<IpAddr>,
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private]")
    }
}

/// A batch of outgoing datagrams.
#[derive(Default)]
pub struct Datagrams {
    bytes: Vec<u8>,
    filled: usize,
    entries: Vec<(Route, Range<usize>)>,
}

impl Datagrams {
    /// Adds a copy of `datagram`.
    pub(crate) fn push(&mut self, route: Route, datagram: &[u8]) {
        self.write(route, datagram.len(), |room| {
            room.copy_from_slice(datagram);
            Some(datagram.len())
        });
    }

    /// Lets `fill` write a datagram of at most `room` bytes where it will be sent from. `None`, or
    /// more than `room`, sends nothing.
    pub(crate) fn write(
        &mut self,
        route: Route,
        room: usize,
        fill: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) {
        let end = self.filled + room;
        if self.bytes.len() < end {
            self.bytes
                .resize(end.next_multiple_of(64 * limits::DATAGRAM_BYTES), 0);
        }
        let Some(space) = self.bytes.get_mut(self.filled..end) else {
            return;
        };
        let Some(length) = fill(space).filter(|length| *length <= room) else {
            return;
        };
        self.entries
            .push((route, self.filled..self.filled + length));
        self.filled += length;
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The datagrams in the order they were written.
    pub fn iter(&self) -> impl Iterator<Item = (Route, &[u8])> {
        self.entries
            .iter()
            .filter_map(|(route, range)| self.bytes.get(range.clone()).map(|bytes| (*route, bytes)))
    }

    /// Runs of datagrams to one address that lie side by side, all of one length but the last,
    /// which may be shorter: each is one segmented send of at most `most` segments.
    pub(crate) fn runs(&self, most: usize) -> Runs<'_> {
        Runs {
            batch: self,
            at: 0,
            most,
        }
    }

    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        self.filled = 0;
        self.entries.clear();
    }
}

/// Iterator of [`Datagrams::runs`].
pub(crate) struct Runs<'a> {
    batch: &'a Datagrams,
    at: usize,
    most: usize,
}

/// One segmented send.
pub(crate) struct Run<'a> {
    pub(crate) route: Route,
    pub(crate) bytes: &'a [u8],
    /// Length of each segment.
    pub(crate) segment: usize,
    /// How many datagrams it holds.
    pub(crate) datagrams: usize,
}

impl<'a> Iterator for Runs<'a> {
    type Item = Run<'a>;

    fn next(&mut self) -> Option<Run<'a>> {
        let entries = self.batch.entries.get(self.at..)?;
        let (route, first) = entries.first()?;
        let segment = first.len();
        let mut end = first.end;
        let mut datagrams = 1;
        for (next_route, next) in entries.iter().skip(1).take(self.most.saturating_sub(1)) {
            let fits = next_route == route
                && next.len() <= segment
                && end - first.start + next.len() <= limits::SEGMENTED_BYTES;
            if !fits {
                break;
            }
            end = next.end;
            datagrams += 1;
            if next.len() < segment {
                break;
            }
        }
        self.at += datagrams;
        let bytes = self.batch.bytes.get(first.start..end)?;
        Some(Run {
            route: *route,
            bytes,
            segment,
            datagrams,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(port: u16) -> Route {
        Route {
            remote: SocketAddr::from(([127, 0, 0, 1], port)),
            local: None,
        }
    }

    #[test]
    fn neighbours_to_one_address_are_joined_until_a_shorter_one() {
        let mut batch = Datagrams::default();
        for (port, length) in [(1, 100), (1, 100), (1, 40), (1, 40), (2, 40), (1, 10)] {
            batch.push(route(port), &vec![7; length]);
        }
        let runs: Vec<_> = batch
            .runs(64)
            .map(|r| (r.route.remote.port(), r.segment, r.datagrams))
            .collect();
        assert_eq!(runs, [(1, 100, 3), (1, 40, 1), (2, 40, 1), (1, 10, 1)]);
        assert_eq!(batch.iter().count(), 6);
    }

    #[test]
    fn what_was_refused_leaves_no_trace() {
        let mut batch = Datagrams::default();
        batch.write(route(1), 10, |_| None);
        batch.write(route(1), 10, |_| Some(11));
        assert!(batch.is_empty());
        batch.push(route(1), b"x");
        batch.clear();
        assert_eq!(batch.iter().count(), 0);
    }
}
