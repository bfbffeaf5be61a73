//! A visitor: a WebSocket and, for video, a leg.

use serde_json::{Value, json};
use webrtc::rtp::packet::Packet;

use crate::leg_client::{Kit, LegClient, OPUS_TYPE, PICTURE_TYPE};
use crate::pictures::{Mark, begins_keyframe};
use crate::started::Started;
use crate::websocket::WebSocket;

/// Somebody on the page.
pub(crate) struct Visitor {
    pub(crate) name: String,
    pub(crate) socket: WebSocket,
    pub(crate) leg: LegClient,
    kit: Kit,
}

impl Visitor {
    /// Joins with a camera and waits until the leg is connected.
    pub(crate) async fn join(server: &Started, name: &str) -> Self {
        Self::join_with(server, name, Kit::default()).await
    }

    /// Joins with what the test wants it to bring.
    pub(crate) async fn join_with(server: &Started, name: &str, kit: Kit) -> Self {
        let mut visitor = Self::at_the_door(server, name, kit).await;
        visitor.join_and_connect().await;
        visitor
    }

    /// Has a WebSocket and a camera, and has said nothing yet.
    pub(crate) async fn at_the_door(server: &Started, name: &str, kit: Kit) -> Self {
        Self {
            name: name.to_owned(),
            socket: WebSocket::open(server.http).await,
            leg: LegClient::new(name, &kit).await,
            kit,
        }
    }

    /// Joins and waits until the leg is connected; gives the token for a resume.
    pub(crate) async fn join_and_connect(&mut self) -> String {
        let offer = self.leg.offer().await;
        self.socket.say(join_message(&offer)).await;
        let joined = self.socket.hear("joined").await;
        let answer = self.socket.hear("answer").await;
        self.leg.answer(sdp(&answer)).await;
        let connection = self.socket.hear("connection").await;
        assert_eq!(connection["state"], "connected");
        joined["resume"].as_str().unwrap().to_owned()
    }

    /// Waits until the partner's picture arrives, from its keyframe on; gives its first packet.
    pub(crate) async fn see(&mut self, partner: &str) -> Packet {
        let coding = self.kit.coding;
        let name = self.name.clone();
        let first = self.leg.next_where(|packet| shows(packet, partner)).await;
        assert!(
            begins_keyframe(coding, &first.payload),
            "{name} sees {partner} without a keyframe first"
        );
        first
    }

    /// Waits for the partner's sound.
    pub(crate) async fn listen_to(&mut self, partner: &str) -> Packet {
        self.leg.next_where(|packet| sounds(packet, partner)).await
    }
}

/// Waits until two are told that they face each other.
pub(crate) async fn pair(one: &mut Visitor, other: &mut Visitor) {
    let first = one.socket.hear("matched").await;
    let second = other.socket.hear("matched").await;
    assert_eq!(first["match"], second["match"]);
}

/// Whether a packet is somebody's picture.
pub(crate) fn shows(packet: &Packet, name: &str) -> bool {
    packet.header.payload_type == PICTURE_TYPE && is_of(packet, name)
}

/// Whether a packet is somebody's sound.
pub(crate) fn sounds(packet: &Packet, name: &str) -> bool {
    packet.header.payload_type == OPUS_TYPE && is_of(packet, name)
}

fn is_of(packet: &Packet, name: &str) -> bool {
    Mark::read(&packet.payload).is_some_and(|mark| mark.name == name)
}

/// A message that joins by video.
pub(crate) fn join_message(offer: &str) -> Value {
    json!({ "type": "join", "mode": "video", "offer": offer, "adult": true })
}

/// The SDP of an answer.
pub(crate) fn sdp(answer: &Value) -> &str {
    answer["sdp"].as_str().expect("an answer has SDP")
}
