//! From the handshake's exported bytes to session keys.

use std::fmt;

use aes::{Aes128Enc, Aes256Enc};
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};

use super::profile::Profile;

const KEY_MAX: usize = 32;
/// The key derivation's salt: 112 bits, whatever the cipher's own length.
const SALT: usize = 14;

/// The key and salt of one direction. Never prints.
#[derive(Clone)]
#[cfg_attr(test, derive(PartialEq))]
pub struct MasterKey {
    profile: Profile,
    key: [u8; KEY_MAX],
    salt: [u8; SALT],
}

/// Both directions of a handshake.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(PartialEq))]
pub struct KeyPair {
    /// Protects what the DTLS client sends. A browser is the client of this server.
    pub client: MasterKey,
    /// Protects what the DTLS server sends.
    pub server: MasterKey,
}

impl KeyPair {
    /// Cuts the exporter's bytes: client key, server key, client salt, server salt (RFC 5764,
    /// section 4.2). `None` unless there are exactly [`Profile::exporter_length`] of them.
    pub fn from_exporter(profile: Profile, exported: &[u8]) -> Option<Self> {
        let (client_key, rest) = exported.split_at_checked(profile.key_length())?;
        let (server_key, rest) = rest.split_at_checked(profile.key_length())?;
        let (client_salt, server_salt) = rest.split_at_checked(profile.salt_length())?;
        Some(Self {
            client: MasterKey::new(profile, client_key, client_salt)?,
            server: MasterKey::new(profile, server_key, server_salt)?,
        })
    }
}

impl MasterKey {
    /// `None` unless both lengths are the profile's.
    pub fn new(profile: Profile, key: &[u8], salt: &[u8]) -> Option<Self> {
        if key.len() != profile.key_length() || salt.len() != profile.salt_length() {
            return None;
        }
        let mut master = Self {
            profile,
            key: [0; KEY_MAX],
            salt: [0; SALT],
        };
        master.key.get_mut(..key.len())?.copy_from_slice(key);
        // A salt of 96 bits stands at the front, zeros behind it (RFC 7714, section 11).
        master.salt.get_mut(..salt.len())?.copy_from_slice(salt);
        Some(master)
    }

    /// The profile that the key is for.
    pub const fn profile(&self) -> Profile {
        self.profile
    }

