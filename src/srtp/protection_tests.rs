//! What is protected arrives whole and once; everything else is refused and leaves no trace.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{Inbound, KeyPair, MasterKey, Outbound, Profile, ReplayWindow, SrtpError};
use crate::limits;
use crate::rtp::{Header, set_sequence, set_ssrc};

const PROFILES: [Profile; 3] = [
    Profile::AeadAes256Gcm,
    Profile::AeadAes128Gcm,
    Profile::Aes128CmSha1_80,
];
const SENDER_REPORT: [u8; 28] = [
    0x80, 200, 0, 6, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
    20,
];

fn keys(profile: Profile) -> MasterKey {
    let exported: Vec<u8> = (0..).take(profile.exporter_length()).collect();
    KeyPair::from_exporter(profile, &exported).unwrap().client
}

fn ends(profile: Profile) -> (Outbound, Inbound) {
    let keys = keys(profile);
    (Outbound::new(&keys), Inbound::new(&keys))
}

/// A packet with a contributing source and extensions, so that the clear part is not the shortest.
fn rtp(sequence: u16) -> Vec<u8> {
    let mut packet = vec![0x91, 0x60, 0, 0, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 6];
    packet.extend([0xbe, 0xde, 0, 1, 0x31, 0, 7, 0]);
    packet.extend(b"a picture of a cat");
    set_sequence(&mut packet, sequence);
    packet
}

fn protected(outbound: &mut Outbound, index: u64) -> Vec<u8> {
    let mut packet = rtp(u16::try_from(index & 0xffff).unwrap());
    let length = packet.len();
    packet.resize(length + outbound.profile().tag_length(), 0);
    let whole = outbound.protect_rtp(&mut packet, length, index);
    assert_eq!(whole, Ok(packet.len()));
    packet
}

fn protected_rtcp(outbound: &mut Outbound, ssrc: u8) -> Vec<u8> {
    let mut packet = SENDER_REPORT.to_vec();
    packet[7] = ssrc;
    packet.resize(28 + outbound.profile().rtcp_overhead(), 0);
    assert_eq!(outbound.protect_rtcp(&mut packet, 28), Ok(packet.len()));
    packet
}

/// Takes a packet; gives its index and its clear bytes.
fn unprotected(
    inbound: &Inbound,
    window: &mut ReplayWindow,
    packet: &[u8],
) -> Result<(u64, Vec<u8>), SrtpError> {
    let mut packet = packet.to_vec();
    let header = Header::parse(&packet).ok_or(SrtpError::Malformed)?;
    let clear = inbound.unprotect_rtp(window, &mut packet, &header)?;
    packet.truncate(clear.length);
    Ok((clear.index, packet))
}

#[test]
fn a_packet_arrives_whole_under_every_profile() {
    for profile in PROFILES {
        let (mut outbound, mut inbound) = ends(profile);
        let packet = protected(&mut outbound, 7);
        assert_eq!(packet[..24], rtp(7)[..24], "the header stays in clear");
        assert_ne!(packet[24..42], rtp(7)[24..], "the payload does not");
        let got = unprotected(&inbound, &mut ReplayWindow::new(), &packet);
        assert_eq!(got, Ok((7, rtp(7))), "{profile:?}");

        let mut packet = protected_rtcp(&mut outbound, 9);
        assert_ne!(packet[8..28], SENDER_REPORT[8..]);
        assert_eq!(inbound.unprotect_rtcp(&mut packet), Ok(28), "{profile:?}");
        assert_eq!(packet[..28], SENDER_REPORT);
    }
}

#[test]
fn a_packet_altered_in_any_byte_is_refused_and_forgotten() {
    for profile in PROFILES {
        let (mut outbound, inbound) = ends(profile);
        let packet = protected(&mut outbound, 7);
        let mut window = ReplayWindow::new();
        for at in 0..packet.len() {
            let mut altered = packet.clone();
            altered[at] ^= 1;
            let got = unprotected(&inbound, &mut window, &altered);
            assert!(got.is_err(), "{profile:?}: byte {at}");
        }
        assert_eq!(window, ReplayWindow::new());
        assert!(unprotected(&inbound, &mut window, &packet).is_ok());
    }
}

#[test]
fn a_control_packet_altered_in_any_byte_is_refused_and_forgotten() {
    for profile in PROFILES {
        let (mut outbound, mut inbound) = ends(profile);
        let packet = protected_rtcp(&mut outbound, 9);
        for at in 0..packet.len() {
            let mut altered = packet.clone();
            altered[at] ^= 1;
            assert!(
                inbound.unprotect_rtcp(&mut altered).is_err(),
                "{profile:?}: byte {at}"
            );
        }
        assert_eq!(inbound.unprotect_rtcp(&mut packet.clone()), Ok(28));
    }
}

