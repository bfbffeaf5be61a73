//! [`Signed`]: a JSON Web Signature in its compact form (RFC 7515, 7.1), checked and made.
//!
//! The algorithm belongs to the key. What the header says of it must agree, and chooses nothing, so
//! that no token can be read under another algorithm, or under none (RFC 8725, 3.1).

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
    Ed25519KeyPair, ParsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{BadKey, Flaw};
use crate::config::KeyAlgorithm;
use crate::limits;

/// A token, taken apart.
pub(super) struct Signed<'a> {
    pub(super) header: Header,
    /// Header and claims as they were signed.
    message: &'a [u8],
    claims: Vec<u8>,
    signature: Vec<u8>,
}

/// The fields of a header that say something here; the others are passed over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Header {
    alg: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    typ: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kid: Option<String>,
    /// What must be understood, and is not (RFC 7515, 4.1.11).
    #[serde(skip_serializing_if = "Option::is_none")]
    crit: Option<serde_json::Value>,
}

/// A key that checks.
pub(super) enum VerifyingKey {
    Hs256(Box<hmac::Key>),
    Es256(ParsedPublicKey),
    EdDsa(ParsedPublicKey),
}

/// A key that makes tokens, as an operator's own backend has one.
pub struct SigningKey {
    id: String,
    kind: SigningKind,
}

enum SigningKind {
    Hs256(Box<hmac::Key>),
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

impl<'a> Signed<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// It has another form.
    pub(super) fn split(token: &'a str) -> Result<Self, Flaw> {
        let (message, signature) = token.rsplit_once('.').ok_or(Flaw::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(Flaw::Malformed)?;
        // A fourth part is no letter of base64.
        let bytes = |part| URL_SAFE_NO_PAD.decode(part).map_err(|_| Flaw::Malformed);
        let header: Header =
            serde_json::from_slice(&bytes(header)?).map_err(|_| Flaw::Malformed)?;
        if header.crit.is_some() {
            return Err(Flaw::Malformed);
        }
        Ok(Self {
            header,
            message: message.as_bytes(),
            claims: bytes(claims)?,
            signature: bytes(signature)?,
        })
    }

    /// The claims, if this key has signed them.
    ///
    /// # Errors
    /// It has not, or they are none.
    pub(super) fn verified_by<T: DeserializeOwned>(self, key: &VerifyingKey) -> Result<T, Flaw> {
        let signed = self.header.alg == key.algorithm().word() && key.has_signed(&self);
        if !signed {
            return Err(Flaw::Forged);
        }
        serde_json::from_slice(&self.claims).map_err(|_| Flaw::Malformed)
    }

    /// The header and the claims, whoever has signed them.
    ///
    /// # Errors
    /// They are no JSON.
    pub(super) fn unverified(&self) -> Result<(serde_json::Value, serde_json::Value), Flaw> {
        let header = serde_json::to_value(&self.header).map_err(|_| Flaw::Malformed)?;
        let claims = serde_json::from_slice(&self.claims).map_err(|_| Flaw::Malformed)?;
        Ok((header, claims))
    }
}

impl VerifyingKey {
    /// Reads the text of a secret, or a public key in PEM.
    ///
    /// # Errors
    /// It is no key of that kind.
    pub(super) fn read(algorithm: KeyAlgorithm, file: &[u8]) -> Result<Self, BadKey> {
        let public = |kind| {
            let der = SubjectPublicKeyInfoDer::from_pem_slice(file).ok();
            der.and_then(|der| ParsedPublicKey::new(kind, der).ok())
                .ok_or(BadKey::NoPublicKey)
        };
        Ok(match algorithm {
            KeyAlgorithm::Hs256 => Self::Hs256(secret(file)?),
            KeyAlgorithm::Es256 => Self::Es256(public(&ECDSA_P256_SHA256_FIXED)?),
            KeyAlgorithm::EdDsa => Self::EdDsa(public(&ED25519)?),
        })
    }

    const fn algorithm(&self) -> KeyAlgorithm {
        match self {
            Self::Hs256(_) => KeyAlgorithm::Hs256,
            Self::Es256(_) => KeyAlgorithm::Es256,
            Self::EdDsa(_) => KeyAlgorithm::EdDsa,
        }
    }

    fn has_signed(&self, token: &Signed<'_>) -> bool {
        match self {
            Self::Hs256(key) => hmac::verify(key, token.message, &token.signature).is_ok(),
            Self::Es256(key) | Self::EdDsa(key) => {
                key.verify_sig(token.message, &token.signature).is_ok()
            }
        }
    }
}

impl SigningKey {
    /// A key by its id: the text of a secret, or a private key in PEM.
    ///
    /// # Errors
    /// It is no key of that kind.
    pub fn read(id: &str, algorithm: KeyAlgorithm, file: &[u8]) -> Result<Self, BadKey> {
        let der = || PrivatePkcs8KeyDer::from_pem_slice(file).map_err(|_| BadKey::NoPrivateKey);
        let kind = match algorithm {
            KeyAlgorithm::Hs256 => SigningKind::Hs256(secret(file)?),
            KeyAlgorithm::Es256 => {
                let der = der()?;
                let kind = &ECDSA_P256_SHA256_FIXED_SIGNING;
                let pair = EcdsaKeyPair::from_pkcs8(kind, der.secret_pkcs8_der());
                SigningKind::Es256(pair.map_err(|_| BadKey::NoPrivateKey)?)
            }
            KeyAlgorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8(der()?.secret_pkcs8_der());
                SigningKind::EdDsa(pair.map_err(|_| BadKey::NoPrivateKey)?)
            }
        };
        let id = id.to_owned();
        Ok(Self { id, kind })
    }

    /// A token that says this.
    ///
    /// # Errors
    /// The claims are no JSON object, or the system has no random numbers.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, BadKey> {
        let algorithm = match &self.kind {
            SigningKind::Hs256(_) => KeyAlgorithm::Hs256,
            SigningKind::Es256(_) => KeyAlgorithm::Es256,
            SigningKind::EdDsa(_) => KeyAlgorithm::EdDsa,
        };
        let header = Header {
            alg: algorithm.word().to_owned(),
            typ: Some("JWT".to_owned()),
            kid: Some(self.id.clone()),
            crit: None,
        };
        let part = |json: serde_json::Result<Vec<u8>>| {
            json.map(|json| URL_SAFE_NO_PAD.encode(json))
                .map_err(|_| BadKey::CannotSign)
        };
        let header = part(serde_json::to_vec(&header))?;
        let message = format!("{header}.{}", part(serde_json::to_vec(claims))?);
        let signature = self.signature_of(message.as_bytes())?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn signature_of(&self, message: &[u8]) -> Result<Vec<u8>, BadKey> {
        Ok(match &self.kind {
            SigningKind::Hs256(key) => hmac::sign(key, message).as_ref().to_vec(),
            SigningKind::Es256(pair) => pair
                .sign(&SystemRandom::new(), message)
                .map_err(|_| BadKey::CannotSign)?
                .as_ref()
                .to_vec(),
            SigningKind::EdDsa(pair) => pair.sign(message).as_ref().to_vec(),
        })
    }
}

/// The text of a secret, without the end of its line.
fn secret(file: &[u8]) -> Result<Box<hmac::Key>, BadKey> {
    let secret = file.trim_ascii();
    if secret.len() < limits::SECRET_BYTES {
        return Err(BadKey::ShortSecret);
    }
    Ok(Box::new(hmac::Key::new(HMAC_SHA256, secret)))
}
