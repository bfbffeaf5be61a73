//! Who is where: which leg an address or an ICE name belongs to, and which shard it is at home on.

use std::collections::HashMap;
use std::net::SocketAddr;

use foldhash::fast::RandomState;

use crate::id::{LegId, ShardIndex};
use crate::limits;

/// Where a leg is at home.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Home {
    /// Here, under this key.
    Here(usize),
    /// On another shard.
    There(ShardIndex),
}

/// A shard's view of all legs of the process.
#[derive(Default)]
pub(crate) struct Directory {
    legs: HashMap<LegId, Entry, RandomState>,
    /// With the leg's home, so that a packet costs one search.
    by_address: HashMap<SocketAddr, (LegId, Home), RandomState>,
    by_ufrag: HashMap<String, LegId, RandomState>,
}

struct Entry {
    home: Home,
    ufrag: String,
    addresses: Vec<SocketAddr>,
}

impl Directory {
    /// The leg is at home there, and found by this ICE name only.
    pub(crate) fn set(&mut self, leg: LegId, home: Home, ufrag: &str) {
        let addresses = match self.legs.remove(&leg) {
            Some(old) => {
                self.by_ufrag.remove(&old.ufrag);
                old.addresses
            }
            None => Vec::new(),
        };
        for address in &addresses {
            if let Some(owner) = self
                .by_address
                .get_mut(address)
                .filter(|(of, _)| *of == leg)
            {
                owner.1 = home;
            }
        }
        self.by_ufrag.insert(ufrag.to_owned(), leg);
        self.legs.insert(
            leg,
            Entry {
                home,
                ufrag: ufrag.to_owned(),
                addresses,
            },
        );
    }

    /// Datagrams from this address belong to the leg.
    pub(crate) fn add_address(&mut self, leg: LegId, address: SocketAddr) {
        let Some(entry) = self.legs.get_mut(&leg) else {
            return;
        };
        if entry.addresses.contains(&address) {
            self.by_address.insert(address, (leg, entry.home));
            return;
        }
        if entry.addresses.len() >= limits::LEG_ADDRESSES {
            let oldest = entry.addresses.remove(0);
            if self
                .by_address
                .get(&oldest)
                .is_some_and(|(of, _)| *of == leg)
            {
                self.by_address.remove(&oldest);
            }
        }
        entry.addresses.push(address);
        self.by_address.insert(address, (leg, entry.home));
    }

    /// They no longer do.
    pub(crate) fn remove_address(&mut self, leg: LegId, address: SocketAddr) {
        if let Some(entry) = self.legs.get_mut(&leg) {
            entry.addresses.retain(|known| *known != address);
        }
        if self.is_of(leg, &address) {
            self.by_address.remove(&address);
        }
    }

    /// The leg is gone.
    pub(crate) fn remove(&mut self, leg: LegId) {
        let Some(entry) = self.legs.remove(&leg) else {
            return;
        };
        self.by_ufrag.remove(&entry.ufrag);
        for address in entry.addresses {
            if self.is_of(leg, &address) {
                self.by_address.remove(&address);
            }
        }
    }

    /// Legs of the whole process, as far as this shard has heard.
    pub(crate) fn len(&self) -> usize {
        self.legs.len()
    }

    /// Where a leg is at home.
    pub(crate) fn home(&self, leg: LegId) -> Option<Home> {
        self.legs.get(&leg).map(|entry| entry.home)
    }

    /// Whose datagrams come from this address.
    pub(crate) fn by_address(&self, address: &SocketAddr) -> Option<(LegId, Home)> {
        self.by_address.get(address).copied()
    }

    /// Who is found by this ICE name.
    pub(crate) fn by_ufrag(&self, ufrag: &str) -> Option<(LegId, Home)> {
        let leg = *self.by_ufrag.get(ufrag)?;
        Some((leg, self.home(leg)?))
    }

    fn is_of(&self, leg: LegId, address: &SocketAddr) -> bool {
        self.by_address
            .get(address)
            .is_some_and(|(of, _)| *of == leg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    #[test]
    fn a_leg_that_is_gone_leaves_nothing_behind() {
        let mut directory = Directory::default();
        directory.set(LegId(1), Home::Here(4), "old");
        directory.set(LegId(1), Home::Here(4), "new");
        for port in 0..40 {
            directory.add_address(LegId(1), address(port));
        }
        assert_eq!(directory.by_ufrag("old"), None);
        assert_eq!(directory.by_ufrag("new"), Some((LegId(1), Home::Here(4))));
        assert_eq!(
            directory.by_address(&address(39)),
            Some((LegId(1), Home::Here(4)))
        );
        assert_eq!(directory.by_address(&address(0)), None, "bounded");
        directory.remove(LegId(1));
        assert!(directory.legs.is_empty());
        assert!(directory.by_address.is_empty());
        assert!(directory.by_ufrag.is_empty());
    }

    #[test]
    fn a_leg_that_moves_is_found_at_its_new_home_by_every_address() {
        let mut directory = Directory::default();
        directory.set(LegId(1), Home::Here(4), "one");
        directory.add_address(LegId(1), address(1));
        directory.add_address(LegId(1), address(2));
        directory.set(LegId(2), Home::Here(5), "two");
        directory.add_address(LegId(2), address(2));
        let moved = Home::There(ShardIndex(3));
        directory.set(LegId(1), moved, "one");
        assert_eq!(directory.by_address(&address(1)), Some((LegId(1), moved)));
        let taken = directory.by_address(&address(2));
        assert_eq!(taken, Some((LegId(2), Home::Here(5))), "no longer its own");
    }

    #[test]
    fn an_address_goes_to_whoever_proved_it_last() {
        let mut directory = Directory::default();
        directory.set(LegId(1), Home::Here(1), "one");
        directory.set(LegId(2), Home::There(ShardIndex(3)), "two");
        directory.add_address(LegId(1), address(9));
        directory.add_address(LegId(2), address(9));
        directory.remove(LegId(1));
        let found = directory.by_address(&address(9));
        assert_eq!(found, Some((LegId(2), Home::There(ShardIndex(3)))));
    }
}
