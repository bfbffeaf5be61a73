//! The packets that the RFCs print, byte for byte.

use ring::aead::{AES_128_GCM, AES_256_GCM, UnboundKey};

use super::cipher::{Cipher, CounterMode, Gcm, Place};
use super::{Inbound, Outbound, Profile, ReplayWindow};
use crate::rtp::Header;

const RTP: &str = "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e6973206469766973612069\
    6e207061727465732074726573";
const RTCP: &str = "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61\
    deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";

/// RFC 7714, sections 16.1.1 and 17.1.
const RTP_128: &str = "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42\
    a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce";
const RTCP_128: &str = "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1\
    730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4";

/// RFC 7714, sections 16.2.1 and 17.3.
const RTP_256: &str = "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b5\
    0b2a0276ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13";
const RTCP_256: &str = "81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1\
    110555be8415f658c61de0476f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be800005d4";

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().collect();
    let pairs = digits.chunks(2);
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16);
    pairs.map(|pair| byte(pair).unwrap()).collect()
}

/// Key 00 01 02 ..., salt "Quid pro quo", for RTP and RTCP alike.
fn ciphers(profile: Profile) -> [Cipher; 2] {
    [(); 2].map(|()| {
        let key: Vec<u8> = (0..32).collect();
        let key = match profile {
            Profile::AeadAes256Gcm => UnboundKey::new(&AES_256_GCM, &key),
            _ => UnboundKey::new(&AES_128_GCM, &key[..16]),
        };
        Cipher::Gcm(Box::new(Gcm::new(key, *b"Quid pro quo")))
    })
}

fn gcm_follows_rfc_7714(profile: Profile, protected_rtp: &str, protected_rtcp: &str) {
    let mut outbound = Outbound::with_ciphers(profile, ciphers(profile), 0x5d4);
    let mut inbound = Inbound::with_ciphers(profile.tag_length(), ciphers(profile));

    let mut packet = hex(RTP);
    let length = packet.len();
    packet.resize(length + 16, 0);
    assert_eq!(
        outbound.protect_rtp(&mut packet, length, 0xf17b),
        Ok(length + 16)
    );
    assert_eq!(packet, hex(protected_rtp));
    let header = Header::parse(&packet).unwrap();
    let got = inbound.unprotect_rtp(&mut ReplayWindow::new(), &mut packet, &header);
    assert_eq!(
        got.map(|clear| (clear.length, clear.index)),
        Ok((length, 0xf17b))
    );
    assert_eq!(packet[..length], hex(RTP));

    let mut packet = hex(RTCP);
    let length = packet.len();
    packet.resize(length + 20, 0);
    assert_eq!(outbound.protect_rtcp(&mut packet, length), Ok(length + 20));
    assert_eq!(packet, hex(protected_rtcp));
    assert_eq!(inbound.unprotect_rtcp(&mut packet), Ok(length));
    assert_eq!(packet[..length], hex(RTCP));
}

#[test]
fn gcm_128_follows_rfc_7714() {
    gcm_follows_rfc_7714(Profile::AeadAes128Gcm, RTP_128, RTCP_128);
}

#[test]
fn gcm_256_follows_rfc_7714() {
    gcm_follows_rfc_7714(Profile::AeadAes256Gcm, RTP_256, RTCP_256);
}

#[test]
fn counter_mode_follows_rfc_3711_appendix_b2() {
    let key = 0x2b7e_1516_28ae_d2a6_abf7_1588_09cf_4f3c_u128.to_be_bytes();
    let mut salt = [0; 14];
    salt.copy_from_slice(&hex("f0f1f2f3f4f5f6f7f8f9fafbfcfd"));
    let cipher = CounterMode::new(&key, salt, &[0; 20]);
    let mut keystream = [0; 48];
    cipher.apply(Place { ssrc: 0, index: 0 }, &mut keystream);
    let expected = "e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab\
        41e95b3bb0a2e8dd477901e4fca894c0";
    assert_eq!(keystream, *hex(expected));
}
