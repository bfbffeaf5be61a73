//! [`DeviceTokens`]: what a browser keeps to be known again without an account: a random number,
//! signed, with an end. It says nothing of its visitor.

use std::fmt::Write;

use aws_lc_rs::hmac::{self, HMAC_SHA256, Key};

use super::docket::DeviceKey;
use crate::private::Private;

/// How long a token is good; each stay brings a new one with the same number.
pub const DEVICE_TOKEN_LIFE_S: u64 = 30 * 24 * 60 * 60;

/// The form of a token, so that another one can follow.
const FORM: u8 = 1;

const ID_BYTES: usize = 16;
const SIGNED_BYTES: usize = 1 + ID_BYTES + 8;
const SEAL_BYTES: usize = 16;

/// The random number of a browser. Only its token holds it: what is kept of a device goes by a
/// [`DeviceKey`], from which no token can be made.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceId(Private<[u8; ID_BYTES]>);

impl DeviceId {
    /// A number that the caller drew.
    pub const fn new(drawn: [u8; ID_BYTES]) -> Self {
        Self(Private::new(drawn))
    }
}

/// Signs tokens and reads them.
pub struct DeviceTokens {
    key: Key,
}

/// Why a token is not taken: whoever brings it is new.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadToken {
    /// It is no token of ours.
    #[error("the device token has another form")]
    Malformed,
    /// Somebody else made it, or changed it.
    #[error("the device token is not signed by us")]
    Forged,
    /// Its time has passed.
    #[error("the device token has expired")]
    Expired,
}

impl DeviceTokens {
    /// Tokens under a secret of 32 random bytes.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self {
            key: Key::new(HMAC_SHA256, secret),
        }
    }

    /// A token for a browser, good from `now_s` (seconds since 1970) on.
    pub fn mint(&self, device: &DeviceId, now_s: u64) -> Private<String> {
        let mut bytes = vec![FORM];
        bytes.extend(device.0.reveal());
        bytes.extend(now_s.to_be_bytes());
        let seal = hmac::sign(&self.key, &bytes);
        bytes.extend(seal.as_ref().iter().take(SEAL_BYTES));
        let text = bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Private::new(text)
    }

    /// The device that brings this token.
    ///
    /// # Errors
    /// It is not one of ours, or too old.
    pub fn read(&self, token: &Private<String>, now_s: u64) -> Result<DeviceId, BadToken> {
        let bytes = bytes_of(token.reveal()).ok_or(BadToken::Malformed)?;
        let (signed, seal) = bytes
            .split_at_checked(SIGNED_BYTES)
            .filter(|(_, seal)| seal.len() == SEAL_BYTES)
            .ok_or(BadToken::Malformed)?;
        let expected = hmac::sign(&self.key, signed);
        let expected = expected.as_ref().get(..SEAL_BYTES).unwrap_or_default();
        aws_lc_rs::constant_time::verify_slices_are_equal(expected, seal)
            .map_err(|_| BadToken::Forged)?;
        let (form, rest) = signed.split_first().ok_or(BadToken::Malformed)?;
        if *form != FORM {
            return Err(BadToken::Malformed);
        }
        let (id, issued) = rest.split_at(ID_BYTES);
        let issued_s = issued.try_into().map_or(0, u64::from_be_bytes);
        // A clock that was set back makes a token from the future: it is ours all the same.
        if now_s.saturating_sub(issued_s) > DEVICE_TOKEN_LIFE_S {
            return Err(BadToken::Expired);
        }
        id.try_into()
            .map(DeviceId::new)
            .map_err(|_| BadToken::Malformed)
    }

    /// The device that stands for an account wherever it is used.
    pub fn device_of(&self, account: &Private<String>) -> DeviceId {
        DeviceId::new(self.named("account", account.reveal().as_bytes()))
    }

    /// What is kept of a device goes by this.
    pub fn key_of(&self, device: &DeviceId) -> DeviceKey {
        DeviceKey(self.named("device", device.0.reveal()))
    }

    fn named(&self, kind: &str, name: &[u8]) -> [u8; 16] {
        let tag = hmac::sign(&self.key, &[kind.as_bytes(), name].concat());
        let mut key = [0; 16];
        key.iter_mut()
            .zip(tag.as_ref())
            .for_each(|(byte, tag)| *byte = *tag);
        key
    }
}

/// The bytes of small hexadecimal digits.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    if text.len() != 2 * (SIGNED_BYTES + SEAL_BYTES) {
        return None;
    }
    let digit = |byte: &u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let digits: Option<Vec<u8>> = text.as_bytes().iter().map(digit).collect();
    let pair = |pair: &[u8]| pair.iter().fold(0, |byte, digit| byte << 4 | digit);
    Some(digits?.chunks_exact(2).map(pair).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: u64 = 1_800_000_000;

    fn tokens() -> DeviceTokens {
        DeviceTokens::new(&[7; 32])
    }

    fn device() -> DeviceId {
        DeviceId::new([9; ID_BYTES])
    }

    #[test]
    fn a_token_brings_its_device_back_until_it_expires() {
        let token = tokens().mint(&device(), NOW_S);
        for later in [0, DEVICE_TOKEN_LIFE_S] {
            assert!(tokens().read(&token, NOW_S + later) == Ok(device()));
        }
        let expired = tokens().read(&token, NOW_S + DEVICE_TOKEN_LIFE_S + 1);
        assert!(expired == Err(BadToken::Expired));
        assert!(
            tokens().read(&token, NOW_S - 100) == Ok(device()),
            "a clock set back"
        );
    }

    #[test]
    fn no_letter_of_a_token_can_be_changed() {
        let token = tokens().mint(&device(), NOW_S).into_inner();
        for place in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'0' { b'1' } else { b'0' };
            let changed = Private::new(String::from_utf8(changed).unwrap());
            assert!(
                tokens().read(&changed, NOW_S) == Err(BadToken::Forged),
                "{place}"
            );
        }
    }

    #[test]
    fn what_has_another_form_is_no_token() {
        let token = tokens().mint(&device(), NOW_S).into_inner();
        let short = token.get(2..).unwrap().to_owned();
        for text in [
            String::new(),
            short,
            token.clone() + "00",
            token.to_uppercase(),
            "é".repeat(41),
        ] {
            let text = Private::new(text);
            assert!(tokens().read(&text, NOW_S) == Err(BadToken::Malformed));
        }
    }

    #[test]
    fn another_secret_reads_nothing_and_names_devices_otherwise() {
        let other = DeviceTokens::new(&[8; 32]);
        let token = tokens().mint(&device(), NOW_S);
        assert!(other.read(&token, NOW_S) == Err(BadToken::Forged));
        assert_ne!(other.key_of(&device()), tokens().key_of(&device()));
    }

    #[test]
    fn what_is_kept_of_a_device_does_not_show_its_number() {
        let DeviceKey(key) = tokens().key_of(&device());
        assert_ne!(key, [9; 16]);
        assert_eq!(tokens().key_of(&device()), DeviceKey(key));
        assert_ne!(tokens().key_of(&DeviceId::new([1; 16])), DeviceKey(key));
    }
}
