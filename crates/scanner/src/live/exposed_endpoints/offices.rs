//! Offices that no document names: paths where administrators work, asked for by an ordinary caller.

use crate::live::Gap;
use crate::live::actor::Who;
use crate::live::likeness::{alike, tells_of_error};
use crate::live::reply::Reply;
use crate::live::request::Request;
use crate::live::scan::Scan;
use crate::report::Finding;

use super::flaws::OFFICE;
use super::old_versions::fits;

/// Where administrators work, whatever a service is about.
const OFFICES: [&str; 12] = [
    "/admin",
    "/admin/users",
    "/admin/stats",
    "/admin/config",
    "/admin/logs",
    "/administration",
    "/management",
    "/internal",
    "/internal/users",
    "/debug",
    "/logs",
    "/logging",
];

/// Asks as A, or as nobody where there is no A.
pub async fn look(
    scan: &Scan<'_>,
    bases: &[String],
    told: &[Finding],
    asked: &mut usize,
) -> Result<Vec<Finding>, Gap> {
    let credential = scan.credential(Who::A).await;
    let mut found = Vec::new();
    for base in bases {
        let nowhere = format!("{base}/{}", scan.client.marks.next());
        let Some(nothing) = scan.answer(&Request::get(nowhere).with(credential.clone())).await?
        else {
            continue;
        };
        for office in OFFICES {
            let path = format!("{base}{office}");
            let known = told.iter().chain(&found).any(|one| one.shape == path);
            if known || is_documented(scan, &path) {
                continue;
            }
            *asked += 1;
            let request = Request::get(path.clone()).with(credential.clone());
            let Some(reply) = scan.answer(&request).await?.filter(|one| is_told(one, &nothing))
            else {
                continue;
            };
            let evidence = vec![nothing.exchange.clone(), reply.exchange.clone()];
            let mut finding = OFFICE.found(None, evidence).of_shape(path.as_str());
            finding.title = format!("{}: `{path}`", finding.title);
            found.push(finding);
        }
    }
    Ok(found)
}

/// Data, and not what is answered for nothing.
fn is_told(reply: &Reply, nothing: &Reply) -> bool {
    let data = reply.json().is_some_and(|json| match &json {
        // One sentence may say anything, that one is to log in for instance.
        serde_json::Value::Object(members) => {
            let lists =
                members.values().any(|value| value.as_array().is_some_and(|one| !one.is_empty()));
            lists || members.values().filter(|value| !value.is_null()).count() >= 2
        }
        serde_json::Value::Array(items) => !items.is_empty(),
        _ => false,
    });
    let same = nothing.is_success() && (alike(reply, nothing) || nothing.json().is_some());
    reply.is_success() && data && !tells_of_error(reply) && !same
}

/// What a document names at this path or below it was put there on purpose.
fn is_documented(scan: &Scan<'_>, path: &str) -> bool {
    let own = path.strip_prefix(&scan.client.target.base).unwrap_or(path);
    let below = |one: &str| one.strip_prefix(own).is_some_and(|rest| rest.starts_with('/'));
    scan.document.operations.iter().any(|one| fits(one.path, own) || below(one.path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::{json, reply};

    #[test]
    fn data_at_an_office_is_told_and_what_stands_everywhere_is_not() {
        let nothing = json(404, r#"{"error": "not found"}"#);
        let users = json(200, r#"{"users": [{"id": 1}]}"#);
        assert!(is_told(&users, &nothing));
        assert!(!is_told(&users, &users));
        assert!(!is_told(&json(403, r#"{"users": 1}"#), &nothing));
        assert!(!is_told(&json(200, r#"{"error": "for administrators"}"#), &nothing));
        assert!(!is_told(&reply(200, &[], "<html>log in</html>"), &nothing));
    }
}
