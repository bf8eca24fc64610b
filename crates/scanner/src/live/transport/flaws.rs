//! What can be wrong with a transport, and how to mend it.

use crate::live::{CheckId, Flaw};
use crate::report::{Confidence, Severity};

pub(super) const IN_THE_CLEAR: Flaw = Flaw {
    id: "served-without-tls",
    check: CheckId::Transport.code(),
    title: "The API is served without TLS",
    severity: Severity::Critical,
    confidence: Confidence::High,
    why: "Credentials and data can be read and changed by anyone on the way.",
    fix: "Close the port, or answer every request on it with 426 or a redirect and no content.",
    owasp: "API8:2023",
    cwe: 319,
};

/// On the way to this machine itself there is nobody.
pub(super) const IN_THE_CLEAR_HERE: Flaw = Flaw {
    severity: Severity::Info,
    why: "On loopback nobody stands in between; served to anyone else like this, credentials and data \
          could be read and changed on the way.",
    fix: "Serve it with TLS wherever it leaves this machine.",
    ..IN_THE_CLEAR
};

pub(super) const OLD_TLS: Flaw = Flaw {
    id: "tls-old",
    check: CheckId::Transport.code(),
    title: "A TLS version that is no longer safe is offered",
    severity: Severity::Medium,
    confidence: Confidence::High,
    why: "TLS 1.0 and 1.1 rest on MD5 and SHA-1 and were withdrawn by RFC 8996; whoever stands in \
          between can bring a careless client down to them.",
    fix: "Offer TLS 1.2 and 1.3 only.",
    owasp: "API8:2023",
    cwe: 327,
};

pub(super) const BAD_TIME: Flaw = Flaw {
    id: "certificate-out-of-time",
    check: CheckId::Transport.code(),
    title: "The certificate is not valid now",
    severity: Severity::High,
    confidence: Confidence::High,
    why: "Clients must refuse it, or have been taught to accept anything.",
    fix: "Renew the certificate, and renew it automatically from now on.",
    owasp: "API8:2023",
    cwe: 298,
};

pub(super) const BAD_NAME: Flaw = Flaw {
    id: "certificate-wrong-name",
    check: CheckId::Transport.code(),
    title: "The certificate names another host",
    severity: Severity::High,
    confidence: Confidence::High,
    why: "A client that accepts it accepts whoever stands in between.",
    fix: "Serve a certificate whose subject alternative names hold this host.",
    owasp: "API8:2023",
    cwe: 297,
};

pub(super) const BAD_CHAIN: Flaw = Flaw {
    id: "certificate-untrusted",
    check: CheckId::Transport.code(),
    title: "The certificate leads to no trusted authority",
    severity: Severity::High,
    confidence: Confidence::High,
    why: "A client that accepts it accepts whoever stands in between.",
    fix: "Serve a certificate of a public authority with its intermediates, or add the private \
          authority to the order's `trust`.",
    owasp: "API8:2023",
    cwe: 295,
};

pub(super) const NO_HSTS: Flaw = Flaw {
    id: "hsts-missing",
    check: CheckId::Transport.code(),
    title: "Answers do not insist on TLS",
    severity: Severity::Info,
    confidence: Confidence::High,
    why: "Without Strict-Transport-Security a browser may be led to plain HTTP (RFC 6797).",
    fix: "Send Strict-Transport-Security with a max-age of at least half a year.",
    owasp: "API8:2023",
    cwe: 319,
};

pub(super) const WEAK_SUITE: Flaw = Flaw {
    id: "tls-weak-suite",
    check: CheckId::Transport.code(),
    title: "Cipher suites without safety are offered",
    severity: Severity::Medium,
    confidence: Confidence::High,
    why: "Whoever stands in between can bring a careless client down to them, and read or change \
          what is sent.",
    fix: "Offer suites with forward secrecy and AES-GCM or ChaCha20-Poly1305 only (RFC 9325 §4.2).",
    owasp: "API8:2023",
    cwe: 327,
};

pub(super) const COMPRESSED: Flaw = Flaw {
    id: "tls-compression",
    title: "TLS compresses what it carries",
    why: "The length of what is sent then tells its content: secrets can be guessed letter by \
          letter (CRIME; RFC 9325 §3.3).",
    fix: "Switch TLS compression off.",
    cwe: 310,
    ..WEAK_SUITE
};

pub(super) const ENDS_SOON: Flaw = Flaw {
    id: "certificate-ends-soon",
    title: "The certificate ends within two weeks",
    severity: Severity::Low,
    why: "When it ends, clients must refuse the service.",
    fix: "Renew the certificate, and renew it automatically from now on.",
    cwe: 298,
    ..WEAK_SUITE
};

pub(super) const CHAIN_ORDER: Flaw = Flaw {
    id: "certificate-chain-disordered",
    title: "The certificates of the chain are out of order",
    severity: Severity::Info,
    why: "Some clients take them only in the order in which they sign one another (RFC 5246 §7.4.2).",
    fix: "Serve the leaf first, then what signed it, and so on, without the root.",
    cwe: 295,
    ..WEAK_SUITE
};

pub(super) const WEAK_KEY: Flaw = Flaw {
    id: "certificate-weak-key",
    title: "The certificate's key is too short",
    severity: Severity::High,
    why: "RSA keys below 2048 bits and curves below 224 can be broken by those who can pay for it; \
          then anyone can pose as the server.",
    fix: "Use an RSA key of 2048 bits or more, or P-256.",
    cwe: 326,
    ..WEAK_SUITE
};

pub(super) const WEAK_SIGNATURE: Flaw = Flaw {
    id: "certificate-weak-signature",
    title: "A certificate of the chain is signed with a broken hash",
    severity: Severity::High,
    why: "For MD5 and SHA-1 two certificates with the same signature can be made.",
    fix: "Have the chain issued again with SHA-256.",
    cwe: 328,
    ..WEAK_SUITE
};
