//! Check `cross-origin`: may a page of a stranger read answers with its visitor's credentials?

mod origins;

use super::reading::{Reading, readings};
use super::reply::Reply;
use super::request::Request;
use super::scan::Scan;
use super::{Check, Flaw, Gap, Judgement, Kind, Measure};
use crate::api::Method;
use crate::live::CheckId;
use crate::report::{Confidence, Exchange, Severity};
use origins::{Trick, origins};

pub const CHECK: Check = Check {
    id: CheckId::CrossOrigin,
    title: "Cross-origin access",
    asks: "Do answers stay closed to pages of other origins when credentials are in play?",
    flaws: &[&REFLECTED, &WILDCARD],
    values: &[Measure {
        name: "cross_origin.strangers_refused",
        kind: Kind::Bool,
        meaning: "no foreign origin was allowed to read answers with credentials",
    }],
};

/// Operations that are asked with every trick, and with the plainest ones.
const MOST_OPERATIONS: usize = 4;
const MOST_FINDINGS: usize = 12;

/// One request with an origin.
struct Seen {
    operation: Option<String>,
    trick: Trick,
    origin: String,
    preflight: bool,
    /// The same request without an origin.
    before: Exchange,
    reply: Reply,
}

pub async fn run(scan: &Scan<'_>) -> Judgement {
    match observe(scan).await {
        Ok((seen, private)) => judge(&seen, &private),
        Err(gap) => Judgement::unjudged(gap),
    }
}

async fn observe(scan: &Scan<'_>) -> Result<(Vec<Seen>, Vec<Reading>), Gap> {
    let readings = readings(scan, MOST_OPERATIONS).await?;
    let tricks = origins(scan);
    let mut seen = Vec::new();
    let root = Request::get(format!("{}/", scan.client.target.base));
    let mut asked: Vec<(Request, Exchange)> =
        readings.iter().map(|one| (one.request.clone(), one.reply.exchange.clone())).collect();
    if asked.is_empty() {
        let reply = scan.send(&root).await.map_err(|error| Gap::from(&error))?;
        asked.push((root, reply.exchange));
    }
    for (place, (request, before)) in asked.iter().enumerate() {
        for (trick, origin) in &tricks {
            // The finer tricks ask how origins are compared, which is the same everywhere.
            let plain = matches!(trick, Trick::Any | Trick::Null);
            if place > 0 && !plain {
                continue;
            }
            for preflight in [false, true] {
                if preflight && place > 0 {
                    continue;
                }
                let with = if preflight { asking(request, origin) } else { from(request, origin) };
                match scan.send(&with).await {
                    Ok(reply) => seen.push(Seen {
                        operation: request.operation.clone(),
                        trick: *trick,
                        origin: origin.clone(),
                        preflight,
                        before: before.clone(),
                        reply,
                    }),
                    Err(error) if error.is_final() => return Err(Gap::from(&error)),
                    Err(_) => {}
                }
            }
        }
    }
    Ok((seen, readings))
}

fn from(request: &Request, origin: &str) -> Request {
    let mut request = request.clone();
    request.headers.push(("Origin".to_owned(), origin.to_owned()));
    request
}

/// The question that a browser asks before it sends a call that is not simple; without credentials
/// (Fetch, CORS-preflight fetch).
fn asking(request: &Request, origin: &str) -> Request {
    let mut request = from(&request.with(None), origin);
    let more = [
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "authorization,content-type"),
    ];
    request.method = Method::Options;
    request.headers.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
    request
}

