//! `visavis token`: makes access tokens and says what is in them.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use rand::Rng;
use serde_json::json;

use super::print;
use crate::access::{Attributes, Claims, Flaw, Grant, Keyring, SigningKey, unverified};
use crate::age::Age;
use crate::config::{KeyAlgorithm, KeyFile, Loaded};
use crate::limits;
use crate::private::Private;

/// Ends the command's help.
pub const AFTER_HELP: &str = "\
Examples:
  visavis token secret > main.secret
  visavis token mint --access-keys main=HS256:main.secret --sub ada --age adult=verified > ada.token
  visavis token inspect --access-keys main=HS256:main.secret - < ada.token

A server with --access-keys main=HS256:main.secret --access-guests=false lets in whoever brings such a
token with `join`. docs/access.md says how a backend of your own makes them.";

/// What to do about tokens.
#[derive(Args, Clone, Debug)]
pub struct TokenArguments {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Subcommand, Clone, Debug)]
enum TokenCommand {
    /// Print a token, signed by a key of the configuration.
    Mint(Box<MintArguments>),
    /// Print what a token says, and whether it is good now; exit code 1 if it is not.
    Inspect {
        /// The token; - reads it from standard input.
        token: String,
    },
    /// Print a secret for a key of the kind HS256: 256 random bits.
    Secret,
}

#[derive(Args, Clone, Debug)]
struct MintArguments {
    /// By which key of access.keys; may be left out where there is one.
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// The private key in PEM, where the configuration has the public one (ES256, EdDSA).
    #[arg(long, value_name = "FILE")]
    private_key: Option<PathBuf>,
    /// Who, in a name that means something to you alone: no name, no address.
    #[arg(long, value_name = "NAME")]
    sub: Option<String>,
    /// What it allows: visit, publish, watch, backend, moderate, admin.
    #[arg(long, value_name = "GRANT", value_delimiter = ',', default_value = "visit", value_parser = grant)]
    grant: Vec<String>,
    /// The band of ages and how sure you are of it, as adult=verified.
    #[arg(long, value_name = "BAND=ASSURANCE")]
    age: Option<Age>,
    /// Interests, in place of what the visitor types.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    interests: Option<Vec<String>>,
    /// BCP 47 tags, in place of what the visitor chooses.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    languages: Option<Vec<String>>,
    /// How long it is good, as 10m or 12h.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = super::load::time)]
    expires_in: Duration,
    /// Good for one use.
    #[arg(long)]
    once: bool,
}

/// Does what is asked.
///
/// # Errors
/// There is no such key, a file cannot be read, or a token that is inspected is not good.
pub fn token(loaded: &Loaded, arguments: &TokenArguments) -> anyhow::Result<()> {
    match &arguments.command {
        TokenCommand::Mint(arguments) => mint(loaded, arguments),
        TokenCommand::Inspect { token } => inspect(loaded, token),
        TokenCommand::Secret => print(&format!("{}\n", random_hex::<32>())),
    }
}

fn mint(loaded: &Loaded, arguments: &MintArguments) -> anyhow::Result<()> {
    let key = chosen(&loaded.config.access.keys, arguments.key.as_deref())?;
    let file = match (key.algorithm, &arguments.private_key) {
        (_, Some(file)) => file,
        (KeyAlgorithm::Hs256, None) => &key.file,
        (KeyAlgorithm::Es256 | KeyAlgorithm::EdDsa, None) => {
            bail!("{} is a public key: say --private-key as well", key.id)
        }
    };
    let bytes = fs::read(file).with_context(|| file.display().to_string())?;
    let signing = SigningKey::read(&key.id, key.algorithm, &bytes)
        .map_err(|bad| anyhow!("{} must be {bad}", file.display()))?;
    let now_s = seconds();
    let claims = Claims {
        sub: arguments.sub.clone().map(Private::new),
        grants: arguments.grant.clone(),
        age: arguments.age,
        attributes: Attributes {
            interests: arguments.interests.clone(),
            languages: arguments.languages.clone(),
        },
        exp: now_s.saturating_add(arguments.expires_in.as_secs()),
        nbf: None,
        iat: Some(now_s),
        aud: None,
        jti: arguments.once.then(random_hex::<16>),
    };
    print(&format!("{}\n", signing.sign(&claims)?))
}

fn inspect(loaded: &Loaded, token: &str) -> anyhow::Result<()> {
    let mut token = token.to_owned();
    if token == "-" {
        token.clear();
        let most = limits::TOKEN_BYTES as u64 + 2;
        std::io::stdin()
            .lock()
            .take(most)
            .read_to_string(&mut token)?;
    }
    let token = token.trim();
    let (header, claims) = unverified(token)?;
    let verdict = judged(loaded, token)?;
    let word = verdict.map_or_else(|flaw| flaw.to_string(), |()| "good".to_owned());
    let shown = json!({ "header": header, "claims": claims, "verdict": word });
    print(&format!("{shown:#}\n"))?;
    Ok(verdict?)
}

/// Whether the server would take it now; that it was used before only the server knows.
fn judged(loaded: &Loaded, token: &str) -> anyhow::Result<Result<(), Flaw>> {
    let mut keyring = Keyring::default();
    for key in &loaded.config.access.keys {
        let file = fs::read(&key.file).with_context(|| key.file.display().to_string())?;
        keyring
            .add(&key.id, key.algorithm, &file)
            .map_err(|bad| anyhow!("{} must be {bad}", key.file.display()))?;
    }
    let read = keyring.read(token);
    Ok(read.and_then(|claims| claims.hold_at(seconds())))
}

fn chosen<'a>(keys: &'a [KeyFile], id: Option<&str>) -> anyhow::Result<&'a KeyFile> {
    match (id, keys) {
        (_, []) => bail!("access.keys is empty: there is no key to sign by"),
        (None, [only]) => Ok(only),
        (None, _) => bail!("access.keys has several keys: say which with --key"),
        (Some(id), _) => keys
            .iter()
            .find(|key| key.id == id)
            .with_context(|| format!("access.keys has no key {id}")),
    }
}

fn grant(text: &str) -> Result<String, String> {
    let known = Grant::ALL.iter().any(|grant| grant.word() == text);
    known
        .then(|| text.to_owned())
        .ok_or_else(|| format!("out of {}", Grant::ALL.map(Grant::word).join(", ")))
}

fn random_hex<const BYTES: usize>() -> String {
    let bytes: [u8; BYTES] = rand::rng().random();
    hex::encode(bytes)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a token says when it was made and when it ends"
)]
fn seconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
