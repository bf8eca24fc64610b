//! One place of one operation: sends values there and keeps what came back before.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::api::Method;
use crate::flaw::Flaw;
use crate::live::Gap;
use crate::live::actor::Role;
use crate::live::call::as_text;
use crate::live::invent::Marker;
use crate::live::likeness::tells_of_error;
use crate::live::reply::Reply;
use crate::live::scan::Scan;
use crate::live::world::{Case, Change, Point, Spot};
use crate::report::{Exchange, Finding};

/// What came back for the case unchanged, twice.
#[derive(Debug, Clone)]
pub struct Baseline {
    pub reply: Arc<Reply>,
    /// True if both answers were the same to the letter.
    pub stable: bool,
}

/// A place, and what is known of it.
pub struct Probe<'p, 'a> {
    pub scan: &'p Scan<'a>,
    pub case: &'p Case,
    pub point: Point,
    pub before: Baseline,
    pub role: Role,
    /// What stands there in the case, or a word of ours.
    pub value: String,
}

/// An answer, or none where the connection gave none. Only what ends the scan is a gap.
pub type Asked = Result<Option<Reply>, Gap>;

/// Sends the case unchanged, twice if it only reads.
pub async fn baseline(scan: &Scan<'_>, case: &Case) -> Result<Option<Baseline>, Gap> {
    let request = case.request(scan, &[]);
    let Some(first) = answered(scan.send(&request).await)? else { return Ok(None) };
    if !request.method.is_safe() {
        return Ok(Some(Baseline { reply: Arc::new(first), stable: true }));
    }
    let Some(second) = answered(scan.send(&request).await)? else { return Ok(None) };
    let stable = first.body == second.body && first.status == second.status;
    Ok(Some(Baseline { reply: Arc::new(first), stable }))
}

fn answered(answer: Result<Reply, crate::live::client::WireError>) -> Asked {
    match answer {
        Ok(reply) => Ok(Some(reply)),
        Err(error) if error.is_final() => Err(Gap::from(&error)),
        Err(_) => Ok(None),
    }
}

/// True for places where a text can stand: not flags, and not what proves who calls.
pub fn takes_text(point: &Point) -> bool {
    let name = name(&point.spot).to_ascii_lowercase();
    let secret =
        ["password", "passwd", "authorization", "idempotency-key", "if-match", "if-none-match"];
    let flag =
        matches!(point.spot, Spot::Body(_)) && matches!(point.kind.as_str(), "boolean" | "null");
    !flag && !secret.iter().any(|word| name.contains(word))
}

/// The name of a place, of a body the last part of its pointer.
pub fn name(spot: &Spot) -> &str {
    match spot {
        Spot::Path(name) | Spot::Query(name) | Spot::Header(name) => name,
        Spot::Body(pointer) => pointer.rsplit('/').next().unwrap_or(pointer),
    }
}

/// The place in words, for instance ``query parameter `q` ``.
pub fn described(spot: &Spot) -> String {
    match spot {
        Spot::Path(name) => format!("path parameter `{name}`"),
        Spot::Query(name) => format!("query parameter `{name}`"),
        Spot::Header(name) => format!("header `{name}`"),
        Spot::Body(pointer) => format!("body field `{}`", pointer.trim_start_matches('/')),
    }
}

impl<'p, 'a> Probe<'p, 'a> {
    pub fn new(
        scan: &'p Scan<'a>,
        case: &'p Case,
        point: Point,
        before: Baseline,
        role: Role,
    ) -> Self {
        let current = point.current.as_ref().map(as_text).filter(|text| !text.is_empty());
        let value = current.unwrap_or_else(|| Marker::fresh().plain());
        Self { scan, case, point, before, role, value }
    }

    /// Sends a value to this place.
    pub async fn ask(&self, value: impl Into<Value>) -> Asked {
        let change = Change::new(self.point.spot.clone(), value);
        answered(self.scan.send(&self.case.request(self.scan, &[change])).await)
    }

    /// Sends a value to another place of the same request.
    pub async fn ask_at(&self, spot: Spot, value: Value) -> Asked {
        answered(self.scan.send(&self.case.request(self.scan, &[Change { spot, value }])).await)
    }

    /// The members of an object in the body.
    pub fn members(&self, pointer: &str) -> Option<Map<String, Value>> {
        self.case.inputs.body.as_ref()?.pointer(pointer)?.as_object().cloned()
    }

