//! The keys of notes: Ed25519 under a name (C2SP signed-note, signature type 0x01).

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::{NoteError, Signature, check_text};
use crate::hash::sha256;

/// The signature type identifier byte of Ed25519.
const ED25519_TYPE: u8 = 0x01;

/// A public key and the name it signs under. Prints and parses as `<name>+<id>+<base64>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifierKey {
    name: String,
    id: u32,
    pub(super) public: [u8; 32],
}

/// Why text or bytes are not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("a key name is not empty and has no spaces, control characters or `+`")]
    Name,
    #[error("a verifier key is `name+id+base64`, the id in 8 lower-case hex digits")]
    Malformed,
    #[error("signature type {0:#04x} is not supported, only Ed25519 (0x01) is")]
    UnknownType(u8),
    #[error("the key is `{computed:08x}`, its text says `{stated:08x}`")]
    OtherId { stated: u32, computed: u32 },
    #[error("the bytes are not an Ed25519 seed")]
    Seed,
}

impl VerifierKey {
    /// The key with this 32-byte Ed25519 public key (RFC 8032), named `name`.
    pub fn new(name: &str, public: [u8; 32]) -> Result<VerifierKey, KeyError> {
        if !is_name(name) {
            return Err(KeyError::Name);
        }
        let parts = [name.as_bytes(), b"\n", &[ED25519_TYPE], &public];
        let [a, b, c, d, ..] = sha256(&parts.concat()).0;
        Ok(VerifierKey { name: name.to_owned(), id: u32::from_be_bytes([a, b, c, d]), public })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of SHA-256(name ‖ newline ‖ type ‖ public key): tells keys apart, proves nothing.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The Ed25519 public key.
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// Is `signature` this key's over `text`?
    pub(super) fn verifies(&self, text: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public).verify(text.as_bytes(), signature).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[ED25519_TYPE], self.public.as_slice()].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.id, STANDARD.encode(key))
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    /// Reads a key in its one spelling and recomputes its id.
    fn from_str(text: &str) -> Result<VerifierKey, KeyError> {
        let (name, rest) = text.split_once('+').ok_or(KeyError::Malformed)?;
        let (id, encoded) = rest.split_once('+').ok_or(KeyError::Malformed)?;
        let mut stated = [0; 4];
        hex::decode_to_slice(id, &mut stated).map_err(|_| KeyError::Malformed)?;
        let decoded = STANDARD.decode(encoded).map_err(|_| KeyError::Malformed)?;
        let (&signature_type, public) = decoded.split_first().ok_or(KeyError::Malformed)?;
        if signature_type != ED25519_TYPE {
            return Err(KeyError::UnknownType(signature_type));
        }
        let key = VerifierKey::new(name, public.try_into().map_err(|_| KeyError::Malformed)?)?;
        let stated = u32::from_be_bytes(stated);
        if stated != key.id {
            return Err(KeyError::OtherId { stated, computed: key.id });
        }
        if key.to_string() == text { Ok(key) } else { Err(KeyError::Malformed) }
    }
}

/// A private key and the name it signs under. The private part cannot be printed or read back, and
/// its memory is cleared when the signer is dropped.
pub struct Signer {
    key: VerifierKey,
    pair: Ed25519KeyPair,
}

impl Signer {
    /// The signer with this 32-byte Ed25519 seed (RFC 8032 §5.1.5), named `name`. Whoever holds the seed
    /// holds it in memory that is cleared.
    pub fn from_seed(name: &str, seed: &Zeroizing<[u8; 32]>) -> Result<Signer, KeyError> {
        let pair =
            Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).map_err(|_| KeyError::Seed)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| KeyError::Seed)?;
        Ok(Signer { key: VerifierKey::new(name, public)?, pair })
    }

    /// The public half, for those who verify.
    pub fn verifier(&self) -> &VerifierKey {
        &self.key
    }

    /// Signs a note's text: whole lines, without control characters.
    pub fn sign(&self, text: &str) -> Result<Signature, NoteError> {
        check_text(text)?;
        let signature =
            self.pair.try_sign(text.as_bytes()).map_err(|_| NoteError::SigningFailed)?;
        Ok(Signature {
            name: self.key.name.clone(),
            key_id: self.key.id,
            bytes: signature.as_ref().to_vec(),
        })
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({}+{:08x})", self.key.name, self.key.id)
    }
}

/// May a key be called so: not empty, no Unicode spaces, no control characters, no `+`?
pub(super) fn is_name(name: &str) -> bool {
    let refused = |c: char| c.is_whitespace() || c < ' ' || c == '+';
    !name.is_empty() && !name.contains(refused)
}
