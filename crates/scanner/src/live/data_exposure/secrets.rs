//! Secrets in answers, by the name of a field and the form of its value.

use serde_json::{Map, Value};

use crate::live::actor::{Role, Who};
use crate::live::call::as_text;
use crate::live::data_exposure::hands_out;
use crate::live::data_exposure::people::documented;
use crate::live::invent::words;
use crate::live::scan::Scan;
use crate::live::world::{Case, World};

/// How deep an answer is searched, and items of one list.
const MOST_DEPTH: usize = 8;
const MOST_ITEMS: usize = 60;

/// Beginnings of stored passwords (the modular crypt format and its relatives).
const STORED: [&str; 14] = [
    "$2a$",
    "$2b$",
    "$2y$",
    "$argon2",
    "$pbkdf2",
    "pbkdf2:",
    "pbkdf2_sha",
    "scrypt:",
    "$scrypt",
    "$5$",
    "$6$",
    "$1$",
    "{SSHA}",
    "bcrypt$",
];

/// What a field is, as far as name and value tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// Of no use to any caller, his own included.
    Never,
    /// Of use to its owner alone.
    OthersOnly,
}

/// The names of fields of an answer that hold a secret which is not for this caller.
pub(super) fn found(scan: &Scan<'_>, world: &World, case: &Case) -> Vec<String> {
    let Some(json) = case.reply.json() else { return Vec::new() };
    let sent = case.inputs.body.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut fields = Vec::new();
    walk(&json, "", &Map::new(), 0, &mut fields);
    let hands_out = hands_out(world, case);
    // Who asks for a digest of a text of his own gets one.
    if scan.document.operations.get(case.operation).is_some_and(|one| makes_digests(one.path)) {
        return Vec::new();
    }
    let mut names: Vec<String> = fields
        .into_iter()
        .filter(|field| {
            let text = as_text(&field.value);
            // What the caller sent itself is no news to it; a password sent back is.
            let echoed = sent.contains(&text) && !is_password_word(&field.name);
            match what(&field.name, &field.value) {
                // Who runs the service is shown the keys in its settings.
                Some(What::Never) if case.who == Who::Admin && text.contains("PRIVATE KEY") => {
                    false
                }
                Some(What::Never) => !echoed,
                // An office may be there to look after keys.
                Some(What::OthersOnly) if case.who == Who::Admin => false,
                Some(What::OthersOnly) => {
                    let others = is_of_another(scan, world, case, &field.record);
                    !hands_out && !echoed && others
                }
                // What should go by mail to the owner of an account is told to whoever asked.
                None if is_internal(&field.name) => {
                    let known = documented(scan, case.operation);
                    !known.is_empty() && !known.contains(field.name.as_str()) && !echoed
                }
                None => is_reset_code(world, case, &field.name, &text) && !echoed,
            }
        })
        .map(|field| field.name)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn makes_digests(path: &str) -> bool {
    path.split('/').flat_map(words).any(|word| matches!(word.as_str(), "hash" | "encrypt"))
}

struct Field {
    name: String,
    value: Value,
    record: Map<String, Value>,
}

fn walk(
    value: &Value,
    name: &str,
    record: &Map<String, Value>,
    depth: usize,
    found: &mut Vec<Field>,
) {
    if depth > MOST_DEPTH {
        return;
    }
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                walk(value, key, members, depth + 1, found);
            }
        }
        Value::Array(items) => {
            items.iter().take(MOST_ITEMS).for_each(|one| walk(one, name, record, depth + 1, found));
        }
        Value::String(_) | Value::Number(_) => {
            found.push(Field {
                name: name.to_owned(),
                value: value.clone(),
                record: record.clone(),
            });
        }
        _ => {}
    }
}

