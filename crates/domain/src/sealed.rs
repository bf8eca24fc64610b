//! The sealed box: bytes for one holder of an X25519 key, as HPKE (RFC 9180) in base mode.
//!
//! The suite is DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM (0x0020, 0x0001, 0x0002), one
//! message for each ephemeral key, no additional data. What is sealed is bound to a context, so that a
//! box for one purpose does not open for another. Randomness comes in as bytes.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::signature::MachineKey;

const KEM: [u8; 5] = *b"KEM\x00\x20";
const SUITE: [u8; 10] = *b"HPKE\x00\x20\x00\x01\x00\x02";
const VERSION: &[u8] = b"HPKE-v1";
const BASE: u8 = 0;

/// A key, or bytes that are no box for it. Says no more, on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealedError {
    #[error("not an X25519 key")]
    Key,
    #[error("the sealed box does not open with this key in this context")]
    Box,
}

type Secret = Zeroizing<[u8; 32]>;

/// The public half of an X25519 private key (RFC 7748), as a gateway enrols it.
pub fn public_key(private: &Zeroizing<[u8; 32]>) -> Result<MachineKey, SealedError> {
    let key = PrivateKey::from_private_key(&X25519, private.as_slice());
    let public = key.ok().and_then(|key| key.compute_public_key().ok()).ok_or(SealedError::Key)?;
    public.as_ref().try_into().map(MachineKey).map_err(|_| SealedError::Key)
}

/// Seals `plain` to the holder of `to`. `ephemeral` is 32 random bytes, used once. The answer is the
/// ephemeral public key, 32 bytes, and the ciphertext with its tag of 16.
pub fn seal_to(
    to: &MachineKey,
    ephemeral: &Zeroizing<[u8; 32]>,
    context: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, SealedError> {
    let encapsulated = public_key(ephemeral)?;
    let shared = shared(ephemeral, to, &encapsulated, to)?;
    let (key, nonce) = schedule(&shared, context)?;
    let mut body = plain.to_vec();
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut body).map_err(|_| SealedError::Box)?;
    Ok([encapsulated.0.as_slice(), &body].concat())
}

/// Opens what [`seal_to`] sealed to the holder of `private` in the same context.
pub fn open_sealed(
    private: &Zeroizing<[u8; 32]>,
    context: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealedError> {
    let (encapsulated, body) = sealed.split_first_chunk::<32>().ok_or(SealedError::Box)?;
    let encapsulated = MachineKey(*encapsulated);
    let shared = shared(private, &encapsulated, &encapsulated, &public_key(private)?)?;
    let (key, nonce) = schedule(&shared, context)?;
    let mut body = Zeroizing::new(body.to_vec());
    let plain = key.open_in_place(nonce, Aad::empty(), &mut body).map_err(|_| SealedError::Box)?;
    let length = plain.len();
    body.truncate(length);
    Ok(body)
}

/// ExtractAndExpand of DHKEM (RFC 9180 §4.1), over both public keys.
fn shared(
    private: &Zeroizing<[u8; 32]>,
    peer: &MachineKey,
    encapsulated: &MachineKey,
    recipient: &MachineKey,
) -> Result<Secret, SealedError> {
    let key =
        PrivateKey::from_private_key(&X25519, private.as_slice()).map_err(|_| SealedError::Key)?;
    let peer = UnparsedPublicKey::new(&X25519, peer.0);
    let extracted =
        agree(&key, peer, SealedError::Box, |agreed| Ok(extract(&KEM, &[], b"eae_prk", agreed)))?;
    let both = [encapsulated.0, recipient.0].concat();
    expand(&extracted, &KEM, b"shared_secret", &both, 32)
}

/// The key schedule of base mode (RFC 9180 §5.1): key and base nonce of the one message.
fn schedule(shared: &Secret, context: &[u8]) -> Result<(LessSafeKey, Nonce), SealedError> {
    let psk_id_hash = extract(&SUITE, &[], b"psk_id_hash", &[]);
    let info_hash = extract(&SUITE, &[], b"info_hash", context);
    let schedule = [&[BASE], psk_id_hash.as_slice(), info_hash.as_slice()].concat();
    let secret = extract(&SUITE, shared.as_slice(), b"secret", &[]);
    let key = expand(&secret, &SUITE, b"key", &schedule, 32)?;
    let nonce = expand(&secret, &SUITE, b"base_nonce", &schedule, 12)?;
    let key = UnboundKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| SealedError::Key)?;
    let nonce = nonce.first_chunk::<12>().ok_or(SealedError::Key)?;
    Ok((LessSafeKey::new(key), Nonce::assume_unique_for_key(*nonce)))
}

