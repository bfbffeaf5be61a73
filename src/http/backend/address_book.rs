//! [`AddressBook`]: the legs and matches of backends, by the names that they are known by outside.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use rand::Rng;

use super::keeper::Reach;
use crate::direction::Direction;
use crate::id::MatchId;
use crate::media::Muted;
use crate::private::Private;

/// A leg's name outside: random, so that knowing it is a right (RFC 9725, 4.2).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct LegName(Private<String>);

/// A match's name, as the backend chose it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct MatchName(String);

/// Letters of a match's name, at most.
const NAME_LETTERS: usize = 64;

/// The legs and matches; cheap to clone, one table for all clones. It holds no match that has no
/// leg here, and a leg has one match at most.
#[derive(Clone, Default)]
pub(super) struct AddressBook(Arc<Mutex<Tables>>);

#[derive(Default)]
struct Tables {
    legs: HashMap<LegName, Leg>,
    /// The newest leg that only sends of everybody who has one.
    publishers: HashMap<Private<String>, LegName>,
    matches: HashMap<MatchName, Paired>,
}

/// A leg.
#[derive(Clone, Debug)]
pub(super) struct Leg {
    pub(super) reach: Reach,
    /// Its newest offer.
    pub(super) offer: Private<String>,
    /// Which way its media flows.
    pub(super) direction: Direction,
    /// Who they are to the operator that it is of.
    account: Option<Private<String>>,
    /// The other leg of the same session, where one sends and one receives.
    pub(super) other: Option<LegName>,
    /// What of it nobody gets, as its backend wants it.
    pub(super) muted: Muted,
    /// Whether it sees what another leg sends, and is no part of any session.
    pub(super) is_onlooker: bool,
    /// How many offers came before that one: the name of its ICE session.
    pub(super) generation: u32,
    /// The newest match that it was brought into.
    in_match: Option<MatchName>,
}

impl Leg {
    /// A leg that was just opened.
    pub(super) const fn new(
        reach: Reach,
        offer: Private<String>,
        direction: Direction,
        account: Option<Private<String>>,
    ) -> Self {
        Self {
            reach,
            offer,
            direction,
            account,
            other: None,
            muted: Muted {
                audio: false,
                video: false,
            },
            is_onlooker: false,
            generation: 0,
            in_match: None,
        }
    }

    /// The same, seeing what another leg sends.
    pub(super) const fn onlooking(mut self) -> Self {
        self.is_onlooker = true;
        self
    }
}

/// A match.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Paired {
    pub(super) match_id: MatchId,
    pub(super) legs: [LegName; 2],
}

impl LegName {
    pub(super) fn new() -> Self {
        // 128 random bits: guessing one is hopeless.
        Self(Private::new(format!(
            "{:032x}",
            rand::rng().random::<u128>()
        )))
    }

    pub(super) fn from_outside(name: String) -> Self {
        Self(Private::new(name))
    }

    pub(super) fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

impl MatchName {
    /// Reads one: letters, digits, `-` and `_`.
    pub(super) fn read(name: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_good = (1..=NAME_LETTERS).contains(&name.len()) && name.bytes().all(is_plain);
        is_good.then(|| Self(name.to_owned()))
    }
}

impl fmt::Display for MatchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AddressBook {
    /// A new leg, and the one that it receives for.
    pub(super) fn add(&self, name: LegName, mut leg: Leg, publisher: Option<LegName>) {
        let mut tables = self.0.lock();
        if let Some(publisher) = publisher
            && let Some(one) = tables.legs.get_mut(&publisher)
        {
            one.other = Some(name.clone());
            leg.other = Some(publisher);
        }
        if let (Direction::SendOnly, Some(account)) = (leg.direction, &leg.account) {
            tables.publishers.insert(account.clone(), name.clone());
        }
        tables.legs.insert(name, leg);
    }

    /// The newest leg that only sends of whoever has this account.
    pub(super) fn publisher(&self, account: &Private<String>) -> Option<(LegName, Leg)> {
        let tables = self.0.lock();
        let name = tables.publishers.get(account)?;
        Some((name.clone(), tables.legs.get(name)?.clone()))
    }

