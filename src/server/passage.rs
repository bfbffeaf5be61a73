//! Whether a STUN or TURN server is there, and whether it opens to our visitors: a Binding request, which all of
//! them answer to everybody (RFC 8489, 14), or an Allocate with a visitor's user name and password (RFC 8656, 7),
//! given back at once. Of one behind TLS no more is asked than a connection.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::time::Duration;

use aws_lc_rs::hmac;
use md5::{Digest as _, Md5};

use crate::access::TurnCredentials;
use crate::config::{IceTransport, IceUrl};

/// How long a server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// A STUN header (RFC 8489, 5): type, length, magic cookie, and 12 bytes that the answer repeats.
const HEADER_BYTES: usize = 20;
const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];

const BINDING: u16 = 0x0001;
const ALLOCATE: u16 = 0x0003;
const REFRESH: u16 = 0x0004;
/// Set in the type of a success; both this and the next bit in that of an error (RFC 8489, 5).
const SUCCESS: u16 = 0x0100;
const ERROR: u16 = 0x0110;

const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const LIFETIME: u16 = 0x000D;
const REALM: u16 = 0x0014;
const NONCE: u16 = 0x0015;
const REQUESTED_TRANSPORT: u16 = 0x0019;
/// UDP, as the protocol's number.
const UDP: [u8; 4] = [17, 0, 0, 0];

/// What a server says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Said {
    /// It is there.
    Alive,
    /// It opens to our visitors.
    Opens,
    /// It does not know them: the secret is another one there.
    Refuses,
}

/// Asks a server, as a visitor with these credentials if it is one that wants them.
///
/// # Errors
/// It says nothing, at any of its addresses.
pub(super) fn ask(url: &IceUrl, user: Option<&TurnCredentials>) -> io::Result<Said> {
    let mut last = Err(io::Error::new(ErrorKind::NotFound, "it has no address"));
    for address in url.place().to_socket_addrs()? {
        last = ask_at(address, url.transport(), user);
        if last.is_ok() {
            break;
        }
    }
    last
}

fn ask_at(
    address: SocketAddr,
    transport: IceTransport,
    user: Option<&TurnCredentials>,
) -> io::Result<Said> {
    let mut line = match transport {
        IceTransport::Tls => {
            return TcpStream::connect_timeout(&address, PATIENCE).map(|_| Said::Alive);
        }
        IceTransport::Udp => Line::udp(address)?,
        IceTransport::Tcp => Line::Tcp(TcpStream::connect_timeout(&address, PATIENCE)?),
    };
    let Some(user) = user else {
        let answer = line.exchange(&Message::new(BINDING))?;
        return match answer.kind {
            kind if kind == BINDING | SUCCESS => Ok(Said::Alive),
            _ => Err(no_such_server()),
        };
    };
    allocate(&mut line, user)
}

fn allocate(line: &mut Line, user: &TurnCredentials) -> io::Result<Said> {
    let ask = || Message::new(ALLOCATE).with(REQUESTED_TRANSPORT, &UDP);
    // Without credentials at first: the answer has what they are to be made with.
    let challenge = line.exchange(&ask())?;
    let (Some(realm), Some(nonce)) = (challenge.attribute(REALM), challenge.attribute(NONCE))
    else {
        return Err(no_such_server());
    };
    let key = long_term_key(user.username.reveal(), realm, user.credential.reveal());
    let sealed = |message: Message| {
        let username = user.username.reveal().as_bytes();
        let message = message.with(USERNAME, username).with(REALM, realm);
        message.with(NONCE, nonce).sealed(&key)
    };
    let answer = line.exchange(&sealed(ask()))?;
    if answer.kind != ALLOCATE | SUCCESS {
        return Ok(Said::Refuses);
    }
    // It would be given back by itself in ten minutes.
    let _ = line.exchange(&sealed(Message::new(REFRESH).with(LIFETIME, &[0; 4])));
    Ok(Said::Opens)
}

fn no_such_server() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "it is no such server")
}

/// The key of long-term credentials (RFC 8489, 9.2.2).
fn long_term_key(username: &str, realm: &[u8], password: &str) -> hmac::Key {
    let mut digest = Md5::new();
    for part in [username.as_bytes(), b":", realm, b":", password.as_bytes()] {
        digest.update(part);
    }
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &digest.finalize())
}