fn what(name: &str, value: &Value) -> Option<What> {
    let text = as_text(value);
    if is_masked(&text) {
        return None;
    }
    let said = words(name);
    let has = |list: &[&str]| said.iter().any(|word| list.contains(&word.as_str()));
    let joined = said.concat();
    let long = text.len() >= 4 && !text.contains("://");
    if STORED.iter().any(|start| text.starts_with(start))
        || text.contains("-----BEGIN") && text.contains("PRIVATE KEY")
    {
        return Some(What::Never);
    }
    if is_password_word(name)
        && long
        && value.is_string()
        && !has(&[
            "policy", "hint", "expires", "changed", "updated", "at", "reset", "url", "rules",
            "strength", "min", "max",
        ])
    {
        return Some(What::Never);
    }
    let digest = text.len() >= 16
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=$.:_-".contains(&byte));
    if has(&["salt"]) && long && value.is_string() && !text.contains(' ') {
        return Some(What::Never);
    }
    // A digest of a file is no secret: the word stands alone or beside what is kept secret.
    let of_secret = has(&["pw", "pwd", "pass", "user", "secret", "credential", "login"]);
    if has(&["hash", "digest", "hashed"])
        && digest
        && (of_secret || joined == "hash" && is_hex(&text, 32))
    {
        return Some(What::Never);
    }
    // The code of a card may not even be stored once it was used (PCI DSS 4.0, requirement 3.3.1).
    let digits = (3..=4).contains(&text.len()) && text.bytes().all(|one| one.is_ascii_digit());
    let last =
        said.last().is_some_and(|word| matches!(word.as_str(), "cvv" | "cvc" | "cvv2" | "cvc2"));
    if last && digits {
        return Some(What::Never);
    }
    if has(&["cvv", "cvc", "ssn", "pan"]) && text.chars().any(|one| one.is_ascii_digit()) && long {
        return Some(What::OthersOnly);
    }
    if is_card(&text) && has(&["card", "number", "pan", "cc", "payment"]) {
        return Some(What::OthersOnly);
    }
    // A digest under such a name is what a password or a code is checked against.
    if has(&["secret"]) && is_hex(&text, 32)
        || has(&["reset", "recovery"]) && has(&["code", "token", "key", "pin"]) && long
    {
        return Some(What::Never);
    }
    let code = has(&["code", "otp", "pin"])
        && has(&["reset", "otp", "pin", "verification", "recovery", "confirm", "mfa", "login"]);
    if (code || has(&["otp", "mfa", "totp"])) && long && !text.contains(' ') {
        return Some(What::OthersOnly);
    }
    key_of_another(&said, &text, value)
}

/// Keys and tokens are their owner's; those of pages and forms are nobody's.
fn key_of_another(said: &[String], text: &str, value: &Value) -> Option<What> {
    let has = |list: &[&str]| said.iter().any(|word| list.contains(&word.as_str()));
    let paging = has(&[
        "next",
        "prev",
        "previous",
        "page",
        "csrf",
        "xsrf",
        "form",
        "cursor",
        "public",
        "idempotency",
        "type",
        "sort",
        "foreign",
        "primary",
        "expires",
    ]);
    // Where a token is to be had is no token.
    let place = has(&["endpoint", "url", "uri", "href"]) || text.contains("://");
    let key = has(&["secret", "apikey", "token"])
        || (has(&["key"])
            && (has(&["api", "private", "access", "owner", "user", "secret", "auth"])
                || said.len() == 1));
    if key && !paging && !place && value.is_string() && looks_random(text) {
        return Some(What::OthersOnly);
    }
    None
}

/// What a service keeps for itself, by its words; counts where the document does not name it.
fn is_internal(name: &str) -> bool {
    let own = ["internal", "margin", "profit", "wholesale", "fraud", "risk", "staff", "debug"];
    words(name).iter().any(|word| own.contains(&word.as_str()))
}

fn is_reset_code(world: &World, case: &Case, name: &str, text: &str) -> bool {
    let named = words(name)
        .iter()
        .any(|word| ["code", "otp", "pin", "token", "key"].contains(&word.as_str()));
    let code =
        text.len() >= 4 && !text.contains(' ') && text.bytes().any(|byte| byte.is_ascii_digit());
    world.roles.get(case.operation) == Some(&Role::Password)
        && named
        && code
        && case.reply.status != text.parse().unwrap_or(0)
}

fn is_password_word(name: &str) -> bool {
    let joined = words(name).concat();
    ["password", "passwd", "pwd", "passphrase", "passwort"].iter().any(|word| joined.contains(word))
}

/// Stars, crosses and dots in place of what is hidden, or words that say there is nothing.
fn is_masked(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let hidden = text.chars().filter(|one| matches!(one, '*' | '•' | '●' | 'x' | 'X')).count();
    text.is_empty()
        || text.contains("***")
        || (hidden * 2 > text.len() && text.len() >= 4)
        || ["redacted", "hidden", "masked", "filtered", "write-only", "[removed]"]
            .iter()
            .any(|word| lower.contains(word))
}

