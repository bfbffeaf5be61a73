//! The socket of one simulated visitor.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd as _;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use quinn_udp::{RecvMeta, Transmit, UdpSocketState};

use super::sending::Batch;

/// A socket that speaks with the server only.
pub(super) struct Wire {
    socket: UdpSocket,
    state: UdpSocketState,
    server: SocketAddr,
}

impl Wire {
    /// A socket of its own port.
    ///
    /// # Errors
    /// When there is none left, or no way to the server.
    pub(super) fn open(server: SocketAddr) -> io::Result<Self> {
        let any: IpAddr = match server {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect(server)?;
        socket.set_nonblocking(true)?;
        let state = UdpSocketState::new((&socket).into())?;
        Ok(Self {
            socket,
            state,
            server,
        })
    }

    /// Own and the server's address.
    pub(super) fn path(&self) -> io::Result<[SocketAddr; 2]> {
        Ok([self.socket.local_addr()?, self.server])
    }

    pub(super) fn register(&self, registry: &Registry, token: Token) -> io::Result<()> {
        let mut source = SourceFd(&self.socket.as_raw_fd());
        registry.register(&mut source, token, Interest::READABLE)
    }

    /// Sends a batch. What the system refuses is lost, as on any way.
    pub(super) fn send(&self, batch: &Batch) {
        for (contents, segment) in batch.runs(self.state.max_gso_segments()) {
            let transmit = Transmit {
                destination: self.server,
                ecn: None,
                contents,
                segment_size: (contents.len() > segment).then_some(segment),
                src_ip: None,
            };
            let _: io::Result<()> = self.state.try_send((&self.socket).into(), &transmit);
        }
    }

    /// Reads until nothing is left.
    pub(super) fn receive(&self, room: &mut [u8], mut take: impl FnMut(&mut [u8])) {
        let mut metas = [RecvMeta::default()];
        loop {
            let mut slices = [IoSliceMut::new(room)];
            let received = self
                .state
                .recv((&self.socket).into(), &mut slices, &mut metas);
            if received.is_err() {
                return;
            }
            let [meta] = &metas;
            let filled = room.get_mut(..meta.len).unwrap_or_default();
            for datagram in filled.chunks_mut(meta.stride.max(1)) {
                take(datagram);
            }
        }
    }
}
