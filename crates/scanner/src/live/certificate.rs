//! The server's certificate: whom it proves, until when, and that it stays the same.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::order::OrderError;

const DAY: i64 = 86_400;

/// What the certificate says and proves, judged apart from one another so that each fault is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// SHA-256 of the leaf in lower-case hex.
    pub sha256: String,
    /// Seconds since 1970, inclusive at both ends (RFC 5280 §4.1.2.5).
    pub not_before: i64,
    pub not_after: i64,
    /// Why the chain does not lead to a trusted authority; `None` if it does.
    pub chain_fault: Option<String>,
    /// Why it does not name the target's host; `None` if it does.
    pub name_fault: Option<String>,
}

impl Certificate {
    /// Judges a chain, leaf first. The chain is judged at a moment within the leaf's validity, so
    /// that an expired certificate is called expired and not also untrusted.
    ///
    /// # Errors
    /// The leaf cannot be read.
    pub fn inspect(
        chain: &[CertificateDer<'_>],
        host: &str,
        roots: &RootCertStore,
        now: i64,
    ) -> Result<Self, String> {
        let Some((leaf, rest)) = chain.split_first() else {
            return Err("the server sent no certificate".to_owned());
        };
        let (_, fields) =
            x509_parser::parse_x509_certificate(leaf).map_err(|error| error.to_string())?;
        let not_before = fields.validity().not_before.timestamp();
        let not_after = fields.validity().not_after.timestamp();
        let parsed = ParsedCertificate::try_from(leaf).map_err(|error| error.to_string())?;
        let at = now.clamp(not_before, not_after.max(not_before));
        let at = Duration::from_secs(u64::try_from(at).unwrap_or(0));
        let algorithms = provider().signature_verification_algorithms;
        let chain = verify_server_cert_signed_by_trust_anchor(
            &parsed,
            roots,
            rest,
            UnixTime::since_unix_epoch(at),
            algorithms.all,
        );
        let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string());
        let name = name
            .and_then(|name| verify_server_name(&parsed, &name).map_err(|error| error.to_string()));
        Ok(Self {
            sha256: hex::encode(digest(&SHA256, leaf)),
            not_before,
            not_after,
            chain_fault: chain.err().map(|error| error.to_string()),
            name_fault: name.err(),
        })
    }

    /// Why it is not valid in time; `None` if it is.
    pub fn time_fault(&self, now: i64) -> Option<&'static str> {
        match now {
            _ if now > self.not_after => Some("it has expired"),
            _ if now < self.not_before => Some("it is not valid yet"),
            _ => None,
        }
    }

    /// Whole days until it ends, negative once it has.
    pub fn days_left(&self, now: i64) -> i64 {
        self.not_after.saturating_sub(now).div_euclid(DAY)
    }

    /// True if it proves who answers. An expired certificate still does: its key was certified for
    /// this name, and the fault is reported by itself.
    pub fn identifies(&self) -> bool {
        self.chain_fault.is_none() && self.name_fault.is_none()
    }
}

/// The cryptography of every TLS connection of the scan.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// The order's authorities and the system's.
///
/// # Errors
/// An entry of `trust` holds no certificate, or something that is none.
pub fn roots(trust: &[String]) -> Result<RootCertStore, OrderError> {
    let mut roots = RootCertStore::empty();
    for (index, pem) in trust.iter().enumerate() {
        let fault = || OrderError::Trust(index);
        let certificates: Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
        let certificates = certificates.map_err(|_| fault())?;
        if certificates.is_empty() {
            return Err(fault());
        }
        for certificate in certificates {
            roots.add(certificate).map_err(|_| fault())?;
        }
    }
    if let Some(file) = openssl_probe::probe().cert_file {
        roots.add_parsable_certificates(system(&file));
    }
    Ok(roots)
}

/// A system without a readable store trusts nobody beyond the order.
fn system(file: &Path) -> Vec<CertificateDer<'static>> {
    match CertificateDer::pem_file_iter(file) {
        Ok(certificates) => certificates.filter_map(Result::ok).collect(),
        Err(_) => Vec::new(),
    }
}

