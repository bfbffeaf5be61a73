//! Reads a browser's SDP offer into [`Terms`]: what this leg will speak, and by which numbers.
//!
//! There is one fixed answer for every browser (see [`answer`](super::answer)), so that any two
//! legs fit; an offer decides only the numbers and the order of its sections.

use str0m::change::SdpOffer;
use str0m::crypto::Fingerprint;
use str0m::format::{Codec, PayloadParams};
use str0m::ice::IceCreds;
use str0m::media::Direction as Flow;
use str0m::rtp::Extension;

use super::command::OfferError;
use crate::codec::VideoCodec;
use crate::direction::Direction;
use crate::limits;

/// What an offer says, as far as the answer and the relay need it.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    /// Which way its media flows, as the offer says it.
    pub(crate) direction: Direction,
    /// The sections of the offer in its order, refused ones included.
    pub(crate) sections: Vec<Section>,
    /// The Opus section.
    pub(crate) audio: AudioTerms,
    /// The section of the one picture coding.
    pub(crate) video: VideoTerms,
    /// Id of the transport-wide sequence number extension, the same in both sections.
    pub(crate) transport_cc: Option<u8>,
    /// Id of the `mid` extension: accepted (RFC 8843), never sent on.
    pub(crate) mid_extension: Option<u8>,
    /// Id of the playout delay extension: of the picture, and never sent on.
    pub(crate) playout_delay: Option<u8>,
    /// The browser's ICE credentials.
    pub(crate) ice: IceCreds,
    /// Hash of the certificate that the browser must show.
    pub(crate) fingerprint: Fingerprint,
}

/// One `m=` section of the offer.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    /// Its `mid`.
    pub(crate) mid: String,
    /// What becomes of it.
    pub(crate) part: Part,
}

/// What a section of the offer becomes in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The visitor's voice.
    Audio,
    /// The visitor's picture.
    Video,
    /// Refused: port 0, with this media type.
    Refused(&'static str),
}

/// The numbers of the audio section.
#[derive(Debug, Clone)]
pub(crate) struct AudioTerms {
    pub(crate) payload_type: u8,
    /// The SSRC declared by the browser, if any.
    pub(crate) ssrc: Option<u32>,
}

impl AudioTerms {
    /// Of one who only sends, and has no sound to send: no packet has such a payload type, which is
    /// of seven bits.
    const SILENT: Self = Self {
        payload_type: u8::MAX,
        ssrc: None,
    };
}

/// The numbers of the video section.
#[derive(Debug, Clone)]
pub(crate) struct VideoTerms {
    pub(crate) codec: VideoCodec,
    pub(crate) payload_type: u8,
    /// Payload type of its retransmissions (RFC 4588), if the browser has them.
    pub(crate) rtx_payload_type: Option<u8>,
    /// The SSRC declared by the browser, if any.
    pub(crate) ssrc: Option<u32>,
    /// The SSRC declared for its retransmissions, if any.
    pub(crate) rtx_ssrc: Option<u32>,
    /// The H.264 profile as the answer repeats it.
    pub(crate) profile_level_id: Option<u32>,
}

impl Terms {
    /// Reads an offer that must go one way. `codecs` are the picture codings this server speaks, best
    /// first.
    ///
    /// # Errors
    /// [`OfferError`] says what the offer lacks.
    pub(crate) fn read(
        offer: &str,
        codecs: &[VideoCodec],
        direction: Direction,
    ) -> Result<Self, OfferError> {
        if offer.len() > limits::SDP_BYTES {
            return Err(OfferError::Malformed);
        }
        let sdp = SdpOffer::from_sdp_string(offer).map_err(|_| OfferError::Malformed)?;
        if sdp.media_lines.len() > limits::SDP_SECTIONS {
            return Err(OfferError::Malformed);
        }
        let (ice, fingerprint) = credentials(&sdp)?;
        let mut terms = TermsSoFar::default();
        let wanted = match direction {
            Direction::SendRecv => Flow::SendRecv,
            Direction::SendOnly => Flow::SendOnly,
            Direction::RecvOnly => Flow::RecvOnly,
        };
        let bundle_only = bundle_only(offer);
        for (line, bundled) in sdp.media_lines.iter().zip(bundle_only) {
            let disabled = line.disabled && !bundled;
            let usable = line.direction() == wanted && !disabled;
            let part = terms.section(line.rtp_params(), usable, codecs);
            if matches!(part, Part::Audio | Part::Video) {
                terms.ssrcs(
                    part,
                    line.ssrc_info()
                        .iter()
                        .map(|i| (*i.ssrc, i.repairs.map(|r| *r))),
                );
                terms.extensions(line.extmaps());
            }
            terms.sections.push(Section {
                mid: line.mid().to_string(),
                part,
            });
        }
        Ok(Self {
            direction,
            audio: terms.audio(direction).ok_or(OfferError::NoAudio)?,
            video: terms.video.ok_or(OfferError::NoVideo)?,
            sections: terms.sections,
            transport_cc: terms.transport_cc,
            mid_extension: terms.mid_extension,
            playout_delay: terms.playout_delay,
            ice,
            fingerprint,
        })
    }
}

