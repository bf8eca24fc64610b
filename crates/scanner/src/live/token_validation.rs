//! Check `token-validation`: is a credential looked at to its last bit, its end and its audience?

use std::sync::Arc;

use super::client::WireError;
use super::likeness::{alike, leads_to_login, tells_of_error};
use super::mask::variable;
use super::reply::Reply;
use super::request::{Origin, Presented};
use super::scan::{Guarded, Scan};
use super::token::{Defence, Forgery, Token, opaque_forgeries};
use super::{Check, Flaw, Gap, Judgement, Kind, Measure};
use crate::live::CheckId;
use crate::report::{Confidence, GapCode, Severity};
use crate::secret::Secret;

pub const CHECK: Check = Check {
    id: CheckId::TokenValidation,
    title: "Token validation",
    asks: "Are false, expired and foreign credentials refused where the valid one is accepted?",
    flaws: &[&UNSIGNED, &SIGNATURE, &EXPIRED, &AUDIENCE],
    values: &[
        Measure {
            name: "token.kind",
            kind: Kind::Text,
            meaning: "`jwt` for a signed JSON Web Token, else `opaque`",
        },
        Measure {
            name: "token.unsigned_refused",
            kind: Kind::Bool,
            meaning: "tokens that declare the algorithm `none` are refused; of an opaque \
                      credential: one without its last quarter is refused",
        },
        Measure {
            name: "token.signature_checked",
            kind: Kind::Bool,
            meaning: "tokens with a missing, wrong or foreign signature are refused; of an opaque \
                      credential: one with a changed character is refused",
        },
        Measure {
            name: "token.expiry_checked",
            kind: Kind::Bool,
            meaning: "the expired credential of the order is refused",
        },
        Measure {
            name: "token.audience_checked",
            kind: Kind::Bool,
            meaning: "the order's credential for another audience is refused",
        },
        Measure {
            name: "token.lifetime_seconds",
            kind: Kind::Int,
            meaning: "seconds from `iat` to `exp` of the valid token, where it states both",
        },
    ],
};

/// What became of one false credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Refused,
    Accepted,
    Unclear,
}

struct Attempt {
    what: String,
    answer: Result<Reply, WireError>,
    /// A 5xx that came twice in a row for the same credential.
    repeated: bool,
}

/// What came of an expired credential or one for another audience, or why it was not tried.
type Given = Result<Attempt, Gap>;

struct Seen {
    guarded: Guarded,
    jwt: bool,
    lifetime: Option<i64>,
    unsigned: Vec<Attempt>,
    signature: Vec<Attempt>,
    /// A forgery that could not be made.
    missing: Option<String>,
    expired: Given,
    wrong_audience: Given,
    /// The valid credential once more, after everything.
    after: Result<Reply, WireError>,
}

pub async fn run(scan: &Scan<'_>) -> Judgement {
    match observe(scan).await {
        Ok(seen) => judge(&seen),
        Err(gap) => Judgement::unjudged(gap),
    }
}

async fn observe(scan: &Scan<'_>) -> Result<Seen, Gap> {
    let guarded = scan.guarded().await?;
    let credential = &scan.genuine().ok_or_else(Gap::no_credential)?.value;
    let token = Token::read(credential);
    let (forgeries, missing) = match &token {
        Some(token) => token.forgeries(),
        None => forged_opaque(scan, credential),
    };
    let (mut unsigned, mut signature) = (Vec::new(), Vec::new());
    for Forgery { defence, what, presented } in forgeries {
        let attempt = attempt(scan, &guarded, what, presented).await;
        match defence {
            Defence::Unsigned => unsigned.push(attempt),
            Defence::Signature => signature.push(attempt),
        }
    }
    let expired = given(scan, &guarded, Foreign::Expired, token.as_ref()).await;
    let wrong_audience = given(scan, &guarded, Foreign::WrongAudience, token.as_ref()).await;
    let after = scan.send(&guarded.request).await;
    let lifetime = token.as_ref().and_then(|token| Some(token.time("exp")? - token.time("iat")?));
    let jwt = token.is_some();
    Ok(Seen {
        guarded,
        jwt,
        lifetime,
        unsigned,
        signature,
        missing,
        expired,
        wrong_audience,
        after,
    })
}