    /// A leg.
    pub(super) fn leg(&self, name: &LegName) -> Option<Leg> {
        let tables = self.0.lock();
        let leg = tables.legs.get(name);
        leg.filter(|leg| !leg.is_onlooker).cloned()
    }

    /// An onlooker.
    pub(super) fn onlooker(&self, name: &LegName) -> Option<Leg> {
        let tables = self.0.lock();
        let leg = tables.legs.get(name);
        leg.filter(|leg| leg.is_onlooker).cloned()
    }

    /// The leg that sends of a session that has this one.
    pub(super) fn sender(&self, name: LegName) -> LegName {
        let leg = self.leg(&name);
        let player = leg.filter(|leg| leg.direction == Direction::RecvOnly);
        player.and_then(|player| player.other).unwrap_or(name)
    }

    /// A leg has another offer: the generation of that.
    pub(super) fn renew(&self, name: &LegName, offer: Private<String>) -> Option<u32> {
        let mut tables = self.0.lock();
        let leg = tables.legs.get_mut(name)?;
        leg.offer = offer;
        leg.generation += 1;
        Some(leg.generation)
    }

    /// A leg is over.
    pub(super) fn remove(&self, name: &LegName) {
        let mut tables = self.0.lock();
        let Some(leg) = tables.legs.remove(name) else {
            return;
        };
        tables.forget(leg.in_match.as_ref());
        if let Some(account) = &leg.account
            && tables.publishers.get(account) == Some(name)
        {
            tables.publishers.remove(account);
        }
        // It may have another player already.
        if let Some(other) = leg.other.and_then(|other| tables.legs.get_mut(&other)) {
            other.other.take_if(|mine| mine == name);
        }
    }

    /// Nobody gets this of what a leg sends.
    pub(super) fn mute(&self, name: &LegName, muted: Muted) {
        if let Some(leg) = self.0.lock().legs.get_mut(name) {
            leg.muted = muted;
        }
    }

    /// Two legs face each other under a name. Both leave whatever they were in before. Answers the
    /// match that had the name.
    pub(super) fn pair(&self, name: &MatchName, paired: Paired) -> Option<Paired> {
        let mut tables = self.0.lock();
        let before = tables.matches.get(name).cloned();
        tables.forget(Some(name));
        for leg in &paired.legs {
            let old = tables.legs.get_mut(leg)?.in_match.replace(name.clone());
            if old.as_ref() != Some(name) {
                tables.forget(old.as_ref());
            }
        }
        tables.matches.insert(name.clone(), paired);
        before
    }

    /// A match.
    pub(super) fn paired(&self, name: &MatchName) -> Option<Paired> {
        self.0.lock().matches.get(name).cloned()
    }

    /// The name of the match that a leg is in, if that is this one.
    pub(super) fn name_of(&self, leg: &LegName, match_id: MatchId) -> Option<MatchName> {
        let tables = self.0.lock();
        let name = tables.legs.get(leg)?.in_match.as_ref()?;
        let paired = tables.matches.get(name)?;
        (paired.match_id == match_id).then(|| name.clone())
    }

    /// A match is over.
    pub(super) fn part(&self, name: &MatchName) {
        self.0.lock().forget(Some(name));
    }

