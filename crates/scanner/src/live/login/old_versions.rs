//! A login that was replaced and still answers: is a wrong password refused there as well?

use super::Ground;
use crate::flaw::Flaw;
use crate::live::actor::{Account, visitor};
use crate::live::exposed_endpoints::other_versions;
use crate::live::likeness::tells_of_error;
use crate::live::reply::Reply;
use crate::live::request::Request;
use crate::live::scan::Scan;
use crate::live::{CheckId, Gap, Judgement};
use crate::report::{Confidence, Severity};
use crate::secret::Secret;

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
    if !ground.own {
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

async fn find(scan: &Scan<'_>, ground: &Ground) -> Result<Option<(String, [Reply; 2])>, Gap> {
    let password = Secret::new("portcullis-wrong-old".to_owned());
    let wrong = Account { password, ..ground.account.clone() };
    let request = ground.attempt(scan, &wrong);
    let Some(refused) = answered(scan, &request).await? else { return Ok(None) };
    if is_let_in(&refused, &ground.account) {
        return Ok(None);
    }
    for path in other_versions(&request.path, &scan.client.target.base) {
        let old = Request { path: path.clone(), operation: None, ..request.clone() };
        let Some(reply) = answered(scan, &old).await?.filter(|one| is_let_in(one, &ground.account))
        else {
            continue;
        };
        // A server that answers every path alike has no versions.
        let nowhere = format!("{path}-{}", scan.client.marks.next());
        let nothing = Request { path: nowhere, ..old };
        let all = answered(scan, &nothing).await?.is_none_or(|one| one.is_success());
        if !all {
            return Ok(Some((path, [refused, reply])));
        }
    }
    Ok(None)
}

async fn answered(scan: &Scan<'_>, request: &Request) -> Result<Option<Reply>, Gap> {
    match scan.send(request).await {
        Ok(reply) => Ok(Some(reply)),
        Err(error) if error.is_final() => Err(Gap::from(&error)),
        Err(_) => Ok(None),
    }
}

/// A success that tells of the account, and is not just what was sent.
fn is_let_in(reply: &Reply, account: &Account) -> bool {
    let text = reply.text();
    let told =
        text.contains(&account.name) || text.contains(&account.email) || text.contains("token");
    let echo = text.contains("portcullis-wrong-old");
    reply.is_success() && reply.json().is_some() && !tells_of_error(reply) && told && !echo
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
        assert!(is_let_in(&json(200, r#"{"access_token": "x"}"#), &account));
        assert!(!is_let_in(&json(401, &named), &account));
        assert!(!is_let_in(&json(200, r#"{"error": "wrong password for token"}"#), &account));
        let echo =
            format!(r#"{{"username": "{}", "password": "portcullis-wrong-old"}}"#, account.name);
        assert!(!is_let_in(&json(200, &echo), &account));
    }
}