/// For each section, whether a port of zero means "only within the bundle" and not "refused"
/// (RFC 8843, 6): Firefox writes it so for `bundlePolicy: "max-bundle"`. Never ends.
fn bundle_only(offer: &str) -> impl Iterator<Item = bool> {
    let sections = offer.split("\nm=").skip(1);
    sections
        .map(|section| section.lines().any(|line| line == "a=bundle-only"))
        .chain(std::iter::repeat(false))
}

/// ICE credentials and fingerprint, from the session or from its first section that has them.
fn credentials(sdp: &SdpOffer) -> Result<(IceCreds, Fingerprint), OfferError> {
    let ice = sdp
        .session
        .ice_creds()
        .or_else(|| sdp.media_lines.iter().find_map(|line| line.ice_creds()));
    let fingerprint = sdp
        .session
        .fingerprint()
        .or_else(|| sdp.media_lines.iter().find_map(|line| line.fingerprint()));
    // The browser must be willing to be the DTLS client: the answer says `passive`.
    let setup = sdp
        .session
        .setup()
        .or_else(|| sdp.media_lines.iter().find_map(|l| l.setup()));
    if setup.is_some_and(|setup| setup.setup_line() == "passive") {
        return Err(OfferError::Malformed);
    }
    ice.zip(fingerprint).ok_or(OfferError::Malformed)
}

#[derive(Default)]
struct TermsSoFar {
    sections: Vec<Section>,
    audio: Option<AudioTerms>,
    video: Option<VideoTerms>,
    transport_cc: Option<u8>,
    mid_extension: Option<u8>,
    playout_delay: Option<u8>,
}

impl TermsSoFar {
    /// A camera without a microphone may send; whoever receives hears what there is to hear.
    fn audio(&mut self, direction: Direction) -> Option<AudioTerms> {
        let is_refused = |section: &Section| section.part == Part::Refused("audio");
        let is_silent = direction == Direction::SendOnly && !self.sections.iter().any(is_refused);
        let silent = is_silent.then_some(AudioTerms::SILENT);
        self.audio.take().or(silent)
    }

    /// Takes the first usable section of each kind.
    fn section(&mut self, params: Vec<PayloadParams>, usable: bool, codecs: &[VideoCodec]) -> Part {
        let is_audio = params.iter().any(|p| p.spec().codec.is_audio());
        let is_video = params.iter().any(|p| p.spec().codec.is_video());
        if is_audio {
            let opus = params.iter().find(|p| p.spec().codec == Codec::Opus);
            if let (Some(opus), true, None) = (opus, usable, &self.audio) {
                self.audio = Some(AudioTerms {
                    payload_type: *opus.pt(),
                    ssrc: None,
                });
                return Part::Audio;
            }
            return Part::Refused("audio");
        }
        if is_video {
            let picked = codecs.iter().find_map(|codec| pick(*codec, &params));
            if let (Some(picked), true, None) = (picked, usable, &self.video) {
                self.video = Some(picked);
                return Part::Video;
            }
            return Part::Refused("video");
        }
        Part::Refused("application")
    }

    fn ssrcs(&mut self, part: Part, declared: impl Iterator<Item = (u32, Option<u32>)>) {
        for (ssrc, repairs) in declared {
            match (part, &mut self.audio, &mut self.video, repairs) {
                (Part::Audio, Some(audio), _, None) if audio.ssrc.is_none() => {
                    audio.ssrc = Some(ssrc);
                }
                (Part::Video, _, Some(video), None) if video.ssrc.is_none() => {
                    video.ssrc = Some(ssrc);
                }
                (Part::Video, _, Some(video), Some(_)) if video.rtx_ssrc.is_none() => {
                    video.rtx_ssrc = Some(ssrc);
                }
                _ => {}
            }
        }
    }

