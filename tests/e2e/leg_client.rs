//! The other end of a leg, by the `webrtc` crate: a stack that shares nothing with the server's.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use webrtc::api::interceptor_registry::{configure_rtcp_reports, configure_twcc};
use webrtc::api::media_engine::{MIME_TYPE_H264, MIME_TYPE_OPUS, MIME_TYPE_VP8, MediaEngine};
use webrtc::api::setting_engine::SettingEngine;
use webrtc::api::{API, APIBuilder};
use webrtc::dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use webrtc::ice::mdns::MulticastDnsMode;
use webrtc::ice::network_type::NetworkType;
use webrtc::ice_transport::ice_connection_state::RTCIceConnectionState;
use webrtc::interceptor::registry::Registry;
use webrtc::peer_connection::RTCPeerConnection;
use webrtc::peer_connection::configuration::RTCConfiguration;
use webrtc::peer_connection::offer_answer_options::RTCOfferOptions;
use webrtc::peer_connection::sdp::session_description::RTCSessionDescription;
use webrtc::rtcp::packet::Packet as Control;
use webrtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use webrtc::rtcp::transport_feedbacks::transport_layer_cc::TransportLayerCc;
use webrtc::rtcp::transport_feedbacks::transport_layer_nack::TransportLayerNack;
use webrtc::rtp::packet::Packet;
use webrtc::rtp_transceiver::RTCRtpTransceiverInit;
use webrtc::rtp_transceiver::rtp_codec::{
    RTCRtpCodecCapability, RTCRtpCodecParameters, RTCRtpHeaderExtensionCapability, RTPCodecType,
};
use webrtc::rtp_transceiver::rtp_sender::RTCRtpSender;
use webrtc::rtp_transceiver::rtp_transceiver_direction::RTCRtpTransceiverDirection;
use webrtc::track::track_local::track_local_static_rtp::TrackLocalStaticRTP;

use crate::camera::Camera;
use crate::ear::Ears;
use crate::pictures::{Coding, Mark};

/// How long anything over the network may take before a test gives it up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const OPUS_TYPE: u8 = 111;
pub(crate) const PICTURE_TYPE: u8 = 96;
pub(crate) const RESENT_TYPE: u8 = 97;

/// What a client brings.
#[derive(Clone, Debug)]
pub(crate) struct Kit {
    pub(crate) coding: Coding,
    /// Which way it offers to go.
    pub(crate) direction: RTCRtpTransceiverDirection,
    /// SRTP profiles in order of preference; empty for the crate's own.
    pub(crate) ciphers: Vec<SrtpProtectionProfile>,
    /// The first sequence number of its pictures.
    pub(crate) first_sequence: u16,
}

impl Default for Kit {
    fn default() -> Self {
        Self {
            coding: Coding::Vp8,
            direction: RTCRtpTransceiverDirection::Sendrecv,
            ciphers: Vec::new(),
            first_sequence: 1000,
        }
    }
}

/// One connection with a camera, a microphone, and everything that arrives.
pub(crate) struct LegClient {
    pub(crate) connection: Arc<RTCPeerConnection>,
    pub(crate) camera: Camera,
    /// Media as it arrives, whatever the track.
    pub(crate) packets: UnboundedReceiver<Packet>,
    /// What was sent again because the server asked.
    pub(crate) repairs: UnboundedReceiver<Mark>,
    /// What the other end says of the picture that is sent.
    pub(crate) said_of_picture: UnboundedReceiver<Box<dyn Control + Send + Sync>>,
    tasks: Vec<JoinHandle<()>>,
}

impl LegClient {
    /// A connection that has not been offered yet.
    pub(crate) async fn new(name: &str, kit: &Kit) -> Self {
        // Refused from the second client on: one for the process.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let (heard, packets) = mpsc::unbounded_channel();
        let connection = api(kit, heard)
            .new_peer_connection(RTCConfiguration::default())
            .await
            .expect("a connection is made");
        let connection = Arc::new(connection);
        let sound = track(MIME_TYPE_OPUS, "audio");
        let picture = track(picture_mime(kit.coding), "video");
        let mut sender = None;
        for track in [sound.clone(), picture.clone()] {
            let init = RTCRtpTransceiverInit {
                direction: kit.direction,
                send_encodings: Vec::new(),
            };
            let transceiver = connection.add_transceiver_from_track(track, Some(init));
            let transceiver = transceiver.await.expect("a track is added");
            sender = Some(transceiver.sender().await);
        }
        let sender = sender.expect("the picture comes last");
        let camera = Camera::new(name, kit.coding, picture, sound);
        let (said, said_of_picture) = mpsc::unbounded_channel();
        let (repaired, repairs) = mpsc::unbounded_channel();
        read_tracks(&connection);
        let tasks = vec![
            tokio::spawn(obey(sender, camera.clone(), said, repaired)),
            tokio::spawn(camera.clone().film(kit.first_sequence)),
        ];
        Self {
            connection,
            camera,
            packets,
            repairs,
            said_of_picture,
            tasks,
        }
    }

