//! What the check may find, one for each defence that may be missing.

use crate::flaw::Flaw;
use crate::live::CheckId;
use crate::live::token::Defence;
use crate::report::{Confidence, Severity};

pub const ALL: &[&Flaw] = &[
    &UNSIGNED,
    &SIGNATURE,
    &NULL,
    &KEY_CONFUSION,
    &WEAK_SECRET,
    &KEY_ID,
    &EMBEDDED,
    &REMOTE,
    &FETCHED,
    &EXPIRED,
    &NOT_BEFORE,
    &AUDIENCE,
    &ISSUER,
    &ALTERED,
];

/// The flaw of a defence that is missing; of a credential that is no token there is one.
pub const fn of(defence: Defence, jwt: bool) -> &'static Flaw {
    match defence {
        Defence::Unsigned | Defence::Signature if !jwt => &ALTERED,
        Defence::Unsigned => &UNSIGNED,
        Defence::Signature => &SIGNATURE,
        Defence::Null => &NULL,
        Defence::KeyConfusion => &KEY_CONFUSION,
        Defence::WeakSecret => &WEAK_SECRET,
        Defence::KeyId => &KEY_ID,
        Defence::EmbeddedKey => &EMBEDDED,
        Defence::RemoteKey => &REMOTE,
        Defence::Expiry => &EXPIRED,
        Defence::NotBefore => &NOT_BEFORE,
        Defence::Audience => &AUDIENCE,
        Defence::Issuer => &ISSUER,
    }
}

pub const UNSIGNED: Flaw = Flaw {
    id: "token-unsigned-accepted",
    check: CheckId::TokenValidation.code(),
    title: "A credential without its proof is accepted",
    severity: Severity::Critical,
    confidence: Confidence::High,
    why: "Anyone can write a token that says it needs no signature, and be anyone.",
    fix: "Accept only the algorithms that you sign with, from a list in your configuration, never \
          from the token (RFC 8725 §3.1).",
    owasp: "API2:2023",
    cwe: 347,
};

pub const SIGNATURE: Flaw = Flaw {
    id: "token-signature-unchecked",
    title: "The proof in a credential is not verified",
    why: "A credential whose signature was removed or made by somebody else is let in like the \
          valid one, so its contents can be anything.",
    fix: "Verify the signature with your own key before anything in the token is read \
          (RFC 7519 §7.2).",
    ..UNSIGNED
};

const ALTERED: Flaw = Flaw {
    id: "credential-altered-accepted",
    title: "A changed credential is accepted",
    why: "A credential that lacks its end, or has another character in it, is let in like the valid \
          one, so it is not compared with what was given out: whoever knows the form makes one.",
    fix: "Look up the whole credential, or its digest, and refuse what was never given out.",
    cwe: 287,
    ..UNSIGNED
};

const NULL: Flaw = Flaw {
    id: "token-null-signature-accepted",
    title: "A signature of zeroes is accepted",
    why: "The verifier does not look whether the two numbers of an ECDSA signature are in their \
          range, so that zeroes sign any text (CVE-2022-21449).",
    fix: "Update the runtime or library that verifies ECDSA.",
    ..UNSIGNED
};

const KEY_CONFUSION: Flaw = Flaw {
    id: "token-key-confusion",
    title: "The public key is taken for a secret",
    why: "The verifier lets the token choose the algorithm: with HMAC the public key, which anyone \
          has, signs tokens for anyone.",
    fix: "Bind each key to the one algorithm that it is used with (RFC 8725 §3.1).",
    ..UNSIGNED
};

const WEAK_SECRET: Flaw = Flaw {
    id: "token-weak-secret",
    title: "Tokens are signed with a secret that everybody knows",
    why: "Who guesses the secret, without asking the server once, signs tokens for anyone.",
    fix: "Replace the secret by at least 32 random bytes, from the environment and not from the \
          code (RFC 7518 §3.2, RFC 8725 §3.5).",
    cwe: 521,
    ..UNSIGNED
};

const KEY_ID: Flaw = Flaw {
    id: "token-key-id-injection",
    title: "The name of a key in a token leads to a key of the caller's choice",
    why: "The verifier uses `kid` as a path or in a statement, so that a caller decides what the \
          token is verified with.",
    fix: "Look `kid` up in a fixed table of your keys and refuse what is not in it (RFC 8725 §3.10).",
    cwe: 74,
    ..UNSIGNED
};

const EMBEDDED: Flaw = Flaw {
    id: "token-embedded-key",
    title: "A token is verified with the key that it brings along",
    why: "Anyone signs with a key of his own and puts it into the header.",
    fix: "Ignore `jwk` and `x5c` in tokens; verify with your own keys only (RFC 8725 §3.10).",
    ..UNSIGNED
};

const REMOTE: Flaw = Flaw {
    id: "token-remote-key",
    title: "A token is verified with a key from the address that it names",
    why: "Anyone signs with a key of his own and serves it himself.",
    fix: "Ignore `jku` and `x5u` in tokens, or compare them with a list of your own addresses \
          (RFC 8725 §3.10).",
    ..UNSIGNED
};

pub const FETCHED: Flaw = Flaw {
    id: "token-key-address-fetched",
    title: "An address in an unverified token is fetched",
    severity: Severity::Medium,
    why: "The token was refused, and the server still fetched what it names: anyone can send the \
          server to addresses inside its network.",
    fix: "Ignore `jku` and `x5u` in tokens, or compare them with a list of your own addresses \
          before anything is fetched (RFC 8725 §3.10).",
    owasp: "API7:2023",
    cwe: 918,
    ..UNSIGNED
};

const EXPIRED: Flaw = Flaw {
    id: "token-expiry-unchecked",
    title: "An expired credential is accepted",
    severity: Severity::High,
    why: "A credential that leaked once works for ever.",
    fix: "Refuse tokens after `exp`, with a minute of leeway at most (RFC 7519 §4.1.4).",
    cwe: 613,
    ..UNSIGNED
};

const NOT_BEFORE: Flaw = Flaw {
    id: "token-not-before-ignored",
    title: "A token is accepted before it is valid",
    severity: Severity::Medium,
    why: "A token that was issued for later, for instance for a booked period, works at once.",
    fix: "Refuse tokens before `nbf`, with a minute of leeway at most (RFC 7519 §4.1.5).",
    cwe: 672,
    ..UNSIGNED
};

const AUDIENCE: Flaw = Flaw {
    id: "token-audience-unchecked",
    title: "A credential for another audience is accepted",
    severity: Severity::High,
    why: "Whoever receives a token of the same issuer for another service can use it here.",
    fix: "Refuse tokens whose `aud` does not name this API (RFC 7519 §4.1.3, RFC 8725 §3.9).",
    cwe: 345,
    ..UNSIGNED
};

const ISSUER: Flaw = Flaw {
    id: "token-issuer-ignored",
    title: "A token of another issuer is accepted",
    severity: Severity::Medium,
    why: "Where several issuers share a key or a key set, any of them can speak for all.",
    fix: "Refuse tokens whose `iss` is not yours, and use only that issuer's keys (RFC 8725 §3.8).",
    cwe: 345,
    ..UNSIGNED
};
