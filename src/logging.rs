//! The log: lines on standard error, for people or for machines.
//!
//! Only our own lines are written, since only for those we can answer that no address, SDP, token
//! or chat text is in them at `info` or above. `trace` shows the libraries' as well.

use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat, LogLevel};

/// Starts the process's log. A second call changes nothing.
pub fn start(log: &Log) {
    let level = level(log.level);
    let mut shown = Targets::new().with_target("visavis", level);
    if level == LevelFilter::TRACE {
        shown = shown.with_default(level);
    }
    let lines = tracing_subscriber::registry().with(shown);
    // A test may have started one already.
    let _ = match log.format {
        LogFormat::Text => {
            let coloured = io::stderr().is_terminal();
            lines
                .with(fmt::layer().with_writer(io::stderr).with_ansi(coloured))
                .try_init()
        }
        LogFormat::Json => lines
            .with(
                fmt::layer()
                    .with_writer(io::stderr)
                    .json()
                    .flatten_event(true),
            )
            .try_init(),
    };
}

const fn level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}
