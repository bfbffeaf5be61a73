//! Opens the place of sealed pictures and the operator's key to it, and sees to it that what is kept
//! is forgotten in time.

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, info};

use super::ServerError;
use super::lookout::DeskBooks;
use crate::config::Loaded;
use crate::control::Casework;
use crate::limits;
use crate::store::{Depot, Evidence, KeyFileError, SealError, Vault};

/// The name of the operator's key within the store's folder, where none is named.
const KEY_FILE: &str = "evidence.key";

/// The name of the folder of sealed pictures within the store's folder, where no place is named.
const FOLDER: &str = "evidence";

/// How often it is looked for what is to be forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60 * 60);

/// Why the operator's key cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeyError {
    #[error("{0}")]
    File(#[from] io::Error),
    #[error(transparent)]
    Content(#[from] KeyFileError),
    #[error(transparent)]
    Random(#[from] SealError),
}

/// From now on the pictures of cases are kept, if there are to be cases.
///
/// # Errors
/// The key or the place cannot be used: what the configuration got wrong.
pub(super) async fn open(
    loaded: &Loaded,
    books: Option<&DeskBooks>,
) -> Result<Option<Evidence>, ServerError> {
    let Some(DeskBooks { cases, .. }) = books else {
        return Ok(None);
    };
    let named = &loaded.config.cases.evidence_key;
    let key = match named.as_os_str().is_empty() {
        true => own_key(&loaded.config.store.folder.join(KEY_FILE)),
        false => read_key(named),
    };
    let vault = key.map_err(|error| {
        let expected = "a file with 64 hexadecimal digits, as `visavis token secret` prints";
        loaded.wrong("cases.evidence_key", format!("{expected}: {error}"))
    })?;
    let depot = match loaded.config.cases.evidence.as_str() {
        "" => Depot::folder(&loaded.config.store.folder.join(FOLDER)),
        url if url.starts_with("s3://") => Depot::bucket(url),
        folder => Depot::folder(&PathBuf::from(folder)),
    };
    let depot = depot.map_err(|error| {
        let mut expected = format!("a folder, or s3://BUCKET/PREFIX: {error}");
        if let Some(source) = error.source() {
            expected.push_str(&format!(": {source}"));
        }
        loaded.wrong("cases.evidence", expected)
    })?;
    let started = Evidence::start(cases.clone(), vault, depot).await;
    let started = started.map_err(|error| loaded.wrong("store.folder", error.to_string()))?;
    Ok(Some(started))
}

/// Does what is still to be done of decisions and forgets what is over, now and from time to time, as long as it
/// is let.
pub(super) async fn keep_time(casework: Casework) {
    let mut ticks = interval(FORGET_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        casework.settle_all().await;
        match casework.forget_expired().await {
            Ok(0) => {}
            Ok(count) => info!(count, "cases forgotten: their time was over"),
            Err(error) => error!(%error, "cases whose time is over may still be there"),
        }
    }
}

/// The key of this folder, made at the first start and readable by its owner only.
fn own_key(file: &Path) -> Result<Vault, KeyError> {
    let mut new = OpenOptions::new();
    match new.write(true).create_new(true).mode(0o600).open(file) {
        Ok(mut made) => {
            made.write_all(Vault::new_key()?.as_bytes())?;
            made.sync_all()?;
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.into()),
    }
    read_key(file)
}

/// The operator's key out of its file.
pub(super) fn read_key(file: &Path) -> Result<Vault, KeyError> {
    let mut text = String::new();
    fs::File::open(file)?
        .take(limits::KEY_FILE_BYTES)
        .read_to_string(&mut text)?;
    Ok(Vault::read(&text)?)
}