    /// Sends a value under another name in the query: `q[$ne]` beside `q`, which is left out.
    pub async fn ask_as(&self, name: &str, value: &str) -> Asked {
        let gone = Change::new(self.point.spot.clone(), Value::Null);
        let new = Change::new(Spot::Query(name.to_owned()), value);
        answered(self.scan.send(&self.case.request(self.scan, &[gone, new])).await)
    }

    /// True if the request only reads.
    pub fn only_reads(&self) -> bool {
        self.case.request.method.is_safe()
    }

    /// True if statements that reach other rows could change them.
    pub fn changes_rows(&self) -> bool {
        matches!(self.case.request.method, Method::Put | Method::Patch | Method::Delete)
    }

    /// True for operations that count failures against an account.
    pub fn counts_failures(&self) -> bool {
        self.role == Role::LogIn
    }

    pub fn key(&self, kind: &'static str) -> (usize, String, &'static str) {
        (self.case.operation, described(&self.point.spot), kind)
    }

    /// A finding at this place: what came back before first, then what proves it.
    pub fn found(&self, flaw: &Flaw, how: &str, proof: Vec<Exchange>) -> Finding {
        let mut evidence = vec![self.before.reply.exchange.clone()];
        evidence.extend(proof);
        let operation = self.case.request.operation.clone();
        let shape = described(&self.point.spot);
        let mut finding = flaw.found(operation, evidence).of_shape(shape.as_str());
        finding.title = format!("{}: {shape}", finding.title);
        finding.why = format!("{} {how}", finding.why);
        for place in &mut finding.places {
            place.detail = Some(shape.clone());
        }
        finding
    }
}

/// What an answer amounts to, so that two can be compared: status, whether it says that it failed,
/// and its text with what was sent taken out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    pub status: u16,
    pub good: bool,
    /// Items of the first list in it.
    pub items: Option<usize>,
    text: String,
}

impl Look {
    /// `sent` is replaced by `usual` wherever the answer repeats it.
    pub fn of(reply: &Reply, sent: &str, usual: &str) -> Self {
        let text = reply.text();
        let text = if sent.is_empty() { text.into_owned() } else { text.replace(sent, usual) };
        Self {
            status: reply.status,
            good: reply.is_success() && !tells_of_error(reply),
            items: reply.json().as_ref().and_then(items),
            text,
        }
    }

    /// The same answer; where answers differ from one time to the next only their size counts.
    pub fn same(&self, other: &Self, stable: bool) -> bool {
        let outline =
            (self.status, self.good, self.items) == (other.status, other.good, other.items);
        outline && (!stable || self.text == other.text)
    }
}

/// How many items the first list of an answer has.
pub fn items(json: &Value) -> Option<usize> {
    match json {
        Value::Array(list) => Some(list.len()),
        Value::Object(members) => members.values().find_map(|one| match one {
            Value::Array(list) => Some(list.len()),
            Value::Object(_) => items(one),
            _ => None,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::json;

    #[test]
    fn answers_are_compared_without_what_was_sent() {
        let one = Look::of(&json(200, r#"{"q": "tea", "items": [1]}"#), "tea", "tea");
        let other = Look::of(&json(200, r#"{"q": "tea' x", "items": [1]}"#), "tea' x", "tea");
        assert!(one.same(&other, true));
        let less = Look::of(&json(200, r#"{"q": "tea", "items": []}"#), "tea", "tea");
        assert!(!one.same(&less, true) && !one.same(&less, false));
    }

    #[test]
    fn lists_are_counted_in_their_envelopes() {
        let count = |text: &str| items(&serde_json::from_str(text).expect("JSON"));
        assert_eq!(count(r#"{"data": {"total": 2, "rows": [1, 2]}}"#), Some(2));
        assert_eq!(count(r#"{"id": 1}"#), None);
    }

    #[test]
    fn secrets_and_flags_are_left_alone() {
        let point = |spot, kind: &str| Point { spot, current: None, kind: kind.to_owned() };
        assert!(takes_text(&point(Spot::Body("/a/name".to_owned()), "string")));
        assert!(!takes_text(&point(Spot::Body("/password".to_owned()), "string")));
        assert!(!takes_text(&point(Spot::Body("/active".to_owned()), "boolean")));
    }
}
