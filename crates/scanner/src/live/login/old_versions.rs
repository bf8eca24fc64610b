//! A login that was replaced and still answers: is a wrong password refused there as well?

use serde_json::Value;

use super::{Ground, Way};
use crate::flaw::Flaw;
use crate::live::actor::{Account, visitor};
use crate::live::exposed_endpoints::{is_documented, other_versions};
use crate::live::likeness::tells_of_error;
use crate::live::reply::Reply;
use crate::live::request::Request;
use crate::live::scan::Scan;
use crate::live::{CheckId, Gap, Judgement};
use crate::report::{Confidence, Severity};
use crate::secret::Secret;

/// What is tried as password: nobody's.
const WRONG: &str = "portcullis-wrong-old";

pub const OPEN: Flaw = Flaw {
    id: "old-login-open",
    check: CheckId::Login.code(),
    title: "An undocumented version of the login takes any password",
    severity: Severity::Critical,
    confidence: Confidence::High,
    why: "The documented login refuses the wrong password; the old one takes it and answers as if the \
          account's owner had come.",
    fix: "Switch the old version off, or let it ask the same code as the new one.",
    owasp: "API9:2023",
    cwe: 1059,
};

/// Tries a wrong password for an account of the scan's own at other versions of the login.
pub async fn look(scan: &Scan<'_>, ground: &Ground, judgement: &mut Judgement) {
    if !ground.own || !matches!(ground.way, Way::Entry(_)) {
        return;
    }
    match find(scan, ground).await {
        Ok(Some((path, replies))) => {
            let shown = replies.map(|reply| visitor::discreet(scan, reply).exchange);
            let mut finding = OPEN.found(None, shown.to_vec()).of_shape(path.as_str());
            finding.title = format!("{}: `{path}`", finding.title);
            judgement.findings.push(finding);
        }
        Ok(None) => {}
        Err(gap) => judgement.gaps.push(gap),
    }
}

async fn find(scan: &Scan<'_>, ground: &Ground) -> Result<Option<(String, [Reply; 3])>, Gap> {
    let password = || Secret::new(WRONG.to_owned());
    let own = Account { password: password(), ..ground.account.clone() };
    let stranger = Account { password: password(), ..visitor::stranger(&ground.account) };
    let request = ground.attempt(scan, &own);
    let Some(refused) = scan.answer(&request).await? else { return Ok(None) };
    if request.path.contains('?') || is_let_in(&refused, &own) {
        return Ok(None);
    }
    for path in other_versions(&request.path, &scan.client.target.base) {
        if is_documented(scan, &path) {
            continue;
        }
        let there = |request: Request, path: &str| Request {
            path: path.to_owned(),
            operation: None,
            ..request
        };
        let old = there(request.clone(), &path);
        let Some(reply) = scan.answer(&old).await?.filter(|one| is_let_in(one, &own)) else {
            continue;
        };
        // Who lets in a name that nobody has lets in everybody, and asks for no password anywhere.
        let unknown = there(ground.attempt(scan, &stranger), &path);
        let nowhere = there(request.clone(), &format!("{path}-{}", scan.client.marks.next()));
        let Some(unknown) = scan.answer(&unknown).await? else { continue };
        let nothing = scan.answer(&nowhere).await?.is_none_or(|one| one.is_success());
        if !nothing && !is_let_in(&unknown, &stranger) {
            return Ok(Some((path, [refused, reply, unknown])));
        }
    }
    Ok(None)
}

/// A success with a credential in it, or with the account's own record: not a sentence about a mail.
fn is_let_in(reply: &Reply, account: &Account) -> bool {
    let told = reply.json().is_some_and(|json| tells(&json, account));
    reply.is_success() && told && !tells_of_error(reply) && !reply.text().contains(WRONG)
}

fn tells(json: &Value, account: &Account) -> bool {
    const CREDENTIALS: [&str; 6] =
        ["token", "access_token", "accessToken", "jwt", "id_token", "idToken"];
    match json {
        Value::Object(members) => members.iter().any(|(name, value)| {
            let credential = CREDENTIALS.contains(&name.as_str());
            let long = value.as_str().is_some_and(|text| text.len() >= 16);
            let own = *value == account.name || *value == account.email;
            credential && long || own || tells(value, account)
        }),
        Value::Array(items) => items.iter().any(|one| tells(one, account)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::json;

    #[test]
    fn an_answer_that_tells_of_the_account_has_let_in() {
        let account = visitor::stranger(&Account {
            name: "anna".to_owned(),
            email: "anna@example.com".to_owned(),
            password: Secret::new(String::new()),
            marker: None,
            sent: serde_json::Value::Null,
            registered: None,
            door: None,
        });
        let named = format!(r#"{{"user": {{"username": "{}"}}}}"#, account.name);
        assert!(is_let_in(&json(200, &named), &account));
        assert!(is_let_in(
            &json(200, r#"{"access_token": "8f14e45fceea167a5a36dedd4bea2543"}"#),
            &account
        ));
        assert!(!is_let_in(&json(401, &named), &account));
        let mailed = format!(r#"{{"message": "a link was sent to {}"}}"#, account.email);
        assert!(!is_let_in(&json(200, &mailed), &account));
        assert!(!is_let_in(&json(200, r#"{"error": "wrong password for token"}"#), &account));
        let echo =
            format!(r#"{{"username": "{}", "password": "portcullis-wrong-old"}}"#, account.name);
        assert!(!is_let_in(&json(200, &echo), &account));
    }
}
