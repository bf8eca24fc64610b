//! Signatures of people (SSHSIG) and of machines (Ed25519), as the ledger holds and verifies them.

use std::fmt;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ssh_encoding::Decode as _;
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, SshSig};

use crate::digest::Digest;
use crate::refusal::{Code, Refusal};
use crate::time::Millis;

/// The namespace of everything that people sign for the ledger (PROTOCOL.sshsig §2).
pub const REVIEW_NAMESPACE: &str = "portcullis-review-v1";
/// The namespace of a login's challenge.
pub const LOGIN_NAMESPACE: &str = "portcullis-login-v1";

const USER_PRESENT: u8 = 1;
const RSA_BITS: usize = 3072;

/// A person's SSH public key; on the wire `algorithm base64`, without a comment.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(KeyData);

impl PublicKey {
    /// Reads one line of an OpenSSH public key file; a comment is dropped.
    pub fn from_openssh(line: &str) -> Result<PublicKey, Refusal> {
        let key = ssh_key::PublicKey::from_openssh(line.trim()).map_err(|_| {
            Refusal::new(Code::Invalid, "not an OpenSSH public key; expected `ssh-ed25519 AAAA…`")
        })?;
        let key = PublicKey(key.key_data().clone());
        key.is_strong()?;
        Ok(key)
    }

    /// SHA-256 of the key's wire encoding: the digest in OpenSSH's `SHA256:…` fingerprint.
    pub fn fingerprint(&self) -> Digest {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.fingerprint(ssh_key::HashAlg::Sha256).as_ref());
        Digest(bytes)
    }

    /// Ed25519, P-256, both also on hardware keys, RSA from 3072 bits.
    pub(crate) fn is_strong(&self) -> Result<(), Refusal> {
        let strong = match &self.0 {
            KeyData::Ed25519(_) | KeyData::SkEd25519(_) | KeyData::SkEcdsaSha2NistP256(_) => true,
            KeyData::Ecdsa(key) => key.curve() == ssh_key::EcdsaCurve::NistP256,
            KeyData::Rsa(key) => key.n.as_positive_bytes().is_some_and(|n| n.len() * 8 >= RSA_BITS),
            _ => false,
        };
        match strong {
            true => Ok(()),
            false => Err(Refusal::new(
                Code::Invalid,
                format!(
                    "keys of type `{}` are not accepted; use Ed25519, P-256, a hardware key, or \
                     RSA from {RSA_BITS} bits",
                    self.0.algorithm()
                ),
            )),
        }
    }

    /// Verifies an SSHSIG blob over `message` in `namespace`, user presence included.
    pub fn verify(&self, namespace: &str, message: &[u8], blob: &[u8]) -> Result<(), Refusal> {
        let invalid = |why: &str| Refusal::new(Code::SignatureInvalid, why);
        let mut rest = blob;
        let signature = SshSig::decode(&mut rest).map_err(|_| invalid("not an SSH signature"))?;
        if !rest.is_empty() {
            return Err(invalid("something stands behind the SSH signature"));
        }
        if *signature.public_key() != self.0 {
            return Err(invalid("the signature was made with another key"));
        }
        ssh_key::PublicKey::from(self.0.clone())
            .verify(namespace, message, &signature)
            .map_err(|_| invalid("the signature does not match what the ledger says was signed"))?;
        check_presence(&signature)
    }
}

/// Hardware keys state in their signature whether somebody touched them; only then it counts.
fn check_presence(signature: &SshSig) -> Result<(), Refusal> {
    let hardware =
        matches!(signature.algorithm(), Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256);
    let trailer = signature.signature_bytes();
    let flags = trailer.len().checked_sub(5).and_then(|place| trailer.get(place));
    match hardware && flags.is_none_or(|flags| flags & USER_PRESENT == 0) {
        true => Err(Refusal::new(
            Code::UserPresence,
            "the hardware key signed without a touch; sign again with user presence",
        )),
        false => Ok(()),
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = ssh_key::PublicKey::from(self.0.clone());
        f.write_str(&key.to_openssh().map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<PublicKey, D::Error> {
        let line = String::deserialize(from)?;
        let key = ssh_key::PublicKey::from_openssh(&line).map_err(serde::de::Error::custom)?;
        Ok(PublicKey(key.key_data().clone()))
    }
}

/// Bytes in base 64 (RFC 4648 §4) on the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct Base64(pub Vec<u8>);

impl fmt::Debug for Base64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(&self.0))
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Base64, D::Error> {
        let text = String::deserialize(from)?;
        BASE64.decode(text).map(Base64).map_err(serde::de::Error::custom)
    }
}

/// The ledger as the signer saw it: a batch's end that was attested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    pub root: Digest,
    #[serde(deserialize_with = "crate::number::whole")]
    pub size: u64,
}

/// A person's signature over a [`crate::statement::Statement`], without the statement: the fold makes
/// that again from what it knows, so that nothing can be signed and something else be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The key's fingerprint.
    pub key: Digest,
    /// The signature counts only in entries dated before this.
    pub not_after: Millis,
    pub seen: Seen,
    /// The SSHSIG blob.
    pub sig: Base64,
}

/// A raw 32-byte public key: Ed25519 (RFC 8032) or X25519 (RFC 7748), as the field says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MachineKey(pub [u8; 32]);

impl MachineKey {
    /// Verifies a machine's Ed25519 signature over `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Refusal> {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).map_err(|_| {
            Refusal::new(Code::SignatureInvalid, "the machine's signature does not verify")
        })
    }
}

impl fmt::Debug for MachineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(self.0))
    }
}

impl Serialize for MachineKey {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for MachineKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<MachineKey, D::Error> {
        let bytes = Base64::deserialize(from)?.0;
        let bytes = <[u8; 32]>::try_from(bytes.as_slice());
        bytes.map(MachineKey).map_err(|_| serde::de::Error::custom("a key has 32 bytes"))
    }
}
