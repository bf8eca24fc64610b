//! The vault: vendor secrets, each sealed under its own data key, that under a key outside the data.
//!
//! A record is `PCV` and its version, 1 · the key-encryption key's number, 4 bytes · a nonce and the
//! wrapped data key · a nonce and the sealed secret. Both seals are AES-256-GCM (NIST SP 800-38D) over
//! the head of the record and the credential's id, so that a record cannot stand in for another.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hmac, rand};
use domain::digest::Digest;
use domain::id::CredentialId;
use domain::sealed::{self, SealedError};
use domain::signature::MachineKey;
use zeroize::Zeroizing;

const MAGIC: &[u8; 4] = b"PCV\x01";
const HEAD: usize = MAGIC.len() + 4;
const KEY: usize = 32;
const TAG: usize = 16;
const MARK: &[u8] = b"portcullis-session-v1\n";
const WRAPPED: usize = NONCE_LEN + KEY + TAG;

/// The key-encryption keys by number; the highest one seals. Cannot be printed.
pub struct Vault {
    keys: BTreeMap<u32, Zeroizing<[u8; KEY]>>,
}

/// Why a secret cannot be sealed or opened. Never says what it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    #[error("the vault has no key")]
    NoKey,
    #[error("the record is sealed under key {0}, which is not in the key file")]
    UnknownKey(u32),
    #[error("the record is not one of this vault's")]
    Unreadable,
    #[error("the record does not open: it was changed, or belongs to another credential or key")]
    Refused,
    #[error("the system gives no randomness")]
    Randomness,
    #[error(transparent)]
    Sealed(#[from] SealedError),
}

impl Vault {
    /// A vault with these numbered key-encryption keys, 32 bytes each.
    pub fn new(
        keys: impl IntoIterator<Item = (u32, Zeroizing<[u8; KEY]>)>,
    ) -> Result<Vault, VaultError> {
        let keys: BTreeMap<_, _> = keys.into_iter().collect();
        if keys.is_empty() { Err(VaultError::NoKey) } else { Ok(Vault { keys }) }
    }

    /// Seals a credential's secret under a fresh data key.
    pub fn seal(&self, credential: CredentialId, secret: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (number, key) = self.keys.last_key_value().ok_or(VaultError::NoKey)?;
        let data_key = random::<KEY>()?;
        let mut record = [MAGIC.as_slice(), &number.to_be_bytes()].concat();
        let bound = bound(&record, credential);
        record.extend(close(key, b"key", &bound, data_key.as_slice())?);
        record.extend(close(&data_key, b"secret", &bound, secret)?);
        Ok(record)
    }

    /// Opens what [`Vault::seal`] sealed for the same credential, under any of the vault's keys.
    pub fn open(
        &self,
        credential: CredentialId,
        record: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (head, rest) = record.split_at_checked(HEAD).ok_or(VaultError::Unreadable)?;
        let (wrapped, sealed) = rest.split_at_checked(WRAPPED).ok_or(VaultError::Unreadable)?;
        let number = number_of(head).ok_or(VaultError::Unreadable)?;
        let key = self.keys.get(&number).ok_or(VaultError::UnknownKey(number))?;
        let bound = bound(head, credential);
        let data_key = open(key, b"key", &bound, wrapped)?;
        let data_key = data_key.first_chunk::<KEY>().ok_or(VaultError::Refused)?;
        open(&Zeroizing::new(*data_key), b"secret", &bound, sealed)
    }

    /// A keyed mark (HMAC-SHA256) of a text: nobody makes one with the database alone.
    pub fn mark(&self, text: &str) -> Result<Digest, VaultError> {
        let (_, key) = self.keys.last_key_value().ok_or(VaultError::NoKey)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_slice());
        let tag = hmac::sign(&key, &[MARK, text.as_bytes()].concat());
        Ok(Digest(tag.as_ref().try_into().map_err(|_| VaultError::Refused)?))
    }

    /// The number of the key that a record is sealed under: after a change of keys, those under an
    /// older one are sealed again.
    pub fn key_of(record: &[u8]) -> Option<u32> {
        number_of(record.get(..HEAD)?)
    }

    /// The number of the key that seals.
    pub fn newest_key(&self) -> Option<u32> {
        self.keys.keys().next_back().copied()
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault(keys {:?})", self.keys.keys().collect::<Vec<_>>())
    }
}

