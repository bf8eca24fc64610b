//! What may lie open, by how much it tells.

use crate::flaw::Flaw;
use crate::live::CheckId;
use crate::report::{Confidence, Severity};

pub const REPOSITORY: Flaw = Flaw {
    id: "repository-exposed",
    check: CheckId::ExposedEndpoints.code(),
    title: "A version control folder is served",
    severity: Severity::High,
    confidence: Confidence::High,
    why: "Whoever can read it can put the program's source and its history together again, with \
          every secret that was ever committed.",
    fix: "Serve a folder that holds only what is meant to be served; refuse paths that begin with \
          a dot.",
    owasp: "API8:2023",
    cwe: 527,
};

pub const SECRETS: Flaw = Flaw {
    id: "secrets-file-exposed",
    title: "A file with configuration or keys is served",
    severity: Severity::Critical,
    why: "It holds what opens databases and other services.",
    fix: "Keep configuration outside what is served, and replace every secret that stood there.",
    cwe: 538,
    ..REPOSITORY
};

pub const BACKUP: Flaw = Flaw {
    id: "backup-exposed",
    title: "A backup or a leftover file is served",
    why: "Copies of sources and data tell how the program works and what it holds.",
    fix: "Remove the file; serve only what is meant to be served.",
    cwe: 530,
    ..REPOSITORY
};

pub const DEBUG: Flaw = Flaw {
    id: "debug-endpoint-exposed",
    title: "A debug page answers strangers",
    why: "Environment, configuration and memory tell secrets, or let a stranger run code.",
    fix: "Switch it off in production, or serve it on a port that only operators reach.",
    cwe: 489,
    ..REPOSITORY
};

pub const METRICS: Flaw = Flaw {
    id: "metrics-exposed",
    title: "Metrics answer strangers",
    severity: Severity::Low,
    why: "They tell versions, paths, load and often names of customers.",
    fix: "Serve metrics on a port that only the monitoring reaches.",
    cwe: 497,
    ..REPOSITORY
};

pub const CONSOLE: Flaw = Flaw {
    id: "console-exposed",
    title: "A console for administrators answers strangers",
    severity: Severity::Medium,
    why: "It is built to change everything; one weak password or one flaw of the console is enough.",
    fix: "Let only the operators' network reach it.",
    cwe: 749,
    ..REPOSITORY
};

pub const DOCUMENTATION: Flaw = Flaw {
    id: "documentation-page-served",
    title: "A documentation page is served",
    severity: Severity::Info,
    why: "It is often meant to be public. Where it is not, it shows every operation at a glance.",
    fix: "If the API is not public, serve it to those who log in.",
    cwe: 200,
    ..REPOSITORY
};

pub const OFFICE: Flaw = Flaw {
    id: "administration-undocumented",
    title: "An undocumented page for administrators answers an ordinary caller",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    why: "No document names it, so nobody reviews who may ask; its name says whom it is for, and it gave \
          data to a caller who is not one of them.",
    fix: "Remove it, or describe it and let only administrators in.",
    owasp: "API5:2023",
    cwe: 285,
    ..REPOSITORY
};

pub const OLD_VERSION: Flaw = Flaw {
    id: "old-version-open",
    title: "An undocumented version of the API answers strangers",
    why: "The documented operation asks for a credential; the old one gives the same kind of data \
          to anyone, and nobody looks after it.",
    fix: "Switch the old version off, or put it behind the same checks.",
    owasp: "API9:2023",
    cwe: 1059,
    ..REPOSITORY
};
