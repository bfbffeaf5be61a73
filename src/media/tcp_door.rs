//! ICE over TCP (RFC 6544), for visitors whose network lets no UDP through.
//!
//! A connection carries packets with their length before each (RFC 4571). For every connection there is
//! a UDP socket on this machine: what comes in goes to the media port from there, and what the media
//! port answers goes out. So the media threads know of no TCP, and whoever comes by UDP pays nothing
//! for it.
//!
//! Nothing is said before the first authentic check of a leg has been answered, and that has to come
//! soon: see [`FIRST_ANSWER`].

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Gauge};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::time::{sleep, timeout};

use crate::limits;
use crate::metrics as table;

/// A connection to which nothing is answered for so long from its begin on is none of a visitor's.
const FIRST_ANSWER: Duration = Duration::from_secs(10);
/// One to which nothing is said for so long later, or that takes nothing: the leg is gone, or its
/// visitor is. Reports alone go out every second.
const SILENCE: Duration = Duration::from_secs(30);
/// One network, in connections of all, at most: an eighth.
const SHARE: usize = 8;
/// After an accept that failed: mostly for want of descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// The listening side, bound.
#[derive(Debug)]
pub struct TcpDoor {
    listener: std::net::TcpListener,
    /// Where the media threads receive, as this machine reaches it.
    media: SocketAddr,
    connections: usize,
}

impl TcpDoor {
    /// Binds the port of the media socket, which is bound already, for so many connections at once.
    pub(super) fn bind(media: SocketAddr, connections: usize) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(media)?;
        listener.set_nonblocking(true)?;
        let mut media = media;
        if media.ip().is_unspecified() {
            media.set_ip(match media {
                SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
                SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
            });
        }
        Ok(Self {
            listener,
            media,
            connections,
        })
    }

    /// Takes connections in until the program ends.
    ///
    /// # Errors
    /// The socket cannot be used.
    pub async fn run(self) -> io::Result<()> {
        let listener = TcpListener::from_std(self.listener)?;
        let places = Places::new(self.connections);
        loop {
            let Ok((stream, from)) = listener.accept().await else {
                sleep(PAUSE).await;
                continue;
            };
            // Dropped, it is closed.
            let Some(place) = places.take(from.ip()) else {
                continue;
            };
            let media = self.media;
            tokio::spawn(async move {
                // However it ends, the leg notices that it hears nothing more.
                let _ = serve(stream, media).await;
                drop(place);
            });
        }
    }
}

/// Carries packets both ways until either side is done.
async fn serve(stream: TcpStream, media: SocketAddr) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = UdpSocket::bind(SocketAddr::new(media.ip(), 0)).await?;
    socket.connect(media).await?;
    let (reader, writer) = stream.into_split();
    tokio::select! {
        done = inward(BufReader::new(reader), &socket) => done,
        done = outward(writer, &socket) => done,
    }
}

/// From the visitor to the media port.
async fn inward(mut from: impl AsyncRead + Unpin, to: &UdpSocket) -> io::Result<()> {
    let mut packet = [0; limits::DATAGRAM_BYTES];
    loop {
        let length = usize::from(from.read_u16().await?);
        let Some(room) = packet.get_mut(..length) else {
            return Err(ErrorKind::InvalidData.into());
        };
        from.read_exact(room).await?;
        // Lost like any other where the media port takes it not.
        let _: io::Result<usize> = to.send(room).await;
    }
}

/// From the media port to the visitor. What a slow connection does not take waits in the socket, and is
/// lost there when that is full.
async fn outward(mut to: impl AsyncWrite + Unpin, from: &UdpSocket) -> io::Result<()> {
    let mut framed = [0; 2 + limits::DATAGRAM_BYTES];
    let mut patience = FIRST_ANSWER;
    loop {
        let [_, _, packet @ ..] = &mut framed;
        let length = timeout(patience, from.recv(packet)).await??;
        patience = SILENCE;
        let Ok(short) = u16::try_from(length) else {
            continue;
        };
        let [high, low, ..] = &mut framed;
        [*high, *low] = short.to_be_bytes();
        let frame = framed.get(..2 + length).unwrap_or_default();
        timeout(SILENCE, to.write_all(frame)).await??;
    }
}

/// How many connections there are, and from where.
#[derive(Clone)]
struct Places(Arc<Inside>);

struct Inside {
    most: usize,
    by_network: Mutex<HashMap<IpAddr, usize>>,
    open: Gauge,
    refused: Counter,
}