fn judge(seen: &[Seen], readings: &[Reading]) -> Judgement {
    let mut judgement = Judgement::default();
    let mut told: Vec<(Option<&str>, Trick)> = Vec::new();
    for one in seen.iter().filter(|one| lets_in(&one.reply, &one.origin)) {
        // Whoever lets anybody in lets the finer tricks in too; an answer says more than a
        // preflight.
        let any = seen
            .iter()
            .any(|other| other.trick == Trick::Any && lets_in(&other.reply, &other.origin));
        let finer = any && !matches!(one.trick, Trick::Any | Trick::Null);
        let key = (one.operation.as_deref(), one.trick);
        if finer || told.contains(&key) || judgement.findings.len() == MOST_FINDINGS {
            continue;
        }
        told.push(key);
        let evidence = vec![one.before.clone(), one.reply.exchange.clone()];
        let finding = REFLECTED.found(one.operation.clone(), evidence);
        let mut finding = finding.of_shape(one.trick.name());
        let after = if one.preflight { " It said so when a browser asks beforehand." } else { "" };
        finding.why =
            format!("{} Allowed: `{}`, {}.{after}", finding.why, one.origin, one.trick.name());
        judgement.findings.push(finding);
    }
    let private = readings.iter().filter(|one| one.guarded);
    let wide: Vec<_> = private.filter(|one| is_wild(&one.reply)).collect();
    if let (Some(first), true) = (wide.first(), told.is_empty()) {
        let evidence = vec![first.reply.exchange.clone()];
        judgement.findings.push(WILDCARD.found(first.operation(), evidence));
    }
    if seen.is_empty() {
        judgement.gaps.push(Gap::undecided("no request with an origin was answered"));
    } else {
        judgement.value("cross_origin.strangers_refused", told.is_empty());
    }
    judgement
}

/// True if a browser would hand this answer to the page (Fetch, CORS check, credentials included).
fn lets_in(reply: &Reply, origin: &str) -> bool {
    let allowed = reply.header("access-control-allow-origin").map(str::trim);
    let with = reply.header("access-control-allow-credentials").map(str::trim);
    allowed == Some(origin) && with == Some("true")
}

fn is_wild(reply: &Reply) -> bool {
    reply.header("access-control-allow-origin").map(str::trim) == Some("*")
}

const REFLECTED: Flaw = Flaw {
    id: "foreign-origin-allowed",
    check: CheckId::CrossOrigin.code(),
    title: "Pages of strangers may read answers with credentials",
    severity: Severity::High,
    confidence: Confidence::High,
    why: "A page that a user happens to visit can call the API as that user and read what comes \
          back.",
    fix: "Compare the whole origin with a list of your own; never copy it from the request, and \
          never allow `null`.",
    owasp: "API8:2023",
    cwe: 942,
};

const WILDCARD: Flaw = Flaw {
    id: "any-origin-on-private-answers",
    title: "Private answers may be read from any origin",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    why: "Browsers send no cookies then; a page that has got hold of a token can use it from \
          anywhere.",
    fix: "Name the origins that need the answers.",
    ..REFLECTED
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::reply;
    use crate::report::Value;

    const STRANGER: &str = "https://stranger.example";

    fn seen(trick: Trick, headers: &[(&str, &str)]) -> Seen {
        Seen {
            operation: Some("GET /x".to_owned()),
            trick,
            origin: STRANGER.to_owned(),
            preflight: false,
            before: reply(200, &[], "").exchange,
            reply: reply(200, headers, ""),
        }
    }

    const ALLOWED: (&str, &str) = ("access-control-allow-origin", STRANGER);
    const WITH: (&str, &str) = ("access-control-allow-credentials", "true");

    #[test]
    fn a_reflected_origin_with_credentials_is_found_once_an_operation() {
        let both = [ALLOWED, WITH];
        let all = [seen(Trick::Any, &both), seen(Trick::Any, &both), seen(Trick::Suffix, &both)];
        let judgement = judge(&all, &[]);
        assert_eq!(judgement.findings.len(), 1);
        assert_eq!(judgement.values["cross_origin.strangers_refused"], Value::Bool(false));
    }

    #[test]
    fn a_loose_comparison_is_found_by_its_trick() {
        let all = [seen(Trick::Any, &[]), seen(Trick::Suffix, &[ALLOWED, WITH])];
        let judgement = judge(&all, &[]);
        assert_eq!(judgement.findings.len(), 1);
        assert!(judgement.findings[0].shape.contains("ends"));
    }

    #[test]
    fn a_fixed_origin_a_public_wildcard_and_a_reflection_without_credentials_are_silent() {
        let fixed = [("access-control-allow-origin", "https://own.example"), WITH];
        let wild = [("access-control-allow-origin", "*")];
        for headers in [&fixed[..], &wild[..], &[ALLOWED][..]] {
            let judgement = judge(&[seen(Trick::Any, headers)], &[]);
            assert!(judgement.findings.is_empty());
            assert_eq!(judgement.values["cross_origin.strangers_refused"], Value::Bool(true));
        }
    }
}
