//! Units of `authentication`.

use super::*;
use crate::live::reply::made::json;
use crate::report::Value;

fn answer(status: u16) -> Answered {
    Ok(Arc::new(json(status, if status < 300 { r#"{"id": 1}"# } else { r#"{"title": "no"}"# })))
}

fn asked(control: Option<u16>, anonymous: u16, garbage: u16) -> Asked {
    let control = control.map(answer);
    let (anonymous, garbage) = (answer(anonymous), answer(garbage));
    let operation = "GET /x".to_owned();
    let (changes, effect, stated, own) = (control.is_none(), None, true, Vec::new());
    Asked {
        operation,
        control,
        anonymous,
        garbage,
        changes,
        effect,
        stated,
        told: false,
        own,
        whole: false,
    }
}

#[test]
fn verdicts_by_status() {
    let cases = [
        (asked(Some(200), 401, 401), true, "closed"),
        (asked(Some(200), 404, 400), true, "closed"),
        (asked(Some(404), 401, 401), true, "closed"),
        (asked(Some(403), 401, 401), true, "closed"),
        (asked(Some(200), 200, 401), true, "open"),
        (asked(Some(200), 401, 200), true, "open"),
        (asked(Some(403), 200, 401), true, "open"),
        (asked(Some(401), 401, 401), true, "undecided"),
        (asked(Some(403), 403, 403), true, "undecided"),
        (asked(Some(404), 404, 404), true, "undecided"),
        (asked(Some(500), 401, 401), true, "undecided"),
        (asked(Some(200), 429, 401), true, "undecided"),
        (asked(Some(200), 503, 401), true, "undecided"),
        (asked(Some(200), 401, 429), true, "closed"),
        (asked(None, 401, 401), true, "closed"),
        (asked(None, 401, 401), false, "undecided"),
        (asked(None, 204, 401), true, "open"),
        (asked(None, 404, 401), true, "undecided"),
        (asked(None, 422, 401), true, "undecided"),
    ];
    for (index, (asked, reachable, expected)) in cases.iter().enumerate() {
        let verdict = match verdict(asked, *reachable) {
            Verdict::Closed => "closed",
            Verdict::Open { .. } => "open",
            Verdict::Undecided(_) => "undecided",
        };
        assert_eq!(&verdict, expected, "case {index}");
    }
}

#[test]
fn a_polite_error_with_status_200_is_a_refusal() {
    let polite = || Ok(Arc::new(json(200, r#"{"error": "log in first"}"#)));
    let asked = Asked { anonymous: polite(), garbage: polite(), ..asked(Some(200), 401, 401) };
    assert_eq!(verdict(&asked, true), Verdict::Closed);
    let unsafe_one = Asked { control: None, ..asked };
    assert!(matches!(verdict(&unsafe_one, true), Verdict::Undecided(_)));
}

#[test]
fn a_welcome_page_instead_of_the_data_is_not_called_open() {
    let page = || Ok(Arc::new(json(200, r#"{"message": "hello, stranger"}"#)));
    let asked = Asked { anonymous: page(), garbage: page(), ..asked(Some(200), 401, 401) };
    assert!(matches!(verdict(&asked, true), Verdict::Undecided(_)));
}

#[test]
fn one_undecided_operation_leaves_the_count_unmeasured_and_keeps_the_findings() {
    let asked = vec![asked(Some(200), 200, 200), asked(Some(404), 404, 404)];
    let judgement = judge(&Seen { public: 0, asked, stopped: None });
    assert!(judgement.values.is_empty());
    assert_eq!(judgement.findings.len(), 1);
    assert!(judgement.gaps[0].detail.starts_with("1 of 2 operations undecided: GET /x"));
}

#[test]
fn all_closed_is_measured() {
    let asked = vec![asked(Some(200), 401, 401), asked(None, 401, 403)];
    let judgement = judge(&Seen { public: 1, asked, stopped: None });
    let expected = [
        ("authentication.operations_open", Value::Int(0)),
        ("authentication.operations_public", Value::Int(1)),
        ("authentication.operations_tested", Value::Int(2)),
    ];
    assert_eq!(judgement.values.into_iter().collect::<Vec<_>>(), expected);
    assert!(judgement.findings.is_empty() && judgement.gaps.is_empty());
}

#[test]
fn the_findings_evidence_is_control_then_attack() {
    let judgement =
        judge(&Seen { public: 0, asked: vec![asked(Some(200), 200, 401)], stopped: None });
    assert_eq!(judgement.findings[0].evidence.len(), 2);
    assert_eq!(judgement.values["authentication.operations_open"], Value::Int(1));
}
