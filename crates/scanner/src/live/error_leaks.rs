//! Check `error-leaks`: does malformed input make the API talk about its own inside?

mod markers;

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::call::{Fill, Inputs, takes_json_post, wrong_types};
use super::reply::Reply;
use super::request::Request;
use super::scan::{Face, Scan};
use super::world::{Case, Change, Spot};
use super::{Check, Flaw, Gap, Judgement, Kind, Measure};
use crate::api::{Operation, Put};
use crate::live::CheckId;
use crate::report::{Confidence, Severity};
use markers::{Leak, leaks};

pub const CHECK: Check = Check {
    id: CheckId::ErrorLeaks,
    title: "Error leaks",
    asks: "Do error answers keep stack traces, statements, paths and versions to themselves?",
    flaws: &[&INSIDE, &BANNER],
    values: &[
        Measure {
            name: "errors.leaks",
            kind: Kind::Int,
            meaning: "answers to malformed input that told something of the inside",
        },
        Measure {
            name: "errors.banners",
            kind: Kind::Int,
            meaning: "product versions in the headers of answers",
        },
        Measure {
            name: "errors.answers_examined",
            kind: Kind::Int,
            meaning: "error answers that were looked through",
        },
    ],
};

/// Operations that are provoked, of each sort, spread over the whole document.
const MOST_OPERATIONS: usize = 16;
const MOST_FINDINGS: usize = 20;
/// Path values that no id should be: quotes and comment, NUL, far too long, negative.
const ODD: [&str; 3] = ["'\");--", "\0", "-1"];
const LONG: usize = 1_500;
/// A value of no number and of no list, and how many parameters of one operation get it.
const WORD: &str = "portcullis-odd";
const MOST_PARAMETERS: usize = 6;
/// Connections in a row that may fail before the target counts as gone.
const MOST_FAILURES: usize = 5;
/// A body that ends too early.
const BROKEN_JSON: &[u8] = b"{\"portcullis\": [1, ";
const BANNERS: [&str; 5] =
    ["server", "x-powered-by", "x-aspnet-version", "x-aspnetmvc-version", "x-runtime-version"];

/// One provocation and its answer.
struct Provoked {
    operation: Option<String>,
    /// What was sent, to tell an echo from a leak.
    sent: String,
    /// The ordinary answer of the same operation: what it says anyway is no leak.
    usual: String,
    reply: Reply,
}

pub async fn run(scan: &Scan<'_>) -> Judgement {
    let mut seen = Vec::new();
    let mut stopped = None;
    let mut failures = 0;
    for (request, usual) in provocations(scan).await {
        match scan.send(&request).await {
            Ok(reply) => {
                failures = 0;
                let operation = request.operation.clone();
                seen.push(Provoked { operation, sent: sent(&request), usual, reply });
            }
            Err(error) if error.is_final() => {
                stopped = Some(Gap::from(&error));
                break;
            }
            // One request that the server cannot even refuse is no reason to stop; several in a row are.
            Err(error) => {
                failures += 1;
                if failures == MOST_FAILURES {
                    stopped = Some(Gap::from(&error));
                    break;
                }
            }
        }
    }
    judge(&seen, stopped)
}

/// Everything that will be asked, with the ordinary answer's text beside it.
async fn provocations(scan: &Scan<'_>) -> Vec<(Request, String)> {
    let world = scan.known_world();
    let nowhere = format!("{}/portcullis-no-such-path", scan.client.target.base);
    let mut all = vec![(Request::get(nowhere).with(scan.genuine()), String::new())];
    let mut reading: Vec<_> = scan.document.operations.iter().enumerate().collect();
    reading.retain(|(_, one)| one.method.is_safe() && has_input(one));
    for (index, operation) in spread(reading) {
        let face = if scan.genuine().is_some() { Face::Control } else { Face::Anonymous };
        let usual = scan.look(index, face).await.map(|reply| reply.text().into_owned());
        let usual = usual.unwrap_or_default();
        let requests = odd_values(scan, operation, world.and_then(|world| world.any_case(index)));
        all.extend(requests.into_iter().map(|one| (one.with(scan.genuine()), usual.clone())));
    }
    let posts = scan.document.operations.iter().filter(|one| takes_json_post(one)).collect();
    for operation in spread(posts) {
        for body in bodies(scan, operation) {
            // The document's own values, not ids that exist: nothing real should be touched.
            let fill = Fill { path: Vec::new(), body: Some(body) };
            all.push((scan.call(operation, &fill).with(scan.genuine()), String::new()));
        }
    }
    all
}