    /// An offer without candidates, as the browser client makes it.
    pub(crate) async fn offer(&self) -> String {
        self.offer_with(None).await
    }

    /// An offer with new ICE credentials.
    pub(crate) async fn offer_restart(&self) -> String {
        let options = RTCOfferOptions {
            ice_restart: true,
            ..RTCOfferOptions::default()
        };
        self.offer_with(Some(options)).await
    }

    async fn offer_with(&self, options: Option<RTCOfferOptions>) -> String {
        let offer = self
            .connection
            .create_offer(options)
            .await
            .expect("an offer is made");
        let sdp = offer.sdp.clone();
        self.connection
            .set_local_description(offer)
            .await
            .expect("the own offer is taken");
        sdp
    }

    /// Takes the server's answer.
    pub(crate) async fn answer(&self, sdp: &str) {
        let answer = RTCSessionDescription::answer(sdp.to_owned()).expect("the answer is SDP");
        self.connection
            .set_remote_description(answer)
            .await
            .expect("the answer is taken");
    }

    /// The next packet of one payload type.
    pub(crate) async fn next_of(&mut self, payload_type: u8) -> Packet {
        self.next_where(|packet| packet.header.payload_type == payload_type)
            .await
    }

    /// The next packet that is looked for.
    pub(crate) async fn next_where(&mut self, wanted: impl Fn(&Packet) -> bool) -> Packet {
        let search = async {
            loop {
                let packet = self.packets.recv().await.expect("the connection goes on");
                if wanted(&packet) {
                    return packet;
                }
            }
        };
        timeout(PATIENCE, search)
            .await
            .expect("the packet arrives in time")
    }

    /// The next message about the sent picture that is looked for.
    pub(crate) async fn said_where<T>(
        &mut self,
        wanted: impl Fn(&(dyn Control + Send + Sync)) -> Option<T>,
    ) -> T {
        let search = async {
            loop {
                let said = self
                    .said_of_picture
                    .recv()
                    .await
                    .expect("the connection goes on");
                if let Some(found) = wanted(said.as_ref()) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, search).await.expect("it is said in time")
    }

    /// Waits until something withheld is asked for and sent.
    pub(crate) async fn repaired(&mut self) -> Mark {
        timeout(PATIENCE, self.repairs.recv())
            .await
            .expect("what is missing is asked for in time")
            .expect("the connection goes on")
    }

    /// Waits until a keyframe is asked for.
    pub(crate) async fn asked_for_keyframe(&mut self) -> PictureLossIndication {
        self.said_where(|said| {
            said.as_any()
                .downcast_ref::<PictureLossIndication>()
                .cloned()
        })
        .await
    }

    /// Waits until the other end tells which packets arrived, and when.
    pub(crate) async fn said_of_what_arrived(&mut self) -> TransportLayerCc {
        self.said_where(|said| said.as_any().downcast_ref::<TransportLayerCc>().cloned())
            .await
    }

    /// Forgets what was said of the sent picture until now.
    pub(crate) fn forget_what_was_said(&mut self) {
        while self.said_of_picture.try_recv().is_ok() {}
    }

    /// The SSRC under which the own picture is sent.
    pub(crate) async fn own_picture_ssrc(&self) -> Option<u32> {
        for sender in self.connection.get_senders().await {
            let parameters = sender.get_parameters().await;
            let is_picture = sender.track().await?.kind() == RTPCodecType::Video;
            if is_picture {
                return parameters.encodings.first().map(|encoding| encoding.ssrc);
            }
        }
        None
    }

    /// Waits until the connection is up, after an ICE restart that has begun.
    pub(crate) async fn reconnected(&self) {
        let (told, mut states) = mpsc::unbounded_channel();
        self.connection
            .on_ice_connection_state_change(Box::new(move |state| {
                let _ = told.send(state);
                Box::pin(std::future::ready(()))
            }));
        let up = async {
            while self.connection.ice_connection_state() != RTCIceConnectionState::Connected {
                states.recv().await;
            }
        };
        timeout(PATIENCE, up)
            .await
            .expect("the connection comes back in time");
    }

    /// Everything that has arrived and was not looked at, without waiting.
    pub(crate) fn take_packets(&mut self) -> Vec<Packet> {
        std::iter::from_fn(|| self.packets.try_recv().ok()).collect()
    }
}

impl Drop for LegClient {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        let connection = self.connection.clone();
        tokio::spawn(async move { connection.close().await });
    }
}

