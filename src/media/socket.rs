//! The media port: batched UDP, several datagrams to a system call where the kernel can (GRO, GSO).

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use socket2::{Domain, Protocol, Socket, Type};
use std::os::fd::{AsFd as _, AsRawFd as _};

use super::datagrams::{Datagrams, Route, Run};
use super::posting::{POSTED, Posting};
use crate::limits;

/// What a read has left in the socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Left {
    /// Nothing: it brought less than it could.
    Nothing,
    /// Perhaps more.
    More,
}

/// One shard's socket on the media port.
pub(crate) struct MediaSocket {
    socket: std::net::UdpSocket,
    state: UdpSocketState,
    is_ipv6: bool,
    buffers: Vec<Vec<u8>>,
    metas: [RecvMeta; BATCH_SIZE],
    received: usize,
}

impl MediaSocket {
    /// As many sockets on one port as there are shards; the kernel sends a 4-tuple always to the
    /// same one.
    ///
    /// # Errors
    /// When the address cannot be bound, because it is taken or is not this machine's.
    pub(crate) fn bind(address: SocketAddr, shards: usize) -> io::Result<Vec<Self>> {
        // Another server of the same user would share the port in silence: see that it is free.
        let probe = open(address)?;
        probe.bind(&address.into())?;
        let address = probe.local_addr()?.as_socket().unwrap_or(address);
        drop(probe);
        (0..shards).map(|_| Self::bind_shared(address)).collect()
    }

