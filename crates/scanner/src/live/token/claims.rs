//! Claims that a verifier must refuse, in tokens that it believes to be signed (RFC 7519 §4.1).

use serde_json::{Value, json};

use super::{Defence, Forge, Forgery, Token};

/// Nobody's name (RFC 2606 §2).
const STRANGER: &str = "https://portcullis.invalid";
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// One for each claim that the genuine token has: what it does not say the vendor does not use.
pub fn forgeries(token: &Token, forge: &Forge, now: i64) -> Vec<Forgery> {
    let has = |claim: &str| token.claims.contains_key(claim);
    let dated = |exp: i64, iat: i64, nbf: i64| {
        let all = [("exp", exp), ("iat", iat), ("nbf", nbf)];
        let kept = all.into_iter().filter(|(claim, _)| has(claim));
        kept.map(|(claim, time)| (claim, json!(time))).collect::<Vec<_>>()
    };
    let stranger = |claim: &'static str| {
        let value = match token.claims.get(claim) {
            Some(Value::Array(_)) => json!([STRANGER]),
            _ => json!(STRANGER),
        };
        vec![(claim, value)]
    };
    let all = [
        (
            "exp",
            Defence::Expiry,
            "expired two hours ago",
            dated(now - 2 * HOUR, now - 3 * HOUR, now - 3 * HOUR),
        ),
        (
            "nbf",
            Defence::NotBefore,
            "valid from tomorrow on",
            dated(now + 2 * DAY, now - HOUR, now + DAY),
        ),
        ("aud", Defence::Audience, "for another audience", stranger("aud")),
        ("iss", Defence::Issuer, "of another issuer", stranger("iss")),
    ];
    all.into_iter()
        .filter(|(claim, ..)| has(claim))
        .filter_map(|(_, defence, what, changes)| {
            let what = format!("signed as seen above, {what}");
            Some(Forgery::new(defence, what, token.forged(forge, &changes)?))
        })
        .collect()
}

/// Whether a verifier minds a header that it must understand and cannot (RFC 7515 §4.1.11).
pub fn critical(token: &Token, forge: &Forge) -> Option<crate::live::request::Presented> {
    let mut forge = forge.clone();
    forge.header.insert("crit".to_owned(), json!(["portcullis"]));
    forge.header.insert("portcullis".to_owned(), json!(true));
    token.forged(&forge, &[])
}
