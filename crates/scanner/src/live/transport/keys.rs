//! Keys and signatures of the chain, read from the certificates themselves.

use rustls::pki_types::CertificateDer;
use x509_parser::prelude::X509Certificate;
use x509_parser::public_key::PublicKey;

use super::{CHAIN_ORDER, Judgement, Seen, WEAK_KEY, WEAK_SIGNATURE, handshake};

/// Shortest lengths that are safe, in bits (NIST SP 800-131A).
const LEAST_RSA: usize = 2048;
const LEAST_CURVE: usize = 224;
/// Signatures with a broken hash, by object identifier.
const BROKEN: [(&str, &str); 5] = [
    ("1.2.840.113549.1.1.2", "MD2"),
    ("1.2.840.113549.1.1.4", "MD5"),
    ("1.2.840.113549.1.1.5", "SHA-1"),
    ("1.2.840.10045.4.1", "SHA-1"),
    ("1.2.840.10040.4.3", "SHA-1"),
];

/// What a chain shows of its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// Length of the leaf's key; 0 where its kind is not known.
    pub bits: usize,
    pub elliptic: bool,
    /// The broken hash that one of the certificates is signed with; roots sign themselves and do
    /// not count.
    pub broken: Option<String>,
    /// True if a certificate is not followed by the one that signed it.
    pub disordered: bool,
}

impl Keys {
    /// Reads a chain, leaf first; `None` if the leaf cannot be read.
    pub fn read(chain: &[CertificateDer<'_>]) -> Option<Self> {
        let parsed: Vec<_> = chain
            .iter()
            .filter_map(|one| x509_parser::parse_x509_certificate(one).ok())
            .map(|(_, certificate)| certificate)
            .collect();
        let leaf = parsed.first()?;
        let (bits, elliptic) = match leaf.public_key().parsed() {
            Ok(PublicKey::RSA(key)) => (key.key_size(), false),
            Ok(PublicKey::EC(point)) => (point.key_size(), true),
            _ => (0, false),
        };
        let broken = parsed.iter().filter(|one| !is_root(one)).find_map(|one| {
            let name = one.signature_algorithm.algorithm.to_id_string();
            BROKEN.iter().find(|(id, _)| *id == name).map(|(_, hash)| (*hash).to_owned())
        });
        let disordered = parsed
            .iter()
            .zip(parsed.iter().skip(1))
            .any(|(one, next)| one.issuer().as_raw() != next.subject().as_raw());
        Some(Self { bits, elliptic, broken, disordered })
    }

    fn is_short(&self) -> bool {
        let least = if self.elliptic { LEAST_CURVE } else { LEAST_RSA };
        self.bits > 0 && self.bits < least
    }
}

fn is_root(certificate: &X509Certificate<'_>) -> bool {
    certificate.issuer().as_raw() == certificate.subject().as_raw()
}

pub fn judge(seen: &Seen, judgement: &mut Judgement) {
    let Some(keys) = &seen.keys else { return };
    if keys.bits > 0 {
        judgement.value("transport.certificate_key_bits", keys.bits);
    }
    let kind = if keys.elliptic { "an elliptic curve" } else { "RSA" };
    let faults = [
        (&WEAK_KEY, keys.is_short().then(|| format!("a key of {} bits of {kind}", keys.bits))),
        (&WEAK_SIGNATURE, keys.broken.as_ref().map(|hash| format!("a signature with {hash}"))),
        (&CHAIN_ORDER, keys.disordered.then(|| "a chain out of order".to_owned())),
    ];
    for (flaw, fault) in faults {
        let Some(fault) = fault else { continue };
        judgement.findings.push(flaw.found(None, vec![handshake(&seen.endpoint, fault)]));
    }
}
