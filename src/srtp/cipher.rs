//! The ciphers behind one door: a keyed state that seals and opens a packet's body in place.

use std::hint::black_box;

use aes::Aes128Enc;
use ctr::cipher::{InnerIvInit, KeyInit, StreamCipher};
use ctr::{Ctr128BE, CtrCore};
use hmac::{Hmac, Mac};
use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use sha1::Sha1;

use super::keys::{Label, MasterKey};
use super::profile::Profile;
use super::{ENCRYPTED, RTCP_CLEAR, SrtpError};

/// Session key, salt and tag key of RTP or of RTCP in one direction.
pub(super) enum Cipher {
    Gcm(Box<Gcm>),
    CounterMode(Box<CounterMode>),
}

/// Whose packet, and which: what makes its nonce.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) ssrc: u32,
    /// The packet's index: 48 bits for RTP, 31 for RTCP. Both ciphers lay the two out alike.
    pub(super) index: u64,
}

impl Place {
    /// The upper 32 bits of an RTP index, as the tag covers them.
    fn roll_over_counter(self) -> [u8; 4] {
        let [_, _, a, b, c, d, _, _] = self.index.to_be_bytes();
        [a, b, c, d]
    }

    /// The last word of an SRTCP packet: the index and the bit that says "encrypted".
    pub(super) fn rtcp_word(self) -> [u8; 4] {
        let [.., a, b, c, d] = self.index.to_be_bytes();
        (u32::from_be_bytes([a, b, c, d]) | ENCRYPTED).to_be_bytes()
    }

    /// SSRC and 48 bits of index, in the order of every nonce.
    fn bytes(self) -> [u8; 10] {
        let [s0, s1, s2, s3] = self.ssrc.to_be_bytes();
        let [_, _, i0, i1, i2, i3, i4, i5] = self.index.to_be_bytes();
        [s0, s1, s2, s3, i0, i1, i2, i3, i4, i5]
    }
}

impl Cipher {
    pub(super) fn for_rtp(master: &MasterKey) -> Self {
        Self::new(master, [Label::RtpCipher, Label::RtpTag, Label::RtpSalt])
    }

    pub(super) fn for_rtcp(master: &MasterKey) -> Self {
        Self::new(master, [Label::RtcpCipher, Label::RtcpTag, Label::RtcpSalt])
    }

    fn new(master: &MasterKey, [cipher, tag, salt]: [Label; 3]) -> Self {
        match master.profile() {
            Profile::AeadAes256Gcm => {
                let key = UnboundKey::new(&AES_256_GCM, &master.derive::<32>(cipher));
                Self::Gcm(Box::new(Gcm::new(key, master.derive(salt))))
            }
            Profile::AeadAes128Gcm => {
                let key = UnboundKey::new(&AES_128_GCM, &master.derive::<16>(cipher));
                Self::Gcm(Box::new(Gcm::new(key, master.derive(salt))))
            }
            Profile::Aes128CmSha1_80 => Self::CounterMode(Box::new(CounterMode::new(
                &master.derive(cipher),
                master.derive(salt),
                &master.derive(tag),
            ))),
        }
    }

    /// Reads a little of both ends of its key. Changes nothing.
    pub(super) fn glance(&self) {
        match self {
            Self::Gcm(gcm) => {
                black_box((gcm.salt, gcm.key.algorithm()));
            }
            Self::CounterMode(cm) => {
                black_box(cm.salt);
            }
        }
    }

    /// Encrypts `body` and writes the tag over it and `header`; `tag` has the profile's length.
    pub(super) fn seal_rtp(
        &self,
        place: Place,
        header: &[u8],
        body: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), SrtpError> {
        match self {
            Self::Gcm(gcm) => gcm.seal(place, header, body, tag),
            Self::CounterMode(cm) => {
                cm.apply(place, body);
                cm.write_tag([header, body, &place.roll_over_counter()], tag);
                Ok(())
            }
        }
    }

    /// Checks `tag` and decrypts `body`. On an error `body` may hold anything.
    pub(super) fn open_rtp(
        &self,
        place: Place,
        header: &[u8],
        body: &mut [u8],
        tag: &[u8],
    ) -> Result<(), SrtpError> {
        match self {
            Self::Gcm(gcm) => gcm.open(place, header, body, tag),
            Self::CounterMode(cm) => {
                cm.check_tag([header, body, &place.roll_over_counter()], tag)?;
                cm.apply(place, body);
                Ok(())
            }
        }
    }

    /// As [`Self::seal_rtp`]; the tag also covers the word with the index.
    pub(super) fn seal_rtcp(
        &self,
        place: Place,
        header: [u8; RTCP_CLEAR],
        body: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), SrtpError> {
        match self {
            Self::Gcm(gcm) => gcm.seal(place, &rtcp_aad(header, place), body, tag),
            Self::CounterMode(cm) => {
                cm.apply(place, body);
                cm.write_tag([&header, body, &place.rtcp_word()], tag);
                Ok(())
            }
        }
    }