fn is_hex(text: &str, least: usize) -> bool {
    text.len() >= least && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A text that nobody would type.
fn looks_random(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.=+/:".contains(&byte));
    text.len() >= 10
        && plain
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Thirteen to nineteen digits with a right check digit (ISO/IEC 7812-1).
fn is_card(text: &str) -> bool {
    let digits: Vec<u32> = text
        .chars()
        .filter(|one| !matches!(one, ' ' | '-'))
        .map_while(|one| one.to_digit(10))
        .collect();
    let signs = text.chars().filter(|one| matches!(one, ' ' | '-')).count();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| match at % 2 {
            0 => *digit,
            _ => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    (13..=19).contains(&digits.len())
        && digits.len() + signs == text.chars().count()
        && sum.is_multiple_of(10)
        && digits.iter().any(|digit| *digit != 0)
}

/// True if a record says that it belongs to somebody other than the caller.
fn is_of_another(scan: &Scan<'_>, world: &World, case: &Case, record: &Map<String, Value>) -> bool {
    let own: Vec<_> = world.names(case.who).iter().map(|(_, name)| name.as_str()).collect();
    let texts: Vec<_> = record.values().map(as_text).collect();
    // A record of nobody in particular is no other person's.
    let told = ["id", "name", "username", "email", "user", "owner", "login", "author", "account"];
    if !record.keys().any(|name| words(name).iter().any(|word| told.contains(&word.as_str()))) {
        return false;
    }
    let names_me = texts.iter().any(|text| text.len() > 1 && own.contains(&text.as_str()));
    let mine = case
        .object
        .and_then(|at| world.objects().get(at))
        .is_some_and(|object| object.owner == case.who);
    let made = world
        .objects()
        .iter()
        .any(|object| object.owner == case.who && texts.iter().any(|text| object.is_in(text)));
    let reads = scan
        .document
        .operations
        .get(case.operation)
        .is_some_and(|one| one.method == crate::api::Method::Get);
    case.who == Who::Nobody && reads
        || reads && !names_me && !mine && !made && !is_about_caller(scan, case)
}

fn is_about_caller(scan: &Scan<'_>, case: &Case) -> bool {
    let path = scan.document.operations.get(case.operation).map(|one| one.path).unwrap_or_default();
    let own = ["me", "self", "profile", "whoami", "session", "my", "userinfo", "current"];
    path.split('/').flat_map(words).any(|word| own.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_told_by_name_and_form() {
        let never = [
            ("password", json!("hunter22")),
            ("passwordHash", json!("5f4dcc3b5aa765d61d8327deb882cf99")),
            ("anything", json!("$2b$12$abcdefghijklmnopqrstuv")),
            ("salt", json!("a81e03d9")),
            ("cvv", json!("123")),
            ("reset_code", json!("918273")),
            ("pw_digest", json!("5f4dcc3b5aa765d61d8327deb882cf99")),
        ];
        for (name, value) in never {
            assert_eq!(what(name, &value), Some(What::Never), "{name}");
        }
        let others = [
            ("api_key", json!("bk_orchard_47f0e8b3d6")),
            ("card_number", json!("4111 1111 1111 1111")),
        ];
        for (name, value) in others {
            assert_eq!(what(name, &value), Some(What::OthersOnly), "{name}");
        }
    }

    #[test]
    fn what_only_sounds_like_a_secret_is_none() {
        let fine = [
            ("password", json!("********")),
            ("password", json!("")),
            ("next_page_token", json!("abc123def456")),
            ("csrf_token", json!("abc123def456")),
            ("token_endpoint", json!("https://id.example/4a1bcd9e2f/token")),
            ("sha256", json!("5f4dcc3b5aa765d61d8327deb882cf99")),
            ("digest", json!("5f4dcc3b5aa765d61d8327deb882cf99")),
            ("password_changed_at", json!("2024-01-01")),
            ("key", json!("title")),
            ("number", json!("4111 1111 1111 1112")),
        ];
        for (name, value) in fine {
            assert_eq!(what(name, &value), None, "{name}");
        }
    }
}
