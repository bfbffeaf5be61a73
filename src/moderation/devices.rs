//! [`Devices`]: what is remembered of a device between its stays, in memory and for a day.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;

use super::docket::{DeviceKey, NetworkKey};
use super::reporting::{Proof, Repute};
use super::strikes::Strikes;
use super::verdict::Label;
use crate::limits;

/// Devices by the number in their token. Bounded: the one that came first goes first.
#[derive(Default, Debug)]
pub(super) struct Devices {
    by_key: HashMap<DeviceKey, Device, RandomState>,
    order: VecDeque<DeviceKey>,
}

/// One device.
#[derive(Clone, Debug)]
pub(super) struct Device {
    /// Earlier warnings and blurs.
    pub(super) strikes: Strikes,
    /// How its reports fared.
    pub(super) repute: Repute,
    /// Where it came from last.
    pub(super) network: Option<NetworkKey>,
    /// Until when it stays outside, and why.
    kept_out: Option<(Instant, Label)>,
    seen: Instant,
}

impl Devices {
    /// A device comes: what is known of it.
    pub(super) fn greet(&mut self, key: DeviceKey, now: Instant) -> &mut Device {
        let new = || Device {
            strikes: Strikes::default(),
            repute: Repute::default(),
            network: None,
            kept_out: None,
            seen: now,
        };
        if !self.by_key.contains_key(&key) {
            self.order.push_back(key);
            if self.order.len() > limits::DEVICES_KEPT
                && let Some(first) = self.order.pop_front()
            {
                self.by_key.remove(&first);
            }
        }
        let device = self.by_key.entry(key).or_insert_with(new);
        let forgotten = now.saturating_duration_since(device.seen) > limits::DEVICE_MEMORY;
        if forgotten && device.kept_out(now).is_none() {
            *device = new();
        }
        device.seen = now;
        device
    }

    /// Where it came from last.
    pub(super) fn network_of(&self, key: DeviceKey) -> Option<NetworkKey> {
        self.by_key.get(&key)?.network
    }

    /// It was warned or blurred.
    pub(super) fn strike(&mut self, key: DeviceKey, label: &Label, now: Instant) {
        if let Some(device) = self.by_key.get_mut(&key) {
            device.strikes.add(label, now);
        }
    }

    /// It stays outside until then, or as long as before if that is longer.
    pub(super) fn keep_out(&mut self, key: DeviceKey, until: Instant, label: &Label) {
        let Some(device) = self.by_key.get_mut(&key) else {
            return;
        };
        let longer = device
            .kept_out
            .as_ref()
            .is_none_or(|(earlier, _)| *earlier < until);
        if longer {
            device.kept_out = Some((until, label.clone()));
        }
    }

    /// It may come in again, and what it was kept out for counts no longer.
    pub(super) fn readmit(&mut self, key: DeviceKey) {
        let Some(device) = self.by_key.get_mut(&key) else {
            return;
        };
        if let Some((_, label)) = device.kept_out.take() {
            device.strikes.forgive(&label);
        }
    }

    /// One of its reports was right or wrong.
    pub(super) fn credit(&mut self, key: DeviceKey, proof: Proof) {
        if let Some(device) = self.by_key.get_mut(&key) {
            device.repute.add(proof);
        }
    }
}

impl Device {
    /// How much longer it stays outside, and why.
    pub(super) fn kept_out(&self, now: Instant) -> Option<(Duration, Label)> {
        let (until, label) = self.kept_out.as_ref()?;
        let rest = until.saturating_duration_since(now);
        (!rest.is_zero()).then(|| (rest, label.clone()))
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some instant to begin with"
)]
mod tests {
    use super::*;

    const KEY: DeviceKey = DeviceKey([1; 16]);

    #[test]
    fn a_device_stays_outside_for_its_time_and_comes_back_with_its_strikes() {
        let now = Instant::now();
        let hour = Duration::from_secs(3_600);
        let mut devices = Devices::default();
        devices.greet(KEY, now);
        devices.strike(KEY, &Label::PORN, now);
        devices.keep_out(KEY, now + hour, &Label::PORN);
        devices.keep_out(KEY, now + hour / 2, &Label::SEXY);
        let (rest, label) = devices
            .greet(KEY, now + hour / 2)
            .kept_out(now + hour / 2)
            .unwrap();
        assert_eq!((rest, label), (hour / 2, Label::PORN));
        let device = devices.greet(KEY, now + hour);
        assert!(device.kept_out(now + hour).is_none());
        assert_eq!(device.strikes.count(&Label::PORN), 1);
    }

    #[test]
    fn a_device_that_was_away_for_long_is_new_unless_it_is_kept_out() {
        let now = Instant::now();
        let later = now + limits::DEVICE_MEMORY * 2;
        let mut devices = Devices::default();
        devices.greet(KEY, now);
        devices.strike(KEY, &Label::PORN, now);
        assert_eq!(devices.greet(KEY, later).strikes.count(&Label::PORN), 0);
        devices.strike(KEY, &Label::PORN, now);
        devices.keep_out(KEY, later + limits::DEVICE_MEMORY * 3, &Label::PORN);
        let later = later + limits::DEVICE_MEMORY * 2;
        assert_eq!(devices.greet(KEY, later).strikes.count(&Label::PORN), 1);
    }

    #[test]
    fn memory_is_bounded_and_forgets_the_first() {
        let now = Instant::now();
        let mut devices = Devices::default();
        let key = |number: u32| {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&number.to_be_bytes());
            DeviceKey(bytes)
        };
        let most = u32::try_from(limits::DEVICES_KEPT).unwrap();
        for number in 0..most + 10 {
            devices.greet(key(number), now);
            devices.strike(key(number), &Label::PORN, now);
        }
        assert_eq!(devices.by_key.len(), limits::DEVICES_KEPT);
        assert_eq!(devices.order.len(), limits::DEVICES_KEPT);
        let last = devices.greet(key(most), now);
        assert_eq!(last.strikes.count(&Label::PORN), 1);
        let first = devices.greet(key(0), now);
        assert_eq!(first.strikes.count(&Label::PORN), 0);
    }
}
