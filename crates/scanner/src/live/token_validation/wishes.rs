//! A login that lets its caller choose how long the token lives, or for whom it is: then the service
//! itself makes the tokens that it must refuse.

use serde_json::{Value, json};

use crate::api::Node;
use crate::live::actor::{Actor, Pass, visitor};
use crate::live::scan::Scan;
use crate::live::token::Token;
use crate::secret::Secret;

/// Names under which a lifetime is asked for, without signs and in lower case.
const LIFETIMES: [&str; 9] = [
    "ttl",
    "expiresin",
    "lifetime",
    "maxage",
    "duration",
    "validfor",
    "expiresinsecs",
    "expiresinseconds",
    "ttlseconds",
];
const AUDIENCES: [&str; 3] = ["audience", "aud", "resource"];
/// Choices of an audience that are tried, and the longest life that is waited for in seconds.
const MOST: usize = 3;
const BRIEF: i64 = 5;

/// A token of a few seconds, as a credential in its usual surroundings, and when it ends.
pub async fn brief(scan: &Scan<'_>, actor: &Actor, valid: &Token) -> Option<(Secret, i64)> {
    let (name, _) = wish(scan, actor, &LIFETIMES)?;
    let secret = login_with(scan, actor, &name, json!(1)).await?;
    let token = Token::read(&secret, "")?;
    let (start, end) = (token.time("iat").unwrap_or(scan.now), token.time("exp")?);
    (end - start <= BRIEF).then(|| (valid.around(&secret), end))
}

/// A token for another audience, as a credential in its usual surroundings.
pub async fn foreign(scan: &Scan<'_>, actor: &Actor, valid: &Token) -> Option<Secret> {
    let (name, choices) = wish(scan, actor, &AUDIENCES)?;
    for choice in choices.into_iter().take(MOST) {
        let Some(secret) = login_with(scan, actor, &name, choice).await else { continue };
        let other = Token::read(&secret, "").and_then(|token| token.claims.get("aud").cloned());
        if other.is_some() && other.as_ref() != valid.claims.get("aud") {
            return Some(valid.around(&secret));
        }
    }
    None
}

/// A field of the login's body that goes by one of these names, with the values it allows.
fn wish(scan: &Scan<'_>, actor: &Actor, names: &[&str]) -> Option<(String, Vec<Value>)> {
    let operation = scan.document.operations.get(actor.entry.as_ref()?.operation?)?;
    let schema = operation.body()?.schema?;
    let shape = scan.document.shapes.list.get(schema.shape)?;
    let field = shape.fields.iter().find(|field| {
        let plain: String = field.name.chars().filter(char::is_ascii_alphanumeric).collect();
        field.path == field.name && names.contains(&plain.to_ascii_lowercase().as_str())
    })?;
    Some((field.name.to_owned(), choices(field.node)))
}

/// What a schema lists, or spells out in its pattern: `^(a|b)$`.
fn choices(schema: Node<'_>) -> Vec<Value> {
    if let Some(listed) = schema.get("enum") {
        return listed.items().map(|one| one.value.clone()).collect();
    }
    let pattern = schema.text("pattern").unwrap_or_default();
    let inner = pattern.trim_start_matches('^').trim_end_matches('$');
    let inner = inner.trim_start_matches('(').trim_end_matches(')');
    let plain = |one: char| one.is_ascii_alphanumeric() || "-_.:/".contains(one);
    let words: Vec<_> = inner.split('|').collect();
    match words.iter().all(|word| !word.is_empty() && word.chars().all(plain)) {
        true => words.into_iter().map(Value::from).collect(),
        false => Vec::new(),
    }
}

/// The token that the same login gives with one more field.
async fn login_with(scan: &Scan<'_>, actor: &Actor, name: &str, value: Value) -> Option<Secret> {
    let entry = actor.entry.as_ref()?;
    let operation = scan.document.operations.get(entry.operation?)?;
    let mut inputs = entry.inputs.clone()?;
    inputs.body.as_mut()?.as_object_mut()?.insert(name.to_owned(), value);
    let reply = scan.send(&scan.written(operation, &inputs)).await.ok()?;
    let reply = visitor::discreet(scan, reply);
    Pass::read(&reply).filter(|_| reply.is_success())?.token
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read_where_they_are_spelled_out() {
        let read = |schema: Value| choices(Node { file: 0, value: Box::leak(Box::new(schema)) });
        assert_eq!(read(json!({"enum": ["a", "b"]})), [json!("a"), json!("b")]);
        assert_eq!(
            read(json!({"pattern": "^(clinic|reports)$"})),
            [json!("clinic"), json!("reports")]
        );
        assert!(read(json!({"pattern": "^[a-z]+$"})).is_empty());
        assert!(read(json!({"type": "string"})).is_empty());
    }
}
