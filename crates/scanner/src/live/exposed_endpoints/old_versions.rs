//! Old and parallel versions: the documented operation asks who calls, another path does not.

use std::sync::Arc;

use super::flaws::OLD_VERSION;
use crate::live::Gap;
use crate::live::likeness::{alike, tells_of_error};
use crate::live::reading::readings;
use crate::live::reply::Reply;
use crate::live::request::Request;
use crate::live::scan::Scan;
use crate::live::world::facts;
use crate::report::Finding;

/// Guarded operations whose other versions are asked for.
const MOST_OPERATIONS: usize = 12;
/// Where other versions hang, if the document's paths name none.
const PREFIXES: [&str; 11] = [
    "/v0",
    "/v1",
    "/v2",
    "/old",
    "/beta",
    "/internal",
    "/dev",
    "/test",
    "/legacy",
    "/debug",
    "/admin",
];

/// Asks for other versions of guarded operations, without a credential.
pub async fn look(scan: &Scan<'_>, asked: &mut usize) -> Result<Vec<Finding>, Gap> {
    let mut found = Vec::new();
    let guarded: Vec<_> =
        readings(scan, 3 * MOST_OPERATIONS).await?.into_iter().filter(|one| one.guarded).collect();
    for reading in guarded.iter().take(MOST_OPERATIONS) {
        for path in others(&reading.request.path, &scan.client.target.base) {
            if is_documented(scan, &path) || path == reading.request.path {
                continue;
            }
            *asked += 1;
            let Some(old) = scan.answer(&Request::get(path.clone())).await? else { continue };
            if !gives_the_same(&old, &reading.reply) {
                continue;
            }
            // A server that answers every path alike has no versions.
            let nowhere = format!("{path}-{}", scan.client.marks.next());
            let Some(nothing) = scan.answer(&Request::get(nowhere)).await? else { continue };
            if gives_the_same(&nothing, &reading.reply) {
                continue;
            }
            found.push(finding(&path, reading.reply.as_ref(), &nothing, &old));
            break;
        }
    }
    Ok(found)
}

/// The same kind of data, in JSON and not as an error: a page for everything is none.
fn gives_the_same(old: &Reply, control: &Arc<Reply>) -> bool {
    let data = old.json().is_some_and(|json| json.is_object() || json.is_array());
    let same = alike(old, control) || same_records(old, control);
    old.is_success() && data && !tells_of_error(old) && same
}

/// Lists whose records have most of the documented members, whatever wraps them and whatever more
/// they tell; or that hold a record of the same name.
fn same_records(old: &Reply, control: &Reply) -> bool {
    let records = |reply: &Reply| -> Vec<_> {
        let lists = reply.json().map(|json| facts::lists(&json)).unwrap_or_default();
        lists.into_iter().flat_map(|(_, records)| records).collect()
    };
    let (old, control) = (records(old), records(control));
    let (Some(first), Some(known)) = (old.first(), control.first()) else { return false };
    let common = known.keys().filter(|name| first.contains_key(*name)).count();
    let named = control.iter().filter_map(|one| facts::id_of(one, "")).any(|id| {
        let telling = id.len() >= 6 && id.contains(|one: char| one.is_ascii_digit());
        telling && old.iter().any(|one| facts::id_of(one, "").as_ref() == Some(&id))
    });
    let alike = if named { 2 * common >= known.len() } else { 3 * common >= 2 * known.len() };
    common >= 2 && alike
}

fn finding(path: &str, control: &Reply, nothing: &Reply, old: &Reply) -> Finding {
    let all = [control, nothing, old].map(|reply| reply.exchange.clone());
    let shape = path.split('?').next().unwrap_or_default();
    let mut finding = OLD_VERSION.found(None, all.to_vec()).of_shape(shape);
    finding.title = format!("{}: `{shape}`", finding.title);
    finding
}

/// True for a path that the document names.
pub fn is_documented(scan: &Scan<'_>, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let own = path.strip_prefix(&scan.client.target.base).unwrap_or(path);
    scan.document.operations.iter().any(|one| fits(one.path, own))
}

/// True if a path is one of this template.
pub fn fits(template: &str, path: &str) -> bool {
    let (one, other) = (template.split('/'), path.split('/'));
    one.clone().count() == other.clone().count()
        && one.zip(other).all(|(part, value)| part.contains('{') || part == value)
}

/// The same path with other versions: lower ones where it names one, invented ones before it where
/// it does not.
pub fn others(path: &str, base: &str) -> Vec<String> {
    let parts: Vec<&str> = path.split('/').collect();
    let version = |part: &str| part.strip_prefix('v').and_then(|digits| digits.parse::<u32>().ok());
    if let Some(at) = parts.iter().position(|part| version(part).is_some()) {
        let own = parts.get(at).and_then(|part| version(part)).unwrap_or_default();
        let with = |number: u32| {
            let mut parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
            if let Some(part) = parts.get_mut(at) {
                *part = format!("v{number}");
            }
            parts.join("/")
        };
        let wanted = (0..own).rev().take(3).chain([own + 1]);
        let mut all: Vec<_> = wanted.map(with).collect();
        let mut without = parts.clone();
        without.remove(at);
        all.push(without.join("/"));
        return all;
    }
    let rest = path.strip_prefix(base).unwrap_or(path);
    let mut all: Vec<_> = PREFIXES.iter().map(|one| format!("{base}{one}{rest}")).collect();
    if !base.is_empty() {
        all.extend(PREFIXES.iter().take(3).map(|one| format!("{one}{path}")));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::json;

    #[test]
    fn other_versions_stand_before_or_in_the_place_of_the_own() {
        let all = others("/api/v2/orders", "/api/v2");
        assert_eq!(all, ["/api/v1/orders", "/api/v0/orders", "/api/v3/orders", "/api/orders"]);
        let all = others("/orders", "");
        assert!(
            all.contains(&"/v0/orders".to_owned()) && all.contains(&"/internal/orders".to_owned())
        );
        let all = others("/api/orders", "/api");
        assert!(
            all.contains(&"/api/v1/orders".to_owned())
                && all.contains(&"/v1/api/orders".to_owned())
        );
    }

    #[test]
    fn the_same_records_are_known_by_members_or_by_name_and_half_of_them() {
        let new = json(
            200,
            r#"{"data": [{"reference": "BK-4TQ9XKD", "guest_id": 7, "room_id": 3, "status": "new", "total": 5}]}"#,
        );
        let told = |old: &str| same_records(&json(200, old), &new);
        assert!(told(
            r#"[{"reference": "BK-4TQ9XKD", "status": "new", "guest_id": 7, "room_id": 3}]"#
        ));
        assert!(told(
            r#"{"bookings": [{"reference": "BK-4TQ9XKD", "status": "new", "guest_id": 7, "name": "Lena"}]}"#
        ));
        assert!(!told(
            r#"{"bookings": [{"reference": "BK-0000000", "status": "new", "name": "Lena"}]}"#
        ));
        assert!(!told(r#"{"news": [{"reference": "BK-4TQ9XKD", "title": "a"}]}"#));
    }

    #[test]
    fn templates_are_recognised() {
        assert!(fits("/orders/{id}", "/orders/7") && !fits("/orders/{id}", "/orders"));
    }
}
