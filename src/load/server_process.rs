//! What a process on this machine has cost so far, as Linux tells it.

use std::fs::read_to_string;
use std::time::Duration;

/// What a process has used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spent {
    /// Processor time of all its threads, those of the system for it included.
    pub processor: Duration,
    /// Memory held at present, in bytes.
    pub memory_bytes: u64,
}

/// What a process has used so far. `None` where there is none, or the system does not tell.
pub fn spent(pid: u32) -> Option<Spent> {
    let stat = read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let status = read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some(Spent {
        processor: processor_time(&stat, rustix::param::clock_ticks_per_second())?,
        memory_bytes: resident_bytes(&status)?,
    })
}

/// What the calling thread has had.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct ThreadTime {
    /// Of a processor.
    pub(super) processor: Duration,
    /// Of waiting for one, ready to run.
    pub(super) waiting: Duration,
}

/// What the calling thread has had so far: nothing where the system does not tell.
pub(super) fn own_thread_time() -> ThreadTime {
    let stat = read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let mut fields = stat.split_whitespace().map(|field| field.parse().ok());
    let mut next = || Duration::from_nanos(fields.next().flatten().unwrap_or(0));
    ThreadTime {
        processor: next(),
        waiting: next(),
    }
}

/// Fields 14 and 15 of `/proc/pid/stat` (proc(5)); the second, a name in brackets, may hold
/// anything.
fn processor_time(stat: &str, ticks_per_second: u64) -> Option<Duration> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let own: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    let millis = (own + system) * 1000 / ticks_per_second.max(1);
    Some(Duration::from_millis(millis))
}

fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_moves_no_field() {
        let stat = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20";
        assert_eq!(processor_time(stat, 100), Some(Duration::from_secs(3)));
    }

    #[test]
    fn this_process_has_used_something() {
        let spent = spent(std::process::id()).expect("Linux tells");
        assert!(spent.memory_bytes > 100_000);
        assert!(own_thread_time().processor > Duration::ZERO);
    }
}