    /// As [`Self::open_rtp`]; the tag also covers the word with the index.
    pub(super) fn open_rtcp(
        &self,
        place: Place,
        header: [u8; RTCP_CLEAR],
        body: &mut [u8],
        tag: &[u8],
    ) -> Result<(), SrtpError> {
        match self {
            Self::Gcm(gcm) => gcm.open(place, &rtcp_aad(header, place), body, tag),
            Self::CounterMode(cm) => {
                cm.check_tag([&header, body, &place.rtcp_word()], tag)?;
                cm.apply(place, body);
                Ok(())
            }
        }
    }
}

/// What GCM authenticates of an SRTCP packet without encrypting it (RFC 7714, section 9.2).
fn rtcp_aad(header: [u8; RTCP_CLEAR], place: Place) -> [u8; 12] {
    let mut aad = [0; 12];
    let bytes = header.into_iter().chain(place.rtcp_word());
    for (byte, value) in aad.iter_mut().zip(bytes) {
        *byte = value;
    }
    aad
}

/// AES in Galois counter mode (RFC 7714).
pub(super) struct Gcm {
    key: LessSafeKey,
    salt: [u8; 12],
}

impl Gcm {
    pub(super) fn new(key: Result<UnboundKey, ring::error::Unspecified>, salt: [u8; 12]) -> Self {
        let key = key.expect("a derived key has its algorithm's length");
        Self {
            key: LessSafeKey::new(key),
            salt,
        }
    }

    /// RFC 7714, sections 8.1 and 9.1.
    fn nonce(&self, place: Place) -> Nonce {
        let mut nonce = self.salt;
        for (byte, value) in nonce.iter_mut().skip(2).zip(place.bytes()) {
            *byte ^= value;
        }
        Nonce::assume_unique_for_key(nonce)
    }

    fn seal(
        &self,
        place: Place,
        aad: &[u8],
        body: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), SrtpError> {
        let nonce = self.nonce(place);
        let sealed = self
            .key
            .seal_in_place_separate_tag(nonce, Aad::from(aad), body);
        let sealed = sealed.map_err(|_| SrtpError::Malformed)?;
        for (byte, value) in tag.iter_mut().zip(sealed.as_ref()) {
            *byte = *value;
        }
        Ok(())
    }

    fn open(&self, place: Place, aad: &[u8], body: &mut [u8], tag: &[u8]) -> Result<(), SrtpError> {
        let (nonce, aad) = (self.nonce(place), Aad::from(aad));
        let tag = tag.try_into().map_err(|_| SrtpError::Malformed)?;
        let opened = self
            .key
            .open_in_place_separate_tag(nonce, aad, tag, body, 0..);
        opened.map(|_| ()).map_err(|_| SrtpError::Forged)
    }
}

/// AES in counter mode with HMAC-SHA1 (RFC 3711, sections 4.1.1 and 4.2.1). Both keyed states are
/// made once: a packet borrows the one and copies the other.
pub(super) struct CounterMode {
    cipher: Aes128Enc,
    salt: [u8; 14],
    tag: Hmac<Sha1>,
}

impl CounterMode {
    pub(super) fn new(cipher: &[u8; 16], salt: [u8; 14], tag: &[u8; 20]) -> Self {
        let tag = <Hmac<Sha1> as KeyInit>::new_from_slice(tag);
        Self {
            cipher: Aes128Enc::new(cipher.into()),
            salt,
            tag: tag.expect("HMAC takes a key of any length"),
        }
    }

    /// Encrypts or decrypts: the two are one.
    pub(super) fn apply(&self, place: Place, body: &mut [u8]) {
        let mut iv = [0; 16];
        for (byte, salt) in iv.iter_mut().zip(self.salt) {
            *byte = salt;
        }
        for (byte, value) in iv.iter_mut().skip(4).zip(place.bytes()) {
            *byte ^= value;
        }
        let core = CtrCore::inner_iv_init(&self.cipher, &iv.into());
        Ctr128BE::from_core(core).apply_keystream(body);
    }

    fn write_tag(&self, parts: [&[u8]; 3], tag: &mut [u8]) {
        let whole = self.mac(parts).finalize().into_bytes();
        for (byte, value) in tag.iter_mut().zip(whole) {
            *byte = value;
        }
    }

    fn check_tag(&self, parts: [&[u8]; 3], tag: &[u8]) -> Result<(), SrtpError> {
        let mac = self.mac(parts);
        mac.verify_truncated_left(tag)
            .map_err(|_| SrtpError::Forged)
    }

    fn mac(&self, parts: [&[u8]; 3]) -> Hmac<Sha1> {
        let mut mac = self.tag.clone();
        for part in parts {
            mac.update(part);
        }
        mac
    }
}