fn picture_mime(coding: Coding) -> &'static str {
    match coding {
        Coding::Vp8 => MIME_TYPE_VP8,
        Coding::H264 => MIME_TYPE_H264,
    }
}

fn track(mime_type: &str, id: &str) -> Arc<TrackLocalStaticRTP> {
    let capability = RTCRtpCodecCapability {
        mime_type: mime_type.to_owned(),
        ..RTCRtpCodecCapability::default()
    };
    Arc::new(TrackLocalStaticRTP::new(
        capability,
        id.to_owned(),
        "own".to_owned(),
    ))
}

/// Reads tracks to their end, so that what arrives passes the ear.
fn read_tracks(connection: &RTCPeerConnection) {
    connection.on_track(Box::new(|track, _, _| {
        tokio::spawn(async move { while track.read_rtp().await.is_ok() {} });
        Box::pin(std::future::ready(()))
    }));
}

/// Makes a keyframe when one is asked for, sends again what was withheld, and tells the test all.
async fn obey(
    sender: Arc<RTCRtpSender>,
    camera: Camera,
    said: UnboundedSender<Box<dyn Control + Send + Sync>>,
    repaired: UnboundedSender<Mark>,
) {
    while let Ok((packets, _)) = sender.read_rtcp().await {
        for packet in packets {
            if packet.as_any().is::<PictureLossIndication>() {
                camera.ask_for_keyframe();
            }
            if let Some(nack) = packet.as_any().downcast_ref::<TransportLayerNack>() {
                let lost: Vec<u16> = nack
                    .nacks
                    .iter()
                    .flat_map(|pair| pair.packet_list())
                    .collect();
                for mark in camera.repair(&lost).await {
                    let _ = repaired.send(mark);
                }
            }
            let _ = said.send(packet);
        }
    }
}

fn api(kit: &Kit, heard: UnboundedSender<Packet>) -> API {
    let mut engine = codecs(kit.coding);
    let mut registry = Registry::new();
    registry.add(Box::new(Ears(heard)));
    registry = configure_rtcp_reports(registry);
    registry = configure_twcc(registry, &mut engine).expect("transport-wide feedback is set up");
    APIBuilder::new()
        .with_media_engine(engine)
        .with_setting_engine(settings(kit))
        .with_interceptor_registry(registry)
        .build()
}

/// Only loopback, so that no packet of a test leaves the machine.
fn settings(kit: &Kit) -> SettingEngine {
    let mut settings = SettingEngine::default();
    settings.set_include_loopback_candidate(true);
    settings.set_ip_filter(Box::new(|address| address.is_loopback()));
    settings.set_network_types(vec![NetworkType::Udp4]);
    settings.set_ice_multicast_dns_mode(MulticastDnsMode::Disabled);
    if !kit.ciphers.is_empty() {
        settings.set_srtp_protection_profiles(kit.ciphers.clone());
    }
    settings
}

/// Opus and one picture coding with its retransmissions, as browsers offer them.
fn codecs(coding: Coding) -> MediaEngine {
    let mut engine = MediaEngine::default();
    let picture_format = match coding {
        Coding::Vp8 => "",
        Coding::H264 => "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
    };
    let apt = format!("apt={PICTURE_TYPE}");
    let all = [
        (
            RTPCodecType::Audio,
            MIME_TYPE_OPUS,
            48_000,
            OPUS_TYPE,
            "minptime=10;useinbandfec=1",
        ),
        (
            RTPCodecType::Video,
            picture_mime(coding),
            90_000,
            PICTURE_TYPE,
            picture_format,
        ),
        (
            RTPCodecType::Video,
            "video/rtx",
            90_000,
            RESENT_TYPE,
            apt.as_str(),
        ),
    ];
    for (kind, mime_type, clock_rate, payload_type, format) in all {
        let capability = RTCRtpCodecCapability {
            mime_type: mime_type.to_owned(),
            clock_rate,
            channels: if kind == RTPCodecType::Audio { 2 } else { 0 },
            sdp_fmtp_line: format.to_owned(),
            rtcp_feedback: Vec::new(),
        };
        let codec = RTCRtpCodecParameters {
            capability,
            payload_type,
            ..RTCRtpCodecParameters::default()
        };
        engine
            .register_codec(codec, kind)
            .expect("the codec is known");
    }
    for kind in [RTPCodecType::Audio, RTPCodecType::Video] {
        let uri = "urn:ietf:params:rtp-hdrext:sdes:mid".to_owned();
        let mid = RTCRtpHeaderExtensionCapability { uri };
        engine
            .register_header_extension(mid, kind, None)
            .expect("mid is taken");
    }
    engine
}
