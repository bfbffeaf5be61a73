//! [`Ban`]: a device that stays outside, as a person sees it who may let it in again.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256};
use rusqlite::{Connection, OpenFlags};

use super::kept_out::{KeptOut, whole};
use super::ledger::PATIENCE;
use super::wall_clock::now_ms;
use crate::limits;
use crate::moderation::{DeviceKey, Label};

const LIST: &str = "\
SELECT device, until_ms, label FROM kept_out WHERE until_ms > ?1 ORDER BY until_ms DESC";

/// The name of a ban: made from the device, which it does not tell.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BanId([u8; 8]);

impl BanId {
    /// The name of this device's ban.
    pub fn of(DeviceKey(device): &DeviceKey) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(b"ban");
        context.update(device);
        let digest = context.finish();
        let mut name = [0; 8];
        name.iter_mut()
            .zip(digest.as_ref())
            .for_each(|(to, from)| *to = *from);
        Self(name)
    }
}

impl fmt::Display for BanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A text that names no ban.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a ban has a name of 16 hexadecimal digits")]
pub struct NoBanId;

impl FromStr for BanId {
    type Err = NoBanId;

    fn from_str(text: &str) -> Result<Self, NoBanId> {
        let fits = |sign: u8| sign.is_ascii_digit() || (b'a'..=b'f').contains(&sign);
        if text.len() != 16 || !text.bytes().all(fits) {
            return Err(NoBanId);
        }
        let number = u64::from_str_radix(text, 16).map_err(|_| NoBanId)?;
        Ok(Self(number.to_be_bytes()))
    }
}

/// A device that stays outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ban {
    /// Its name.
    pub id: BanId,
    /// The device.
    pub device: DeviceKey,
    /// Until when, in milliseconds since 1970.
    pub until_ms: u64,
    /// Why.
    pub label: Label,
}

impl KeptOut {
    /// Everybody who stays outside now, the longest first, and how many that are: no more are given
    /// than [`limits::BANS_LISTED`]. Reads the disk: from a thread that may wait.
    ///
    /// # Errors
    /// The table cannot be read.
    pub fn list(&self) -> Result<(Vec<Ban>, usize), rusqlite::Error> {
        let all = self.read()?;
        let count = all.len();
        let listed = all.into_iter().take(limits::BANS_LISTED).collect();
        Ok((listed, count))
    }

    /// One ban, if it is still in force. Reads the disk, as [`KeptOut::list`].
    ///
    /// # Errors
    /// The table cannot be read.
    pub fn find(&self, id: BanId) -> Result<Option<Ban>, rusqlite::Error> {
        Ok(self.read()?.into_iter().find(|ban| ban.id == id))
    }

    fn read(&self) -> Result<Vec<Ban>, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        connection.busy_timeout(PATIENCE)?;
        let mut all = connection.prepare(LIST)?;
        let mut rows = all.query([whole(now_ms())])?;
        let mut bans = Vec::new();
        while let Some(row) = rows.next()? {
            let (device, label): (Vec<u8>, String) = (row.get(0)?, row.get(2)?);
            // What somebody else has put there is nobody's ban.
            if let (Ok(device), Ok(label)) = (device.try_into(), Label::new(&label)) {
                let device = DeviceKey(device);
                bans.push(Ban {
                    id: BanId::of(&device),
                    device,
                    until_ms: u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0),
                    label,
                });
            }
        }
        Ok(bans)
    }
}
