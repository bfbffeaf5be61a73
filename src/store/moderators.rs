//! [`Moderators`]: the people who may decide, on disk; of each one's token only its hash.

use std::path::Path;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use rusqlite::{Connection, Row, TransactionBehavior, params};

use super::kept_out::{make_folder, whole};
use super::ledger::{OpenError, PATIENCE};
use super::wall_clock::now_ms;
use crate::limits;
use crate::moderation::Role;
use crate::private::Private;

/// The name of the table's file within the folder.
pub const MODERATORS_FILE: &str = "moderators.db";

/// What every token begins with, so that one is recognized where it should not be.
const TOKEN_START: &str = "vvm_";

// A name that was removed may come again, with another token; the row before it stays.
const TABLE: &str = "\
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS moderators (
    token      BLOB    PRIMARY KEY,
    name       TEXT    NOT NULL,
    role       TEXT    NOT NULL,
    added_ms   INTEGER NOT NULL,
    removed_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS moderators_by_name
ON moderators (name) WHERE removed_ms IS NULL;";

const PRESENT: &str = "\
SELECT token, name, role, added_ms FROM moderators
WHERE removed_ms IS NULL ORDER BY name";

const INSERT: &str = "INSERT INTO moderators (token, name, role, added_ms) VALUES (?1, ?2, ?3, ?4)";

const REMOVE: &str = "UPDATE moderators SET removed_ms = ?2 WHERE name = ?1 AND removed_ms IS NULL";

/// Somebody who may decide.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Moderator {
    /// The name that the operator gave: what the audit log shows.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Since when, in milliseconds since 1970.
    pub added_ms: u64,
}

/// Why somebody is not added or removed.
#[derive(Debug, thiserror::Error)]
pub enum ModeratorError {
    /// The name is empty, too long, or has other signs.
    #[error("a name is 1 to {max} letters, digits, blanks, dots, hyphens or underscores, without a blank at its ends", max = limits::MODERATOR_NAME_CHARS)]
    Name,
    /// The name is taken.
    #[error("{0} is there already")]
    Taken(String),
    /// Nobody has the name.
    #[error("nobody is called {0}")]
    Unknown(String),
    /// There are as many as there may be.
    #[error("there are {max} moderators already", max = limits::MODERATORS)]
    Full,
    /// The system gives no random bytes for a token.
    #[error("the system gives no random bytes")]
    Random,
    /// The table cannot be read or written.
    #[error("the table of moderators cannot be used")]
    Table(#[from] rusqlite::Error),
}

/// The people who may decide. Another process may change the table meanwhile: it is read each time.
#[derive(Debug)]
pub struct Moderators {
    connection: Connection,
}

impl Moderators {
    /// Opens the table in a folder, and makes both where they are not there.
    ///
    /// # Errors
    /// The folder cannot be made, or the file cannot be opened.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        make_folder(folder)?;
        let file = folder.join(MODERATORS_FILE);
        let connection = open(&file).map_err(|source| OpenError::File { file, source })?;
        Ok(Self { connection })
    }

    /// Adds somebody, and gives the token that they sign in with: it is kept nowhere.
    ///
    /// # Errors
    /// The name is taken or no name, there are too many, or the table cannot be written.
    pub fn add(&mut self, name: &str, role: Role) -> Result<Private<String>, ModeratorError> {
        if !is_name(name) {
            return Err(ModeratorError::Name);
        }
        let token = new_token()?;
        // The write lock first: whoever else adds, both are counted.
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let present = present(&transaction)?;
        if present.iter().any(|(_, other)| other.name == name) {
            return Err(ModeratorError::Taken(name.to_owned()));
        }
        if present.len() >= limits::MODERATORS {
            return Err(ModeratorError::Full);
        }
        let hash = hash(token.reveal());
        transaction.execute(
            INSERT,
            params![hash.as_slice(), name, role.word(), whole(now_ms())],
        )?;
        transaction.commit()?;
        Ok(token)
    }

    /// Everybody who may decide now, by name.
    ///
    /// # Errors
    /// The table cannot be read.
    pub fn list(&self) -> Result<Vec<Moderator>, ModeratorError> {
        let present = present(&self.connection)?;
        Ok(present.into_iter().map(|(_, person)| person).collect())
    }

    /// From now on their token is worth nothing. What they decided keeps their name.
    ///
    /// # Errors
    /// Nobody has the name, or the table cannot be written.
    pub fn remove(&self, name: &str) -> Result<(), ModeratorError> {
        match self
            .connection
            .execute(REMOVE, params![name, whole(now_ms())])?
        {
            0 => Err(ModeratorError::Unknown(name.to_owned())),
            _ => Ok(()),
        }
    }

    /// Who signs in with this token, if it is anybody's. Takes as long whatever the token is.
    ///
    /// # Errors
    /// The table cannot be read.
    pub fn find(&self, token: &Private<String>) -> Result<Option<Moderator>, ModeratorError> {
        let wanted = hash(token.reveal());
        let mut found = None;
        for (hash, person) in present(&self.connection)? {
            if verify_slices_are_equal(&hash, &wanted).is_ok() {
                found = Some(person);
            }
        }
        Ok(found)
    }
}

fn open(file: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch(TABLE)?;
    Ok(connection)
}

/// Those who were not removed, with the hashes of their tokens.
fn present(connection: &Connection) -> Result<Vec<(Vec<u8>, Moderator)>, rusqlite::Error> {
    let mut all = connection.prepare(PRESENT)?;
    let mut rows = all.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        // A role that a later version wrote gives nobody any right here.
        if let Some(one) = person(row)? {
            found.push(one);
        }
    }
    Ok(found)
}

fn person(row: &Row<'_>) -> Result<Option<(Vec<u8>, Moderator)>, rusqlite::Error> {
    let Ok(role) = row.get::<_, String>(2)?.parse() else {
        return Ok(None);
    };
    let moderator = Moderator {
        name: row.get(1)?,
        role,
        added_ms: u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
    };
    Ok(Some((row.get(0)?, moderator)))
}

/// It stands in lines of the log, in tables and in a terminal: nothing that would break them.
fn is_name(name: &str) -> bool {
    let fits = |sign: char| sign.is_alphanumeric() || " .-_".contains(sign);
    name == name.trim()
        && (1..=limits::MODERATOR_NAME_CHARS).contains(&name.chars().count())
        && name.chars().all(fits)
}

fn new_token() -> Result<Private<String>, ModeratorError> {
    let mut bytes = [0; 32];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| ModeratorError::Random)?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Private::new(format!("{TOKEN_START}{digits}")))
}

/// Plain SHA-256 is enough: 256 random bits cannot be guessed, however fast guesses are tried.
fn hash(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}
