//! An upgrade without a gap: a newer server takes the place of one that runs.
//!
//! Whoever serves an HTTP address listens on a socket that the kernel knows by that address, of no file
//! system and of this network alone. A newer server asks there for the place once it can answer. It is given
//! the very socket that HTTP connections arrive at, so that none of them is lost; the incumbent takes no more
//! of them, says so, and drains: matches go on with it until they end, and everybody else is led to the newer
//! one. The stream stays, for what the newer one is asked about those matches.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net as unix;
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;
use tracing::debug;

/// What the newer server asks with.
const READY: u8 = b'r';

/// What goes along with the socket: a descriptor does not travel alone.
const HERE: u8 = b'h';

/// What the incumbent says when it takes no more connections.
const GONE: u8 = b'g';

/// How long either may take over a word of the other's.
const PATIENCE: Duration = Duration::from_secs(5);

/// The place of whoever serves an HTTP address.
#[derive(Debug)]
pub(super) struct Tenure {
    name: UnixListener,
    socket: TcpListener,
}

/// A newer server that has the socket.
#[derive(Debug)]
pub(super) struct Successor {
    stream: UnixStream,
}

/// The place of a server that gave it up.
#[derive(Debug)]
pub(super) struct Given {
    /// The socket that connections arrive at.
    pub(super) socket: TcpListener,
    /// How to ask the one who gave it; none, if they are gone already.
    pub(super) incumbent: Option<UnixStream>,
}

/// Whether somebody serves this address who can be asked for the place.
pub(super) fn is_taken(http: SocketAddr) -> bool {
    name_of(http).is_ok_and(|name| unix::UnixStream::connect_addr(&name).is_ok())
}

/// Asks whoever serves the address to give it up, and waits until they have; none, if they are gone meanwhile.
///
/// # Errors
/// They do not answer as they should, or are another user's.
pub(super) async fn succeed(http: SocketAddr) -> io::Result<Option<Given>> {
    let Ok(stream) = unix::UnixStream::connect_addr(&name_of(http)?) else {
        return Ok(None);
    };
    stream.set_nonblocking(true)?;
    let mut stream = UnixStream::from_std(stream)?;
    if !is_ours(&stream)? {
        return Err(ErrorKind::PermissionDenied.into());
    }
    let asked = async {
        stream.write_u8(READY).await?;
        let socket = receive(&stream).await?;
        let mut word = [0];
        match stream.read(&mut word).await? {
            // Whoever ends has no use for the socket either.
            0 => Ok((socket, false)),
            _ if word == [GONE] => Ok((socket, true)),
            _ => Err(io::Error::from(ErrorKind::InvalidData)),
        }
    };
    let (socket, is_there) = timeout(PATIENCE, asked).await??;
    if socket.local_addr()? != http {
        return Err(io::Error::other("it gave the socket of another address"));
    }
    let incumbent = is_there.then_some(stream);
    Ok(Some(Given { socket, incumbent }))
}

impl Tenure {
    /// From now on it can be asked for, and with it this socket.
    ///
    /// # Errors
    /// Somebody has the place.
    pub(super) fn begin(socket: &TcpListener) -> io::Result<Self> {
        let name = unix::UnixListener::bind_addr(&name_of(socket.local_addr()?)?)?;
        name.set_nonblocking(true)?;
        Ok(Self {
            name: UnixListener::from_std(name)?,
            socket: socket.try_clone()?,
        })
    }