/// Takes whatever certificate comes first, and then no other. The handshake's own signature is
/// always verified, so the peer holds the key of the certificate that was seen; whom that proves is
/// judged by [`Certificate::inspect`].
#[derive(Debug)]
pub struct Pin {
    algorithms: WebPkiSupportedAlgorithms,
    chain: Mutex<Option<Vec<CertificateDer<'static>>>>,
}

impl Pin {
    /// A pin that has seen nothing yet.
    pub fn new() -> Self {
        let algorithms = provider().signature_verification_algorithms;
        Self { algorithms, chain: Mutex::new(None) }
    }

    /// The chain that was seen first, leaf first.
    pub fn chain(&self) -> Option<Vec<CertificateDer<'static>>> {
        self.chain.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ServerCertVerifier for Pin {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut chain = self.chain.lock().unwrap_or_else(PoisonError::into_inner);
        match chain.as_ref().and_then(|seen| seen.first()) {
            Some(seen) if seen == leaf => {}
            Some(_) => {
                return Err(Error::General("the certificate changed during the scan".into()));
            }
            None => {
                let all = std::iter::once(leaf).chain(rest).map(|one| one.clone().into_owned());
                *chain = Some(all.collect());
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, leaf, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

    struct Made {
        roots: RootCertStore,
        leaf: CertificateDer<'static>,
    }

    fn made(names: &[&str], from: (i32, u8, u8), to: (i32, u8, u8)) -> Made {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
        params.not_after = rcgen::date_time_ymd(to.0, to.1, to.2);
        let leaf = params.signed_by(&KeyPair::generate().unwrap(), &authority).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone()).unwrap();
        Made { roots, leaf: leaf.der().clone() }
    }

    /// 2025-01-01T00:00:00Z.
    const NOW: i64 = 1_735_689_600;

    #[test]
    fn a_good_certificate_has_no_fault() {
        let made = made(&["a.example", "127.0.0.1"], (2024, 1, 1), (2025, 1, 31));
        for host in ["a.example", "127.0.0.1"] {
            let seen =
                Certificate::inspect(std::slice::from_ref(&made.leaf), host, &made.roots, NOW)
                    .unwrap();
            assert!(seen.identifies());
            assert_eq!((seen.time_fault(NOW), seen.days_left(NOW)), (None, 30));
        }
    }

    #[test]
    fn an_expired_certificate_is_only_expired() {
        let made = made(&["a.example"], (2024, 1, 1), (2024, 12, 31));
        let seen = Certificate::inspect(&[made.leaf], "a.example", &made.roots, NOW).unwrap();
        assert!(seen.identifies());
        assert_eq!((seen.time_fault(NOW), seen.days_left(NOW)), (Some("it has expired"), -1));
    }

    #[test]
    fn another_name_and_another_authority_are_told_apart() {
        let made = made(&["b.example"], (2024, 1, 1), (2026, 1, 1));
        let leaf = [made.leaf];
        let seen = Certificate::inspect(&leaf, "a.example", &made.roots, NOW).unwrap();
        assert!(seen.chain_fault.is_none() && seen.name_fault.is_some() && !seen.identifies());
        let nobody = RootCertStore::empty();
        let seen = Certificate::inspect(&leaf, "b.example", &nobody, NOW).unwrap();
        assert!(seen.chain_fault.is_some() && seen.name_fault.is_none() && !seen.identifies());
    }

    #[test]
    fn a_pin_takes_one_certificate_only() {
        let (first, second) =
            (made(&["a"], (2024, 1, 1), (2026, 1, 1)), made(&["a"], (2024, 1, 1), (2026, 1, 1)));
        let pin = Pin::new();
        let name = ServerName::try_from("a").unwrap();
        let ask = |leaf| pin.verify_server_cert(leaf, &[], &name, &[], UnixTime::now());
        assert!(ask(&first.leaf).is_ok());
        assert!(ask(&second.leaf).is_err());
        assert!(ask(&first.leaf).is_ok());
        assert_eq!(pin.chain(), Some(vec![first.leaf.clone()]));
    }

    #[test]
    fn trust_that_is_no_pem_is_refused_by_its_place() {
        let refused = roots(&["nothing".to_owned()]).expect_err("refused");
        assert!(matches!(refused, OrderError::Trust(0)));
    }
}
