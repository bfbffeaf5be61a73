//! `visavis openapi`: the description of the HTTP API.

use super::print;
use crate::http::description;

/// Ends the command's help.
pub const AFTER_HELP: &str = "\
Examples:
  visavis openapi > visavis.json

A running server serves the same at /v1/openapi.json, and as a page to read at /docs.";

/// Prints it.
///
/// # Errors
/// Standard output is closed.
pub fn openapi() -> anyhow::Result<()> {
    print(description::text())
}
