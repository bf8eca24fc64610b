//! What headers may leave unsaid.

use crate::flaw::Flaw;
use crate::live::CheckId;
use crate::report::{Confidence, Severity};

pub const NO_NOSNIFF: Flaw = Flaw {
    id: "nosniff-missing",
    check: CheckId::Headers.code(),
    title: "Answers do not forbid guessing their type",
    severity: Severity::Low,
    confidence: Confidence::High,
    why: "A browser may take what a caller wrote into an answer for a page or a script.",
    fix: "Send `X-Content-Type-Options: nosniff` with every answer.",
    owasp: "API8:2023",
    cwe: 693,
};

pub const KEPT: Flaw = Flaw {
    id: "cache-control-missing",
    title: "Private answers do not say whether they may be kept",
    severity: Severity::Low,
    why: "A browser or a proxy of the caller may keep them and show them to whoever comes next.",
    fix: "Send `Cache-Control: no-store` with answers that need a credential.",
    cwe: 525,
    ..NO_NOSNIFF
};

pub const KEPT_BY_ALL: Flaw = Flaw {
    id: "private-answer-in-shared-caches",
    title: "Shared caches may keep private answers",
    severity: Severity::Medium,
    why: "`public` and `s-maxage` let a cache keep what one caller got and give it to another, even \
          though a credential was sent (RFC 9111 §3.5).",
    fix: "Send `Cache-Control: no-store` or `private` with answers that need a credential.",
    cwe: 524,
    ..NO_NOSNIFF
};

pub const WRONG_TYPE: Flaw = Flaw {
    id: "data-typed-as-page",
    title: "JSON says that it is HTML",
    severity: Severity::Low,
    why: "A browser shows it as a page; any text of a user in it can become a script.",
    fix: "Send `Content-Type: application/json`.",
    cwe: 436,
    ..NO_NOSNIFF
};

pub const MARKUP: Flaw = Flaw {
    id: "markup-reflected",
    title: "An answer of type HTML repeats markup from the request",
    severity: Severity::High,
    why: "A link is enough to run a script of a stranger in the visitor's browser, with the \
          visitor's rights at this host.",
    fix: "Answer with JSON, or escape what is repeated.",
    cwe: 79,
    ..NO_NOSNIFF
};

pub const FRAMED: Flaw = Flaw {
    id: "page-may-be-framed",
    title: "A page may be shown inside a stranger's page",
    severity: Severity::Low,
    why: "Its visitor can be led to click what he does not see.",
    fix: "Send `Content-Security-Policy: frame-ancestors 'none'`.",
    cwe: 1021,
    ..NO_NOSNIFF
};

pub const COOKIE: Flaw = Flaw {
    id: "session-cookie-loose",
    title: "A session's cookie lacks its guards",
    severity: Severity::Low,
    why: "Without `HttpOnly` a script can read it; without `Secure` it goes over plain HTTP; without \
          `SameSite` other sites' forms carry it along in older browsers.",
    fix: "Set `HttpOnly`, `Secure` and `SameSite=Lax` or `Strict`.",
    cwe: 1004,
    ..NO_NOSNIFF
};
