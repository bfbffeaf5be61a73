//! Reads what the server has used so far, whenever it is asked.

use std::time::Duration;

use super::http_side::HttpSide;
use super::looks::Looks;
use super::server_process::{Spent, spent};
use crate::metrics::{PROCESS_CPU, PROCESS_MEMORY};

/// Where the server's use is read.
#[derive(Clone)]
pub enum Meter {
    /// Nowhere.
    Nowhere,
    /// From its `/metrics`.
    Metrics(HttpSide),
    /// From its process on this machine.
    Process(u32),
}

impl Meter {
    /// The server's metrics if it shows them, or else its process on this machine, if that is known.
    pub async fn find(side: &HttpSide, process: Option<u32>) -> Self {
        let metrics = Self::Metrics(side.clone());
        if metrics.read().await.is_some() {
            return metrics;
        }
        match process.map(Self::Process) {
            Some(process) if process.read().await.is_some() => process,
            _ => Self::Nowhere,
        }
    }

    /// How the server has looked at pictures so far. `None` where nobody tells, or nobody looks.
    pub(super) async fn looks(&self) -> Option<Looks> {
        match self {
            Self::Nowhere | Self::Process(_) => None,
            Self::Metrics(side) => Looks::of(&side.metrics().await?),
        }
    }

    /// What the server has used so far. `None` where nobody tells.
    pub async fn read(&self) -> Option<Spent> {
        match self {
            Self::Nowhere => None,
            Self::Metrics(side) => told(&side.metrics().await?),
            Self::Process(pid) => spent(*pid),
        }
    }
}

/// What the text of `/metrics` says.
fn told(text: &str) -> Option<Spent> {
    let value = |name: &str| -> Option<f64> {
        let mut rows = text.lines().filter_map(|line| line.split_once(' '));
        let (_, value) = rows.find(|(of, _)| *of == name)?;
        value.parse().ok()
    };
    Some(Spent {
        processor: Duration::try_from_secs_f64(value(PROCESS_CPU.name)?).ok()?,
        memory_bytes: format!("{:.0}", value(PROCESS_MEMORY.name)?).parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::trust::Trust;

    #[tokio::test]
    async fn a_process_is_looked_at_where_no_metrics_are_shown() {
        // Nothing listens on the port for discarding.
        let side = HttpSide::of("http://127.0.0.1:9", Trust::System).expect("good");
        let own = Meter::find(&side, Some(std::process::id())).await;
        assert!(matches!(own, Meter::Process(_)) && own.read().await.is_some());
        let nobody = Meter::find(&side, None).await;
        assert!(matches!(nobody, Meter::Nowhere) && nobody.read().await.is_none());
    }

    #[test]
    fn two_rows_of_the_metrics_are_read() {
        let text = "# TYPE process_cpu_seconds_total gauge\nprocess_cpu_seconds_total 1.25\n\n\
                    process_resident_memory_bytes_more 5\nprocess_resident_memory_bytes 2.5e6\n";
        let expected = Spent {
            processor: Duration::from_millis(1250),
            memory_bytes: 2_500_000,
        };
        assert_eq!(told(text), Some(expected));
        assert_eq!(told("process_cpu_seconds_total 1"), None);
        assert_eq!(
            told("process_cpu_seconds_total -1\nprocess_resident_memory_bytes 2"),
            None
        );
    }
}
