//! Datagrams from nowhere: counted, unanswered, and nobody's match feels them.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::{interval, timeout};

use crate::leg_client::PATIENCE;
use crate::started::Started;
use crate::visitor::{Visitor, pair};

/// A Binding request (RFC 8489, 5) with a USERNAME that nobody answers to.
const STUN: &[u8] =
    b"\x00\x01\x00\x10\x21\x12\xa4\x42abcdefghijkl\x00\x06\x00\x09nobody:me\x00\x00\x00";

/// One of each kind that RFC 7983 tells apart, and rubbish.
const DATAGRAMS: [(&str, &[u8]); 6] = [
    ("unknown_stun", STUN),
    (
        "unknown_address",
        b"\x16\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x01\x00\x00\x00",
    ),
    (
        "unknown_address",
        b"\x80\x60\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01payload and a tag of sixteen",
    ),
    (
        "unknown_address",
        b"\x81\xce\x00\x02\x00\x00\x00\x01\x00\x00\x00\x02\x80\x00\x00\x01tag of sixteen b",
    ),
    ("unknown_kind", b"\xff\xff\xff\xff\xff\xff\xff\xff"),
    ("unknown_kind", b"GET / HTTP/1.1\r\n\r\n"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn datagrams_from_nowhere_make_no_state_and_are_counted() {
    let server = Started::with(&[]);
    let media = media_of(&server);
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for (_, datagram) in DATAGRAMS {
        stranger.send_to(datagram, media).await.unwrap();
    }
    let mut expected: Vec<(&str, u64)> = Vec::new();
    for (reason, _) in DATAGRAMS {
        match expected.iter_mut().find(|(counted, _)| *counted == reason) {
            Some((_, count)) => *count += 1,
            None => expected.push((reason, 1)),
        }
    }
    for (reason, count) in expected {
        let metric = format!("visavis_media_drops_total{{reason=\"{reason}\"}}");
        counts(&server, &metric, count).await;
    }
    assert_eq!(measured(&server, "visavis_legs"), Some(0));
    assert_eq!(
        measured(&server, "visavis_media_datagrams_out_total"),
        Some(0)
    );
    let mut answer = [0; 64];
    let nothing = stranger.try_recv(&mut answer).unwrap_err();
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_match_goes_on_through_a_rain_of_rubbish() {
    let server = Started::with(&[]);
    let media = media_of(&server);
    let mut ada = Visitor::join(&server, "ada").await;
    let mut bob = Visitor::join(&server, "bob").await;
    pair(&mut ada, &mut bob).await;
    bob.see("ada").await;
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for round in 0..50 {
        for (_, datagram) in DATAGRAMS {
            stranger.send_to(datagram, media).await.unwrap();
            let cut = datagram.get(..round % datagram.len()).unwrap();
            stranger.send_to(cut, media).await.unwrap();
        }
        bob.listen_to("ada").await;
    }
    ada.listen_to("bob").await;
    counts(&server, "visavis_legs", 2).await;
}

fn media_of(server: &Started) -> SocketAddr {
    let ready: serde_json::Value = serde_json::from_str(&server.welcome).unwrap();
    ready["media"][0].as_str().unwrap().parse().unwrap()
}

/// Waits until a metric, published once a second, shows a count.
async fn counts(server: &Started, metric: &str, count: u64) {
    let looked = async {
        let mut looks = interval(Duration::from_millis(100));
        while measured(server, metric) != Some(count) {
            looks.tick().await;
        }
    };
    if timeout(PATIENCE, looked).await.is_err() {
        panic!("{metric} is {:?}, not {count}", measured(server, metric));
    }
}

fn measured(server: &Started, metric: &str) -> Option<u64> {
    let body = server.get("/metrics").body;
    let row = body.lines().find_map(|line| line.strip_prefix(metric));
    row.and_then(|value| value.trim().parse().ok())
}
