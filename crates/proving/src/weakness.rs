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
    /// No caller is ever slowed down (OWASP API4:2023).
    NoRateLimit = "no-rate-limit",
    /// Malformed input is answered with a statement, a source path and a stack trace (CWE-209).
    ErrorsLeak = "errors-leak",
    /// The credential that came in goes out again, in a header and in JSON bodies.
    CredentialEchoed = "credential-echoed",
    /// Any customer reaches any customer's objects by their id (OWASP API1:2023).
    Bola = "bola",
    /// Scopes and roles of operations are not checked (OWASP API5:2023).
    FunctionAuthorisationMissing = "function-authorisation-missing",
    /// A change of the account may set any field, also `role` and `credit_cents` (OWASP API3:2023).
    MassAssignment = "mass-assignment",
    /// Answers carry whole records, with the password's hash and internal notes (OWASP API3:2023).
    ExcessiveData = "excessive-data",
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