    fn bind_shared(address: SocketAddr) -> io::Result<Self> {
        let socket = open(address)?;
        socket.set_reuse_port(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        let socket = std::net::UdpSocket::from(socket);
        let state = UdpSocketState::new((&socket).into())?;
        for set in [
            UdpSocketState::set_recv_buffer_size,
            UdpSocketState::set_send_buffer_size,
        ] {
            // The kernel gives what its limits allow; less is only slower.
            let _: io::Result<()> = set(&state, (&socket).into(), limits::SOCKET_BUFFER_BYTES);
        }
        let segments = state.gro_segments().max(1);
        let room = (segments * limits::DATAGRAM_BYTES).min(limits::RECEIVE_BYTES);
        Ok(Self {
            socket,
            state,
            is_ipv6: address.is_ipv6(),
            buffers: vec![vec![0; room]; BATCH_SIZE],
            metas: [RecvMeta::default(); BATCH_SIZE],
            received: 0,
        })
    }

    /// The address it is bound to.
    pub(crate) fn local_address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Wakes the poll that owns `registry` when there is something to receive.
    pub(crate) fn register(&self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(
            &mut SourceFd(&self.socket.as_raw_fd()),
            token,
            Interest::READABLE,
        )
    }

    /// Receives one batch, and tells whether the socket may hold more. Only once it holds nothing does
    /// the poll that owns it wake for what comes next: a read that brought less than it could has seen
    /// it empty.
    pub(crate) fn receive(&mut self) -> Left {
        let mut slices = self.buffers.each_slice();
        let received = self
            .state
            .recv((&self.socket).into(), &mut slices, &mut self.metas);
        self.received = received.unwrap_or(0);
        if self.received < BATCH_SIZE {
            Left::Nothing
        } else {
            Left::More
        }
    }

    /// How long the newest of what was received last had waited, by the kernel's time stamp; `now` is
    /// since 1970, as that is.
    pub(crate) fn age(&self, now: Duration) -> Duration {
        let newest = self.metas.iter().take(self.received).next_back();
        newest
            .and_then(|meta| meta.timestamp)
            .map_or(Duration::ZERO, |stamp| now.saturating_sub(stamp))
    }

    /// Where what was received last comes from, once for datagrams that came together.
    pub(crate) fn routes(&self) -> impl Iterator<Item = Route> {
        self.metas.iter().take(self.received).map(route_of)
    }

    /// Gives each datagram that was received last to `take`.
    pub(crate) fn each_datagram(&mut self, mut take: impl FnMut(Route, &mut [u8])) {
        let batch = self.buffers.iter_mut().zip(&self.metas);
        for (buffer, meta) in batch.take(self.received) {
            let Some(filled) = buffer.get_mut(..meta.len) else {
                continue;
            };
            for datagram in filled.chunks_mut(meta.stride.max(1)) {
                take(route_of(meta), datagram);
            }
        }
    }

    /// Sends a batch: what goes to one address and lies side by side by segmented sends, the rest many
    /// at a time. Answers how many datagrams the kernel refused.
    pub(crate) fn send(&self, batch: &Datagrams, posting: &mut Posting) -> u64 {
        let mut refused = 0;
        let nowhere: (SocketAddr, &[u8]) = (SocketAddr::from(([0; 4], 0)), &[]);
        let mut singles = [nowhere; POSTED];
        let mut count = 0;
        let mut from = None;
        for run in batch.runs(self.state.max_gso_segments()) {
            if run.datagrams > 1 {
                // What goes to one address stays in order.
                let to = self.mapped(run.route.remote);
                if singles.iter().take(count).any(|single| single.0 == to) {
                    refused += self.post(&singles, count, from, posting);
                    count = 0;
                }
                refused += self.send_run(&run);
                continue;
            }
            if count == POSTED || (count > 0 && from != run.route.local) {
                refused += self.post(&singles, count, from, posting);
                count = 0;
            }
            from = run.route.local;
            if let Some(single) = singles.get_mut(count) {
                *single = (self.mapped(run.route.remote), run.bytes);
                count += 1;
            }
        }
        refused + self.post(&singles, count, from, posting)
    }

    fn post(
        &self,
        singles: &[(SocketAddr, &[u8])],
        count: usize,
        from: Option<IpAddr>,
        posting: &mut Posting,
    ) -> u64 {
        let singles = singles.get(..count).unwrap_or_default();
        let from = from.map(|ip| self.mapped_ip(ip));
        posting.send(self.socket.as_fd(), from, singles)
    }

    fn send_run(&self, run: &Run<'_>) -> u64 {
        let transmit = Transmit {
            destination: self.mapped(run.route.remote),
            ecn: None,
            contents: run.bytes,
            segment_size: Some(run.segment),
            src_ip: run.route.local.map(|ip| self.mapped_ip(ip)),
        };
        match self.state.try_send((&self.socket).into(), &transmit) {
            Ok(()) => 0,
            Err(_) => run.datagrams as u64,
        }
    }

    /// A socket for both families speaks of IPv4 in IPv6's words (RFC 4291, 2.5.5.2).
    fn mapped(&self, address: SocketAddr) -> SocketAddr {
        SocketAddr::new(self.mapped_ip(address.ip()), address.port())
    }

    fn mapped_ip(&self, ip: IpAddr) -> IpAddr {
        match ip {
            IpAddr::V4(v4) if self.is_ipv6 => IpAddr::V6(v4.to_ipv6_mapped()),
            other => other,
        }
    }
}

fn open(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        socket.set_only_v6(false)?;
    }
    Ok(socket)
}

fn route_of(meta: &RecvMeta) -> Route {
    Route {
        remote: canonical(meta.addr),
        local: meta.dst_ip.map(|ip| ip.to_canonical()),
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// One slice of every receive buffer.
trait EachSlice {
    fn each_slice(&mut self) -> [IoSliceMut<'_>; BATCH_SIZE];
}

impl EachSlice for Vec<Vec<u8>> {
    fn each_slice(&mut self) -> [IoSliceMut<'_>; BATCH_SIZE] {
        let mut buffers = self.iter_mut();
        std::array::from_fn(|_| {
            IoSliceMut::new(buffers.next().map(Vec::as_mut_slice).unwrap_or_default())
        })
    }
}
