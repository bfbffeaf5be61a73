//! Every bound in one table: queues, maps and waits take theirs from here, and the relations
//! between them are asserted when the program is compiled.

use std::time::Duration;

/// Largest datagram that is received or sent, in bytes: an Ethernet frame's payload.
pub const DATAGRAM_BYTES: usize = 1500;

/// Largest SDP that is read, in bytes. Chromium's offer with one camera is about 6,000.
pub const SDP_BYTES: usize = 32 * 1024;

/// Largest WebSocket message, in bytes: an SDP and what surrounds it.
pub const SIGNAL_MESSAGE_BYTES: usize = 64 * 1024;

/// Messages that wait for a slow WebSocket before it is given up.
pub const SIGNAL_QUEUE: usize = 64;

/// How long a lobby may keep two sessions apart because of interests, at most.
pub const INTERESTS_PATIENCE_MAX: Duration = Duration::from_secs(600);

const _: () = assert!(SDP_BYTES < SIGNAL_MESSAGE_BYTES);