/// A STUN message.
#[derive(Clone, Debug)]
struct Message {
    kind: u16,
    id: [u8; 12],
    attributes: Vec<u8>,
}

impl Message {
    fn new(kind: u16) -> Self {
        Self {
            kind,
            id: rand::random(),
            attributes: Vec::new(),
        }
    }

    fn with(mut self, kind: u16, value: &[u8]) -> Self {
        let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
        self.attributes.extend_from_slice(&kind.to_be_bytes());
        self.attributes.extend_from_slice(&length.to_be_bytes());
        self.attributes.extend_from_slice(value);
        let padded = self.attributes.len().next_multiple_of(4);
        self.attributes.resize(padded, 0);
        self
    }

    /// With its HMAC, whose own length counts in the header that it covers (RFC 8489, 14.5).
    fn sealed(self, key: &hmac::Key) -> Self {
        const TAG_BYTES: usize = 20;
        let covered = self.header(self.attributes.len() + 4 + TAG_BYTES);
        let tag = hmac::sign(key, &[&covered[..], &self.attributes].concat());
        self.with(MESSAGE_INTEGRITY, tag.as_ref())
    }

    fn header(&self, length: usize) -> [u8; HEADER_BYTES] {
        let mut header = [0; HEADER_BYTES];
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        header[..2].copy_from_slice(&self.kind.to_be_bytes());
        header[2..4].copy_from_slice(&length.to_be_bytes());
        header[4..8].copy_from_slice(&COOKIE);
        header[8..].copy_from_slice(&self.id);
        header
    }

    fn bytes(&self) -> Vec<u8> {
        [&self.header(self.attributes.len())[..], &self.attributes].concat()
    }

    /// Reads an answer to another message.
    fn answer_to(asked: &Self, bytes: &[u8]) -> Option<Self> {
        let (header, attributes) = bytes.split_at_checked(HEADER_BYTES)?;
        let kind = u16::from_be_bytes([*header.first()?, *header.get(1)?]);
        let is_answer = header.get(4..8) == Some(&COOKIE)
            && header.get(8..) == Some(&asked.id)
            && [asked.kind | SUCCESS, asked.kind | ERROR].contains(&kind);
        is_answer.then(|| Self {
            kind,
            id: asked.id,
            attributes: attributes.to_vec(),
        })
    }

    fn attribute(&self, wanted: u16) -> Option<&[u8]> {
        let mut rest = self.attributes.as_slice();
        loop {
            let (head, after) = rest.split_at_checked(4)?;
            let [kind, length] = [0, 2].map(|at| {
                let bytes = head.get(at..at + 2).and_then(|two| two.try_into().ok());
                u16::from_be_bytes(bytes.unwrap_or_default())
            });
            let length = usize::from(length);
            let value = after.get(..length)?;
            if kind == wanted {
                return Some(value);
            }
            rest = after.get(length.next_multiple_of(4)..)?;
        }
    }
}

/// A way to a server.
enum Line {
    Udp(UdpSocket),
    Tcp(TcpStream),
}

impl Line {
    fn udp(address: SocketAddr) -> io::Result<Self> {
        let here = match address.is_ipv4() {
            true => "0.0.0.0:0",
            false => "[::]:0",
        };
        let socket = UdpSocket::bind(here)?;
        socket.connect(address)?;
        Ok(Self::Udp(socket))
    }

