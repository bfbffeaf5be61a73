//! Reads what the server has used so far, whenever it is asked.

use super::server_process::{Spent, spent};

/// Where the server's use is read.
#[derive(Clone, Debug)]
pub enum Meter {
    /// Nowhere.
    Nowhere,
    /// From its process on this machine.
    Process(u32),
}

impl Meter {
    /// What the server has used so far. `None` where nobody tells.
    pub async fn read(&mut self) -> Option<Spent> {
        match self {
            Self::Nowhere => None,
            Self::Process(pid) => spent(*pid),
        }
    }
}
