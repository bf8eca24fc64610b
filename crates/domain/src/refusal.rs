//! A refusal is an answer: every reason at once, each with a stable code and a next step.

use std::fmt;

use serde::Serialize;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident $text:literal,)*) => {
        /// The closed list of reasons for which the rulebook says no. The text is stable and public.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Code {$(
            $(#[$doc])*
            #[serde(rename = $text)]
            $name,
        )*}

        impl Code {
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }
        }
    };
}

codes! {
    /// The entry's bytes are not the canonical form of an entry of this edition.
    NotCanonical "not-canonical",
    /// The entry was checked against another size of the ledger.
    StaleStep "stale-step",
    /// Entry 0 is not a genesis, or a genesis stands elsewhere.
    Genesis "genesis",
    /// The entry is dated before the one in front of it.
    TimeBackwards "time-backwards",
    /// The node that wrote the entry is not enrolled, or retired.
    UnknownNode "unknown-node",
    /// The person who acts is unknown or gone.
    NotActive "not-active",
    /// The person who acts lacks the role that the verb needs.
    RoleNeeded "role-needed",
    /// What the entry names does not exist.
    NotFound "not-found",
    /// What the entry makes exists already.
    Exists "already-exists",
    /// One person has too much open at once.
    TooMany "too-many",
    /// The noun is not in a status in which this verb can happen.
    WrongStatus "wrong-status",
    /// A value is out of its bounds.
    Invalid "invalid",
    /// A signature is missing, or there are too few of them.
    SignatureNeeded "signature-needed",
    /// A signature does not verify over the statement that the ledger makes of this case.
    SignatureInvalid "signature-invalid",
    /// A signature was used before.
    SignatureUsed "signature-used",
    /// The subject of the act has changed since its signer looked.
    SignatureOvertaken "signature-overtaken",
    /// A signature is past its own end, or not yet dated.
    SignatureExpired "signature-expired",
    /// The signing key is unknown, retired, or somebody else's.
    KeyNotActive "key-not-active",
    /// A hardware key signed without its owner's touch.
    UserPresence "user-presence",
    /// Somebody decides about what they asked for.
    OwnRequest "own-request",
    /// A service account may ask and never approve.
    WorkloadReview "workload-review",
    /// The required roles have not all signed.
    ReviewsMissing "reviews-missing",
    /// A criterion does not pass.
    CriterionOpen "criterion-open",
    /// Evidence has run out.
    EvidenceExpired "evidence-expired",
    /// A measured answer does not belong to its order.
    AnswerMismatch "answer-mismatch",
    /// A criterion has no measurable threshold.
    NotMeasurable "not-measurable",
    /// A material that the rule needs was not supplied.
    MaterialMissing "material-missing",
    /// The decision was made under a policy that is not the one in force.
    PolicyNotInForce "policy-not-in-force",
    /// The service has other operations than when the request was decided.
    OperationsChanged "operations-changed",
    /// Policy denies it.
    PolicyDenied "policy-denied",
    /// Policy sends it to people, who have not all signed.
    ReviewNeeded "review-needed",
    /// The end is later than, or not equal to, what its justification gives.
    FuseBroken "fuse-broken",
    /// A scope is not one of the service's.
    UnknownScope "unknown-scope",
    /// The service is not released (for this many).
    NotReleased "not-released",
    /// Only loopback upstreams are allowed to demo people.
    DemoPerson "demo-person",
    /// An upstream address or host is not allowed.
    UpstreamRefused "upstream-refused",
    /// The policy engine gives another decision than the entry says.
    DecisionDiffers "decision-differs",
    /// A segment or receipt does not continue its gateway's chain.
    ChainBroken "chain-broken",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One reason: which rule, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    pub code: Code,
    pub message: String,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// The rulebook's no. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    pub reasons: Vec<Reason>,
}

impl Refusal {
    pub fn new(code: Code, message: impl Into<String>) -> Refusal {
        Refusal { reasons: vec![Reason { code, message: message.into() }] }
    }

    pub fn has(&self, code: Code) -> bool {
        self.reasons.iter().any(|reason| reason.code == code)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, reason) in self.reasons.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            reason.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

/// Collects every reason before answering, so that nobody has to ask twice.
#[derive(Debug, Default)]
pub struct Reasons(Vec<Reason>);

impl Reasons {
    pub fn add(&mut self, code: Code, message: impl Into<String>) {
        self.0.push(Reason { code, message: message.into() });
    }

    /// Adds the reason unless `holds`.
    pub fn require(&mut self, holds: bool, code: Code, message: impl FnOnce() -> String) {
        if !holds {
            self.add(code, message());
        }
    }

    /// Keeps the value, or its reasons.
    pub fn take<T>(&mut self, result: Result<T, Refusal>) -> Option<T> {
        result.map_err(|refusal| self.0.extend(refusal.reasons)).ok()
    }

    pub fn done(self) -> Result<(), Refusal> {
        if self.0.is_empty() { Ok(()) } else { Err(Refusal { reasons: self.0 }) }
    }
}
