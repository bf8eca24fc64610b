//! Local references: following `$ref` inside the document, never out of it, never for ever.

use serde_json::Value;

use super::problem::Reason;
use crate::catalog::scope::plain_text;

/// A longer chain is one that leads back to itself, or as good as one.
pub const MOST_STEPS: usize = 8;
const LONGEST: usize = 2_000;

/// The value that `value` stands for: itself, or what its chain of `$ref` ends at (RFC 6901 §6).
///
/// # Errors
/// `ForeignReference`, `BrokenReference`, `EndlessReference`.
pub fn resolve<'a>(document: &'a Value, value: &'a Value) -> Result<&'a Value, Reason> {
    let mut value = value;
    let mut last = "";
    for _ in 0..MOST_STEPS {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return Ok(value) };
        let shown = || plain_text(reference, 200);
        let Some(fragment) = reference.strip_prefix('#') else {
            return Err(Reason::ForeignReference { reference: shown() });
        };
        let short = Some(fragment).filter(|fragment| fragment.len() <= LONGEST);
        let target = short.and_then(unescape).and_then(|pointer| document.pointer(&pointer));
        value = target.ok_or_else(|| Reason::BrokenReference { reference: shown() })?;
        last = reference;
    }
    Err(Reason::EndlessReference { reference: plain_text(last, 200) })
}

/// Percent-decodes a URI fragment.
fn unescape(fragment: &str) -> Option<String> {
    let mut parts = fragment.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}