#[test]
fn a_packet_is_taken_once() {
    for profile in PROFILES {
        let (mut outbound, mut inbound) = ends(profile);
        let packet = protected(&mut outbound, 7);
        let mut window = ReplayWindow::new();
        assert!(unprotected(&inbound, &mut window, &packet).is_ok());
        let again = unprotected(&inbound, &mut window, &packet);
        assert_eq!(again, Err(SrtpError::Replayed));

        let packet = protected_rtcp(&mut outbound, 9);
        assert_eq!(inbound.unprotect_rtcp(&mut packet.clone()), Ok(28));
        let again = inbound.unprotect_rtcp(&mut packet.clone());
        assert_eq!(again, Err(SrtpError::Replayed));
    }
}

#[test]
fn the_index_counts_turns_in_any_order_around_the_wrap() {
    for profile in PROFILES {
        let (mut outbound, inbound) = ends(profile);
        let mut window = ReplayWindow::new();
        // A receiver follows leaps of less than half a turn.
        let indices = [
            65_530, 65_537, 65_535, 65_536, 90_000, 120_000, 131_075, 131_070,
        ];
        for index in indices {
            let packet = protected(&mut outbound, index);
            let got = unprotected(&inbound, &mut window, &packet);
            assert_eq!(got.map(|(index, _)| index), Ok(index), "{profile:?}");
        }
    }
}

#[test]
fn a_packet_of_another_turn_is_forged() {
    for profile in PROFILES {
        let (mut outbound, inbound) = ends(profile);
        let packet = protected(&mut outbound, 65_536 + 7);
        let got = unprotected(&inbound, &mut ReplayWindow::new(), &packet);
        assert_eq!(got, Err(SrtpError::Forged), "{profile:?}");
    }
}

#[test]
fn another_key_opens_nothing() {
    for profile in PROFILES {
        let exported = vec![3; profile.exporter_length()];
        let other = KeyPair::from_exporter(profile, &exported).unwrap().client;
        let (mut outbound, _) = ends(profile);
        let packet = protected(&mut outbound, 7);
        let got = unprotected(&Inbound::new(&other), &mut ReplayWindow::new(), &packet);
        assert_eq!(got, Err(SrtpError::Forged));
        let mut packet = protected_rtcp(&mut outbound, 9);
        let got = Inbound::new(&other).unprotect_rtcp(&mut packet);
        assert_eq!(got, Err(SrtpError::Forged));
    }
}

#[test]
fn a_stump_is_malformed() {
    for profile in PROFILES {
        let (mut outbound, mut inbound) = ends(profile);
        let packet = protected(&mut outbound, 7);
        for length in 0..24 + profile.tag_length() {
            let got = unprotected(&inbound, &mut ReplayWindow::new(), &packet[..length]);
            assert_eq!(got, Err(SrtpError::Malformed), "{profile:?}: {length}");
        }
        let packet = protected_rtcp(&mut outbound, 9);
        for length in 0..8 + profile.rtcp_overhead() {
            let got = inbound.unprotect_rtcp(&mut packet[..length].to_vec());
            assert_eq!(got, Err(SrtpError::Malformed), "{profile:?}: {length}");
        }
    }
}

#[test]
fn control_in_clear_is_refused() {
    for profile in PROFILES {
        let (_, mut inbound) = ends(profile);
        let mut packet = [SENDER_REPORT.to_vec(), vec![0; profile.rtcp_overhead()]].concat();
        let got = inbound.unprotect_rtcp(&mut packet);
        assert_eq!(got, Err(SrtpError::Unencrypted), "{profile:?}");
    }
}

#[test]
fn each_control_sender_has_a_window_up_to_a_limit() {
    let keys = keys(Profile::AeadAes128Gcm);
    let mut inbound = Inbound::new(&keys);
    let senders = u8::try_from(limits::RTCP_SENDERS).unwrap();
    for ssrc in 0..senders {
        // Each sender begins at index zero, as browsers do.
        let mut packet = protected_rtcp(&mut Outbound::new(&keys), ssrc);
        assert_eq!(inbound.unprotect_rtcp(&mut packet), Ok(28));
    }
    let mut packet = protected_rtcp(&mut Outbound::new(&keys), senders);
    let got = inbound.unprotect_rtcp(&mut packet);
    assert_eq!(got, Err(SrtpError::TooManySenders));
    let mut replayed = protected_rtcp(&mut Outbound::new(&keys), 0);
    let got = inbound.unprotect_rtcp(&mut replayed);
    assert_eq!(got, Err(SrtpError::Replayed));
}

