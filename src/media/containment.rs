//! A bug stops the smallest thing that contains it: the leg it happened to, never its shard.
//!
//! Whatever a shard does for one leg runs inside [`Shard::contain`]. Should it panic (in a parser of
//! a stranger's bytes, most likely), the leg is abandoned as if it had closed, and everybody else
//! goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::command::Event;
use super::mail::Matter;
use super::shard::{Effects, Shard};

/// Work for a leg ended in a panic.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken;

impl Shard {
    /// Does something for one leg.
    ///
    /// # Errors
    /// [`Broken`] when it panicked. What it left half done is the leg's own, which must then be
    /// [abandoned](Self::abandon).
    pub(crate) fn contain(
        &mut self,
        fx: &mut Effects,
        work: impl FnOnce(&mut Self, &mut Effects),
    ) -> Result<(), Broken> {
        // Safe to look at afterwards: shared state (directory, wheel, counters) is changed by calls
        // that do not panic half way, and the leg itself is thrown away.
        let done = catch_unwind(AssertUnwindSafe(|| work(self, fx)));
        done.map_err(|_| {
            self.counters.broken_legs += 1;
            tracing::error!("a leg broke and is given up; please report the lines above");
            Broken
        })
    }

    /// Throws a leg away without asking it anything.
    pub(crate) fn abandon(&mut self, key: usize, fx: &mut Effects) {
        let Some(mut leg) = self.legs.try_remove(key) else {
            return;
        };
        self.directory.remove(leg.id);
        if let Some(mut relay) = leg.relay.take() {
            // Whatever index was in use when it broke is not used again.
            relay.downlink.skip_ahead();
            self.give_back(*relay, fx);
        }
        if let Some(mut relay) = leg.onlooker.take() {
            relay.downlink.skip_ahead();
            self.give_back(*relay, fx);
        }
        self.tell_others(leg.id, || Matter::Gone, fx);
        fx.events.push_back(Event::Closed { leg: leg.id });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::clock::any_instant;
    use super::super::dtls::Certificates;
    use super::super::shard::Settings;
    use super::super::transport::Identity;
    use super::*;
    use crate::codec::VideoCodec;
    use crate::direction::Direction;
    use crate::id::{LegId, ShardIndex};
    use crate::media::{Command, Mail};
    use crate::private::Private;

    /// A shard with one leg, from an offer a browser made.
    fn shard_with_a_leg() -> (Shard, Effects, usize) {
        let settings = Settings {
            index: ShardIndex(0),
            shards: 2,
            codecs: vec![VideoCodec::Vp8],
            candidates: vec![([127, 0, 0, 1], 3478).into()],
            takes_tcp: false,
            max_legs: 4,
            silence: Duration::from_secs(6),
            close_after: Duration::from_secs(30),
            tap: None,
            identity: Identity::generate().expect("a certificate"),
            seed: 1,
        };
        let now = any_instant();
        let mut shard = Shard::new(settings, now, Duration::ZERO);
        let mut fx = Effects::at(now);
        let offer = Private::new(include_str!("../../tests/data/chromium-156.sdp").to_owned());
        for mail in Mail::for_command(Command::Open {
            leg: LegId(2),
            offer,
            direction: Direction::SendRecv,
            certificates: Certificates::Ecdsa,
            codec: None,
        }) {
            shard.handle_mail(mail, &mut fx);
        }
        assert!(matches!(
            fx.events.pop_front(),
            Some(Event::Answered { .. })
        ));
        fx.mail.clear();
        (shard, fx, 0)
    }

    #[test]
    fn a_leg_that_breaks_is_given_up_alone() {
        let (mut shard, mut fx, key) = shard_with_a_leg();
        assert_eq!(shard.contain(&mut fx, |_, _| {}), Ok(()));
        let broken = shard.contain(&mut fx, |_, _| panic!("a parser met a surprise"));
        assert_eq!(broken, Err(Broken));
        shard.abandon(key, &mut fx);
        assert!(matches!(
            fx.events.pop_front(),
            Some(Event::Closed { leg: LegId(2) })
        ));
        assert!(shard.legs.is_empty());
        assert_eq!(shard.directory.home(LegId(2)), None);
        assert_eq!(fx.mail.len(), 1, "the other shard is told");
        assert_eq!(shard.counters().broken_legs, 1);
    }
}
