//! The binary: hand the arguments and the environment to the command line, return its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    let variables = std::env::vars_os()
        .filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)))
        .collect();
    visavis::cli::run(std::env::args_os(), variables)
}
