//! [`Posting`]: single datagrams to many addresses in one system call.

use std::io::IoSlice;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd as _, BorrowedFd};

use nix::cmsg_space;
use nix::errno::Errno;
use nix::libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo};
use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg};

/// Datagrams that go to the kernel together.
pub(crate) const POSTED: usize = 32;

/// The memory that such a call takes. It stays on the thread that made it.
pub(crate) struct Posting {
    plain: MultiHeaders<SockaddrStorage>,
    from_ipv4: MultiHeaders<SockaddrStorage>,
    from_ipv6: MultiHeaders<SockaddrStorage>,
}

impl Posting {
    pub(crate) fn new() -> Self {
        let headers = |room| MultiHeaders::preallocate(POSTED, room);
        Self {
            plain: headers(None),
            from_ipv4: headers(Some(cmsg_space!(in_pktinfo))),
            from_ipv6: headers(Some(cmsg_space!(in6_pktinfo))),
        }
    }

    /// Sends at most [`POSTED`] datagrams, from one local address where it is given. Answers how many
    /// the kernel refused; those behind a refused one are tried all the same.
    pub(crate) fn send(
        &mut self,
        socket: BorrowedFd<'_>,
        from: Option<IpAddr>,
        datagrams: &[(SocketAddr, &[u8])],
    ) -> u64 {
        debug_assert!(datagrams.len() <= POSTED, "there is room for no more");
        let mut addresses = [None; POSTED];
        let mut slices: [[IoSlice<'_>; 1]; POSTED] = std::array::from_fn(|_| [IoSlice::new(&[])]);
        let places = addresses.iter_mut().zip(&mut slices);
        for ((address, slice), (to, bytes)) in places.zip(datagrams) {
            *address = Some(SockaddrStorage::from(*to));
            *slice = [IoSlice::new(bytes)];
        }
        let mut done = 0;
        let mut refused = 0;
        while done < datagrams.len() {
            let addresses = addresses.get(done..datagrams.len()).unwrap_or_default();
            let slices = slices.get(done..datagrams.len()).unwrap_or_default();
            match self.call(socket, from, addresses, slices) {
                Ok(sent) if sent > 0 => done += sent,
                Err(Errno::EINTR) => {}
                Ok(_) | Err(_) => {
                    refused += 1;
                    done += 1;
                }
            }
        }
        refused
    }

    fn call(
        &mut self,
        socket: BorrowedFd<'_>,
        from: Option<IpAddr>,
        addresses: &[Option<SockaddrStorage>],
        slices: &[[IoSlice<'_>; 1]],
    ) -> nix::Result<usize> {
        let socket = socket.as_raw_fd();
        let flags = MsgFlags::MSG_DONTWAIT;
        match from {
            None => Ok(sendmmsg(socket, &mut self.plain, slices, addresses, [], flags)?.count()),
            Some(IpAddr::V4(ip)) => {
                let info = in_pktinfo {
                    ipi_ifindex: 0,
                    ipi_spec_dst: in_addr {
                        s_addr: u32::from_ne_bytes(ip.octets()),
                    },
                    ipi_addr: in_addr { s_addr: 0 },
                };
                let from = [ControlMessage::Ipv4PacketInfo(&info)];
                Ok(sendmmsg(socket, &mut self.from_ipv4, slices, addresses, from, flags)?.count())
            }
            Some(IpAddr::V6(ip)) => {
                let info = in6_pktinfo {
                    ipi6_ifindex: 0,
                    ipi6_addr: in6_addr {
                        s6_addr: ip.octets(),
                    },
                };
                let from = [ControlMessage::Ipv6PacketInfo(&info)];
                Ok(sendmmsg(socket, &mut self.from_ipv6, slices, addresses, from, flags)?.count())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::os::fd::AsFd as _;

    use super::*;

    fn pair(host: &str) -> (UdpSocket, UdpSocket) {
        let bind = || UdpSocket::bind((host, 0)).unwrap();
        (bind(), bind())
    }

    fn received(socket: &UdpSocket) -> Vec<u8> {
        let mut room = [0; 100];
        let length = socket.recv(&mut room).unwrap();
        room[..length].to_vec()
    }

    #[test]
    fn many_go_out_together_each_to_its_own_address() {
        let (ours, first) = pair("127.0.0.1");
        let second = UdpSocket::bind("127.0.0.1:0").unwrap();
        let (to_first, to_second) = (first.local_addr().unwrap(), second.local_addr().unwrap());
        let mut posting = Posting::new();
        let datagrams: [(_, &[u8]); 3] = [(to_first, b"a"), (to_second, b"bc"), (to_first, b"d")];
        assert_eq!(posting.send(ours.as_fd(), None, &datagrams), 0);
        assert_eq!(
            (received(&first), received(&first)),
            (b"a".to_vec(), b"d".to_vec())
        );
        assert_eq!(received(&second), b"bc");
    }

    #[test]
    fn they_come_from_the_address_that_is_given() {
        let ours = UdpSocket::bind("0.0.0.0:0").unwrap();
        let theirs = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = theirs.local_addr().unwrap();
        let from = IpAddr::from([127, 0, 0, 9]);
        let mut posting = Posting::new();
        assert_eq!(posting.send(ours.as_fd(), Some(from), &[(to, b"x")]), 0);
        let (_, seen) = theirs.recv_from(&mut [0; 10]).unwrap();
        assert_eq!(seen.ip(), from);
    }

    #[test]
    fn one_that_is_refused_does_not_keep_the_others() {
        let (ours, theirs) = pair("127.0.0.1");
        let to = theirs.local_addr().unwrap();
        // Port 0 is nobody's.
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut posting = Posting::new();
        let datagrams: [(_, &[u8]); 4] = [(nowhere, b"1"), (to, b"2"), (nowhere, b"3"), (to, b"4")];
        assert_eq!(posting.send(ours.as_fd(), None, &datagrams), 2);
        assert_eq!(
            (received(&theirs), received(&theirs)),
            (b"2".to_vec(), b"4".to_vec())
        );
    }
}
