//! Somebody who is here to be logged out, locked out and lied about, so that it happens to nobody else.

use std::collections::HashMap;

use serde_json::Value;

use super::door::{Door, registrations};
use super::{
    Account, Actor, DOORS, Entry, Pass, Who, csrf, entry, is_done, log_in, of_login, sign_up,
};
use crate::live::Gap;
use crate::live::oauth::flow;
use crate::live::reply::Reply;
use crate::live::request::{Request, escape};
use crate::live::scan::Scan;
use crate::live::token::Token;
use crate::order::{Login, Placement};
use crate::report::GapCode;
use crate::secret::Secret;

/// An account that the scan registers for this, or the order's account of A where nobody can
/// register.
///
/// # Errors
/// There is neither.
pub async fn account(scan: &Scan<'_>) -> Result<Account, Gap> {
    let mut last = None;
    for door in registrations(&scan.document).into_iter().take(DOORS) {
        match sign_up(scan, Who::Visitor, door).await {
            Ok(account) => return Ok(account),
            Err(gap) => last = Some(gap),
        }
    }
    let login = scan.credentials.logins.a.as_ref().map(of_login);
    login.or_else(|| of_basic(scan)).ok_or_else(|| {
        last.unwrap_or_else(|| {
            let detail = "the order holds no login (`credentials.logins.a`) and the document \
                          describes no registration";
            Gap::new(GapCode::NoCredential, detail)
        })
    })
}

/// The account of a credential that is a name and a password (RFC 7617).
fn of_basic(scan: &Scan<'_>) -> Option<Account> {
    let token = scan.credentials.token.as_ref()?;
    let basic = scan.credentials.placement == Placement::Basic;
    let (name, password) = token.expose().split_once(':').filter(|_| basic)?;
    let password = Secret::new(password.to_owned());
    Some(of_login(&Login { name: name.to_owned(), password }))
}

/// One more login to an account.
///
/// # Errors
/// No way in was found.
pub async fn enter(scan: &Scan<'_>, account: &Account) -> Result<Actor, Gap> {
    let mut actor = Box::pin(log_in(scan, Who::Visitor, account.clone())).await?;
    flow::complete(scan, &mut actor).await;
    csrf::complete(scan, &mut actor).await;
    Ok(actor)
}

/// Somebody of whom the service has never heard, in the form of an account that it knows.
pub fn stranger(like: &Account) -> Account {
    let fresh = entry::invented();
    match &like.marker {
        Some(_) => fresh,
        None => Account { name: disguised(&like.name), email: disguised(&like.email), ..fresh },
    }
}

/// A login that succeeded once, as somebody else or with another password.
pub fn login_as(scan: &Scan<'_>, entered: &Entry, known: &Account, other: &Account) -> Request {
    let operation = entered.operation.and_then(|index| scan.document.operations.get(index));
    match (operation, &entered.inputs) {
        (Some(operation), Some(inputs)) => {
            let mut inputs = inputs.clone();
            if let Some(body) = &mut inputs.body {
                retell(body, known, other);
            }
            for (_, value) in &mut inputs.query {
                *value = retold(value, known, other).unwrap_or_else(|| value.clone());
            }
            scan.written(operation, &inputs)
        }
        _ => {
            let body = entered.request.body.as_deref().map(String::from_utf8_lossy);
            let pairs = [
                (&known.password, &other.password),
                (&Secret::new(known.name.clone()), &Secret::new(other.name.clone())),
            ];
            let body = body.map(|body| {
                pairs.iter().fold(body.into_owned(), |text, (old, new)| {
                    text.replace(&escape(old.expose()), &escape(new.expose()))
                })
            });
            Request { body: body.map(String::into_bytes), ..entered.request.clone() }
        }
    }
}

/// Registers once more what was registered before, as somebody else. `None` where nobody was.
///
/// # Errors
/// Nothing came back.
pub async fn register_as(
    scan: &Scan<'_>,
    known: &Account,
    other: &Account,
) -> Option<Result<(bool, Reply), Gap>> {
    let operation = scan.document.operations.get(known.door?)?;
    let mut body = known.sent.clone();
    retell(&mut body, known, other);
    let request = scan.written(operation, &entry::inputs(scan, operation, body));
    let reply = match scan.send(&request).await {
        Ok(reply) => discreet(scan, reply),
        Err(error) => return Some(Err(Gap::from(&error))),
    };
    Some(Ok((is_done(&reply), reply)))
}

/// What a door that asks for an address or a name alone is sent for this account, for instance the
/// one that resets forgotten passwords.
pub fn asked_at(scan: &Scan<'_>, index: usize, account: &Account) -> Option<Request> {
    let operation = scan.document.operations.get(index)?;
    let body = entry::registration(scan, operation, account, &HashMap::new());
    Some(scan.written(operation, &entry::inputs(scan, operation, body)))
}