/// LabeledExtract (RFC 9180 §4): HMAC under the salt.
fn extract(suite: &[u8], salt: &[u8], label: &[u8], input: &[u8]) -> Secret {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, salt));
    [VERSION, suite, label, input].iter().for_each(|part| context.update(part));
    secret(&context.sign())
}

/// LabeledExpand (RFC 9180 §4) of at most 32 bytes, which is one block of HKDF-Expand (RFC 5869 §2.3).
/// Fewer than 32 are asked by `length` and stand in front of the answer.
fn expand(
    key: &Secret,
    suite: &[u8],
    label: &[u8],
    info: &[u8],
    length: u8,
) -> Result<Secret, SealedError> {
    if length > 32 {
        return Err(SealedError::Key);
    }
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()));
    let parts = [&[0, length], VERSION, suite, label, info, &[1]];
    parts.iter().for_each(|part| context.update(part));
    Ok(secret(&context.sign()))
}

fn secret(tag: &hmac::Tag) -> Secret {
    let mut bytes = Zeroizing::new([0; 32]);
    bytes.copy_from_slice(tag.as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::crypto::aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_AES_256 as ORACLE;
    use rustls::crypto::hpke::{EncapsulatedSecret, Hpke, HpkePrivateKey, HpkePublicKey};

    const CONTEXT: &[u8] = b"lease of a credential";

    fn key(byte: u8) -> Zeroizing<[u8; 32]> {
        Zeroizing::new([byte; 32])
    }

    #[test]
    fn what_is_sealed_opens_for_its_holder_in_its_context_only() {
        let to = public_key(&key(7)).unwrap();
        let sealed = seal_to(&to, &key(9), CONTEXT, b"secret").unwrap();
        assert_eq!(open_sealed(&key(7), CONTEXT, &sealed).unwrap().as_slice(), b"secret");
        assert_eq!(open_sealed(&key(8), CONTEXT, &sealed), Err(SealedError::Box));
        assert_eq!(open_sealed(&key(7), b"other", &sealed), Err(SealedError::Box));
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            let opened = open_sealed(&key(7), CONTEXT, &changed);
            assert_eq!(opened, Err(SealedError::Box), "byte {place}");
        }
        assert_eq!(open_sealed(&key(7), CONTEXT, &sealed[..47]), Err(SealedError::Box));
    }

    #[test]
    fn a_key_that_would_share_nothing_secret_is_refused() {
        assert!(seal_to(&MachineKey([0; 32]), &key(9), CONTEXT, b"secret").is_err());
    }

    /// The oracle is the HPKE of rustls.
    #[test]
    fn another_implementation_opens_and_seals_alike() {
        let to = public_key(&key(7)).unwrap();
        let sealed = seal_to(&to, &key(9), CONTEXT, b"to the oracle").unwrap();
        let (head, body) = sealed.split_at(32);
        let private = HpkePrivateKey::from(key(7).to_vec());
        let opened = ORACLE.open(&EncapsulatedSecret(head.to_vec()), CONTEXT, b"", body, &private);
        assert_eq!(opened.unwrap(), b"to the oracle");

        let public = HpkePublicKey(to.0.to_vec());
        let (head, body) = ORACLE.seal(CONTEXT, b"", b"from the oracle", &public).unwrap();
        let sealed = [head.0, body].concat();
        let opened = open_sealed(&key(7), CONTEXT, &sealed).unwrap();
        assert_eq!(opened.as_slice(), b"from the oracle");
    }
}
