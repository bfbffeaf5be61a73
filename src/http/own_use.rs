//! What this process uses of its machine, read when `/metrics` is.

use std::fs::read_to_string;

use rustix::param::page_size;
use rustix::time::{ClockId, clock_gettime};

use crate::metrics;

/// Brings the gauges of this process up to date.
pub(super) fn read() {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact up to 2^53 nanoseconds: 104 days"
    )]
    let seconds = time.tv_sec as f64 + time.tv_nsec as f64 / 1e9;
    metrics::PROCESS_CPU.gauge().set(seconds);
    if let Some(bytes) = resident_bytes() {
        metrics::PROCESS_MEMORY.gauge().set(bytes);
    }
}

/// The second field of `statm`, in pages (proc(5)). `None` where the system is not Linux.
fn resident_bytes() -> Option<f64> {
    let statm = read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    #[expect(clippy::cast_precision_loss, reason = "memory is far below 2^53 bytes")]
    Some((pages * page_size() as u64) as f64)
}
