//! What a worker gives up before it looks at a stranger's bytes: files, network, memory, priority.

use std::collections::BTreeMap;
use std::io;

use rustix::process::{Resource, Rlimit, nice, setrlimit};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule,
};

use crate::limits::WORKER_MEMORY_BYTES;

/// What confinement failed at.
#[derive(thiserror::Error, Debug)]
pub enum ConfineError {
    /// The system refuses a limit.
    #[error("the limit of {what}")]
    Limit {
        /// What was to be limited.
        what: &'static str,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The system refuses the filter of system calls.
    #[error("the filter of system calls: {0}")]
    Filter(String),
}

/// How far it steps back: half as much of a core as a packet's thread, where both want all of one. At 10 any
/// other program that was busy left too little of a core to look in time, so that nobody came in; packets
/// were not a microsecond sooner for it.
const STEPS_BACK: i32 = 3;

/// Limits memory, files and priority of this process, for good. Threads may still be started.
///
/// # Errors
/// The system refuses.
pub fn limit() -> Result<(), ConfineError> {
    set("memory", Resource::As, WORKER_MEMORY_BYTES)?;
    // Standard input, output and error are there; no other can be opened.
    set("open files", Resource::Nofile, 3)?;
    set("file size", Resource::Fsize, 0)?;
    set("core dumps", Resource::Core, 0)?;
    let lowered = nice(STEPS_BACK).map_err(io::Error::from);
    lowered.map(drop).map_err(|source| ConfineError::Limit {
        what: "priority",
        source,
    })
}

fn set(what: &'static str, resource: Resource, most: u64) -> Result<(), ConfineError> {
    let limit = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    setrlimit(resource, limit).map_err(|source| ConfineError::Limit {
        what,
        source: source.into(),
    })
}

/// Leaves every thread of this process nothing but arithmetic, memory and the descriptors it has:
/// no file, no socket, no program, no further thread. Whatever else it asks of the system is refused
/// (`EPERM`), not punished.
///
/// # Errors
/// The system has no such filters.
pub fn filter() -> Result<(), ConfineError> {
    let words = |error: &dyn ToString| ConfineError::Filter(error.to_string());
    let mut allowed: BTreeMap<_, _> = ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    for (call, argument, value) in ALLOWED_WITH {
        let rule = rule(argument, value).map_err(|error| words(&error))?;
        allowed.entry(call).or_default().push(rule);
    }
    let arch = std::env::consts::ARCH
        .try_into()
        .map_err(|error| words(&error))?;
    let refuse = SeccompAction::Errno(EPERM);
    let filter = SeccompFilter::new(allowed, refuse, SeccompAction::Allow, arch)
        .map_err(|error| words(&error))?;
    let program: BpfProgram = filter.try_into().map_err(|error| words(&error))?;
    seccompiler::apply_filter_all_threads(&program).map_err(|error| words(&error))
}

/// The argument, counted from zero, has to be this.
fn rule(argument: u8, value: u32) -> Result<SeccompRule, BackendError> {
    let (length, equals) = (SeccompCmpArgLen::Dword, SeccompCmpOp::Eq);
    let condition = SeccompCondition::new(argument, length, equals, value.into())?;
    SeccompRule::new(vec![condition])
}

/// "Operation not permitted", as the system returns it.
const EPERM: u32 = 1;

/// What looking at pictures needs of the system.
const ALLOWED: [i64; 24] = [
    libc::SYS_close,
    // Memory.
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    // Threads that are there.
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Signals, of which a crash is one.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_tgkill,
    // Time and chance.
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_getrandom,
];

/// The same, with an argument that has to have a value: only its own pipes are read and written,
/// whatever else it was given, and no file is mapped.
const ALLOWED_WITH: [(i64, u8, u32); 7] = [
    (libc::SYS_read, 0, 0),
    (libc::SYS_readv, 0, 0),
    (libc::SYS_write, 0, 1),
    (libc::SYS_write, 0, 2),
    (libc::SYS_writev, 0, 1),
    (libc::SYS_writev, 0, 2),
    (libc::SYS_mmap, 4, u32::MAX),
];
