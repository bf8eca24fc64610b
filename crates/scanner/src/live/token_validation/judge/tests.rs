//! Judgements over answers that were written down here.

use std::sync::Arc;

use super::*;
use crate::live::reply::made::json;
use crate::live::request::Request;
use crate::live::scan::Guarded;
use crate::report::Value;

const DATA: &str = r#"{"id": 1, "name": "a"}"#;

fn attempt(defence: Defence, status: u16, body: &str) -> Attempt {
    let answer = Ok(json(status, body));
    let what = "x".to_owned();
    Attempt { defence, what, answer, repeated: false, doubt: None, forge: None }
}

fn seen() -> Seen {
    let refused = |defence| attempt(defence, 401, "{}");
    Seen {
        guarded: Guarded {
            operation: "GET /x".to_owned(),
            request: Request::get("/x".to_owned()),
            control: Arc::new(json(200, DATA)),
            anonymous: Arc::new(json(401, "{}")),
        },
        jwt: true,
        symmetric: false,
        lifetime: Some(300),
        attempts: [Defence::Unsigned, Defence::Signature, Defence::Expiry, Defence::Audience]
            .map(refused)
            .into(),
        missing: None,
        gaps: Vec::new(),
        fetched: Some(Vec::new()),
        critical: None,
        after: Ok(json(200, DATA)),
    }
}

#[test]
fn outcomes_by_answer() {
    let control = json(200, DATA);
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
        let attempt = attempt(Defence::Signature, status, body);
        assert_eq!(outcome(&control, &attempt), expected, "{status} {body}");
    }
    let crash = Attempt { repeated: true, ..attempt(Defence::Signature, 500, "{}") };
    assert_eq!(outcome(&control, &crash), Outcome::Refused);
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
    seen.attempts.push(attempt(Defence::Unsigned, 200, DATA));
    let judgement = judge(&seen);
    assert_eq!(judgement.values["token.unsigned_refused"], Value::Bool(false));
    assert_eq!(judgement.values["token.signature_checked"], Value::Bool(true));
    assert_eq!(judgement.findings.len(), 1);
    assert_eq!(judgement.findings[0].evidence.len(), 3);
}

#[test]
fn where_signatures_are_not_looked_at_no_other_attack_is_blamed() {
    let mut seen = seen();
    for defence in [Defence::Signature, Defence::EmbeddedKey, Defence::KeyId] {
        let mut let_in = attempt(defence, 200, DATA);
        let_in.doubt = (defence != Defence::Signature).then(|| Ok(json(200, DATA)));
        seen.attempts.push(let_in);
    }
    let judgement = judge(&seen);
    let found: Vec<_> = judgement.findings.iter().map(|one| one.flaw.as_str()).collect();
    assert_eq!(found, ["token-signature-unchecked"]);
    assert!(!judgement.values.contains_key("token.embedded_key_refused"));
    assert!(judgement.gaps.is_empty());
}

#[test]
fn a_key_of_our_own_counts_where_another_is_refused() {
    let mut seen = seen();
    let mut let_in = attempt(Defence::EmbeddedKey, 200, DATA);
    let_in.doubt = Some(Ok(json(401, "{}")));
    seen.attempts.push(let_in);
    let judgement = judge(&seen);
    assert_eq!(judgement.values["token.embedded_key_refused"], Value::Bool(false));
    assert_eq!(judgement.findings[0].evidence.len(), 4);
}

#[test]
fn a_secret_that_fits_is_found_even_if_nobody_takes_the_forgery() {
    let mut seen = Seen { symmetric: true, ..seen() };
    assert_eq!(judge(&seen).values["token.secret_strong"], Value::Bool(true));
    seen.attempts.push(attempt(Defence::WeakSecret, 401, "{}"));
    let judgement = judge(&seen);
    assert_eq!(judgement.values["token.secret_strong"], Value::Bool(false));
    assert_eq!(judgement.findings[0].flaw, "token-weak-secret");
}

#[test]
fn an_address_that_was_fetched_for_nothing_is_told() {
    let mut seen = Seen { fetched: Some(vec!["jku"]), ..seen() };
    seen.attempts.push(attempt(Defence::RemoteKey, 401, "{}"));
    assert_eq!(judge(&seen).findings[0].flaw, "token-key-address-fetched");
    seen.attempts.push(attempt(Defence::RemoteKey, 200, DATA));
    let found: Vec<_> = judge(&seen).findings.into_iter().map(|one| one.flaw).collect();
    assert_eq!(found, ["token-remote-key"]);
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
fn a_forgery_that_could_not_be_made_leaves_the_signature_unproven() {
    let mut seen = seen();
    seen.missing = Some("no key".to_owned());
    let judgement = judge(&seen);
    assert!(!judgement.values.contains_key("token.signature_checked"));
    seen.attempts.push(attempt(Defence::Signature, 200, DATA));
    assert_eq!(judge(&seen).values["token.signature_checked"], Value::Bool(false));
}
