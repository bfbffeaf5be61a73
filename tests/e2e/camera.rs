//! A camera and a microphone that send marked packets, and a keyframe whenever one is asked for.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{MissedTickBehavior, interval};
use webrtc::rtp::header::Header;
use webrtc::rtp::packet::Packet;
use webrtc::track::track_local::TrackLocalWriter;
use webrtc::track::track_local::track_local_static_rtp::TrackLocalStaticRTP;

use crate::pictures::{Coding, Mark, Picture, first_packet, last_packet};

/// Thirty pictures a second, two packets each; fifty sounds a second.
const PICTURE_EVERY: Duration = Duration::from_millis(33);
const SOUND_EVERY: Duration = Duration::from_millis(20);
const PICTURE_TICKS: u32 = 2970;
const SOUND_TICKS: u32 = 960;

/// What the test tells a running camera.
#[derive(Default)]
struct Orders {
    keyframe: bool,
    withhold: u32,
    withheld: Vec<Packet>,
}

/// One visitor's camera and microphone.
#[derive(Clone)]
pub(crate) struct Camera {
    name: String,
    coding: Coding,
    picture: Arc<TrackLocalStaticRTP>,
    sound: Arc<TrackLocalStaticRTP>,
    orders: Arc<Mutex<Orders>>,
}

impl Camera {
    pub(crate) fn new(
        name: &str,
        coding: Coding,
        picture: Arc<TrackLocalStaticRTP>,
        sound: Arc<TrackLocalStaticRTP>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            coding,
            picture,
            sound,
            orders: Arc::default(),
        }
    }

    /// The next picture is a keyframe.
    pub(crate) fn ask_for_keyframe(&self) {
        self.orders.lock().keyframe = true;
    }

    /// The last packets of the next so many pictures are numbered but not sent, as if lost.
    pub(crate) fn withhold(&self, pictures: u32) {
        self.orders.lock().withhold = pictures;
    }

    /// Sends what was withheld and is asked for; gives their marks.
    pub(crate) async fn repair(&self, lost: &[u16]) -> Vec<Mark> {
        let found: Vec<Packet> = {
            let mut orders = self.orders.lock();
            let asked = |packet: &Packet| lost.contains(&packet.header.sequence_number);
            let found = orders
                .withheld
                .iter()
                .filter(|p| asked(p))
                .cloned()
                .collect();
            orders.withheld.retain(|packet| !asked(packet));
            found
        };
        for packet in &found {
            self.picture
                .write_rtp(packet)
                .await
                .expect("a repair is sent");
        }
        found
            .iter()
            .filter_map(|packet| Mark::read(&packet.payload))
            .collect()
    }

    /// Films until it is dropped with its task.
    pub(crate) async fn film(self, first_sequence: u16) {
        let mut pictures = interval(PICTURE_EVERY);
        let mut sounds = interval(SOUND_EVERY);
        pictures.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut video = Numbers::from(first_sequence);
        let mut audio = Numbers::from(first_sequence.wrapping_add(7));
        loop {
            tokio::select! {
                _ = pictures.tick() => self.send_picture(&mut video).await,
                _ = sounds.tick() => self.send_sound(&mut audio).await,
            }
        }
    }

    async fn send_picture(&self, numbers: &mut Numbers) {
        let (picture, withhold) = {
            let mut orders = self.orders.lock();
            let key = std::mem::take(&mut orders.keyframe) || numbers.sent == 0;
            let withhold = orders.withhold > 0;
            orders.withhold = orders.withhold.saturating_sub(1);
            (if key { Picture::Key } else { Picture::Delta }, withhold)
        };
        let mark = numbers.mark(&self.name);
        let first = numbers.packet(first_packet(self.coding, picture, &mark), false);
        let mark = numbers.mark(&self.name);
        let last = numbers.packet(last_packet(self.coding, picture, &mark), true);
        numbers.timestamp = numbers.timestamp.wrapping_add(PICTURE_TICKS);
        // Refused while the leg is not connected: nobody is there to miss it.
        let _ = self.picture.write_rtp(&first).await;
        if withhold {
            self.orders.lock().withheld.push(last);
        } else {
            let _ = self.picture.write_rtp(&last).await;
        }
    }

    async fn send_sound(&self, numbers: &mut Numbers) {
        let mark = numbers.mark(&self.name);
        // RFC 6716, 3.1: a TOC byte (CELT, 20 ms, mono), then whatever.
        let mut payload = vec![0xf8];
        payload.extend(mark.to_string().bytes());
        let packet = numbers.packet(payload, false);
        numbers.timestamp = numbers.timestamp.wrapping_add(SOUND_TICKS);
        let _ = self.sound.write_rtp(&packet).await;
    }
}

/// Where a track has come to.
struct Numbers {
    sequence: u16,
    timestamp: u32,
    sent: u32,
}

impl Numbers {
    fn from(first_sequence: u16) -> Self {
        Self {
            sequence: first_sequence,
            timestamp: u32::from(first_sequence) * 1000,
            sent: 0,
        }
    }

    fn mark(&self, name: &str) -> Mark {
        Mark {
            name: name.to_owned(),
            number: self.sent,
        }
    }

    fn packet(&mut self, payload: Vec<u8>, marker: bool) -> Packet {
        let header = Header {
            version: 2,
            marker,
            sequence_number: self.sequence,
            timestamp: self.timestamp,
            ..Header::default()
        };
        self.sequence = self.sequence.wrapping_add(1);
        self.sent += 1;
        Packet {
            header,
            payload: payload.into(),
        }
    }
}
