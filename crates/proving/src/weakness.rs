//! The closed list of weaknesses and the set of them that one vendor has.

use std::collections::BTreeSet;
use std::fmt;

macro_rules! weaknesses {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal,)+) => {
        /// One deliberate weakness of the vendor, named by its stable kebab-case [code](Self::code).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Weakness {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Weakness {
            /// Every weakness, in the order of the enum.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable code, as the command line and reports write it.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }
        }
    };
}

weaknesses! {
    /// The same API is also served without TLS, on a second port.
    PlaintextServed = "plaintext-served",
    /// The certificate ended yesterday.
    CertificateExpired = "certificate-expired",
    /// The certificate names another host.
    CertificateWrongName = "certificate-wrong-name",
    /// The certificate is signed by itself, not by the authority.
    CertificateUntrusted = "certificate-untrusted",
    /// `listInvoices` answers without any credential, as if the first customer had asked.
    OneOperationWithoutAuthentication = "one-operation-without-authentication",
    /// A token whose header says `"alg": "none"` is believed (RFC 8725 §2.1).
    TokenUnsignedAccepted = "token-unsigned-accepted",
    /// The signature of a token is never verified.
    TokenSignatureIgnored = "token-signature-ignored",
    /// A token is accepted after its `exp` (RFC 7519 §4.1.4).
    TokenExpiredAccepted = "token-expired-accepted",
    /// A token issued for another audience is accepted (RFC 7519 §4.1.3).
    TokenAudienceIgnored = "token-audience-ignored",
    /// A token is accepted before its `nbf` (RFC 7519 §4.1.5).
    TokenNotBeforeIgnored = "token-not-before-ignored",
    /// A token that names another issuer is accepted (RFC 7519 §4.1.1).
    TokenIssuerIgnored = "token-issuer-ignored",
    /// HS256 is verified with the PEM of the public key as the secret (RFC 8725 §2.1, CWE-347).
    TokenKeyConfusion = "token-key-confusion",
    /// Tokens are signed with HS256 and a secret that every word list has (RFC 8725 §3.5, CWE-521).
    TokenWeakSecret = "token-weak-secret",
    /// The `kid` of a token is the path of the file that holds the secret (RFC 8725 §3.10, CWE-22).
    TokenKeyIdInjection = "token-key-id-injection",
    /// The key in a token's own `jwk` header verifies it (RFC 7515 §4.1.3, CWE-347).
    TokenEmbeddedKey = "token-embedded-key",
    /// The key set that a token's `jku` header names is fetched and believed (RFC 8725 §3.10).
    TokenRemoteKey = "token-remote-key",
    /// A revoked access token goes on working (RFC 7009 §2.2, CWE-613).
    TokenLivesAfterRevocation = "token-lives-after-revocation",
    /// Access tokens live for ten years (RFC 9700 §2.2.1, CWE-613).
    TokenEverlasting = "token-everlasting",
    /// A refresh token works as often as it is sent (RFC 9700 §4.14).
    RefreshReplayed = "refresh-replayed",
    /// A code made with a challenge is redeemed without its verifier (RFC 9700 §2.1.1, RFC 7636).
    PkceDowngrade = "pkce-downgrade",
    /// A redirect URI need only begin like the registered one (RFC 9700 §4.1, CWE-601).
    RedirectUnchecked = "redirect-unchecked",
    /// An authorization code is redeemed as often as it is sent (RFC 6749 §4.1.2).
    CodeReplayed = "code-replayed",
    /// Passwords may be tried without end (OWASP API2:2023, CWE-307).
    LoginUnlimited = "login-unlimited",
    /// Logging in tells an unknown name from a wrong password (CWE-204).
    LoginEnumerates = "login-enumerates",
    /// Who signs up may choose a role (OWASP API3:2023, CWE-915).
    SignupTakesRole = "signup-takes-role",
    /// No caller is ever slowed down (OWASP API4:2023).
    NoRateLimit = "no-rate-limit",
    /// Bodies of megabytes and texts of any length are taken (OWASP API4:2023, CWE-770).
    NoSizeLimit = "no-size-limit",
    /// A page is as long as its caller wishes (OWASP API4:2023, CWE-770).
    NoPageLimit = "no-page-limit",
    /// Checking an address takes exponentially longer with its length (CWE-1333).
    SlowPattern = "slow-pattern",
    /// A request that is sent again with its `Idempotency-Key` is carried out again (CWE-837).
    IdempotencyIgnored = "idempotency-ignored",
    /// Malformed input is answered with a statement, a source path and a stack trace (CWE-209).
    ErrorsLeak = "errors-leak",
    /// The credential that came in goes out again, in a header and in JSON bodies.
    CredentialEchoed = "credential-echoed",
    /// Any customer reads any customer's objects by their id (OWASP API1:2023).
    Bola = "bola",
    /// Any customer changes any customer's objects by their id (OWASP API1:2023).
    ObjectChange = "object-change",
    /// Any customer deletes any customer's objects by their id (OWASP API1:2023).
    ObjectDelete = "object-delete",
    /// Scopes and roles of operations are not checked (OWASP API5:2023).
    FunctionAuthorisationMissing = "function-authorisation-missing",
    /// A change of the account may set any field, also `role` and `credit_cents` (OWASP API3:2023).
    MassAssignment = "mass-assignment",
    /// A new parcel may set any field, also `customer_id` and `price_cents` (OWASP API3:2023).
    MassAssignmentCreate = "mass-assignment-create",
    /// Answers carry whole records, with the password's hash and internal notes (OWASP API3:2023).
    ExcessiveData = "excessive-data",
    /// Lists carry whole records, with costs and internal places (OWASP API3:2023).
    ExcessiveDataList = "excessive-data-list",
    /// Every origin may read answers with the caller's credentials (CWE-942).
    CorsAnyOriginWithCredentials = "cors-any-origin-with-credentials",
    /// TRACE is answered with the request and its credentials (RFC 9110 §9.3.8, CWE-693).
    TraceAnswered = "trace-answered",
    /// `X-HTTP-Method-Override` turns a POST into another method after the checks (CWE-436).
    MethodOverride = "method-override",
    /// No answer carries a security header (OWASP API8:2023, CWE-693).
    SecurityHeadersMissing = "security-headers-missing",
    /// `/debug/vars`, `/actuator/env`, `/.git/config` and `/metrics` answer anyone (CWE-489).
    DebugExposed = "debug-exposed",
    /// `/v0/parcels` still answers, and anyone (OWASP API9:2023).
    OldVersionExposed = "old-version-exposed",
    /// `/admin/users` lists the customers to whoever asks (OWASP API5:2023).
    OfficeExposed = "office-exposed",
    /// `/v0/login` gives a session for a name and any password (OWASP API9:2023).
    OldLoginExposed = "old-login-exposed",
    /// The name of a form is a path on the disk (CWE-22).
    PathTraversal = "path-traversal",
    /// What a message holds between `{{` and `}}` is evaluated (CWE-1336).
    Template = "template",
    /// The callback that a customer names is fetched, wherever it is (OWASP API7:2023, CWE-918).
    Ssrf = "ssrf",
    /// The page that leaves the site leads anywhere (CWE-601).
    OpenRedirect = "open-redirect",
}