fn forged_opaque(scan: &Scan<'_>, credential: &Secret) -> (Vec<Forgery>, Option<String>) {
    let all = opaque_forgeries(credential, &scan.client.placement());
    let missing = all.is_empty().then(|| "the credential is too short to be changed".to_owned());
    (all, missing)
}

/// Presents a false credential. A server that fails on it is asked again: the same failure twice,
/// while the valid credential works before and after, is a refusal without manners.
async fn attempt(
    scan: &Scan<'_>,
    guarded: &Guarded,
    what: String,
    presented: Presented,
) -> Attempt {
    let request = guarded.request.with(Some(presented));
    let mut answer = scan.send(&request).await;
    let mut repeated = false;
    if answer.as_ref().is_ok_and(|reply| reply.status >= 500) {
        let first = answer.as_ref().map(|reply| reply.status).unwrap_or_default();
        answer = scan.send(&request).await;
        repeated = answer.as_ref().is_ok_and(|reply| reply.status == first);
    }
    Attempt { what, answer, repeated }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Foreign {
    Expired,
    WrongAudience,
}

async fn given(scan: &Scan<'_>, guarded: &Guarded, which: Foreign, valid: Option<&Token>) -> Given {
    let (field, secret) = match which {
        Foreign::Expired => ("expired", &scan.credentials.expired),
        Foreign::WrongAudience => ("wrong_audience", &scan.credentials.wrong_audience),
    };
    let Some(secret) = secret else {
        let detail = format!("the order holds no `credentials.{field}`");
        return Err(Gap::new(GapCode::NoCredential, detail));
    };
    if let Some(fault) = unfit(which, Token::read(secret).as_ref(), valid, scan.now) {
        let detail = format!("`credentials.{field}` {fault}");
        return Err(Gap::new(GapCode::Unsupported, detail));
    }
    let presented = Presented::new(secret.clone(), variable(field), Origin::Derived);
    Ok(attempt(scan, guarded, field.replace('_', " "), presented).await)
}

/// Why a token of the order would prove nothing when it is accepted. Opaque ones are taken as given.
fn unfit(which: Foreign, token: Option<&Token>, valid: Option<&Token>, now: i64) -> Option<String> {
    let token = token?;
    match which {
        Foreign::Expired => match token.time("exp") {
            None => Some("has no `exp` claim".to_owned()),
            Some(end) if end > now => Some(format!("has not expired: `exp` is {end}")),
            Some(_) => None,
        },
        Foreign::WrongAudience => {
            let (other, own) = (token.claims.get("aud"), valid?.claims.get("aud"));
            match other {
                None => Some("has no `aud` claim".to_owned()),
                Some(_) if other == own => Some("has the audience of the valid token".to_owned()),
                Some(_) => None,
            }
        }
    }
}

fn judge(seen: &Seen) -> Judgement {
    let mut judgement = Judgement::default();
    let steady = matches!(&seen.after, Ok(reply) if reply.is_success() && !tells_of_error(reply));
    if !steady {
        let detail = "after the false credentials the valid one was no longer accepted";
        judgement.gaps.push(Gap::control_refused(detail));
    }
    let groups = [
        ("token.unsigned_refused", &UNSIGNED, &seen.unsigned),
        ("token.signature_checked", &SIGNATURE, &seen.signature),
    ];
    for (name, flaw, attempts) in groups {
        let attempts: Vec<_> = attempts.iter().collect();
        judge_group(seen, steady, name, flaw, &attempts, &mut judgement);
    }
    let single = [
        ("token.expiry_checked", &EXPIRED, &seen.expired),
        ("token.audience_checked", &AUDIENCE, &seen.wrong_audience),
    ];
    for (name, flaw, given) in single {
        match given {
            Err(gap) => judgement.gaps.push(gap.clone()),
            Ok(one) => judge_group(seen, steady, name, flaw, &[one], &mut judgement),
        }
    }
    // A defence that was not tried in full is not proven, though it may be disproven.
    if let Some(why) = &seen.missing {
        judgement.gaps.push(Gap::new(GapCode::Unsupported, why.clone()));
        if judgement.values.get("token.signature_checked") == Some(&true.into()) {
            judgement.values.remove("token.signature_checked");
        }
    }
    judgement.value("token.kind", if seen.jwt { "jwt" } else { "opaque" });
    if let Some(lifetime) = seen.lifetime {
        judgement.value("token.lifetime_seconds", lifetime);
    }
    judgement
}

fn judge_group(
    seen: &Seen,
    steady: bool,
    name: &'static str,
    flaw: &Flaw,
    attempts: &[&Attempt],
    judgement: &mut Judgement,
) {
    let settled: Vec<_> =
        attempts.iter().map(|one| (settle(&seen.guarded.control, one), one)).collect();
    let accepted = || settled.iter().filter(|(outcome, _)| *outcome == Outcome::Accepted);
    if accepted().next().is_some() {
        let replies = accepted().filter_map(|(_, one)| one.answer.as_ref().ok());
        let guarded = &seen.guarded;
        let evidence = [&*guarded.control, &*guarded.anonymous].into_iter().chain(replies);
        let evidence = evidence.map(|reply| reply.exchange.clone()).collect();
        let mut finding = flaw.found(Some(seen.guarded.operation.clone()), evidence);
        let what: Vec<_> = accepted().map(|(_, one)| one.what.as_str()).collect();
        finding.why = format!("{} Accepted: {}.", finding.why, what.join("; "));
        judgement.findings.push(finding);
        judgement.value(name, false);
        return;
    }
    match settled.iter().find(|(outcome, _)| *outcome == Outcome::Unclear) {
        Some((_, one)) => judgement.gaps.push(unclear(one)),
        None if steady && !settled.is_empty() => judgement.value(name, true),
        None => {}
    }
}

fn unclear(attempt: &Attempt) -> Gap {
    match &attempt.answer {
        Err(error) => {
            let gap = Gap::from(error);
            Gap { detail: format!("{}: {}", attempt.what, gap.detail), ..gap }
        }
        Ok(reply) => Gap::undecided(format!("{}: status {}", attempt.what, reply.status)),
    }
}

/// Only the credential differs from the control, so any clear failure is a refusal of it.
fn settle(control: &Arc<Reply>, attempt: &Attempt) -> Outcome {
    let Ok(reply) = &attempt.answer else { return Outcome::Unclear };
    match reply.status {
        408 | 425 | 429 => Outcome::Unclear,
        400..=499 => Outcome::Refused,
        500.. if attempt.repeated => Outcome::Refused,
        300..=399 if leads_to_login(reply) => Outcome::Refused,
        200..=299 if alike(reply, control) && !tells_of_error(reply) => Outcome::Accepted,
        200..=299 if tells_of_error(reply) => Outcome::Refused,
        _ => Outcome::Unclear,
    }
}

const UNSIGNED: Flaw = Flaw {
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

const SIGNATURE: Flaw = Flaw {
    id: "token-signature-unchecked",
    title: "The proof in a credential is not verified",
    why: "A credential whose signature was removed or made by somebody else is let in like the \
          valid one, so its contents can be anything.",
    fix: "Verify the signature with your own key before anything in the token is read \
          (RFC 7519 §7.2).",
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

const AUDIENCE: Flaw = Flaw {
    id: "token-audience-unchecked",
    title: "A credential for another audience is accepted",
    severity: Severity::High,
    why: "Whoever receives a token of the same issuer for another service can use it here.",
    fix: "Refuse tokens whose `aud` does not name this API (RFC 7519 §4.1.3, RFC 8725 §3.9).",
    cwe: 345,
    ..UNSIGNED
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::json;
    use crate::live::request::Request;
    use crate::report::Value;

    const DATA: &str = r#"{"id": 1, "name": "a"}"#;

    fn attempt(status: u16, body: &str) -> Attempt {
        Attempt { what: "x".to_owned(), answer: Ok(json(status, body)), repeated: false }
    }

    fn seen() -> Seen {
        let refused = || vec![attempt(401, "{}")];
        Seen {
            guarded: Guarded {
                operation: "GET /x".to_owned(),
                request: Request::get("/x".to_owned()),
                control: Arc::new(json(200, DATA)),
                anonymous: Arc::new(json(401, "{}")),
            },
            jwt: true,
            lifetime: Some(300),
            unsigned: refused(),
            signature: refused(),
            missing: None,
            expired: Ok(attempt(401, "{}")),
            wrong_audience: Ok(attempt(401, "{}")),
            after: Ok(json(200, DATA)),
        }
    }

    #[test]
    fn outcomes_by_answer() {
        let control = Arc::new(json(200, DATA));
        let cases = [
            (401, "{}", Outcome::Refused),
            (400, "{}", Outcome::Refused),
            (404, "{}", Outcome::Refused),
            (429, "{}", Outcome::Unclear),
            (503, "{}", Outcome::Unclear),
            (302, "", Outcome::Unclear),
            (200, r#"{"id": 2, "name": "b"}"#, Outcome::Accepted),
            (200, r#"{"error": "bad token"}"#, Outcome::Refused),
            (200, r#"{"welcome": "stranger"}"#, Outcome::Unclear),
        ];
        for (status, body, expected) in cases {
            assert_eq!(settle(&control, &attempt(status, body)), expected, "{status} {body}");
        }
        let crash = Attempt { repeated: true, ..attempt(500, "{}") };
        assert_eq!(settle(&control, &crash), Outcome::Refused);
    }

    #[test]
    fn all_refused_is_all_good() {
        let judgement = judge(&seen());
        assert!(judgement.findings.is_empty() && judgement.gaps.is_empty());
        let expected = [
            ("token.audience_checked", Value::Bool(true)),
            ("token.expiry_checked", Value::Bool(true)),
            ("token.kind", Value::from("jwt")),
            ("token.lifetime_seconds", Value::Int(300)),
            ("token.signature_checked", Value::Bool(true)),
            ("token.unsigned_refused", Value::Bool(true)),
        ];
        assert_eq!(judgement.values.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn one_accepted_forgery_is_enough() {
        let mut seen = seen();
        seen.unsigned.push(attempt(200, DATA));
        let judgement = judge(&seen);
        assert_eq!(judgement.values["token.unsigned_refused"], Value::Bool(false));
        assert_eq!(judgement.values["token.signature_checked"], Value::Bool(true));
        assert_eq!(judgement.findings.len(), 1);
        assert_eq!(judgement.findings[0].evidence.len(), 3);
    }

    #[test]
    fn a_lock_out_proves_nothing() {
        let mut seen = seen();
        seen.after = Ok(json(401, "{}"));
        let judgement = judge(&seen);
        assert!(!judgement.values.contains_key("token.signature_checked"));
        assert_eq!(judgement.gaps[0].code, GapCode::ControlRefused);
    }

    #[test]
    fn a_missing_credential_leaves_its_value_out() {
        let mut seen = seen();
        seen.expired = Err(Gap::no_credential());
        let judgement = judge(&seen);
        assert!(!judgement.values.contains_key("token.expiry_checked"));
        assert!(judgement.values.contains_key("token.audience_checked"));
    }

    #[test]
    fn a_forgery_that_could_not_be_made_leaves_the_signature_unproven() {
        let mut seen = seen();
        seen.missing = Some("no key".to_owned());
        let judgement = judge(&seen);
        assert!(!judgement.values.contains_key("token.signature_checked"));
        seen.signature.push(attempt(200, DATA));
        assert_eq!(judge(&seen).values["token.signature_checked"], Value::Bool(false));
    }
}