    /// Derives `N` bytes of session key (RFC 3711, section 4.3; RFC 6188 for keys of 256 bits). No
    /// key is ever derived twice: the derivation rate is zero.
    pub(super) fn derive<const N: usize>(&self, label: Label) -> [u8; N] {
        let mut iv = [0; 16];
        for (byte, salt) in iv.iter_mut().zip(self.salt) {
            *byte = salt;
        }
        if let Some(byte) = iv.get_mut(7) {
            *byte ^= label as u8;
        }
        let mut derived = [0; N];
        match (self.profile, self.key.first_chunk::<16>()) {
            (Profile::AeadAes128Gcm | Profile::Aes128CmSha1_80, Some(key)) => {
                Ctr128BE::<Aes128Enc>::new(key.into(), &iv.into()).apply_keystream(&mut derived);
            }
            _ => {
                let key = &self.key.into();
                Ctr128BE::<Aes256Enc>::new(key, &iv.into()).apply_keystream(&mut derived);
            }
        }
        derived
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

/// What a derived key is for (RFC 3711, section 4.3.2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    RtpCipher = 0,
    RtpTag = 1,
    RtpSalt = 2,
    RtcpCipher = 3,
    RtcpTag = 4,
    RtcpSalt = 5,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_keys_follow_rfc_3711_appendix_b3() {
        let key = 0xe1f9_7a0d_3e01_8be0_d64f_a32c_06de_4139_u128.to_be_bytes();
        let salt = *b"\x0e\xc6\x75\xad\x49\x8a\xfe\xeb\xb6\x96\x0b\x3a\xab\xe6";
        let master = MasterKey::new(Profile::Aes128CmSha1_80, &key, &salt).unwrap();
        let cipher = u128::from_be_bytes(master.derive(Label::RtpCipher));
        assert_eq!(cipher, 0xc61e_7a93_744f_39ee_1073_4afe_3ff7_a087);
        let expected = b"\x30\xcb\xbc\x08\x86\x3d\x8c\x85\xd4\x9d\xb3\x4a\x9a\xe1";
        assert_eq!(&master.derive::<14>(Label::RtpSalt), expected);
        let expected =
            b"\xce\xbe\x32\x1f\x6f\xf7\x71\x6b\x6f\xd4\xab\x49\xaf\x25\x6a\x15\x6d\x38\xba\xa4";
        assert_eq!(&master.derive::<20>(Label::RtpTag), expected);
    }

    #[test]
    fn keys_of_256_bits_follow_rfc_6188_section_7_2() {
        // The RFC's salt has 14 bytes, where GCM's has 12: it is set past the length check.
        let mut master = MasterKey::new(Profile::AeadAes256Gcm, &[0; 32], &[0; 12]).unwrap();
        master.key = *b"\xf0\xf0\x49\x14\xb5\x13\xf2\x76\x3a\x1b\x1f\xa1\x30\xf1\x0e\x29\
            \x98\xf6\xf6\xe4\x3e\x43\x09\xd1\xe6\x22\xa0\xe3\x32\xb9\xf1\xb6";
        master.salt = *b"\x3b\x04\x80\x3d\xe5\x1e\xe7\xc9\x64\x23\xab\x5b\x78\xd2";
        let expected = b"\x5b\xa1\x06\x4e\x30\xec\x51\x61\x3c\xad\x92\x6c\x5a\x28\xef\x73\
            \x1e\xc7\xfb\x39\x7f\x70\xa9\x60\x65\x3c\xaf\x06\x55\x4c\xd8\xc4";
        assert_eq!(&master.derive::<32>(Label::RtpCipher), expected);
        let expected = b"\xfa\x31\x79\x16\x85\xca\x44\x4a\x9e\x07\xc6\xc6\x4e\x93";
        assert_eq!(&master.derive::<14>(Label::RtpSalt), expected);
        let expected =
            b"\xfd\x9c\x32\xd3\x9e\xd5\xfb\xb5\xa9\xdc\x96\xb3\x08\x18\x45\x4d\x13\x13\xdc\x05";
        assert_eq!(&master.derive::<20>(Label::RtpTag), expected);
    }

    #[test]
    fn the_exporter_is_cut_in_the_order_of_rfc_5764() {
        let exported: Vec<u8> = (0..56).collect();
        let pair = KeyPair::from_exporter(Profile::AeadAes128Gcm, &exported).unwrap();
        assert_eq!(pair.client.key[..16], exported[..16]);
        assert_eq!(pair.server.key[..16], exported[16..32]);
        assert_eq!(pair.client.salt[..12], exported[32..44]);
        assert_eq!(pair.server.salt[..12], exported[44..]);
    }

    #[test]
    fn an_exporter_of_the_wrong_length_gives_no_keys() {
        for profile in [
            Profile::AeadAes256Gcm,
            Profile::AeadAes128Gcm,
            Profile::Aes128CmSha1_80,
        ] {
            for length in 0..100 {
                let pair = KeyPair::from_exporter(profile, &vec![0; length]);
                assert_eq!(
                    pair.is_some(),
                    length == profile.exporter_length(),
                    "{profile:?} {length}"
                );
            }
        }
    }

    #[test]
    fn keys_never_print() {
        let pair = KeyPair::from_exporter(Profile::AeadAes128Gcm, &[0xab; 56]).unwrap();
        let printed = format!("{pair:?}");
        assert!(printed.contains("AeadAes128Gcm"), "{printed}");
        assert!(
            !printed.contains("171") && !printed.contains("ab, "),
            "{printed}"
        );
    }
}
