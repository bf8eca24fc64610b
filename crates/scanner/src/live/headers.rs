//! Check `headers`: do answers say how they may be read, kept and shown?

mod cookies;
mod echo;
mod flaws;

use super::reading::{Reading, readings};
use super::reply::Reply;
use super::scan::Scan;
use super::{Check, Gap, Judgement, Kind, Measure};
use crate::flaw::Flaw;
use crate::live::CheckId;
use crate::report::{Exchange, Finding, Place};
use echo::Echoed;
use flaws::{COOKIE, FRAMED, KEPT, KEPT_BY_ALL, MARKUP, NO_NOSNIFF, WRONG_TYPE};

pub const CHECK: Check = Check {
    id: CheckId::Headers,
    title: "Security headers",
    asks: "Do answers say how they may be read, kept and shown?",
    flaws: &[&NO_NOSNIFF, &KEPT, &KEPT_BY_ALL, &WRONG_TYPE, &MARKUP, &FRAMED, &COOKIE],
    values: &[
        Measure {
            name: "headers.nosniff",
            kind: Kind::Bool,
            meaning: "every answer with content forbids guessing its type (X-Content-Type-Options)",
        },
        Measure {
            name: "headers.private_not_kept",
            kind: Kind::Bool,
            meaning: "every answer behind a credential says how it may be kept (Cache-Control)",
        },
        Measure {
            name: "headers.answers_examined",
            kind: Kind::Int,
            meaning: "successful answers that were looked at",
        },
    ],
};

/// Operations whose answers are looked at.
const MOST_OPERATIONS: usize = 16;

pub async fn run(scan: &Scan<'_>) -> Judgement {
    let readings = match readings(scan, MOST_OPERATIONS).await {
        Ok(readings) => readings,
        Err(gap) => return Judgement::unjudged(gap),
    };
    if readings.is_empty() {
        return Judgement::unjudged(Gap::undecided("no reading operation answered with a success"));
    }
    let echoed = match echo::look(scan, &readings).await {
        Ok(echoed) => echoed,
        Err(gap) => return Judgement::unjudged(gap),
    };
    let mut judgement = judge(&readings, &echoed);
    judgement.findings.extend(cookies::judge(scan));
    judgement
}

fn judge(readings: &[Reading], echoed: &[Echoed]) -> Judgement {
    let mut judgement = Judgement::default();
    let with_content: Vec<_> = readings.iter().filter(|one| !one.reply.body.is_empty()).collect();
    let sniffed: Vec<_> =
        with_content.iter().copied().filter(|one| !forbids_sniffing(&one.reply)).collect();
    judgement.findings.extend(grouped(&NO_NOSNIFF, &sniffed));

    let private: Vec<_> = with_content.iter().copied().filter(|one| one.guarded).collect();
    let kept: Vec<_> = private.iter().copied().filter(|one| says_nothing(&one.reply)).collect();
    judgement.findings.extend(grouped(&KEPT, &kept));
    let shared: Vec<_> = private.iter().copied().filter(|one| is_shared(&one.reply)).collect();
    judgement.findings.extend(grouped(&KEPT_BY_ALL, &shared));

    let mistyped: Vec<_> =
        with_content.iter().copied().filter(|one| is_data_as_page(&one.reply)).collect();
    judgement.findings.extend(grouped(&WRONG_TYPE, &mistyped));
    let framed: Vec<_> =
        with_content.iter().copied().filter(|one| may_be_framed(&one.reply)).collect();
    judgement.findings.extend(grouped(&FRAMED, &framed));
    judgement.findings.extend(echoed.iter().filter_map(Echoed::finding));

    judgement.value("headers.nosniff", sniffed.is_empty());
    if !private.is_empty() {
        judgement.value("headers.private_not_kept", kept.is_empty() && shared.is_empty());
    }
    judgement.value("headers.answers_examined", with_content.len());
    judgement
}

/// One finding for all answers that lack the same thing, with the first as evidence.
fn grouped(flaw: &Flaw, lacking: &[&Reading]) -> Option<Finding> {
    let first = lacking.first()?;
    let evidence: Vec<Exchange> = vec![first.reply.exchange.clone()];
    let mut finding = flaw.found(first.operation(), evidence);
    for one in lacking.iter().skip(1) {
        finding.places.push(Place::of_operation(one.operation()));
    }
    finding.reach = u32::try_from(lacking.len()).unwrap_or(u32::MAX);
    Some(finding)
}