    /// How many legs and matches there are.
    #[cfg(test)]
    fn len(&self) -> (usize, usize) {
        let tables = self.0.lock();
        assert!(tables.publishers.len() <= tables.legs.len());
        (tables.legs.len(), tables.matches.len())
    }
}

impl Tables {
    fn forget(&mut self, name: Option<&MatchName>) {
        let Some((name, paired)) = name.and_then(|name| self.matches.remove_entry(name)) else {
            return;
        };
        for leg in &paired.legs {
            if let Some(leg) = self.legs.get_mut(leg) {
                leg.in_match.take_if(|old| *old == name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::{mpsc, watch};

    use super::*;
    use crate::control::SocketId;

    fn with_legs<const N: usize>() -> (AddressBook, [LegName; N]) {
        let address_book = AddressBook::default();
        let names = std::array::from_fn(|n| {
            let name = LegName::new();
            address_book.add(name.clone(), leg(n as u64, Direction::SendRecv), None);
            name
        });
        (address_book, names)
    }

    fn leg(number: u64, direction: Direction) -> Leg {
        let reach = Reach {
            socket: SocketId(number),
            asked: mpsc::channel(1).0,
            standing: watch::channel(Default::default()).1,
        };
        let account = Some(Private::new("ada".to_owned()));
        Leg::new(reach, Private::new(String::new()), direction, account)
    }

    fn name(text: &str) -> MatchName {
        MatchName::read(text).unwrap()
    }

    fn paired(match_id: u64, legs: [&LegName; 2]) -> Paired {
        Paired {
            match_id: MatchId(match_id),
            legs: legs.map(Clone::clone),
        }
    }

    #[test]
    fn a_leg_is_in_one_match_at_most() {
        let (address_book, [a, b, c, d]) = with_legs();
        address_book.pair(&name("one"), paired(1, [&a, &b]));
        address_book.pair(&name("two"), paired(2, [&c, &d]));
        address_book.pair(&name("three"), paired(3, [&b, &c]));
        assert_eq!(address_book.len(), (4, 1));
        assert_eq!(address_book.paired(&name("one")), None);
        assert_eq!(
            address_book.paired(&name("three")).unwrap().match_id,
            MatchId(3)
        );
    }

    #[test]
    fn a_name_may_be_used_again_for_others() {
        let (address_book, [a, b, c, d]) = with_legs();
        let first = paired(1, [&a, &b]);
        assert_eq!(address_book.pair(&name("x"), first.clone()), None);
        assert_eq!(
            address_book.pair(&name("x"), paired(2, [&c, &d])),
            Some(first)
        );
        address_book.remove(&a);
        assert_eq!(address_book.len(), (3, 1), "a is in it no more");
        address_book.remove(&c);
        assert_eq!(address_book.len(), (2, 0));
    }

    #[test]
    fn nothing_is_kept_of_legs_that_are_over() {
        let (address_book, [a, b]) = with_legs();
        address_book.pair(&name("x"), paired(1, [&a, &b]));
        address_book.remove(&a);
        address_book.remove(&b);
        assert_eq!(address_book.len(), (0, 0));
        // Who is over meanwhile is in no match.
        assert_eq!(address_book.pair(&name("x"), paired(2, [&a, &b])), None);
        assert_eq!(address_book.len(), (0, 0));
    }

    #[test]
    fn a_player_belongs_to_the_newest_publisher_of_its_account() {
        let (book, [_]) = with_legs();
        let account = Private::new("ada".to_owned());
        let other = |name: &LegName| book.leg(name).unwrap().other;
        assert!(book.publisher(&account).is_none(), "that leg does both");
        let [old, new] = [(); 2].map(|()| LegName::new());
        let [first, second] = [(); 2].map(|()| LegName::new());
        book.add(old.clone(), leg(1, Direction::SendOnly), None);
        book.add(new.clone(), leg(2, Direction::SendOnly), None);
        assert_eq!(book.publisher(&account).unwrap().0, new);
        for player in [&first, &second] {
            let of = Some(new.clone());
            book.add(player.clone(), leg(3, Direction::RecvOnly), of);
        }
        assert_eq!(other(&new), Some(second.clone()));
        book.remove(&first);
        assert_eq!(other(&new), Some(second.clone()), "not that one's player");
        book.remove(&second);
        assert_eq!(other(&new), None);
        book.remove(&old);
        assert_eq!(book.publisher(&account).unwrap().0, new);
        book.remove(&new);
        assert!(book.publisher(&account).is_none());
        assert_eq!(book.len(), (1, 0));
    }

    #[test]
    fn names_of_matches_are_plain_and_short() {
        for bad in ["", "a/b", "..", "a b", "é", &"x".repeat(65)] {
            assert_eq!(MatchName::read(bad), None, "{bad}");
        }
        assert!(MatchName::read(&"x".repeat(64)).is_some());
    }
}