#[test]
fn forged_control_makes_no_window() {
    let (mut outbound, mut inbound) = ends(Profile::AeadAes128Gcm);
    for ssrc in 0..=255 {
        let mut packet = protected_rtcp(&mut outbound, ssrc);
        packet[20] ^= 1;
        let got = inbound.unprotect_rtcp(&mut packet);
        assert_eq!(got, Err(SrtpError::Forged));
    }
    let mut packet = protected_rtcp(&mut outbound, 9);
    assert_eq!(inbound.unprotect_rtcp(&mut packet), Ok(28));
}

#[test]
fn an_index_protects_one_packet() {
    for profile in PROFILES {
        let (mut outbound, _) = ends(profile);
        for index in [65_530, 65_700, 65_573] {
            protected(&mut outbound, index);
        }
        for used in [65_530, 65_700, 65_573, 65_700 - ReplayWindow::SIZE] {
            let mut packet = rtp(u16::try_from(used & 0xffff).unwrap());
            let length = packet.len();
            packet.resize(length + profile.tag_length(), 0);
            let before = packet.clone();
            let got = outbound.protect_rtp(&mut packet, length, used);
            assert_eq!(got, Err(SrtpError::Reused), "{used}");
            assert_eq!(packet, before);
        }
        protected(&mut outbound, 65_574);
    }
}

#[test]
fn the_very_packet_goes_again_as_it_was() {
    for profile in PROFILES {
        let (mut outbound, _) = ends(profile);
        let first = protected(&mut outbound, 7);
        let mut again = rtp(7);
        let length = again.len();
        again.resize(first.len(), 0);
        let whole = outbound.protect_rtp_again(&mut again, length, 7);
        assert_eq!((whole, again), (Ok(first.len()), first));
    }
}

#[test]
fn each_sent_stream_has_indices_of_its_own_up_to_a_limit() {
    let (mut outbound, _) = ends(Profile::AeadAes128Gcm);
    let mut protect = |ssrc: usize| {
        let mut packet = [rtp(7), vec![0; 16]].concat();
        set_ssrc(&mut packet, u32::try_from(ssrc).unwrap());
        outbound.protect_rtp(&mut packet, 42, 7)
    };
    for ssrc in 0..limits::SENT_STREAMS {
        assert_eq!(protect(ssrc), Ok(58));
    }
    assert_eq!(
        protect(limits::SENT_STREAMS),
        Err(SrtpError::TooManySenders)
    );
    assert_eq!(protect(0), Err(SrtpError::Reused));
}

#[test]
fn noise_is_refused_without_harm() {
    let mut random = StdRng::seed_from_u64(4);
    for profile in PROFILES {
        let (_, mut inbound) = ends(profile);
        for _ in 0..5_000 {
            let mut packet = vec![0; random.random_range(0..100)];
            random.fill(&mut packet[..]);
            if let Some(first) = packet.first_mut() {
                *first = 0x80 | (*first & 0x3f);
            }
            let got = unprotected(&inbound, &mut ReplayWindow::new(), &packet);
            assert!(got.is_err());
            assert!(inbound.unprotect_rtcp(&mut packet).is_err());
        }
    }
}

#[test]
fn a_buffer_without_room_is_refused_untouched() {
    for profile in PROFILES {
        let (mut outbound, _) = ends(profile);
        let mut packet = rtp(7);
        packet.resize(42 + profile.tag_length() - 1, 0);
        let before = packet.clone();
        assert_eq!(
            outbound.protect_rtp(&mut packet, 42, 7),
            Err(SrtpError::NoRoom)
        );
        assert_eq!(packet, before);
        let mut packet = SENDER_REPORT.to_vec();
        packet.resize(28 + profile.rtcp_overhead() - 1, 0);
        assert_eq!(
            outbound.protect_rtcp(&mut packet, 28),
            Err(SrtpError::NoRoom)
        );
        assert_eq!(packet[..28], SENDER_REPORT);
    }
}

#[test]
fn a_key_protects_no_more_than_it_may() {
    let master = keys(Profile::AeadAes128Gcm);
    let ciphers = || {
        use super::cipher::Cipher;
        [Cipher::for_rtp(&master), Cipher::for_rtcp(&master)]
    };
    let last = (1 << 31) - 1;
    let mut outbound = Outbound::with_ciphers(Profile::AeadAes128Gcm, ciphers(), last);
    let mut packet = protected_rtcp(&mut outbound, 9);
    assert_eq!(
        outbound.protect_rtcp(&mut packet, 28),
        Err(SrtpError::Exhausted)
    );
    let got = outbound.protect_rtp(&mut rtp(0), 42, 1 << 48);
    assert_eq!(got, Err(SrtpError::Exhausted));
}
