//! Whether a STUN or TURN server is there: a Binding request, which all of them answer to everybody
//! (RFC 8489, 14; RFC 8656, 5). Of one behind TLS no more is asked than a connection.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::time::Duration;

use crate::config::{IceTransport, IceUrl};

/// How long a server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// A STUN header (RFC 8489, 5): type, length, magic cookie, and 12 bytes that the answer repeats.
const HEADER_BYTES: usize = 20;
const BINDING_REQUEST: [u8; 8] = [0x00, 0x01, 0, 0, 0x21, 0x12, 0xA4, 0x42];
const BINDING_SUCCESS: [u8; 2] = [0x01, 0x01];

/// Asks a server for a sign of life.
///
/// # Errors
/// There is none, at any of its addresses.
pub(super) fn ask(url: &IceUrl) -> io::Result<()> {
    let mut last = Err(io::Error::new(ErrorKind::NotFound, "it has no address"));
    for address in url.place().to_socket_addrs()? {
        last = match url.transport() {
            IceTransport::Udp => by_udp(address),
            IceTransport::Tcp => by_tcp(address),
            IceTransport::Tls => TcpStream::connect_timeout(&address, PATIENCE).map(drop),
        };
        if last.is_ok() {
            break;
        }
    }
    last
}

fn by_udp(address: SocketAddr) -> io::Result<()> {
    let here = if address.is_ipv4() {
        "0.0.0.0:0"
    } else {
        "[::]:0"
    };
    let socket = UdpSocket::bind(here)?;
    socket.connect(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let request = request();
    socket.send(&request)?;
    let mut answer = [0; 1_500];
    let length = socket.recv(&mut answer)?;
    check(&request, &answer[..length])
}

fn by_tcp(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = request();
    stream.write_all(&request)?;
    let mut answer = [0; HEADER_BYTES];
    stream.read_exact(&mut answer)?;
    check(&request, &answer)
}

fn request() -> [u8; HEADER_BYTES] {
    let mut request: [u8; HEADER_BYTES] = rand::random();
    request[..BINDING_REQUEST.len()].copy_from_slice(&BINDING_REQUEST);
    request
}

fn check(request: &[u8; HEADER_BYTES], answer: &[u8]) -> io::Result<()> {
    let is_answer = answer.starts_with(&BINDING_SUCCESS)
        && answer.get(4..HEADER_BYTES) == request.get(4..HEADER_BYTES);
    match is_answer {
        true => Ok(()),
        false => Err(io::Error::new(
            ErrorKind::InvalidData,
            "it is no such server",
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread::spawn;

    use super::*;

    /// The server's side of a Binding.
    fn answer(request: &[u8]) -> Vec<u8> {
        [&BINDING_SUCCESS[..], &request[2..HEADER_BYTES]].concat()
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
                let answer = if is_right {
                    answer(&request)
                } else {
                    request.to_vec()
                };
                socket.send_to(&answer, from).unwrap();
            }
        });
        ask(&url).unwrap();
        assert_eq!(ask(&url).unwrap_err().kind(), ErrorKind::InvalidData);
        server.join().unwrap();
    }

    #[test]
    fn a_connection_is_asked_as_well() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; HEADER_BYTES];
            stream.read_exact(&mut request).unwrap();
            stream.write_all(&answer(&request)).unwrap();
        });
        let of = |scheme, query| format!("{scheme}:{address}{query}").parse().unwrap();
        ask(&of("turn", "?transport=tcp")).unwrap();
        server.join().unwrap();
        for gone in [of("turn", "?transport=tcp"), of("turns", "")] {
            assert_eq!(ask(&gone).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        }
    }
}
