//! One visitor and the line between it and its socket: a value.

use std::time::Instant;

use super::bad_line::{BadLine, Badness};
use super::sending::Batch;
use super::tally::Tally;
use super::visitor::Visitor;

/// A visitor behind its line.
pub(super) struct Member {
    pub(super) visitor: Box<Visitor>,
    line: Option<Line>,
}

/// Both directions of a line that is not perfect.
struct Line {
    up: BadLine,
    down: BadLine,
    out: Batch,
}

impl Member {
    /// A visitor behind a line as bad as this.
    pub(super) fn new(visitor: Box<Visitor>, badness: Badness, seed: u64) -> Self {
        // Two seeds for each visitor, unlike those of any other.
        let seed = seed ^ (u64::from(visitor.number()) << 32);
        let line = badness.is_any().then(|| Line {
            up: BadLine::new(badness, seed),
            down: BadLine::new(badness, seed ^ (1 << 31)),
            out: Batch::default(),
        });
        Self { visitor, line }
    }

    /// When [`act`](Self::act) wants to be called.
    pub(super) fn due(&mut self) -> Option<Instant> {
        let line = self
            .line
            .as_ref()
            .map(|line| [line.up.due(), line.down.due()]);
        let line = line.into_iter().flatten().flatten();
        line.chain(self.visitor.due()).min()
    }

    /// Takes a datagram from the socket.
    pub(super) fn receive(&mut self, datagram: &mut [u8], now: Instant, tally: &mut Tally) {
        match &mut self.line {
            Some(line) => line.down.push(datagram, now),
            None => self.visitor.receive(datagram, now, tally),
        }
    }

    /// Does what is due.
    pub(super) fn act(&mut self, now: Instant, tally: &mut Tally) {
        if let Some(line) = &mut self.line {
            let visitor = &mut self.visitor;
            line.down
                .arrive(now, |datagram| visitor.receive(datagram, now, tally));
        }
        self.visitor.act(now, tally);
    }

    /// What goes into the socket now; to be cleared when it is sent.
    pub(super) fn out(&mut self, now: Instant) -> &mut Batch {
        let Some(line) = &mut self.line else {
            return &mut self.visitor.out;
        };
        for datagram in self.visitor.out.datagrams() {
            line.up.push(datagram, now);
        }
        self.visitor.out.clear();
        let out = &mut line.out;
        line.up.arrive(now, |datagram| out.push(datagram));
        out
    }
}