    fn extensions(&mut self, extmaps: Vec<(u8, &Extension)>) {
        for (id, extension) in extmaps {
            // Only ids that fit the one-byte form (RFC 8285, 4.2).
            if !(1..=14).contains(&id) {
                continue;
            }
            match extension {
                Extension::TransportSequenceNumber => self.transport_cc = Some(id),
                Extension::RtpMid => self.mid_extension = Some(id),
                Extension::PlayoutDelay => self.playout_delay = Some(id),
                _ => {}
            }
        }
    }
}

/// The payload type of an offer that speaks `codec` in the one form the answer allows.
fn pick(codec: VideoCodec, params: &[PayloadParams]) -> Option<VideoTerms> {
    let fits = |p: &&PayloadParams| match codec {
        VideoCodec::Vp8 => p.spec().codec == Codec::Vp8,
        VideoCodec::Vp9 => {
            p.spec().codec == Codec::Vp9 && p.spec().format.profile_id.unwrap_or(0) == 0
        }
        VideoCodec::H264 => p.spec().codec == Codec::H264 && is_constrained_baseline(p),
    };
    let params = params.iter().find(fits)?;
    Some(VideoTerms {
        codec,
        payload_type: *params.pt(),
        rtx_payload_type: params.resend().map(|pt| *pt),
        ssrc: None,
        rtx_ssrc: None,
        profile_level_id: params.spec().format.profile_level_id,
    })
}

/// Constrained baseline, packetization mode 1 (RFC 6184, 8.1): what every H.264 browser has.
fn is_constrained_baseline(params: &PayloadParams) -> bool {
    let format = params.spec().format;
    let profile = format.profile_level_id.unwrap_or(0);
    format.packetization_mode == Some(1) && profile >> 16 == 0x42 && (profile >> 8) & 0x40 != 0
}

#[cfg(test)]
mod tests {
    use rand::rngs::SmallRng;
    use rand::{Rng as _, SeedableRng as _};

    use super::*;

    const CHROMIUM: &str = include_str!("../../tests/data/chromium-156.sdp");
    const FIREFOX: &str = include_str!("../../tests/data/firefox-153.sdp");
    const VP8: &[VideoCodec] = &[VideoCodec::Vp8];

    fn read(offer: &str, codecs: &[VideoCodec]) -> Result<Terms, OfferError> {
        Terms::read(offer, codecs, Direction::SendRecv)
    }

    #[test]
    fn two_makes_of_browser_are_read_by_their_own_numbers() {
        let chromium = read(CHROMIUM, VP8).expect("served");
        let firefox = read(FIREFOX, VP8).expect("served");
        let numbers = |t: &Terms| {
            let video = &t.video;
            (
                t.audio.payload_type,
                video.payload_type,
                video.rtx_payload_type,
                t.transport_cc,
                t.playout_delay,
            )
        };
        assert_eq!(numbers(&chromium), (111, 96, Some(97), Some(3), Some(5)));
        assert_eq!(numbers(&firefox), (109, 120, Some(124), Some(7), Some(6)));
        for terms in [&chromium, &firefox] {
            assert!(terms.audio.ssrc.is_some());
            assert!(terms.video.ssrc.is_some() && terms.video.rtx_ssrc.is_some());
            assert_ne!(terms.video.ssrc, terms.video.rtx_ssrc);
        }
    }

    #[test]
    fn port_zero_within_a_bundle_is_no_refusal() {
        let refused = FIREFOX.replace("m=video 9", "m=video 0");
        let bundled = refused.replace("a=mid:1\r\n", "a=mid:1\r\na=bundle-only\r\n");
        assert_ne!(refused, FIREFOX);
        assert_ne!(refused, bundled);
        let read = |offer: &str| read(offer, VP8).map(|_| ());
        assert_eq!(read(&refused), Err(OfferError::NoVideo));
        assert_eq!(read(&bundled), Ok(()));
    }

    #[test]
    fn the_servers_order_decides_which_codec_a_leg_speaks() {
        let both = [VideoCodec::H264, VideoCodec::Vp8];
        let terms = read(CHROMIUM, &both).expect("served");
        assert_eq!(terms.video.codec, VideoCodec::H264);
        assert_eq!(
            terms.video.payload_type, 108,
            "constrained baseline, packetization mode 1"
        );
        assert_eq!(terms.video.profile_level_id, Some(0x42_e0_1f));
        let vp9 = read(CHROMIUM, &[VideoCodec::Vp9]).expect("served");
        assert_eq!(vp9.video.payload_type, 98, "profile 0");
        let terms = read(FIREFOX, &both).expect("served");
        assert_eq!(
            terms.video.codec,
            VideoCodec::Vp8,
            "this Firefox offers no H.264"
        );
    }