/// The same with this value in one of its fields.
pub fn asked_with(
    scan: &Scan<'_>,
    index: usize,
    account: &Account,
    field: &str,
    value: &str,
) -> Option<Request> {
    let operation = scan.document.operations.get(index)?;
    let more = HashMap::from([(field.to_owned(), Value::from(value))]);
    let body = entry::registration(scan, operation, account, &more);
    Some(scan.written(operation, &entry::inputs(scan, operation, body)))
}

/// An answer that may hand out credentials, shown again without them.
pub fn discreet(scan: &Scan<'_>, mut reply: Reply) -> Reply {
    let mut secrets = Vec::new();
    if let Some(pass) = Pass::read(&reply) {
        secrets.extend(pass.all.into_iter().chain(pass.refresh));
    }
    tokens_in(reply.json().as_ref().unwrap_or(&Value::Null), &mut secrets);
    for secret in &secrets {
        scan.client.mask.learn(secret, Who::Visitor.variable(), &Placement::Bearer);
    }
    reply.exchange.response = Some(reply.shown(&scan.client.mask, None));
    reply
}

/// Every signed token in an answer, under whatever name.
fn tokens_in(value: &Value, found: &mut Vec<Secret>) {
    match value {
        Value::String(text) => {
            let secret = Secret::new(text.clone());
            if Token::read(&secret, "").is_some() {
                found.push(secret);
            }
        }
        Value::Array(list) => list.iter().for_each(|one| tokens_in(one, found)),
        Value::Object(members) => members.values().for_each(|one| tokens_in(one, found)),
        _ => {}
    }
}

/// What this door is called.
pub fn label(scan: &Scan<'_>, entered: &Entry) -> String {
    match entered.operation {
        Some(index) => Door::Operation(index).label(scan),
        None => format!("POST {}", entered.request.path),
    }
}

fn retell(value: &mut Value, known: &Account, other: &Account) {
    match value {
        Value::String(text) => {
            if let Some(new) = retold(text, known, other) {
                *text = new;
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|one| retell(one, known, other)),
        Value::Object(members) => members.values_mut().for_each(|one| retell(one, known, other)),
        _ => {}
    }
}

fn retold(text: &str, known: &Account, other: &Account) -> Option<String> {
    if text == known.password.expose() {
        return Some(other.password.expose().to_owned());
    }
    if text == known.email && known.email != known.name {
        return Some(other.email.clone());
    }
    if text == known.name {
        return Some(other.name.clone());
    }
    let (old, new) = (known.marker.as_ref()?, other.marker.as_ref()?);
    let plain = text.replace(&old.plain(), &new.plain());
    let marked = plain.replace(&old.text(), &new.text());
    (marked != text).then_some(marked)
}

/// A name of the same form: other letters and digits in the same places, of an address before its
/// host only.
fn disguised(name: &str) -> String {
    let (local, host) = match name.split_once('@') {
        Some((local, host)) => (local, format!("@{host}")),
        None => (name, String::new()),
    };
    let mut bytes = vec![0_u8; local.len()];
    // Without randomness the letters are moved by a fixed distance.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    let other = |(one, byte): (char, &u8)| match one {
        'a'..='z' => char::from(b'a' + byte % 26),
        'A'..='Z' => char::from(b'A' + byte % 26),
        '0'..='9' => char::from(b'0' + byte % 10),
        other => other,
    };
    let mut changed: String = local.chars().zip(&bytes).map(other).collect();
    if changed.len() < 6 {
        changed.push_str(&super::Marker::fresh().plain().chars().rev().take(6).collect::<String>());
    }
    format!("{changed}{host}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_stranger_has_a_name_of_the_same_form() {
        for name in ["dr.adler", "hanna.muster@crumb.example", "10023344"] {
            let other = disguised(name);
            assert_ne!(other, name);
            assert_eq!(other.contains('@'), name.contains('@'));
            assert_eq!(other.contains('.'), name.contains('.'));
            let digits = |text: &str| text.chars().all(|one| one.is_ascii_digit());
            assert_eq!(digits(&other), digits(name));
        }
        assert!(disguised("hanna@crumb.example").ends_with("@crumb.example"));
    }

    #[test]
    fn a_login_is_retold_wherever_the_account_stands_in_it() {
        let (known, other) = (entry::invented(), entry::invented());
        let mut body = json!({
            "user": {"email": known.email, "password": known.password.expose()},
            "name": known.name, "device": format!("of {}", known.name), "remember": true
        });
        retell(&mut body, &known, &other);
        let expected = json!({
            "user": {"email": other.email, "password": other.password.expose()},
            "name": other.name, "device": format!("of {}", other.name), "remember": true
        });
        assert_eq!(body, expected);
    }
}