/// One connection's; free again when it is dropped.
struct Place {
    places: Places,
    network: IpAddr,
}

impl Places {
    fn new(most: usize) -> Self {
        Self(Arc::new(Inside {
            most,
            by_network: Mutex::default(),
            open: table::MEDIA_TCP.gauge(),
            refused: table::MEDIA_TCP_REFUSED.counter(),
        }))
    }

    fn take(&self, from: IpAddr) -> Option<Place> {
        let network = network_of(from);
        let inside = &self.0;
        let mut by_network = inside.by_network.lock();
        let all: usize = by_network.values().sum();
        let own = by_network.get(&network).copied().unwrap_or(0);
        if all >= inside.most || own >= inside.most.div_ceil(SHARE) {
            inside.refused.increment(1);
            return None;
        }
        by_network.insert(network, own + 1);
        inside.open.increment(1.0);
        Some(Place {
            places: self.clone(),
            network,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let inside = &self.places.0;
        let mut by_network = inside.by_network.lock();
        if let Some(own) = by_network.get_mut(&self.network) {
            *own -= 1;
            if *own == 0 {
                by_network.remove(&self.network);
            }
        }
        inside.open.decrement(1.0);
    }
}

/// An IPv4 address, or a /64 of IPv6: what one visitor has of them.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let upper = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(upper))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A door before a media port that answers every packet with the same.
    async fn echoing(connections: usize) -> SocketAddr {
        let media = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let door = TcpDoor::bind(media.local_addr().unwrap(), connections).unwrap();
        let address = door.listener.local_addr().unwrap();
        tokio::spawn(door.run());
        tokio::spawn(async move {
            let mut packet = [0; 2_048];
            loop {
                let (length, from) = media.recv_from(&mut packet).await.unwrap();
                media.send_to(&packet[..length], from).await.unwrap();
            }
        });
        address
    }

    async fn frame(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
        let length = usize::from(stream.read_u16().await?);
        let mut packet = vec![0; length];
        stream.read_exact(&mut packet).await?;
        Ok(packet)
    }

    #[tokio::test]
    async fn packets_come_and_go_whole_however_the_stream_is_cut() {
        let mut stream = TcpStream::connect(echoing(8).await).await.unwrap();
        for byte in [0, 3, b'a', b'b', b'c', 0, 1, b'd', 0, 0] {
            stream.write_all(&[byte]).await.unwrap();
            stream.flush().await.unwrap();
        }
        assert_eq!(frame(&mut stream).await.unwrap(), b"abc");
        assert_eq!(frame(&mut stream).await.unwrap(), b"d");
        let large = vec![7; limits::DATAGRAM_BYTES];
        let length = u16::try_from(large.len()).unwrap().to_be_bytes();
        stream
            .write_all(&[&length[..], &large].concat())
            .await
            .unwrap();
        assert_eq!(frame(&mut stream).await.unwrap(), b"", "the empty one");
        assert_eq!(frame(&mut stream).await.unwrap(), large);
    }

    #[tokio::test]
    async fn who_announces_too_much_is_cut_off() {
        let mut stream = TcpStream::connect(echoing(8).await).await.unwrap();
        stream.write_all(&[0xff; 64]).await.unwrap();
        assert!(frame(&mut stream).await.is_err());
    }

    #[tokio::test]
    async fn one_network_has_no_more_than_its_share() {
        let address = echoing(16).await;
        let mut streams = Vec::new();
        for _ in 0..3 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            // The third is closed already.
            let _ = stream.write_all(&[0, 1, 9]).await;
            streams.push(stream);
        }
        let mut answered = Vec::new();
        for stream in &mut streams {
            answered.push(frame(stream).await.is_ok());
        }
        assert_eq!(answered, [true, true, false]);
    }

    #[test]
    fn places_are_free_again_and_counted_by_network() {
        let places = Places::new(16);
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        let [one, same] = [at("2001:db8::1"), at("2001:db8::2")].map(|ip| places.take(ip));
        assert!(one.is_some() && same.is_some());
        assert!(places.take(at("2001:db8::3")).is_none());
        assert!(places.take(at("2001:db8:0:1::1")).is_some());
        drop(one);
        assert!(places.take(at("2001:db8::3")).is_some());
        assert_eq!(network_of(at("::ffff:192.0.2.1")), at("192.0.2.1"));
        drop(same);
        assert!(places.0.by_network.lock().is_empty());
    }
}