    #[test]
    fn what_an_offer_lacks_is_named() {
        let refused = |offer: &str, codecs| read(offer, codecs).map(|_| ()).expect_err("refused");
        let h264_only = refused(FIREFOX, &[VideoCodec::H264]);
        assert_eq!(h264_only, OfferError::NoVideo);
        let read = |offer: &str| refused(offer, VP8);
        assert_eq!(read("not an offer"), OfferError::Malformed);
        assert_eq!(read(""), OfferError::Malformed);
        assert_eq!(
            read(&"x".repeat(limits::SDP_BYTES + 1)),
            OfferError::Malformed
        );
        assert_eq!(
            read(&CHROMIUM.replace("opus", "speex")),
            OfferError::NoAudio
        );
        assert_eq!(read(&CHROMIUM.replace("VP8", "VPX")), OfferError::NoVideo);
        assert_eq!(
            read(&CHROMIUM.replace("a=sendrecv", "a=recvonly")),
            OfferError::NoAudio
        );
        assert_eq!(
            read(&CHROMIUM.replace("actpass", "passive")),
            OfferError::Malformed
        );
        assert_eq!(
            read(&CHROMIUM.replace("a=ice-ufrag", "a=ice-other")),
            OfferError::Malformed
        );
        assert_eq!(
            read(&CHROMIUM.replace("a=fingerprint", "a=footprint")),
            OfferError::Malformed
        );
    }

    /// The offer of a browser that only sends, without the section of its sound.
    fn picture_alone() -> String {
        let offer = CHROMIUM.replace("a=sendrecv", "a=sendonly");
        let sections: Vec<_> = offer.split("\nm=").collect();
        let without = sections
            .into_iter()
            .filter(|section| !section.starts_with("audio"));
        without.collect::<Vec<_>>().join("\nm=")
    }

    #[test]
    fn who_only_sends_may_have_no_sound_and_who_receives_may_not() {
        let offer = picture_alone();
        let terms = Terms::read(&offer, VP8, Direction::SendOnly).unwrap();
        assert_eq!((terms.sections.len(), terms.audio.ssrc), (1, None));
        for (was, wanted) in [
            ("a=recvonly", Direction::RecvOnly),
            ("a=sendrecv", Direction::SendRecv),
        ] {
            let offer = offer.replace("a=sendonly", was);
            let read = Terms::read(&offer, VP8, wanted).map(|_| ());
            assert_eq!(read, Err(OfferError::NoAudio), "{was}");
        }
    }

    #[test]
    fn an_offer_goes_the_way_that_it_must_and_no_other() {
        let all = [
            Direction::SendRecv,
            Direction::SendOnly,
            Direction::RecvOnly,
        ];
        for offered in all {
            let offer = CHROMIUM.replace("a=sendrecv", &format!("a={}", offered.word()));
            for wanted in all {
                let answered = Terms::read(&offer, VP8, wanted).map(|terms| terms.direction);
                let expected = (offered == wanted)
                    .then_some(wanted)
                    .ok_or(OfferError::NoAudio);
                assert_eq!(answered, expected, "{offered:?} where {wanted:?} is wanted");
            }
        }
        let half = CHROMIUM.replacen("a=sendrecv", "a=sendonly", 1);
        let read = Terms::read(&half, VP8, Direction::SendOnly).map(|_| ());
        assert_eq!(read, Err(OfferError::NoVideo), "its picture goes both ways");
    }

    #[test]
    fn a_mangled_offer_is_read_or_refused_without_harm() {
        let mut rng = SmallRng::seed_from_u64(6);
        let mut served = 0;
        for round in 0..400 {
            let source = if round % 2 == 0 { CHROMIUM } else { FIREFOX };
            let mut bytes = source.as_bytes().to_vec();
            for _ in 0..rng.random_range(1..6) {
                let at = rng.random_range(0..bytes.len());
                match rng.random_range(0..4) {
                    0 => bytes[at] = rng.random_range(32..127),
                    1 => bytes.truncate(at.max(1)),
                    2 => {
                        bytes.remove(at);
                    }
                    _ => {
                        let piece = bytes[at..(at + 40).min(bytes.len())].to_vec();
                        bytes.splice(at..at, piece);
                    }
                }
            }
            let offer = String::from_utf8_lossy(&bytes);
            served += u32::from(read(&offer, VP8).is_ok());
        }
        assert!(served > 40, "small faults are survived: {served}");
    }
}
