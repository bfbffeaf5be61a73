//! The built binary, as an operator meets it: its command line, its pages, its life and its end.
#![expect(clippy::unwrap_used, reason = "a test's helpers may panic")]
#![expect(
    clippy::disallowed_methods,
    reason = "a real process is watched by a real clock"
)]

mod api_pages;
mod certificates;
mod command_line;
mod crowded;
mod described;
mod desk_commands;
mod draining;
mod life;
mod operators;
mod own_pictures;
mod pages;
mod secrecy;
mod started;
mod succeeded;
mod talker;
mod tokens_at_hand;
mod watched;
mod welcome;
