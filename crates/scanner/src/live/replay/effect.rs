//! What A can read in numbers, before and after: balances, totals, and how many there are of a thing.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::api::Method;
use crate::live::Gap;
use crate::live::actor::Who;
use crate::live::request::Request;
use crate::live::scan::Scan;
use crate::live::world::{Case, Change, Spot, World, facts};
use crate::report::Exchange;

/// Readings that are compared, and numbers of one of them.
const MOST_READINGS: usize = 16;
const MOST_NUMBERS: usize = 600;
/// Items of a list whose numbers are read: accounts, not entries.
const MOST_ITEMS: usize = 20;

/// What is read each time.
pub struct Ledger<'l, 'a> {
    scan: &'l Scan<'a>,
    requests: Vec<Request>,
}

/// Numbers by where they stand, with the answer that each stands in.
#[derive(Default)]
pub struct Page {
    numbers: BTreeMap<String, f64>,
    answers: BTreeMap<String, Exchange>,
}

impl<'l, 'a> Ledger<'l, 'a> {
    /// What the caller of a case reads: without an id, of own objects, and of the case's object.
    pub fn of(scan: &'l Scan<'a>, world: &World, case: &Case, changes: &[Change]) -> Self {
        let who = if case.who == Who::Nobody { Who::A } else { case.who };
        let path = scan.document.operations.get(case.operation).map_or("", |one| one.path);
        let whole = facts::normal(path);
        let mut requests = Vec::new();
        for (index, operation) in scan.document.operations.iter().enumerate() {
            if operation.method != Method::Get || requests.len() == MOST_READINGS {
                continue;
            }
            let Some(read) = world.case(index, who) else { continue };
            let above = whole.starts_with(&facts::normal(operation.path));
            // The same object as the request's.
            let mut own = Vec::new();
            for (name, value) in &case.inputs.path {
                own.push(Change::new(Spot::Path(name.clone()), value.as_str()));
            }
            own.extend(changes.iter().filter(|one| matches!(one.spot, Spot::Path(_))).cloned());
            let own = if above { own } else { Vec::new() };
            requests.push(read.request(scan, &own));
        }
        Self { scan, requests }
    }

    pub async fn read(&self) -> Result<Page, Gap> {
        let mut page = Page::default();
        for request in &self.requests {
            let reply = match self.scan.send(request).await {
                Ok(reply) => reply,
                Err(error) if error.is_final() => return Err(Gap::from(&error)),
                Err(_) => continue,
            };
            let name = request.operation.clone().unwrap_or_default();
            if let Some(json) = reply.json().filter(|_| reply.is_success()) {
                numbers(&json, &name, &mut page.numbers);
                page.answers.insert(name, reply.exchange);
            }
        }
        Ok(page)
    }
}

impl Page {
    /// The answer that a number stands in.
    pub fn exchange(&self, place: &str) -> Option<Exchange> {
        let mut all = self.answers.iter();
        all.find(|(name, _)| place.starts_with(name.as_str())).map(|(_, one)| one.clone())
    }
}

fn numbers(value: &Value, place: &str, found: &mut BTreeMap<String, f64>) {
    if found.len() >= MOST_NUMBERS {
        return;
    }
    match value {
        Value::Number(number) => {
            found.extend(number.as_f64().map(|number| (place.to_owned(), number)));
        }
        Value::String(text) => {
            let amount = text.parse::<f64>().ok().filter(|_| text.contains('.') || text.len() < 8);
            found.extend(amount.map(|number| (place.to_owned(), number)));
        }
        Value::Array(items) => {
            // Lists move; how long they are says what was added.
            let length = u32::try_from(items.len()).unwrap_or(u32::MAX);
            found.insert(format!("{place}, items"), f64::from(length));
            for (at, item) in items.iter().take(MOST_ITEMS).enumerate() {
                numbers(item, &format!("{place}[{at}]"), found);
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                numbers(value, &format!("{place}.{name}"), found);
            }
        }
        _ => {}
    }
}

/// Where a number stood still, then moved with the first request, and moved by as much again with
/// the second.
pub fn repeated(before: &Page, still: &Page, once: &Page, again: &Page) -> Option<String> {
    let moved = |place: &&String| {
        let of = |page: &Page| page.numbers.get(*place).copied();
        let (Some(zero), Some(one), Some(two), Some(three)) =
            (of(before), of(still), of(once), of(again))
        else {
            return false;
        };
        let (first, second) = (two - one, three - two);
        let near = (first - second).abs() <= first.abs() * 0.35;
        zero.total_cmp(&one).is_eq() && first.abs() > 1e-9 && second.abs() > 1e-9 && near
    };
    before.numbers.keys().find(moved).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn page(value: &Value) -> Page {
        let mut page = Page::default();
        numbers(value, "GET /me", &mut page.numbers);
        page
    }

    #[test]
    fn only_the_same_change_twice_is_a_replay() {
        let with = |credit: i64| page(&json!({"credit": credit, "name": "a"}));
        let repeated = |all: [i64; 4]| {
            let [zero, one, two, three] = all.map(with);
            super::repeated(&zero, &one, &two, &three)
        };
        assert_eq!(repeated([100, 100, 90, 80]).as_deref(), Some("GET /me.credit"));
        assert_eq!(repeated([100, 100, 90, 90]), None);
        assert_eq!(repeated([100, 100, 100, 100]), None);
        // A clock.
        assert_eq!(repeated([100, 101, 102, 103]), None);
    }

    #[test]
    fn lists_count_by_their_length() {
        let with = |count: usize| page(&json!({"orders": vec![1; count]}));
        let found = repeated(&with(1), &with(1), &with(2), &with(3));
        assert_eq!(found.as_deref(), Some("GET /me.orders, items"));
    }
}
