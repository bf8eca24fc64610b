//! What may be unbounded.

use crate::flaw::Flaw;
use crate::live::CheckId;
use crate::report::{Confidence, Severity};

pub const BODY: Flaw = Flaw {
    id: "body-unbounded",
    check: CheckId::SizeLimits.code(),
    title: "Bodies of megabytes are taken where kilobytes are meant",
    severity: Severity::Medium,
    confidence: Confidence::High,
    why: "A few callers with large bodies use up memory and time of the service.",
    fix: "Refuse what is larger than the operation needs with 413, before it is read.",
    owasp: "API4:2023",
    cwe: 770,
};

pub const LENGTH: Flaw = Flaw {
    id: "documented-length-ignored",
    title: "A text longer than the document allows is taken",
    severity: Severity::Low,
    why: "Whoever relies on the stated length, a column or a form, meets texts that do not fit.",
    fix: "Check `maxLength` where the text comes in.",
    cwe: 1284,
    ..BODY
};

pub const PAGE: Flaw = Flaw {
    id: "page-unbounded",
    title: "A page is as long as its caller wishes",
    why: "One request reads the whole table: a cheap way to copy everything and to exhaust the \
          service.",
    fix: "Cut the page's size to a bound of your own, and state it as `maximum`.",
    ..BODY
};

pub const FAILS: Flaw = Flaw {
    id: "large-input-fails",
    title: "Input that is too large makes the service fail",
    severity: Severity::Info,
    why: "An answer of 5xx says that the program did not expect it; who fails may also fall.",
    fix: "Refuse it with 400 or 413.",
    cwe: 755,
    ..BODY
};
