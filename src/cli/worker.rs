//! `visavis worker`: looks at pictures for the server that has started it, and at nothing else.

use std::io;

use anyhow::Context;

use crate::classify::confine;
use crate::classify::service::{ServiceError, serve};

/// Ends the command's help.
pub const AFTER_HELP: &str = "\
A server starts its workers itself and speaks to them over standard input and output. A worker has
no network and opens no file, and it ends when its input does.";

/// Looks until the input ends.
///
/// # Errors
/// The system does not let it be confined, or the server asks for what cannot be done.
pub fn worker() -> anyhow::Result<()> {
    confine::limit().context("confinement")?;
    let confine = || {
        confine::filter().map_err(|error| ServiceError::Refused(format!("confinement: {error}")))
    };
    Ok(serve(io::stdin().lock(), io::stdout(), confine)?)
}