/// At most [`MOST_OPERATIONS`], evenly from all: neighbours in a document tend to behave alike.
fn spread<T>(all: Vec<T>) -> impl Iterator<Item = T> {
    let stride = all.len().div_ceil(MOST_OPERATIONS).max(1);
    all.into_iter().step_by(stride)
}

fn has_input(operation: &Operation<'_>) -> bool {
    operation.is_templated() || operation.parameters.iter().any(|one| one.put == Put::Query)
}

fn odd_values<'a>(scan: &Scan<'a>, operation: &Operation<'a>, case: Option<&Case>) -> Vec<Request> {
    let long = "A".repeat(LONG);
    let values = ODD.into_iter().chain([long.as_str()]);
    let mut all = Vec::new();
    let mut in_path = operation.parameters.iter().filter(|one| one.put == Put::Path);
    if let Some(parameter) = in_path.next() {
        let fill = |value: &str| Fill {
            path: vec![(parameter.name.to_owned(), value.to_owned())],
            body: None,
        };
        all.extend(values.clone().map(|value| scan.call(operation, &fill(value))));
    }
    // Where inputs are known that succeed, only one of them is odd.
    let inputs = case.map(|case| case.inputs.clone());
    let inputs = inputs.unwrap_or_else(|| Inputs::of_document(&scan.document, operation));
    let odd = |name: &str, value: &str| {
        let mut inputs = inputs.clone();
        inputs.put(&Change::new(Spot::Query(name.to_owned()), value));
        scan.written(operation, &inputs)
    };
    let mut in_query = operation.at_place(Put::Query).take(MOST_PARAMETERS);
    let Some(first) = in_query.next() else { return all };
    all.extend(values.map(|value| odd(first.name, value)));
    // A word where a number or one of a list is meant, which parsers of other fields would not meet.
    all.push(odd(first.name, WORD));
    for parameter in in_query {
        all.extend([ODD[0], WORD].map(|value| odd(parameter.name, value)));
    }
    all
}

fn bodies<'a>(scan: &Scan<'a>, operation: &Operation<'a>) -> Vec<Vec<u8>> {
    let sample = operation.body().map(|body| scan.document.body_value(body));
    let wrong = sample.as_ref().map_or(Json::Null, wrong_types);
    vec![BROKEN_JSON.to_vec(), wrong.to_string().into_bytes()]
}

fn sent(request: &Request) -> String {
    let body = request.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    let path = percent_encoding::percent_decode_str(&request.path).decode_utf8_lossy();
    format!("{} {path} {body}", request.path)
}

fn judge(seen: &[Provoked], stopped: Option<Gap>) -> Judgement {
    let mut judgement = Judgement::default();
    let (mut leaking, mut errors) = (0_usize, 0_usize);
    let mut told = BTreeSet::new();
    let mut banners = BTreeSet::new();
    for provoked in seen {
        banners.extend(banner(&provoked.reply));
        errors += usize::from(is_error(&provoked.reply));
        let found = leaks(&provoked.reply.text(), &[&provoked.sent, &provoked.usual]);
        leaking += usize::from(!found.is_empty());
        for leak in found {
            let new = told.insert((provoked.operation.clone(), leak.kind));
            if new && judgement.findings.len() < MOST_FINDINGS {
                judgement.findings.push(finding(provoked, &leak));
            }
        }
    }
    if let Some(first) = seen.iter().find(|one| banner(&one.reply).is_some()) {
        judgement.findings.push(BANNER.found(None, vec![first.reply.exchange.clone()]));
    }
    if errors == 0 && stopped.is_none() {
        judgement.gaps.push(Gap::undecided("no input provoked an error answer beyond 401 and 403"));
    }
    judgement.gaps.extend(stopped);
    if judgement.gaps.is_empty() || leaking > 0 {
        judgement.value("errors.leaks", leaking);
    }
    if judgement.gaps.is_empty() {
        judgement.value("errors.banners", banners.len());
        judgement.value("errors.answers_examined", errors);
    }
    judgement
}

