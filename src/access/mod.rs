//! Who may come in, as what, and until when: access tokens, and the price of coming often. A core: bytes
//! and the time come in as arguments.
//!
//! The walk of a token:
//! 1. [`gate`] is asked whether somebody may come in, with a token or without.
//! 2. The [`keyring`] finds the key that the token names; [`signed`] takes the token apart and checks
//!    its signature by the algorithm of that key, whatever the token says.
//! 3. [`claims`] are what it says, and when it holds; [`flaw`] is what may be wrong with it.
//! 4. [`spent`] remembers those that were for one use.
//!
//! Of one without a token [`crowding`] knows how many have come from the same network, and [`work`] is what
//! they may have to do first. [`turn`] lets either of them use a TURN server of the operator's.

mod claims;
mod crowding;
mod flaw;
mod gate;
mod keyring;
mod signed;
mod spent;
mod turn;
mod work;

pub use claims::{Attributes, Audience, Claims, Grant};
pub use crowding::Crowding;
pub use flaw::{BadKey, Flaw};
pub use gate::{Admitted, COMING_IN, Gate, Pass, Refusal};
pub use keyring::Keyring;
pub use signed::SigningKey;
pub use turn::{TurnCredentials, TurnKey};
pub use work::{Unproved, Work, solve};

/// The header and the claims of a token, whoever has signed it.
///
/// # Errors
/// It is no token.
pub fn unverified(token: &str) -> Result<(serde_json::Value, serde_json::Value), Flaw> {
    signed::Signed::split(token)?.unverified()
}
