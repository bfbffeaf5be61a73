//! Our SRTP and that of the `webrtc` crate understand each other: what one protects, the other
//! opens, in every profile, both ways and around the wrap.

#![expect(
    clippy::unwrap_used,
    reason = "a test program may panic; the lint's own exception misses its helpers"
)]

use visavis::rtp::{Header, set_sequence};
use visavis::srtp::{Inbound, KeyPair, Outbound, Profile, ReplayWindow};
use webrtc::srtp::context::Context;
use webrtc::srtp::protection_profile::ProtectionProfile;

const PROFILES: [(Profile, ProtectionProfile); 3] = [
    (Profile::AeadAes256Gcm, ProtectionProfile::AeadAes256Gcm),
    (Profile::AeadAes128Gcm, ProtectionProfile::AeadAes128Gcm),
    (
        Profile::Aes128CmSha1_80,
        ProtectionProfile::Aes128CmHmacSha1_80,
    ),
];

/// A packet with a one-byte header extension, and a compound of receiver report and PLI.
const RTP: &[u8] = b"\x90\x60\0\0\0\0\0\x01\0\0\0\x05\xbe\xde\0\x01\x31\0\x07\0a picture of a cat";
const RTCP: &[u8] = b"\x80\xc9\0\x01\0\0\0\x05\x81\xce\0\x02\0\0\0\x05\0\0\0\x06";

/// The same key on both sides: ours as the handshake exports it, theirs by its parts.
fn ends((ours, theirs): (Profile, ProtectionProfile)) -> (KeyPair, Context) {
    let exported: Vec<u8> = (1..).take(ours.exporter_length()).collect();
    let (key, salt) = (ours.key_length(), 2 * ours.key_length());
    let (key, salt) = (&exported[..key], &exported[salt..salt + ours.salt_length()]);
    let context = Context::new(key, salt, theirs, None, None).unwrap();
    (KeyPair::from_exporter(ours, &exported).unwrap(), context)
}

fn rtp(index: u64) -> Vec<u8> {
    let mut packet = RTP.to_vec();
    set_sequence(&mut packet, u16::try_from(index & 0xffff).unwrap());
    packet
}

#[test]
fn the_other_stack_opens_what_we_protect() {
    for profile in PROFILES {
        let (keys, mut context) = ends(profile);
        let mut outbound = Outbound::new(&keys.client);
        for index in [65_533, 65_534, 65_535, 65_536, 65_537] {
            let mut packet = rtp(index);
            packet.resize(RTP.len() + 16, 0);
            let length = outbound.protect_rtp(&mut packet, RTP.len(), index).unwrap();
            let opened = context.decrypt_rtp(&packet[..length]).unwrap();
            assert_eq!(opened, rtp(index), "{profile:?}: {index}");
        }
        for _ in 0..3 {
            let mut packet = RTCP.to_vec();
            packet.resize(RTCP.len() + 20, 0);
            let length = outbound.protect_rtcp(&mut packet, RTCP.len()).unwrap();
            let opened = context.decrypt_rtcp(&packet[..length]).unwrap();
            assert_eq!(opened, RTCP, "{profile:?}");
        }
    }
}

#[test]
fn we_open_what_the_other_stack_protects() {
    for profile in PROFILES {
        let (keys, mut context) = ends(profile);
        let mut inbound = Inbound::new(&keys.client);
        let mut window = ReplayWindow::new();
        for index in [65_533, 65_534, 65_535, 65_536, 65_537] {
            let mut packet = context.encrypt_rtp(&rtp(index)).unwrap().to_vec();
            let header = Header::parse(&packet).unwrap();
            let opened = inbound
                .unprotect_rtp(&mut window, &mut packet, &header)
                .unwrap();
            assert_eq!(packet[..opened.length], rtp(index), "{profile:?}");
            assert_eq!(opened.index, index);
        }
        for _ in 0..3 {
            let mut packet = context.encrypt_rtcp(RTCP).unwrap().to_vec();
            let length = inbound.unprotect_rtcp(&mut packet).unwrap();
            assert_eq!(packet[..length], *RTCP, "{profile:?}");
        }
    }
}

#[test]
fn the_other_direction_has_another_key() {
    for profile in PROFILES {
        let (keys, mut context) = ends(profile);
        let mut packet = rtp(7);
        packet.resize(RTP.len() + 16, 0);
        let mut outbound = Outbound::new(&keys.server);
        let length = outbound.protect_rtp(&mut packet, RTP.len(), 7).unwrap();
        assert!(
            context.decrypt_rtp(&packet[..length]).is_err(),
            "{profile:?}"
        );
    }
}
