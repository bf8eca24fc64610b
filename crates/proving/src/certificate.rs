//! The vendor's own certificate authority and the server certificates it issues.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::vendor::VendorError;
use crate::weakness::{Switches, Weakness};

const DAY: Duration = Duration::from_secs(86_400);

/// Where a vendor's certificate comes from.
#[derive(Debug, Clone, Default)]
pub enum Tls {
    /// From an authority made for this one vendor.
    #[default]
    OwnAuthority,
    /// From an authority that several vendors share, so that one trust anchor serves for all.
    Shared(Arc<Authority>),
}

impl Tls {
    pub(crate) fn authority(self) -> Result<Arc<Authority>, VendorError> {
        match self {
            Self::OwnAuthority => Ok(Arc::new(Authority::generate()?)),
            Self::Shared(authority) => Ok(authority),
        }
    }
}

/// A certificate authority with a fresh P-256 key that lives in memory only.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl fmt::Debug for Authority {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Authority")
    }
}

impl Authority {
    /// Makes a new authority, valid for a year.
    ///
    /// # Errors
    /// [`VendorError::Certificate`] when the key or the certificate cannot be made.
    pub fn generate() -> Result<Self, VendorError> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, "Parcel sandbox authority");
        params.distinguished_name.push(DnType::OrganizationName, "Parcel");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let now = SystemTime::now();
        params.not_before = (now - 180 * DAY).into();
        params.not_after = (now + 365 * DAY).into();
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    /// The authority's own certificate in PEM: what a client has to trust.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server configuration for TLS 1.2 and 1.3 with a certificate issued now.
    pub(crate) fn server(&self, switches: &Switches) -> Result<ServerConfig, VendorError> {
        let (certificate, key) = self.issue(switches)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn issue(
        &self,
        switches: &Switches,
    ) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), VendorError> {
        let names = if switches.has(Weakness::CertificateWrongName) {
            vec!["parcel.invalid".to_owned()]
        } else {
            vec!["localhost".to_owned(), "127.0.0.1".to_owned()]
        };
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, "Parcel sandbox");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let end = SystemTime::now();
        let end =
            if switches.has(Weakness::CertificateExpired) { end - DAY } else { end + 60 * DAY };
        params.not_before = (end - 90 * DAY).into();
        params.not_after = end.into();
        let key = KeyPair::generate()?;
        let certificate = if switches.has(Weakness::CertificateUntrusted) {
            params.self_signed(&key)?
        } else {
            params.signed_by(&key, &self.0)?
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok((certificate.der().clone(), key))
    }
}
