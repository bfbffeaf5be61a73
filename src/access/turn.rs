//! [`TurnKey`]: opens an operator's TURN server to one visitor for a while, by the convention that coturn,
//! eturnal and others share (draft-uberti-behave-turn-rest-00): a user name that says until when, and as
//! its password the name's HMAC under a secret that both servers know. STUN's long-term credentials
//! (RFC 8489, 9.2) are made of the two.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::private::Private;

/// Bytes of the name that a visitor has to a TURN server.
const NAME_BYTES: usize = 8;

/// The secret that is shared with TURN servers.
pub struct TurnKey {
    /// SHA-1 is what they all take; as an HMAC it is not broken.
    passwords: hmac::Key,
    names: hmac::Key,
}

/// What opens a TURN server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TurnCredentials {
    /// Until when, in seconds since 1970, and a name that is the same for the same visitor.
    pub username: Private<String>,
    /// The password.
    pub credential: Private<String>,
}

impl TurnKey {
    /// Of the secret's text, as it stands in the TURN server's configuration.
    pub fn new(secret: &str) -> Self {
        Self {
            passwords: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes()),
            names: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
        }
    }

    /// For one visitor: the server may count by their name what they use, and cannot tell who they are.
    pub fn user(&self, who: &str, ends_s: u64) -> TurnCredentials {
        let name = hmac::sign(&self.names, who.as_bytes());
        let name = hex::encode(&name.as_ref()[..NAME_BYTES]);
        let username = format!("{ends_s}:{name}");
        let password = hmac::sign(&self.passwords, username.as_bytes());
        TurnCredentials {
            credential: Private::new(STANDARD.encode(password)),
            username: Private::new(username),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked out with another program:
    /// `printf 1800000000:NAME | openssl dgst -sha1 -hmac 'a secret of both' -binary | base64`, where NAME are
    /// the first eight bytes of `printf ada | openssl dgst -sha256 -hmac 'a secret of both'`.
    #[test]
    fn what_a_turn_server_works_out_is_what_we_say() {
        let user = TurnKey::new("a secret of both").user("ada", 1_800_000_000);
        assert_eq!(user.username.reveal(), "1800000000:ea67165c2516dc5d");
        assert_eq!(user.credential.reveal(), "3IZML+RRVtYFyn9XoDbJwihY+S8=");
    }

    #[test]
    fn a_visitor_has_one_name_and_nobody_else_has_it() {
        let key = TurnKey::new("a secret of both");
        let name = |who, ends_s| {
            let user = key.user(who, ends_s);
            user.username.into_inner().split_off("1800000000:".len())
        };
        assert_eq!(name("ada", 1_800_000_000), name("ada", 1_800_000_001));
        assert_ne!(name("ada", 1_800_000_000), name("bob", 1_800_000_000));
        assert!(!name("ada", 1_800_000_000).contains("ada"));
    }
}
