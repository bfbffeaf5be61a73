//! How long a thread of this process has been on a core, by the kernel's count.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// One thread's account.
pub(crate) struct Account {
    path: PathBuf,
}

impl Account {
    /// Of the thread that bears this name, as soon as it has taken it.
    pub(crate) fn of_thread(name: &str) -> Self {
        loop {
            let tasks = fs::read_dir("/proc/self/task").unwrap();
            let found = tasks.map(|task| task.unwrap().path()).find(|task| {
                let comm = fs::read_to_string(task.join("comm")).unwrap_or_default();
                comm.trim() == name
            });
            if let Some(task) = found {
                return Self {
                    path: task.join("schedstat"),
                };
            }
            std::thread::yield_now();
        }
    }

    /// Of the thread that asks.
    pub(crate) fn own() -> Self {
        Self {
            path: PathBuf::from("/proc/thread-self/schedstat"),
        }
    }

    /// So far.
    pub(crate) fn spent(&self) -> Duration {
        let line = fs::read_to_string(&self.path).unwrap();
        let nanos = line.split(' ').next().unwrap().parse().unwrap();
        Duration::from_nanos(nanos)
    }
}
