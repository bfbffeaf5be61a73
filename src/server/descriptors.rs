//! Room for connections: every WebSocket holds a file descriptor, and a shell gives a process 1,024.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

/// What the process needs beside the connections of visitors: sockets, files, the runtime's own.
const OTHERS: u64 = 256;

/// Open files that so many connections need.
pub(super) fn needed(connections: u32) -> u64 {
    u64::from(connections).saturating_add(OTHERS)
}

/// Raises the process's limit as far as the configuration needs and the system allows.
pub(super) fn make_room(connections: u32) {
    let needed = needed(connections);
    let limit = getrlimit(Resource::Nofile);
    let enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= needed);
    if enough(limit.current) {
        return;
    }
    let current = limit.maximum.map_or(needed, |maximum| maximum.min(needed));
    let raised = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(current),
            maximum: limit.maximum,
        },
    );
    if raised.is_err() || current < needed {
        let allowed = getrlimit(Resource::Nofile).current;
        warn!(
            needed,
            allowed, "the system allows fewer open files than http.max_connections needs"
        );
    }
}
