//! What this process uses of its machine, read when `/metrics` is.

use std::fs::read_to_string;
use std::net::SocketAddr;

use rustix::param::page_size;
use rustix::time::{ClockId, clock_gettime};

use crate::metrics;

/// Brings the gauges of this process up to date, which takes in media at these addresses.
pub(super) fn read(media: &[SocketAddr]) {
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
    let tables = ["/proc/self/net/udp", "/proc/self/net/udp6"].map(read_to_string);
    let dropped: u64 = tables
        .iter()
        .flatten()
        .map(|table| dropped(table, media))
        .sum();
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    metrics::MEDIA_SOCKET_DROPS.gauge().set(dropped as f64);
}

/// What the kernel has thrown away at the ports of these addresses, by one of its tables of UDP
/// sockets (proc(5)): the local address is the second field, what was dropped the last.
fn dropped(table: &str, media: &[SocketAddr]) -> u64 {
    let is_ours = |port| media.iter().any(|address| address.port() == port);
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let (_, port) = line.split_whitespace().nth(1)?.rsplit_once(':')?;
            let port = u16::from_str_radix(port, 16).ok()?;
            let dropped: u64 = line.split_whitespace().next_back()?.parse().ok()?;
            is_ours(port).then_some(dropped)
        })
        .sum()
}

/// The second field of `statm`, in pages (proc(5)). `None` where the system is not Linux.
fn resident_bytes() -> Option<f64> {
    let statm = read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    #[expect(clippy::cast_precision_loss, reason = "memory is far below 2^53 bytes")]
    Some((pages * page_size() as u64) as f64)
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    #[test]
    fn what_a_full_socket_drops_is_counted_and_nobody_elses() {
        let [ours, other] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
        let media = [ours.local_addr().unwrap()];
        let table = || read_to_string("/proc/self/net/udp").unwrap();
        assert_eq!(dropped(&table(), &media), 0);
        // Far more than a socket's buffer takes.
        for _ in 0..1_000 {
            for socket in [&ours, &other] {
                let to = socket.local_addr().unwrap();
                other.send_to(&[0; 10_000], to).unwrap();
            }
        }
        let dropped_of_one = dropped(&table(), &media);
        assert!((1..1_000).contains(&dropped_of_one), "{dropped_of_one}");
        assert_eq!(dropped("", &media) + dropped("rubbish\n:\n1: x", &media), 0);
    }
}
