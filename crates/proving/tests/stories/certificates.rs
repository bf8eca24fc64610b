//! Certificates and TLS, seen by a rustls client.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use proving::{Authority, Running, Switches, Tls, Vendor, VendorConfig, Weakness};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, RootCertStore,
    SignatureScheme, SupportedProtocolVersion,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

fn roots(vendor: &Running) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(vendor.ca_pem.as_bytes()).unwrap()).unwrap();
    roots
}

/// Shakes hands as a careful client does; the negotiated version, or why it refused.
async fn handshake(
    vendor: &Running,
    name: &str,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<ProtocolVersion, Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots(vendor))
        .with_no_client_auth();
    connect(vendor, name, config).await
}

async fn connect(
    vendor: &Running,
    name: &str,
    config: ClientConfig,
) -> Result<ProtocolVersion, Error> {
    let stream = TcpStream::connect(vendor.address).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    match TlsConnector::from(Arc::new(config)).connect(name, stream).await {
        Ok(stream) => Ok(stream.get_ref().1.protocol_version().unwrap()),
        Err(error) => Err(error.get_ref().unwrap().downcast_ref::<Error>().unwrap().clone()),
    }
}

/// Believes every certificate and keeps it.
#[derive(Debug)]
struct Collector {
    seen: Mutex<Option<CertificateDer<'static>>>,
    signatures: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for Collector {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.seen.lock().unwrap() = Some(certificate.clone().into_owned());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signatures.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signatures.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.signatures.supported_verify_schemes()
    }
}

async fn certificate(vendor: &Running) -> CertificateDer<'static> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let signatures =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots(vendor)), Arc::clone(&provider))
            .build()
            .unwrap();
    let collector = Arc::new(Collector { seen: Mutex::new(None), signatures });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&collector) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    connect(vendor, "localhost", config).await.unwrap();
    let seen = collector.seen.lock().unwrap().take();
    seen.unwrap()
}

/// Whether the certificate leads to the authority, at `time`.
async fn verified(vendor: &Running, time: UnixTime) -> Result<(), CertificateError> {
    let certificate = certificate(vendor).await;
    let judged = rustls::client::verify_server_cert_signed_by_trust_anchor(
        &ParsedCertificate::try_from(&certificate).unwrap(),
        &roots(vendor),
        &[],
        time,
        aws_lc_rs::default_provider().signature_verification_algorithms.all,
    );
    match judged {
        Ok(()) => Ok(()),
        Err(Error::InvalidCertificate(error)) => Err(error),
        Err(other) => panic!("{other}"),
    }
}

/// Whether the certificate has ended.
pub async fn is_expired(vendor: &Running) -> bool {
    match verified(vendor, UnixTime::now()).await {
        Ok(()) | Err(CertificateError::UnknownIssuer) => false,
        Err(CertificateError::ExpiredContext { .. }) => true,
        Err(other) => panic!("{other}"),
    }
}

/// Whether the certificate leads to no authority, on a day when even an expired one was valid.
pub async fn is_untrusted(vendor: &Running) -> bool {
    let days = Duration::from_secs(15 * 86_400);
    let then = UnixTime::since_unix_epoch(Duration::from_secs(UnixTime::now().as_secs()) - days);
    match verified(vendor, then).await {
        Ok(()) => false,
        Err(CertificateError::UnknownIssuer) => true,
        Err(other) => panic!("{other}"),
    }
}

/// Whether the certificate is for none of the names that lead to the vendor.
pub async fn names_another(vendor: &Running) -> bool {
    let certificate = certificate(vendor).await;
    let parsed = ParsedCertificate::try_from(&certificate).unwrap();
    ["localhost", "127.0.0.1"].into_iter().all(|name| {
        let name = ServerName::try_from(name).unwrap();
        rustls::client::verify_server_name(&parsed, &name).is_err()
    })
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_served_under_both_names() {
    let vendor = Vendor::start(VendorConfig::default()).await.unwrap();
    for name in ["localhost", "127.0.0.1"] {
        let newer = handshake(&vendor, name, &[&rustls::version::TLS13]).await;
        assert_eq!(newer, Ok(ProtocolVersion::TLSv1_3));
        let older = handshake(&vendor, name, &[&rustls::version::TLS12]).await;
        assert_eq!(older, Ok(ProtocolVersion::TLSv1_2));
    }
    vendor.stop().await;
}

#[tokio::test]
async fn a_careful_client_refuses_both_bad_certificates() {
    let expired = Switches::hardened().with(Weakness::CertificateExpired);
    let vendor = Vendor::start(VendorConfig::with_switches(expired)).await.unwrap();
    let refusal = handshake(&vendor, "localhost", rustls::ALL_VERSIONS).await.unwrap_err();
    assert!(
        matches!(refusal, Error::InvalidCertificate(CertificateError::ExpiredContext { .. })),
        "{refusal}"
    );
    vendor.stop().await;

    let misnamed = Switches::hardened().with(Weakness::CertificateWrongName);
    let vendor = Vendor::start(VendorConfig::with_switches(misnamed)).await.unwrap();
    let refusal = handshake(&vendor, "localhost", rustls::ALL_VERSIONS).await.unwrap_err();
    assert!(
        matches!(
            refusal,
            Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. })
        ),
        "{refusal}"
    );
    vendor.stop().await;
}

#[tokio::test]
async fn an_authority_is_not_trusted_by_the_clients_of_another() {
    let mut vendor = Vendor::start(VendorConfig::default()).await.unwrap();
    let other = Authority::generate().unwrap();
    vendor.ca_pem = other.pem();
    let refusal = handshake(&vendor, "localhost", rustls::ALL_VERSIONS).await.unwrap_err();
    assert!(matches!(refusal, Error::InvalidCertificate(_)), "{refusal}");
    vendor.stop().await;
}

#[tokio::test]
async fn twins_can_share_one_authority() {
    let tls = Tls::Shared(Arc::new(Authority::generate().unwrap()));
    let one = VendorConfig { tls: tls.clone(), ..VendorConfig::default() };
    let other = VendorConfig { tls, ..VendorConfig::default() };
    let (one, other) = (Vendor::start(one).await.unwrap(), Vendor::start(other).await.unwrap());
    assert_eq!(one.ca_pem, other.ca_pem);
    assert_ne!(certificate(&one).await, certificate(&other).await);
    one.stop().await;
    other.stop().await;
}