fn forbids_sniffing(reply: &Reply) -> bool {
    let value = reply.header("x-content-type-options");
    value.is_some_and(|value| value.trim().eq_ignore_ascii_case("nosniff"))
}

/// No word on keeping the answer: a cache of the caller's own may then keep it (RFC 9111 §4.2.2).
fn says_nothing(reply: &Reply) -> bool {
    let said = ["cache-control", "expires", "pragma"];
    said.iter().all(|name| reply.header(name).is_none_or(|value| value.trim().is_empty()))
}

/// Caches that serve everybody may keep it, although the request carried a credential
/// (RFC 9111 §3.5).
fn is_shared(reply: &Reply) -> bool {
    let value = reply.header("cache-control").unwrap_or_default().to_ascii_lowercase();
    let directives: Vec<_> = value.split(',').map(str::trim).collect();
    let forbidden = ["no-store", "private", "no-cache", "max-age=0", "s-maxage=0"];
    let allowed = directives.iter().any(|one| *one == "public" || one.starts_with("s-maxage="));
    allowed && !directives.iter().any(|one| forbidden.contains(one))
}

/// JSON that says it is a page.
fn is_data_as_page(reply: &Reply) -> bool {
    let data = reply.json().is_some_and(|json| json.is_object() || json.is_array());
    data && reply.media_type() == "text/html"
}

fn may_be_framed(reply: &Reply) -> bool {
    let page = reply.media_type() == "text/html" && reply.json().is_none();
    let policy = reply.header("content-security-policy").unwrap_or_default();
    page && reply.header("x-frame-options").is_none() && !policy.contains("frame-ancestors")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::live::reply::made::reply;
    use crate::live::request::Request;
    use crate::report::Value;

    fn reading(headers: &[(&str, &str)], body: &str) -> Reading {
        let mut request = Request::get("/x".to_owned());
        request.operation = Some("GET /x".to_owned());
        Reading { index: 0, request, reply: Arc::new(reply(200, headers, body)), guarded: true }
    }

    const JSON: (&str, &str) = ("content-type", "application/json");

    #[test]
    fn an_answer_that_says_everything_is_good() {
        let good = reading(
            &[JSON, ("x-content-type-options", "nosniff"), ("cache-control", "no-store")],
            "{}",
        );
        let judgement = judge(&[good], &[]);
        assert!(judgement.findings.is_empty());
        assert_eq!(judgement.values["headers.nosniff"], Value::Bool(true));
        assert_eq!(judgement.values["headers.private_not_kept"], Value::Bool(true));
    }

    #[test]
    fn what_many_answers_lack_is_one_finding() {
        let judgement = judge(&[reading(&[JSON], "{}"), reading(&[JSON], "[]")], &[]);
        let ids: Vec<_> = judgement.findings.iter().map(|one| one.flaw.as_str()).collect();
        assert_eq!(ids, [NO_NOSNIFF.id, KEPT.id]);
        assert!(judgement.findings.iter().all(|one| one.reach == 2 && one.places.len() == 2));
    }

    #[test]
    fn private_answers_must_not_be_kept_for_everybody() {
        let shared = |value| is_shared(&reply(200, &[("cache-control", value)], "{}"));
        assert!(shared("public, max-age=600") && shared("s-maxage=60"));
        assert!(!shared("private, max-age=600") && !shared("max-age=600") && !shared("no-store"));
    }

    #[test]
    fn only_pages_can_be_framed_and_only_json_can_be_mistyped() {
        let html = ("content-type", "text/html; charset=utf-8");
        assert!(may_be_framed(&reply(200, &[html], "<p>hello")));
        assert!(!may_be_framed(&reply(200, &[html, ("x-frame-options", "DENY")], "<p>hello")));
        assert!(!may_be_framed(&reply(200, &[JSON], "{}")));
        assert!(is_data_as_page(&reply(200, &[html], "{\"a\": 1}")));
        assert!(!is_data_as_page(&reply(200, &[html], "<p>hello")));
    }
}
