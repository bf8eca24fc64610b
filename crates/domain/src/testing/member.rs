//! People and machines with keys from fixed seeds.

use std::sync::Arc;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use ledger::Signer;
use ssh_encoding::Encode as _;
use ssh_key::private::{Ed25519Keypair, PrivateKey};
use ssh_key::{HashAlg, SshSig};
use zeroize::Zeroizing;

use crate::digest::Digest;
use crate::id::PersonId;
use crate::signature::{Base64, MachineKey, PublicKey, REVIEW_NAMESPACE, Seen, Signature};
use crate::time::Millis;

/// Somebody with an Ed25519 SSH key.
#[derive(Debug, Clone)]
pub struct Member {
    pub id: PersonId,
    key: Arc<PrivateKey>,
}

impl Member {
    pub fn new(id: PersonId, seed: u8) -> Member {
        let key = PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]));
        Member { id, key: key.into() }
    }

    /// The same person with another key.
    pub fn with_key(&self, seed: u8) -> Member {
        Member::new(self.id, seed)
    }

    pub fn public(&self) -> PublicKey {
        let line = self.key.public_key().to_openssh().expect("a public key");
        PublicKey::from_openssh(&line).expect("a strong key")
    }

    /// Signs a message as SSHSIG in the namespace of reviews.
    pub fn sign(&self, message: &[u8], seen: Seen, not_after: Millis) -> Signature {
        self.sign_in(REVIEW_NAMESPACE, message, seen, not_after)
    }

    pub fn sign_in(
        &self,
        namespace: &str,
        message: &[u8],
        seen: Seen,
        not_after: Millis,
    ) -> Signature {
        let signature = self.key.sign(namespace, HashAlg::Sha512, message).expect("a signature");
        let sig = Base64(blob(&signature));
        Signature { key: self.public().fingerprint(), not_after, seen, sig }
    }
}

fn blob(signature: &SshSig) -> Vec<u8> {
    let mut bytes = Vec::new();
    signature.encode(&mut bytes).expect("an encoding");
    bytes
}

/// An `sk-ssh-ed25519` key whose flags a test chooses, as a FIDO token would set them.
#[derive(Debug)]
pub struct HardwareKey(Ed25519KeyPair);

impl HardwareKey {
    const APPLICATION: &'static str = "ssh:";

    pub fn new(seed: u8) -> HardwareKey {
        HardwareKey(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a seed"))
    }

    fn key_data(&self) -> ssh_key::public::KeyData {
        let bytes: [u8; 32] = self.0.public_key().as_ref().try_into().expect("32 bytes");
        let key = ssh_key::public::Ed25519PublicKey(bytes);
        ssh_key::public::SkEd25519::new(key, HardwareKey::APPLICATION).into()
    }

    pub fn public(&self) -> PublicKey {
        let line = ssh_key::PublicKey::from(self.key_data()).to_openssh().expect("a public key");
        PublicKey::from_openssh(&line).expect("a strong key")
    }

    /// Signs with the given flags (PROTOCOL.u2f): 1 is user presence, 4 user verification.
    pub fn sign(&self, message: &[u8], flags: u8, seen: Seen, not_after: Millis) -> Signature {
        let data = SshSig::signed_data(REVIEW_NAMESPACE, HashAlg::Sha512, message).expect("data");
        let trailer = [flags, 0, 0, 0, 7];
        let application = Digest::of(HardwareKey::APPLICATION.as_bytes());
        let signed = [&application.0[..], &trailer, &Digest::of(&data).0].concat();
        let bytes = [self.0.sign(&signed).as_ref(), &trailer].concat();
        let signature = ssh_key::Signature::new(ssh_key::Algorithm::SkEd25519, bytes);
        let signature = SshSig::new(
            self.key_data(),
            REVIEW_NAMESPACE,
            HashAlg::Sha512,
            signature.expect("a signature"),
        );
        let sig = Base64(blob(&signature.expect("an SSHSIG")));
        Signature { key: self.public().fingerprint(), not_after, seen, sig }
    }
}

/// A machine with an Ed25519 key.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    seed: [u8; 32],
}

impl Machine {
    pub fn new(seed: u8) -> Machine {
        Machine { seed: [seed; 32] }
    }

    fn pair(&self) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&self.seed).expect("a seed")
    }

    pub fn key(&self) -> MachineKey {
        MachineKey(self.pair().public_key().as_ref().try_into().expect("32 bytes"))
    }

    pub fn sign(&self, message: &[u8]) -> Base64 {
        Base64(self.pair().sign(message).as_ref().to_vec())
    }

    /// The same key in the log's notation.
    pub fn signer(&self, name: &str) -> Signer {
        Signer::from_seed(name, &Zeroizing::new(self.seed)).expect("a signer")
    }
}