    /// Waits for a newer server and gives it the socket. Of other users' nobody is heard.
    pub(super) async fn next(&self) -> Successor {
        loop {
            match self.hear().await {
                Ok(Some(successor)) => return successor,
                Ok(None) => {}
                Err(error) => {
                    debug!(%error, "one that asked for the place");
                    // Without descriptors it would come at once again.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    async fn hear(&self) -> io::Result<Option<Successor>> {
        let (mut stream, _) = self.name.accept().await?;
        if !is_ours(&stream)? {
            return Ok(None);
        }
        if !matches!(timeout(PATIENCE, stream.read_u8()).await, Ok(Ok(READY))) {
            return Ok(None);
        }
        send(&stream, &self.socket).await?;
        Ok(Some(Successor { stream }))
    }
}

impl Successor {
    /// Says that nobody else takes connections from the socket now, and gives the stream for what follows.
    ///
    /// # Errors
    /// It is gone.
    pub(super) async fn leave_to(mut self) -> io::Result<UnixStream> {
        self.stream.write_u8(GONE).await?;
        Ok(self.stream)
    }
}

/// Whether the other end is of the user that runs this program.
fn is_ours(stream: &UnixStream) -> io::Result<bool> {
    Ok(stream.peer_cred()?.uid() == rustix::process::geteuid().as_raw())
}

async fn send(stream: &UnixStream, socket: &TcpListener) -> io::Result<()> {
    let give = || {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut along = SendAncillaryBuffer::new(&mut space);
        let descriptors = [socket.as_fd()];
        along.push(SendAncillaryMessage::ScmRights(&descriptors));
        let word = [IoSlice::new(&[HERE])];
        Ok(sendmsg(stream, &word, &mut along, SendFlags::NOSIGNAL)?)
    };
    stream.async_io(Interest::WRITABLE, give).await.map(drop)
}

async fn receive(stream: &UnixStream) -> io::Result<TcpListener> {
    let take = || {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut along = RecvAncillaryBuffer::new(&mut space);
        let mut word = [0];
        let mut words = [IoSliceMut::new(&mut word)];
        recvmsg(stream, &mut words, &mut along, RecvFlags::CMSG_CLOEXEC)?;
        let mut descriptors = along.drain().filter_map(|one| match one {
            RecvAncillaryMessage::ScmRights(mut all) => all.next(),
            _ => None,
        });
        let no_socket = || io::Error::new(ErrorKind::InvalidData, "it gave no socket");
        descriptors
            .next()
            .ok_or_else(no_socket)
            .map(TcpListener::from)
    };
    stream.async_io(Interest::READABLE, take).await
}

fn name_of(http: SocketAddr) -> io::Result<unix::SocketAddr> {
    unix::SocketAddr::from_abstract_name(format!("visavis/{http}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpStream;

    use super::*;

    fn place() -> (TcpListener, SocketAddr) {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let http = socket.local_addr().unwrap();
        (socket, http)
    }

    #[tokio::test]
    async fn who_asks_gets_the_place_and_whoever_waited_at_it() {
        let (socket, http) = place();
        assert!(!is_taken(http));
        assert!(succeed(http).await.unwrap().is_none(), "nobody was there");
        let tenure = Tenure::begin(&socket).unwrap();
        assert!(is_taken(http));
        let error = Tenure::begin(&socket).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);

        let waits = TcpStream::connect(http).unwrap();
        let asks = tokio::spawn(succeed(http));
        let successor = tenure.next().await;
        assert!(!asks.is_finished(), "it waits for the end");
        drop((socket, tenure));
        let mut stream = successor.leave_to().await.unwrap();
        let Given { socket, incumbent } = asks.await.unwrap().unwrap().unwrap();
        incumbent.unwrap().write_u8(7).await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), 7, "it stays");
        let (_, from) = socket.accept().unwrap();
        assert_eq!(from, waits.local_addr().unwrap());
        Tenure::begin(&socket).unwrap();
    }

    #[tokio::test]
    async fn what_is_no_request_ends_nothing() {
        let (socket, http) = place();
        let tenure = Tenure::begin(&socket).unwrap();
        for rubbish in [&b""[..], b"x", b"rubbish"] {
            let mut stream = unix::UnixStream::connect_addr(&name_of(http).unwrap()).unwrap();
            stream.write_all(rubbish).unwrap();
        }
        let asks = tokio::spawn(succeed(http));
        let successor = tenure.next().await;
        // It ends in this very moment.
        drop((tenure, successor));
        let given = asks.await.unwrap().unwrap().unwrap();
        assert!(given.incumbent.is_none());
    }

    #[tokio::test]
    async fn who_gives_nothing_or_another_socket_is_not_believed() {
        let (socket, http) = place();
        let (other, _) = place();
        for gives in [None, Some(&other)] {
            let name = unix::UnixListener::bind_addr(&name_of(http).unwrap()).unwrap();
            name.set_nonblocking(true).unwrap();
            let name = UnixListener::from_std(name).unwrap();
            let asks = tokio::spawn(succeed(http));
            let (mut stream, _) = name.accept().await.unwrap();
            stream.read_u8().await.unwrap();
            match gives {
                None => stream.write_u8(HERE).await.unwrap(),
                Some(socket) => send(&stream, socket).await.unwrap(),
            }
            drop((name, stream));
            asks.await.unwrap().unwrap_err();
        }
        drop(socket);
    }
}