/// Seals `plain` to the holder of an X25519 key, such as a gateway's; opened by
/// [`domain::sealed::open_sealed`] in the same context.
pub fn seal_to(to: &MachineKey, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, VaultError> {
    Ok(sealed::seal_to(to, &random::<32>()?, context, plain)?)
}

/// `N` bytes from the operating system, for salts, nonces and keys.
pub fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, VaultError> {
    let mut bytes = Zeroizing::new([0; N]);
    rand::fill(bytes.as_mut_slice()).map_err(|_| VaultError::Randomness)?;
    Ok(bytes)
}

fn number_of(head: &[u8]) -> Option<u32> {
    let number = head.strip_prefix(MAGIC)?;
    number.try_into().ok().map(u32::from_be_bytes)
}

/// What both seals of a record are bound to.
fn bound(head: &[u8], credential: CredentialId) -> Vec<u8> {
    [head, credential.0.to_be_bytes().as_slice()].concat()
}

fn cipher(key: &Zeroizing<[u8; KEY]>) -> Result<LessSafeKey, VaultError> {
    let key = UnboundKey::new(&AES_256_GCM, key.as_slice());
    key.map(LessSafeKey::new).map_err(|_| VaultError::Refused)
}

/// A random nonce, and the ciphertext with its tag.
fn close(
    key: &Zeroizing<[u8; KEY]>,
    part: &[u8],
    bound: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let nonce = random::<NONCE_LEN>()?;
    let aad = Aad::from([part, bound].concat());
    let mut body = Zeroizing::new(plain.to_vec());
    let tag = cipher(key)?
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(*nonce), aad, &mut body)
        .map_err(|_| VaultError::Refused)?;
    Ok([nonce.as_slice(), &body, tag.as_ref()].concat())
}

fn open(
    key: &Zeroizing<[u8; KEY]>,
    part: &[u8],
    bound: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(VaultError::Unreadable)?;
    let aad = Aad::from([part, bound].concat());
    let mut body = Zeroizing::new(body.to_vec());
    let plain = cipher(key)?
        .open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut body)
        .map_err(|_| VaultError::Refused)?;
    let length = plain.len();
    body.truncate(length);
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: CredentialId = CredentialId(1);

    fn key(byte: u8) -> Zeroizing<[u8; 32]> {
        Zeroizing::new([byte; 32])
    }

    fn vault(numbers: &[u8]) -> Vault {
        Vault::new(numbers.iter().map(|number| (u32::from(*number), key(*number)))).unwrap()
    }

    #[test]
    fn a_record_opens_for_its_credential_only() {
        let vault = vault(&[1]);
        let record = vault.seal(ONE, b"hunter2").unwrap();
        assert_eq!(vault.open(ONE, &record).unwrap().as_slice(), b"hunter2");
        assert_eq!(vault.open(CredentialId(2), &record), Err(VaultError::Refused));
        assert!(!record.windows(7).any(|window| window == b"hunter2"));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let vault = vault(&[1]);
        let record = vault.seal(ONE, b"hunter2").unwrap();
        for place in 0..record.len() {
            let mut changed = record.clone();
            changed[place] ^= 1;
            assert!(vault.open(ONE, &changed).is_err(), "byte {place}");
        }
        for length in 0..record.len() {
            assert!(vault.open(ONE, &record[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn an_older_key_still_opens_and_the_newest_seals() {
        let old = vault(&[1]).seal(ONE, b"a").unwrap();
        let both = vault(&[1, 2]);
        assert_eq!(both.open(ONE, &old).unwrap().as_slice(), b"a");
        let new = both.seal(ONE, b"a").unwrap();
        assert_eq!((Vault::key_of(&old), Vault::key_of(&new)), (Some(1), Some(2)));
        assert_eq!(vault(&[1]).open(ONE, &new), Err(VaultError::UnknownKey(2)));
        let impostor = Vault::new([(2, key(9))]).unwrap();
        assert_eq!(impostor.open(ONE, &new), Err(VaultError::Refused));
    }

    #[test]
    fn the_same_secret_never_looks_the_same_and_keys_are_not_printed() {
        let vault = vault(&[1]);
        assert_ne!(vault.seal(ONE, b"a").unwrap(), vault.seal(ONE, b"a").unwrap());
        assert_eq!(format!("{vault:?}"), "Vault(keys [1])");
        assert_eq!(Vault::new([]).unwrap_err(), VaultError::NoKey);
    }

    #[test]
    fn a_lease_opens_with_the_gateways_key() {
        let to = sealed::public_key(&key(5)).unwrap();
        let lease = seal_to(&to, b"lease", b"hunter2").unwrap();
        assert_eq!(sealed::open_sealed(&key(5), b"lease", &lease).unwrap().as_slice(), b"hunter2");
    }
}