    fn exchange(&mut self, message: &Message) -> io::Result<Message> {
        let request = message.bytes();
        let mut answer = vec![0; 1_500];
        let length = match self {
            Self::Udp(socket) => {
                socket.set_read_timeout(Some(PATIENCE))?;
                socket.send(&request)?;
                socket.recv(&mut answer)?
            }
            Self::Tcp(stream) => {
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.write_all(&request)?;
                let mut header = [0; HEADER_BYTES];
                stream.read_exact(&mut header)?;
                let more = usize::from(u16::from_be_bytes([header[2], header[3]]));
                let whole = HEADER_BYTES + more;
                let place = answer.get_mut(HEADER_BYTES..whole);
                stream.read_exact(place.ok_or_else(no_such_server)?)?;
                answer[..HEADER_BYTES].copy_from_slice(&header);
                whole
            }
        };
        answer.truncate(length);
        Message::answer_to(message, &answer).ok_or_else(no_such_server)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread::spawn;

    use super::*;
    use crate::access::TurnKey;

    /// RFC 5769, 2.4: a request with long-term credentials.
    #[test]
    fn a_message_is_sealed_as_in_the_example_of_the_rfc() {
        let id = [
            0x78, 0xad, 0x34, 0x33, 0xc6, 0xad, 0x72, 0xc0, 0x29, 0xda, 0x41, 0x2e,
        ];
        let username = "\u{30de}\u{30c8}\u{30ea}\u{30c3}\u{30af}\u{30b9}";
        let realm = b"example.org";
        let message = Message {
            id,
            ..Message::new(BINDING)
        };
        let message = message
            .with(USERNAME, username.as_bytes())
            .with(NONCE, b"f//499k954d6OL34oL9FSTvy64sA")
            .with(REALM, realm)
            .sealed(&long_term_key(username, realm, "TheMatrIX"));
        let tag = message.attribute(MESSAGE_INTEGRITY).unwrap();
        assert_eq!(hex::encode(tag), "f67024656dd64a3e02b8e0712e85c9a28ca89666");
        assert_eq!(message.bytes().len(), HEADER_BYTES + 96);
    }

    /// The server's side: an answer of a kind to a request.
    fn answer(request: &[u8], kind: u16, attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let asked = u16::from_be_bytes([request[0], request[1]]);
        let mut message = Message::new(asked | kind);
        message.id.copy_from_slice(&request[8..HEADER_BYTES]);
        for (kind, value) in attributes {
            message = message.with(*kind, value);
        }
        message.bytes()
    }

    #[test]
    fn one_that_answers_is_there_and_one_that_talks_otherwise_is_not() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let url = format!("stun:{}", socket.local_addr().unwrap())
            .parse()
            .unwrap();
        let server = spawn(move || {
            let mut request = [0; HEADER_BYTES];
            for is_right in [true, false] {
                let (_, from) = socket.recv_from(&mut request).unwrap();
                let said = match is_right {
                    true => answer(&request, SUCCESS, &[]),
                    false => request.to_vec(),
                };
                socket.send_to(&said, from).unwrap();
            }
        });
        assert_eq!(ask(&url, None).unwrap(), Said::Alive);
        let error = ask(&url, None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        server.join().unwrap();
    }

    #[test]
    fn one_that_relays_is_asked_as_a_visitor_would() {
        let user = TurnKey::new("a secret of both").user("doctor", 1_800_000_000);
        for (opens, expected) in [(true, Said::Opens), (false, Said::Refuses)] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("turn:{}?transport=tcp", listener.local_addr().unwrap());
            let server = spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut room = [0; 1_500];
                let mut next = || {
                    let length = stream.read(&mut room).unwrap();
                    (room[..length].to_vec(), stream.try_clone().unwrap())
                };
                let (first, mut back) = next();
                let challenge: [(u16, &[u8]); 2] = [(REALM, b"r"), (NONCE, b"n")];
                back.write_all(&answer(&first, ERROR, &challenge)).unwrap();
                let (second, mut back) = next();
                assert!(second.windows(11).any(|part| part == b"1800000000:"));
                let kind = if opens { SUCCESS } else { ERROR };
                back.write_all(&answer(&second, kind, &[])).unwrap();
                if opens {
                    let (third, mut back) = next();
                    assert_eq!(third[1], 4, "it is given back");
                    back.write_all(&answer(&third, SUCCESS, &[])).unwrap();
                }
            });
            assert_eq!(ask(&url.parse().unwrap(), Some(&user)).unwrap(), expected);
            server.join().unwrap();
        }
    }

    #[test]
    fn whoever_is_gone_says_nothing() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        drop(socket);
        for url in ["turn:ADDRESS?transport=tcp", "turns:ADDRESS"] {
            let url = url.replace("ADDRESS", &address.to_string()).parse();
            let error = ask(&url.unwrap(), None).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        }
    }
}
