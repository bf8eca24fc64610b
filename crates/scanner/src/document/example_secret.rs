//! Live credentials in examples.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Check, Found, Spot};
use crate::api::{Api, At};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "example-secret",
        check: "example-secret",
        title: "A credential stands in an example",
        // An issuer's own samples look the same: one of two judged findings was such a one.
        severity: Severity::Info,
        confidence: Confidence::Medium,
        why: "Documents are copied, published and indexed; whoever finds a working key in one uses \
              it. Many such examples were real once and still are.",
        fix: "Revoke what this is, replace it by a placeholder that no issuer would give out, and \
              let a secret scanner look at documents before they are published.",
        owasp: "API8:2023",
        cwe: 798,
    },
    asks: "Does an example hold a credential that could work?",
    judged: "Texts under `example`, `examples`, `default`, `x-example` with the form of a \
             credential of a known issuer (AWS, GitHub, Slack, Stripe live, Google, SendGrid) or a \
             private key with its whole content (a key that was cut cannot work). Repeated letters \
             and everything that says `example`, `xxx` or `1234` is taken for a placeholder.",
    example: "example: ghp_16C7e42F292c6912E7710c838347Ae178B4a",
};

const HOLDERS: &[&str] =
    &["example", "examples", "default", "x-example", "x-examples", "x-default"];

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for (file, one) in api.files.list.iter().enumerate() {
        walk(&one.root, &At { file, pointer: String::new() }, false, found);
    }
}

/// Goes through a value; `held` within what is an example. Its depth is bounded by the reader.
fn walk(value: &Value, at: &At, held: bool, found: &mut Found<'_>) {
    match value {
        Value::String(text) if held => {
            if let Some(kind) = kind(text) {
                found.at(kind, Spot::place(at));
            }
        }
        Value::Object(members) => {
            for (key, value) in members {
                let held = held || HOLDERS.contains(&key.as_str());
                if held || value.is_object() || value.is_array() {
                    walk(value, &at.then(key), held, found);
                }
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                if held || value.is_object() || value.is_array() {
                    walk(value, &at.then(index), held, found);
                }
            }
        }
        _ => {}
    }
}

/// What kind of credential a text holds.
fn kind(text: &str) -> Option<&'static str> {
    if text.contains("PRIVATE KEY-----") {
        return is_private_key(text).then_some("a private key");
    }
    let words =
        text.split(|letter: char| letter.is_whitespace() || "\"'`,;<>()[]{}=:&?".contains(letter));
    let mut words = words.filter(|word| (20..4_000).contains(&word.len()));
    words.find_map(|word| ISSUERS.iter().find(|one| one.made(word)).map(|one| one.name))
}

struct Issuer {
    name: &'static str,
    start: &'static str,
    /// Characters after the start, at least and at most.
    rest: (usize, usize),
}

const ISSUERS: [Issuer; 10] = [
    Issuer { name: "a key of AWS", start: "AKIA", rest: (16, 16) },
    Issuer { name: "a token of GitHub", start: "ghp_", rest: (36, 36) },
    Issuer { name: "a token of GitHub", start: "gho_", rest: (36, 36) },
    Issuer { name: "a token of GitHub", start: "github_pat_", rest: (60, 100) },
    Issuer { name: "a live key of Stripe", start: "sk_live_", rest: (20, 120) },
    Issuer { name: "a key of Google", start: "AIza", rest: (35, 35) },
    Issuer { name: "a token of Slack", start: "xoxb-", rest: (30, 90) },
    Issuer { name: "a token of Slack", start: "xoxp-", rest: (30, 90) },
    Issuer { name: "a key of SendGrid", start: "SG.", rest: (60, 70) },
    Issuer { name: "a token of npm", start: "npm_", rest: (36, 36) },
];

impl Issuer {
    fn made(&self, word: &str) -> bool {
        let Some(rest) = word.strip_prefix(self.start) else { return false };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        (self.rest.0..=self.rest.1).contains(&rest.len())
            && rest.bytes().all(plain)
            && !is_placeholder(rest)
    }
}

/// True for what somebody typed instead of what an issuer made.
fn is_placeholder(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let said = [
        "example", "xxx", "1234", "abcd", "your", "test", "fake", "dummy", "sample", "redacted",
        "...", "***", "0000",
    ];
    let mut letters: Vec<u8> = lower.bytes().collect();
    letters.sort_unstable();
    letters.dedup();
    said.iter().any(|word| lower.contains(word)) || letters.len() < 8
}

/// True for a key that is whole: one that was cut or typed does not hold what its first bytes say.
fn is_private_key(text: &str) -> bool {
    let body = text.split("-----").nth(2).unwrap_or_default();
    let body: String = body.replace("\\n", "").split_whitespace().collect();
    let Ok(bytes) = STANDARD.decode(&body) else { return false };
    bytes.len() > 110 && (bytes.starts_with(b"openssh-key-v1\0") || is_der(&bytes))
}

/// True for one sequence of just this length (X.690 §8.1.3).
fn is_der(bytes: &[u8]) -> bool {
    let (length, rest) = match bytes {
        [0x30, 0x81, one, rest @ ..] => (usize::from(*one), rest),
        [0x30, 0x82, one, two, rest @ ..] => (usize::from(u16::from_be_bytes([*one, *two])), rest),
        _ => return false,
    };
    rest.len() == length
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(example: &str) -> Vec<String> {
        let parameter =
            json!({"name": "q", "in": "query", "example": example, "description": example});
        let paths = json!({"/a": {"get": {"parameters": [parameter]}}});
        trial::found(&CHECK, look, trial::with(json!({ "paths": paths })))
    }

    fn pem(bytes: &[u8]) -> String {
        let body = STANDARD.encode(bytes);
        format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----")
    }

    #[test]
    fn credentials_are_found_in_examples_and_not_in_words_about_them() {
        let key = format!("{}{}", "ghp_", "16C7e42F292c6912E7710c838347Ae178B4a");
        assert_eq!(
            found(&format!("Bearer {key}")),
            ["a token of GitHub @ /paths/~1a/get/parameters/0/example"]
        );
        assert_eq!(found(&format!("{}{}", "AKIA", "J7Q2XWPLD5MZRT8K")).len(), 1);
        let whole = [&[0x30, 0x82, 0x01, 0x2c][..], &[7; 300]].concat();
        let told = ["a private key @ /paths/~1a/get/parameters/0/example"];
        assert_eq!(found(&pem(&whole)), told);
        assert_eq!(found(&pem(&[b"openssh-key-v1\0", &[7; 300][..]].concat())), told);
        assert!(found(&pem(&whole[..250])).is_empty(), "a key that was cut");
    }

    #[test]
    fn placeholders_are_not() {
        for text in [
            "AKIAIOSFODNN7EXAMPLE",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "sk_live_1234567890abcdefghijkl",
            "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
            "eyJhbGciOiJIUzI1NiJ9.e30.x",
            "a plain sentence of words that is rather long",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}