impl Weakness {
    /// The weakness with this code; `None` when there is none.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|weakness| weakness.code() == code)
    }
}

impl fmt::Display for Weakness {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}

/// Which weaknesses a vendor has. A switch that is not on is off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Switches(BTreeSet<Weakness>);

impl Switches {
    /// No weakness at all.
    #[must_use]
    pub fn hardened() -> Self {
        Self::default()
    }

    /// Every weakness at once.
    #[must_use]
    pub fn weak() -> Self {
        Self(Weakness::ALL.iter().copied().collect())
    }

    /// These switches and `weakness`.
    #[must_use]
    pub fn with(mut self, weakness: Weakness) -> Self {
        self.0.insert(weakness);
        self
    }

    /// These switches but `weakness`.
    #[must_use]
    pub fn without(mut self, weakness: Weakness) -> Self {
        self.0.remove(&weakness);
        self
    }

    /// Whether `weakness` is on.
    #[must_use]
    pub fn has(&self, weakness: Weakness) -> bool {
        self.0.contains(&weakness)
    }

    /// The weaknesses that are on, in the order of the enum.
    pub fn iter(&self) -> impl Iterator<Item = Weakness> + '_ {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_kebab_case_and_lead_back_to_their_weakness() {
        for weakness in Weakness::ALL {
            assert!(weakness.code().chars().all(|c| c.is_ascii_lowercase() || c == '-'));
            assert_eq!(Weakness::from_code(weakness.code()), Some(*weakness));
        }
        assert_eq!(Weakness::from_code("none"), None);
    }

    #[test]
    fn weak_has_all_and_hardened_none() {
        assert_eq!(Switches::weak().iter().collect::<Vec<_>>(), Weakness::ALL);
        assert_eq!(Switches::hardened().iter().count(), 0);
        let almost = Switches::weak().without(Weakness::Bola);
        assert!(!almost.has(Weakness::Bola));
        assert_eq!(almost.with(Weakness::Bola), Switches::weak());
    }
}
