//! The live scan: asks a sandbox over the network what its document promises, within bounds.
//!
//! [`run`] is the whole story. Each check has a file here with a `CHECK` that describes it, a `run`
//! that looks, and a pure `judge` over what was seen.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::api::{Api, Files, Method, Operation};
use crate::flaw::Flaw;
use crate::order::{Order, OrderError};
use crate::report::{self, Finding, GapCode, Incomplete, Report, Value};

#[macro_use]
mod registry;

mod actor;
mod attempt;
mod authority;
mod budget;
mod call;
mod certificate;
mod client;
mod hello;
mod invent;
mod likeness;
mod mark;
mod mask;
mod pattern;
mod reading;
mod reply;
mod request;
mod scan;
mod sight;
mod target;
mod token;
mod witness;
mod world;

use actor::{Role, Who};
use budget::Spent;
use certificate::Certificate;
use client::{Client, WireError};
use scan::Scan;
use target::Target;

/// The type of a measured value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Int,
    Text,
}

/// A value that a check measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// The stable dotted name that criteria read.
    pub name: &'static str,
    pub kind: Kind,
    pub meaning: &'static str,
}

/// A check as documents and `--help` describe it.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    pub id: CheckId,
    pub title: &'static str,
    /// The question that it answers.
    pub asks: &'static str,
    /// What it may find.
    pub flaws: &'static [&'static Flaw],
    pub values: &'static [Measure],
}

checks! {
    Transport = transport: "transport",
    Authentication = authentication: "authentication",
    ObjectAuthorisation = object_authorisation: "object-authorisation",
    FunctionAuthorisation = function_authorisation: "function-authorisation",
    MassAssignment = mass_assignment: "mass-assignment",
    DataExposure = data_exposure: "data-exposure",
    TokenValidation = token_validation: "token-validation",
    ErrorLeaks = error_leaks: "error-leaks",
    CredentialEcho = credential_echo: "credential-echo",
    Methods = methods: "methods",
    Headers = headers: "headers",
    CrossOrigin = cross_origin: "cross-origin",
    ExposedEndpoints = exposed_endpoints: "exposed-endpoints",
    // Before what sends so much that balances and stocks run out.
    Replay = replay: "replay",
    Injection = injection: "injection",
    ServerRequests = server_requests: "server-requests",
    SizeLimits = size_limits: "size-limits",
    SlowPatterns = slow_patterns: "slow-patterns",
    // These end and lock logins of their own, and come late in case one was somebody else's.
    TokenLifecycle = token_lifecycle: "token-lifecycle",
    OAuth = oauth: "oauth",
    Login = login: "login",
    // Late, because reaching the limit would spoil whatever follows.
    RateLimit = rate_limit: "rate-limit",
    // After everything, because it looks whether the service stands.
    Behaviour = behaviour: "behaviour",
}

/// How far a scan is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The check that is being made.
    pub doing: String,
    /// Checks that are behind it, of so many.
    pub done: usize,
    pub of: usize,
    /// Requests sent so far.
    pub requests: u32,
}

/// How often a scan tells how far it is, besides at the start of each check.
const TOLD_EVERY: Duration = Duration::from_millis(500);

/// Carries out an order. `clock` gives milliseconds since 1970; it is read at the start and at the
/// end. A target that cannot be reached is an answer too, with every check incomplete.
///
/// # Errors
/// The order itself cannot be carried out: see [`OrderError`].
pub async fn run(order: &Order, clock: impl Fn() -> u64) -> Result<Report, OrderError> {
    watched(order, clock, |_| ()).await
}

/// The same, and tells `watch` how far it is.
///
/// # Errors
/// As [`run`].
pub async fn watched(
    order: &Order,
    clock: impl Fn() -> u64,
    watch: impl Fn(Progress),
) -> Result<Report, OrderError> {
    order.validate()?;
    let started = clock();
    let files = Files::of_value(order.document.clone());
    let mut document = Api::read(&files)?;
    // These answer for the server, not for the operation.
    document.operations.retain(|one| !matches!(one.method, Method::Options | Method::Trace));
    // Reads are asked by every check: one that undoes everything by its words is asked by none.
    let undoing = document.operations.iter().filter(|one| is_undoing(one));
    let left_out: Vec<_> = undoing.map(Operation::label).collect();
    document.operations.retain(|one| !is_undoing(one));
    let target = Target::read(&order.target, &document.server_urls())?;
    let roots = certificate::roots(&order.trust)?;
    let client = Client::new(order, target)?;
    let now = i64::try_from(started / 1_000).unwrap_or(i64::MAX);

    let reached = reach(&client, &roots, now).await;
    let (tls, certificate, fault) = match reached {
        Ok((tls, certificate)) => (tls, certificate, None),
        Err(error) => (None, None, Some(error)),
    };
    let scan = Scan::new(document, order, client, certificate, now);
    let mut answer = Report {
        format: report::FORMAT,
        scan: report::Scan::Live,
        scanner: crate::VERSION.to_owned(),
        nonce: order.nonce.clone(),
        document: None,
        target: order.target.clone(),
        certificate_sha256: certificate_of(&scan).map(|one| one.sha256.clone()),
        tls,
        started,
        ended: started,
        checks: order.checks.iter().map(|check| check.code().to_owned()).collect(),
        score: None,
        values: BTreeMap::new(),
        findings: Vec::new(),
        incomplete: Vec::new(),
        requests_sent: 0,
    };
    let tell = |doing: &str, done| {
        let (doing, requests) = (doing.to_owned(), scan.client.budget.sent());
        watch(Progress { doing, done, of: order.checks.len(), requests });
    };
    if fault.is_none() && order.checks.iter().any(|check| *check != CheckId::Transport) {
        telling(scan.actor(Who::A), || tell("login", 0)).await;
    }
    let wanted = CheckId::ALL.into_iter().filter(|id| order.checks.contains(id));
    for (done, id) in wanted.enumerate() {
        let judgement = match &fault {
            Some(error) => Judgement::unjudged(Gap::from(error)),
            None => telling(id.perform(&scan), || tell(id.code(), done)).await,
        };
        judgement.enter(id, &mut answer);
    }
    scan.clean_up().await;
    if !left_out.is_empty() {
        let detail =
            format!("not asked, it undoes everything by its words: {}", left_out.join(", "));
        let code = GapCode::NoOperation;
        answer.incomplete.push(Incomplete { check: "document".to_owned(), code, detail });
    }
    report::rank(&mut answer.findings);
    answer.requests_sent = scan.client.budget.sent();
    answer.ended = clock().max(started);
    Ok(answer)
}

