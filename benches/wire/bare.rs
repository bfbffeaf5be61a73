//! The floor: a loop that receives and sends untouched, with the batches of a shard and the same
//! system calls, and knows nothing.

use std::io::{IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg};
use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use visavis::limits;

pub(crate) struct Bare {
    pub(crate) address: SocketAddr,
    is_running: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Bare {
    pub(crate) fn start() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        let is_running = Arc::new(AtomicBool::new(true));
        let running = Arc::clone(&is_running);
        let thread = std::thread::Builder::new()
            .name("bare".to_owned())
            .spawn(move || relay(&socket, &running))
            .unwrap();
        Self {
            address,
            is_running,
            thread,
        }
    }

    pub(crate) fn stop(self) {
        self.is_running.store(false, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

fn relay(socket: &UdpSocket, is_running: &AtomicBool) {
    let state = UdpSocketState::new(socket.into()).unwrap();
    state
        .set_recv_buffer_size(socket.into(), limits::SOCKET_BUFFER_BYTES)
        .unwrap();
    let mut poll = Poll::new().unwrap();
    let mut source = SourceFd(&socket.as_raw_fd());
    let registry = poll.registry();
    registry
        .register(&mut source, Token(0), Interest::READABLE)
        .unwrap();
    let mut events = Events::with_capacity(8);
    let mut buffers = vec![vec![0; limits::RECEIVE_BYTES]; BATCH_SIZE];
    let mut metas = [RecvMeta::default(); BATCH_SIZE];
    let mut singles = MultiHeaders::preallocate(BATCH_SIZE, None);
    while is_running.load(Ordering::Relaxed) {
        poll.poll(&mut events, Some(Duration::from_millis(100)))
            .unwrap();
        loop {
            let received = {
                let mut rest = buffers.iter_mut();
                let mut slices: [IoSliceMut<'_>; BATCH_SIZE] =
                    std::array::from_fn(|_| IoSliceMut::new(rest.next().unwrap()));
                state.recv(socket.into(), &mut slices, &mut metas)
            };
            let Ok(count) = received else { break };
            let batch = || buffers.iter().zip(&metas).take(count);
            let is_burst = |meta: &RecvMeta| meta.len > meta.stride;
            for (buffer, meta) in batch().filter(|(_, meta)| is_burst(meta)) {
                let transmit = Transmit {
                    destination: facing(meta.addr),
                    ecn: None,
                    contents: &buffer[..meta.len],
                    segment_size: Some(meta.stride),
                    src_ip: meta.dst_ip,
                };
                // What the kernel refuses is counted as lost by the one who waits for it.
                let _: std::io::Result<()> = state.try_send(socket.into(), &transmit);
            }
            let single = batch().filter(|(_, meta)| !is_burst(meta));
            let single = single.map(|(buffer, meta)| (facing(meta.addr), &buffer[..meta.len]));
            post(socket, &mut singles, single);
        }
    }
}

/// Sends single datagrams together, as a shard does.
fn post<'a>(
    socket: &UdpSocket,
    headers: &mut MultiHeaders<SockaddrStorage>,
    datagrams: impl Iterator<Item = (SocketAddr, &'a [u8])>,
) {
    let (slices, addresses): (Vec<_>, Vec<_>) = datagrams
        .map(|(to, bytes)| ([IoSlice::new(bytes)], Some(SockaddrStorage::from(to))))
        .unzip();
    let mut done = 0;
    while done < slices.len() {
        let (slices, addresses) = (&slices[done..], &addresses[done..]);
        let flags = MsgFlags::MSG_DONTWAIT;
        match sendmmsg(socket.as_raw_fd(), headers, slices, addresses, [], flags) {
            Ok(sent) => done += sent.count().max(1),
            Err(_) => done += 1,
        }
    }
}

/// The two of a match have neighbouring addresses.
fn facing(address: SocketAddr) -> SocketAddr {
    let IpAddr::V4(ip) = address.ip() else {
        return address;
    };
    SocketAddr::from((Ipv4Addr::from_bits(ip.to_bits() ^ 1), address.port()))
}
