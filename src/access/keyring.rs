//! [`Keyring`]: the keys that tokens may be signed by, each with its one algorithm.

use super::signed::{Signed, VerifyingKey};
use super::{BadKey, Claims, Flaw};
use crate::config::KeyAlgorithm;
use crate::limits;

/// The keys that tokens may be signed by.
#[derive(Default)]
pub struct Keyring {
    keys: Vec<(String, VerifyingKey)>,
}

impl Keyring {
    /// Adds a key: the text of a secret, or a public key in PEM.
    ///
    /// # Errors
    /// It is no key of that kind.
    pub fn add(&mut self, id: &str, algorithm: KeyAlgorithm, file: &[u8]) -> Result<(), BadKey> {
        let key = VerifyingKey::read(algorithm, file)?;
        self.keys.push((id.to_owned(), key));
        Ok(())
    }

    /// What a token says, if a key of ours has signed it. Whether it holds now is another question.
    ///
    /// # Errors
    /// It is no token, or not one of ours.
    pub fn read(&self, token: &str) -> Result<Claims, Flaw> {
        if token.len() > limits::TOKEN_BYTES {
            return Err(Flaw::Malformed);
        }
        let signed = Signed::split(token)?;
        let kid = signed.header.kid.as_ref().ok_or(Flaw::UnknownKey)?;
        let (_, key) = self
            .keys
            .iter()
            .find(|(id, _)| id == kid)
            .ok_or(Flaw::UnknownKey)?;
        let claims: Claims = signed.verified_by(key)?;
        if claims.are_for_us() {
            Ok(claims)
        } else {
            Err(Flaw::Forged)
        }
    }
}