/// True for a read that is there to reset or to fill the whole store: no scan asks it.
pub fn is_undoing(operation: &Operation<'_>) -> bool {
    let password = operation.path.to_ascii_lowercase().contains("password");
    operation.method.is_safe() && !password && world::is_harmful(operation, Role::Plain)
}

/// Does the work, and tells at its start and then now and again that it is being done.
async fn telling<T>(work: impl Future<Output = T>, tell: impl Fn()) -> T {
    let mut work = pin!(work);
    let mut ticks = tokio::time::interval(TOLD_EVERY);
    loop {
        tokio::select! {
            biased;
            _ = ticks.tick() => tell(),
            done = &mut work => return done,
        }
    }
}

/// What the first handshake showed: `None` for plain HTTP, an error for a target whose TLS the
/// scanner cannot speak (its versions can still be judged).
type Reached = (Option<String>, Option<Result<Certificate, String>>);

async fn reach(
    client: &Client,
    roots: &rustls::RootCertStore,
    now: i64,
) -> Result<Reached, WireError> {
    let address = client.open().await?;
    let alone = target::is_loopback(address.ip());
    if !client.target.tls {
        if !alone {
            client
                .withhold("the target speaks plain HTTP, anyone on the way could read".to_owned());
        }
        return Ok((None, None));
    }
    let tls = match client.handshake().await {
        Ok(tls) => tls,
        Err(error @ (WireError::Spent(_) | WireError::Unreachable(_))) => return Err(error),
        Err(error) => {
            client.withhold(error.to_string());
            return Ok((None, Some(Err(error.to_string()))));
        }
    };
    let chain = client.pin.chain().unwrap_or_default();
    let certificate = Certificate::inspect(&chain, &client.target.host, roots, now);
    let proven = certificate.as_ref().is_ok_and(Certificate::identifies);
    // On loopback nobody stands in between, so a test server's certificate hides no one.
    if !proven && !alone {
        client.withhold("the certificate does not prove who answers".to_owned());
    }
    Ok((tls, Some(certificate)))
}

fn certificate_of<'a>(scan: &'a Scan<'_>) -> Option<&'a Certificate> {
    scan.certificate.as_ref().and_then(|certificate| certificate.as_ref().ok())
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Gap {
    code: GapCode,
    detail: String,
}

impl Gap {
    fn new(code: GapCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    fn no_credential() -> Self {
        Self::new(
            GapCode::NoCredential,
            "the order holds no valid credential (`credentials.token`)",
        )
    }

    fn no_operation(detail: &str) -> Self {
        Self::new(GapCode::NoOperation, detail)
    }

    fn control_refused(detail: &str) -> Self {
        Self::new(GapCode::ControlRefused, detail)
    }

    fn undecided(detail: impl Into<String>) -> Self {
        Self::new(GapCode::Undecided, detail)
    }
}

impl From<&WireError> for Gap {
    fn from(error: &WireError) -> Self {
        let code = match error {
            WireError::Spent(Spent::Requests) => GapCode::OutOfRequests,
            WireError::Spent(Spent::Time) => GapCode::OutOfTime,
            WireError::Withheld(_) => GapCode::Unidentified,
            WireError::OutOfReach(_) => GapCode::OutOfReach,
            _ => GapCode::Unreachable,
        };
        Self::new(code, error.to_string())
    }
}

/// What a check concludes. Values that could not be measured are simply not in it.
#[derive(Debug, Default)]
struct Judgement {
    values: BTreeMap<&'static str, Value>,
    findings: Vec<Finding>,
    gaps: Vec<Gap>,
}

impl Judgement {
    fn unjudged(gap: Gap) -> Self {
        Self { gaps: vec![gap], ..Self::default() }
    }

    fn value(&mut self, name: &'static str, value: impl Into<Value>) {
        self.values.insert(name, value.into());
    }

    fn enter(self, check: CheckId, answer: &mut Report) {
        let values = self.values.into_iter().map(|(name, value)| (name.to_owned(), value));
        answer.values.extend(values);
        for finding in self.findings {
            report::gather(&mut answer.findings, finding);
        }
        answer.incomplete.extend(self.gaps.into_iter().map(|gap| Incomplete {
            check: check.code().to_owned(),
            code: gap.code,
            detail: gap.detail,
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_check_is_described_and_no_value_has_two_owners() {
        let mut names = BTreeSet::new();
        for id in CheckId::ALL {
            let check = check(id);
            assert_eq!(check.id, id);
            assert!(check.asks.ends_with('?') && !check.title.is_empty());
            assert!(!check.flaws.is_empty());
            assert!(check.flaws.iter().all(|flaw| flaw.check == id.code()));
            for value in check.values {
                assert!(names.insert(value.name), "{} is measured twice", value.name);
                assert!(value.name.contains('.') && !value.meaning.is_empty());
            }
        }
    }
}
