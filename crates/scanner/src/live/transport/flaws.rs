//! What can be wrong with a transport, and how to mend it.

use crate::live::Flaw;
use crate::live::CheckId;
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