fn is_error(reply: &Reply) -> bool {
    reply.status >= 400 && !matches!(reply.status, 401 | 403 | 429)
}

fn finding(provoked: &Provoked, leak: &Leak) -> crate::report::Finding {
    let evidence = vec![provoked.reply.exchange.clone()];
    let mut finding = INSIDE.found(provoked.operation.clone(), evidence).of_shape(leak.kind.name());
    finding.title = format!("An error answer holds {}", leak.kind.name());
    finding.why = format!("{} Seen: {}.", finding.why, leak.marker);
    finding
}

/// A product with its version, as `nginx/1.18.0`; a name alone helps nobody.
fn banner(reply: &Reply) -> Option<String> {
    let value = BANNERS.iter().find_map(|name| {
        let value = reply.header(name)?;
        let versioned = value.split([' ', '/', '(']).any(|word| {
            word.contains('.') && word.starts_with(|first: char| first.is_ascii_digit())
        });
        versioned.then_some(value)
    });
    value.map(str::to_owned)
}

const INSIDE: Flaw = Flaw {
    id: "error-internals-shown",
    check: CheckId::ErrorLeaks.code(),
    title: "An error answer tells of the inside",
    severity: Severity::Medium,
    confidence: Confidence::High,
    why: "Traces, statements and paths tell an attacker what runs, where it breaks and what to try \
          next.",
    fix: "Answer with a problem document that names the field and the rule (RFC 9457); keep the \
          cause in your own log.",
    owasp: "API8:2023",
    cwe: 209,
};

const BANNER: Flaw = Flaw {
    id: "product-version-shown",
    title: "Headers tell the version of a product",
    severity: Severity::Info,
    why: "A version says which published weaknesses to try.",
    fix: "Leave out the version, or the header.",
    cwe: 200,
    ..INSIDE
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::{json, reply};
    use crate::report::Value;

    fn provoked(reply: Reply) -> Provoked {
        let operation = Some("GET /x".to_owned());
        Provoked { operation, sent: "/x/'".to_owned(), usual: String::new(), reply }
    }

    #[test]
    fn quiet_errors_are_good() {
        let judgement = judge(&[provoked(json(400, r#"{"title": "bad id"}"#))], None);
        assert_eq!(judgement.values["errors.leaks"], Value::Int(0));
        assert_eq!(judgement.values["errors.answers_examined"], Value::Int(1));
        assert!(judgement.findings.is_empty() && judgement.gaps.is_empty());
    }

    #[test]
    fn a_trace_is_found_once_for_each_operation_and_counted_each_time() {
        let trace = || provoked(reply(500, &[], "Traceback (most recent call last):\n"));
        let judgement = judge(&[trace(), trace()], None);
        assert_eq!(judgement.values["errors.leaks"], Value::Int(2));
        assert_eq!(judgement.findings.len(), 1);
    }

    #[test]
    fn without_any_error_nothing_is_known() {
        let judgement = judge(&[provoked(json(401, "{}")), provoked(json(200, "{}"))], None);
        assert!(judgement.values.is_empty());
        assert_eq!(judgement.gaps.len(), 1);
    }

    #[test]
    fn only_versions_count_as_banners() {
        let server = |value: &str| banner(&reply(404, &[("server", value)], ""));
        assert!(server("nginx/1.18.0 (Ubuntu)").is_some());
        assert!(server("nginx").is_none());
        assert!(server("cloudflare").is_none());
    }
}
