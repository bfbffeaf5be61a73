//! The section `[access]`: who is let in, by which keys their tokens are signed, and which pages may
//! bring them.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::age::{Age, AgeBand, Assurance};
use crate::limits;

/// Who is let in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Access {
    /// Whether visitors without a token are let in.
    pub guests: bool,
    /// What tokens may be signed by.
    pub keys: Vec<KeyFile>,
    /// Whose pages may speak with the server, besides its own.
    pub origins: Vec<PageOrigin>,
    /// The least assurance of each band of ages that is let in.
    pub least_assurance: Vec<AgeDemand>,
}

impl Default for Access {
    fn default() -> Self {
        let adults = Age {
            band: AgeBand::Adult,
            assurance: Assurance::SelfDeclared,
        };
        Self {
            guests: true,
            keys: Vec::new(),
            origins: Vec::new(),
            least_assurance: vec![AgeDemand(adults)],
        }
    }
}

/// How a key signs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyAlgorithm {
    /// HMAC with SHA-256: one secret for those who sign and those who check (RFC 7518, 3.2).
    Hs256,
    /// ECDSA with P-256 and SHA-256 (RFC 7518, 3.4).
    Es256,
    /// Ed25519 (RFC 8037).
    EdDsa,
}

impl KeyAlgorithm {
    const ALL: [Self; 3] = [Self::Hs256, Self::Es256, Self::EdDsa];

    /// As JWT calls it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// One key and where it is kept, as `main=HS256:/etc/visavis/main.secret`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyFile {
    /// The `kid` of the tokens that it signs.
    pub id: String,
    /// How it signs. A token that says otherwise is refused.
    pub algorithm: KeyAlgorithm,
    /// The file: the text of the secret, or a public key in PEM.
    pub file: PathBuf,
}

/// Whose pages may speak with the server: `https://chat.example.org`, or `*` for any.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PageOrigin(String);

impl PageOrigin {
    /// As a browser sends it in `Origin`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for every page there is.
    pub fn is_any(&self) -> bool {
        self.0 == "*"
    }
}

/// The least assurance of a band, as `adult=self-declared`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgeDemand(pub Age);

/// A text that is not what its key takes; the key says what would be right.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("it has another form")]
pub struct OtherForm;

impl FromStr for KeyFile {
    type Err = OtherForm;

    fn from_str(text: &str) -> Result<Self, OtherForm> {
        let (id, rest) = text.split_once('=').ok_or(OtherForm)?;
        let (algorithm, file) = rest.split_once(':').ok_or(OtherForm)?;
        let sign = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let fits = (1..=limits::KEY_ID_BYTES).contains(&id.len()) && id.bytes().all(sign);
        let algorithm = KeyAlgorithm::ALL
            .into_iter()
            .find(|one| one.word() == algorithm)
            .ok_or(OtherForm)?;
        if !fits || file.is_empty() {
            return Err(OtherForm);
        }
        Ok(Self {
            id: id.to_owned(),
            algorithm,
            file: file.into(),
        })
    }
}

impl FromStr for PageOrigin {
    type Err = OtherForm;

    /// RFC 6454, 6.2: scheme, host and port where it is not the scheme's own; nothing after it.
    fn from_str(text: &str) -> Result<Self, OtherForm> {
        let host = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"));
        let sign = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_:[]".contains(&byte)
        };
        let fits = host.is_some_and(|host| !host.is_empty() && host.bytes().all(sign));
        if fits || text == "*" {
            Ok(Self(text.to_owned()))
        } else {
            Err(OtherForm)
        }
    }
}

impl fmt::Display for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (algorithm, file) = (self.algorithm.word(), self.file.display());
        write!(f, "{}={algorithm}:{file}", self.id)
    }
}

macro_rules! as_text {
    ($($name:ident: $write:expr;)*) => {$(
        impl TryFrom<String> for $name {
            type Error = OtherForm;

            fn try_from(text: String) -> Result<Self, OtherForm> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                $write(value)
            }
        }
    )*};
}

as_text! {
    KeyFile: |key: KeyFile| key.to_string();
    PageOrigin: |origin: PageOrigin| origin.0;
    AgeDemand: |demand: AgeDemand| demand.0.to_string();
}

impl FromStr for AgeDemand {
    type Err = OtherForm;

    fn from_str(text: &str) -> Result<Self, OtherForm> {
        text.parse().map(Self).map_err(|_| OtherForm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_written_as_it_is_read() {
        for text in [
            "main=HS256:a.secret",
            "2026-11=EdDSA:/etc/b:c.pem",
            "a.b_c=ES256:x",
        ] {
            let key: KeyFile = text.parse().unwrap();
            assert_eq!(key.to_string(), text);
        }
        let too_long = format!("{}=HS256:a", "k".repeat(limits::KEY_ID_BYTES + 1));
        for bad in [
            "",
            "main",
            "main=a",
            "=HS256:a",
            "m/../x=HS256:a",
            "main=none:a",
            "main=RS256:a",
            "main=HS256:",
            &too_long,
        ] {
            assert_eq!(bad.parse::<KeyFile>(), Err(OtherForm), "{bad:?}");
        }
    }

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for text in [
            "https://chat.example.org",
            "http://localhost:8080",
            "https://[2001:db8::1]:8443",
            "*",
        ] {
            assert_eq!(text.parse::<PageOrigin>().unwrap().as_str(), text);
        }
        for bad in [
            "",
            "chat.example.org",
            "https://",
            "https://Chat.example.org",
            "https://a/",
            "https://a.org/page",
            "https://*.a.org",
            "null",
            "ftp://a",
        ] {
            assert_eq!(bad.parse::<PageOrigin>(), Err(OtherForm), "{bad:?}");
        }
    }
}
