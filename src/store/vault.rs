//! [`Vault`]: seals the pictures of cases. Each case has a key of its own, which lies beside the case,
//! wrapped by the operator's key: whoever has the disk and not that key sees nothing, and once a
//! case's key is gone nobody does.
//!
//! AES-256-GCM (NIST SP 800-38D) with a nonce drawn for each sealing, which stands before what is
//! sealed. What a seal belongs to is sealed with it: a picture put into another case does not open.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};

use crate::id::CaseId;

/// Bytes of a key.
const KEY_BYTES: usize = 32;

/// The operator's keys.
pub struct Vault {
    /// The first one seals, each one opens.
    keys: Vec<RandomizedNonceKey>,
}

/// The key of one case's pictures.
pub struct CaseKey {
    key: RandomizedNonceKey,
    case: CaseId,
}

/// Why something does not open, or cannot be sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SealError {
    /// It was sealed with another key, or was changed since.
    #[error("it was sealed with another key, or changed since")]
    Closed,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
}

/// Why a file of keys cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyFileError {
    /// A line is no key.
    #[error("line {0} is not 64 hexadecimal digits")]
    Line(usize),
    /// There is none.
    #[error("it holds no key")]
    Empty,
}

impl Vault {
    /// From the text of a key file: 64 hexadecimal digits on each line. The first line seals from now
    /// on, the others still open what they have sealed.
    ///
    /// # Errors
    /// A line is something else, or there is none.
    ///
    /// ```
    /// use visavis::store::Vault;
    /// let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
    /// assert!(Vault::read(key).is_ok());
    /// assert!(Vault::read("secret\n").is_err());
    /// ```
    pub fn read(text: &str) -> Result<Self, KeyFileError> {
        let mut keys = Vec::new();
        for (place, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = KeyFileError::Line(place + 1);
            let bytes = hex::decode(line).map_err(|_| wrong)?;
            keys.push(key_of(&bytes).ok_or(wrong)?);
        }
        match keys.is_empty() {
            true => Err(KeyFileError::Empty),
            false => Ok(Self { keys }),
        }
    }

    /// The text of a key file with a new key.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn new_key() -> Result<String, SealError> {
        let mut bytes = [0; KEY_BYTES];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| SealError::Random)?;
        Ok(format!("{}\n", hex::encode(bytes)))
    }

    /// A new key for a case, and the same wrapped, to be kept beside the case.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn draw(&self, case: CaseId) -> Result<(CaseKey, Vec<u8>), SealError> {
        let mut bytes = [0; KEY_BYTES];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| SealError::Random)?;
        let first = self.keys.first().ok_or(SealError::Closed)?;
        let wrapped = seal(first, &bytes, &about_key(case))?;
        let key = key_of(&bytes).ok_or(SealError::Random)?;
        Ok((CaseKey { key, case }, wrapped))
    }

    /// The key of a case, out of its wrapping.
    ///
    /// # Errors
    /// None of the operator's keys has wrapped it.
    pub fn unwrap(&self, case: CaseId, wrapped: &[u8]) -> Result<CaseKey, SealError> {
        let about = about_key(case);
        let bytes = self.keys.iter().find_map(|key| open(key, wrapped, &about));
        let key = bytes.as_deref().and_then(key_of);
        key.map(|key| CaseKey { key, case })
            .ok_or(SealError::Closed)
    }
}

impl CaseKey {
    /// Seals the picture with that number in the case.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn seal(&self, n: u32, picture: &[u8]) -> Result<Vec<u8>, SealError> {
        seal(&self.key, picture, &about_picture(self.case, n))
    }

    /// Opens it.
    ///
    /// # Errors
    /// It is another picture, of another case, or was changed.
    pub fn open(&self, n: u32, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        open(&self.key, sealed, &about_picture(self.case, n)).ok_or(SealError::Closed)
    }
}

/// What a wrapped key belongs to.
fn about_key(case: CaseId) -> Vec<u8> {
    [&b"visavis case key "[..], &case.0.to_be_bytes()].concat()
}

/// What a sealed picture belongs to.
fn about_picture(case: CaseId, n: u32) -> Vec<u8> {
    [
        &b"visavis picture "[..],
        &case.0.to_be_bytes(),
        &n.to_be_bytes(),
    ]
    .concat()
}

fn key_of(bytes: &[u8]) -> Option<RandomizedNonceKey> {
    RandomizedNonceKey::new(&AES_256_GCM, bytes).ok()
}

fn seal(key: &RandomizedNonceKey, plain: &[u8], about: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut sealed = plain.to_vec();
    let nonce = key
        .seal_in_place_append_tag(Aad::from(about), &mut sealed)
        .map_err(|_| SealError::Random)?;
    Ok([&nonce.as_ref()[..], &sealed].concat())
}

fn open(key: &RandomizedNonceKey, sealed: &[u8], about: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut opened = sealed.to_vec();
    let length = key
        .open_in_place(nonce, Aad::from(about), &mut opened)
        .ok()?
        .len();
    opened.truncate(length);
    Some(opened)
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({} keys)", self.keys.len())
    }
}

impl std::fmt::Debug for CaseKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CaseKey({})", self.case)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASE: CaseId = CaseId(7);

    fn vault() -> Vault {
        Vault::read(&Vault::new_key().unwrap()).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_under_its_own_name_alone() {
        let vault = vault();
        let (key, wrapped) = vault.draw(CASE).unwrap();
        let sealed = key.seal(1, b"picture").unwrap();
        let again = vault.unwrap(CASE, &wrapped).unwrap();
        assert_eq!(again.open(1, &sealed).unwrap(), b"picture");
        assert_eq!(again.open(2, &sealed), Err(SealError::Closed));
        assert!(vault.unwrap(CaseId(8), &wrapped).is_err());
        let (other, _) = vault.draw(CASE).unwrap();
        assert_eq!(other.open(1, &sealed), Err(SealError::Closed));
    }

    #[test]
    fn no_byte_of_it_is_readable_or_may_change() {
        let (key, wrapped) = vault().draw(CASE).unwrap();
        let sealed = key.seal(1, &[b'x'; 64]).unwrap();
        assert!(!sealed.windows(4).any(|bytes| bytes == b"xxxx"));
        assert_ne!(sealed, key.seal(1, &[b'x'; 64]).unwrap());
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(key.open(1, &changed).is_err(), "byte {place}");
        }
        for length in [0, 11, 12, 27] {
            assert!(key.open(1, &sealed[..length]).is_err());
        }
        assert!(vault().unwrap(CASE, &wrapped).is_err(), "another vault");
    }

    #[test]
    fn a_new_key_before_the_old_one_still_opens_what_that_has_sealed() {
        let old = Vault::new_key().unwrap();
        let (_, wrapped) = Vault::read(&old).unwrap().draw(CASE).unwrap();
        let new = Vault::new_key().unwrap();
        let both = Vault::read(&format!("# from today on\n{new}\n{old}")).unwrap();
        assert!(both.unwrap(CASE, &wrapped).is_ok());
        let (_, wrapped) = both.draw(CASE).unwrap();
        assert!(Vault::read(&new).unwrap().unwrap(CASE, &wrapped).is_ok());
        assert!(Vault::read(&old).unwrap().unwrap(CASE, &wrapped).is_err());
    }

    #[test]
    fn a_file_that_holds_something_else_is_refused_with_its_line() {
        assert_eq!(Vault::read("# none\n\n").unwrap_err(), KeyFileError::Empty);
        assert_eq!(Vault::read("\n0011\n").unwrap_err(), KeyFileError::Line(2));
    }
}
