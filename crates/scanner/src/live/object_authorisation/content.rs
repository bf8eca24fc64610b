//! Whether two answers show the same private content, and whether that content is shared by design.

use crate::live::invent::{Marker, words};
use crate::live::likeness::tells_of_error;
use crate::live::reply::Reply;
use crate::live::world::object::leaves;

/// Words of fields that are somebody's own even where the rest of the record is for all.
const PRIVATE: [&str; 40] = [
    "secret",
    "private",
    "hidden",
    "token",
    "password",
    "passwd",
    "pin",
    "otp",
    "ssn",
    "iban",
    "card",
    "cvv",
    "salary",
    "income",
    "balance",
    "credit",
    "phone",
    "mobile",
    "telephone",
    "email",
    "mail",
    "address",
    "street",
    "birth",
    "birthday",
    "birthdate",
    "dob",
    "born",
    "tax",
    "passport",
    "licence",
    "license",
    "medical",
    "diagnosis",
    "health",
    "key",
    "hash",
    "salt",
    "guardian",
    "purse",
];

/// True if a field of this name is private by its name.
pub fn is_private(name: &str) -> bool {
    words(name).iter().any(|word| PRIVATE.contains(&word.as_str()))
}

/// What an answer shares with the owner's: fields and values that are the same, without what the
/// request itself held. Empty if the answer shows nothing of the object.
pub fn shared(
    own: &Reply,
    other: &Reply,
    marker: Option<&Marker>,
    known: &[String],
) -> Vec<(String, String)> {
    if !other.is_success() || tells_of_error(other) {
        return Vec::new();
    }
    let is_page = own.json().is_none();
    let (own, other) = (leaves(own, known), leaves(other, known));
    let same: Vec<_> = own.iter().filter(|leaf| other.contains(leaf)).cloned().collect();
    let marked = marker.is_some_and(|marker| same.iter().any(|(_, text)| marker.is_in(text)));
    // Without a marker of ours most of the content must be the same, and more than one value.
    // Of a page most is the same for everybody: there only the marker tells.
    let page = is_page && marker.is_some();
    let most = !page && same.len() >= 2 && same.len() * 5 >= own.len() * 3;
    if marked || most { same } else { Vec::new() }
}

/// True if the whole of this is also in texts that the other is shown anyway.
pub fn is_listed(same: &[(String, String)], lists: &[String]) -> bool {
    !same.is_empty() && same.iter().all(|(_, text)| lists.iter().any(|list| holds(list, text)))
}

fn holds(list: &str, text: &str) -> bool {
    let quoted = serde_json::Value::from(text).to_string();
    list.contains(quoted.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::json;

    #[test]
    fn the_marker_or_most_of_the_values_prove_the_content() {
        let marker = Marker::fresh();
        let own =
            json(200, &format!(r#"{{"id": 100, "note": "{}", "at": "today"}}"#, marker.text()));
        let same = shared(&own, &own.clone(), Some(&marker), &["100".to_owned()]);
        assert_eq!(same.len(), 2);
        let other = json(200, r#"{"id": 100, "note": "else", "at": "today"}"#);
        assert!(shared(&own, &other, Some(&marker), &["100".to_owned()]).is_empty());
        assert!(shared(&own, &json(403, &own.text()), Some(&marker), &[]).is_empty());
        assert!(shared(&own, &json(200, r#"{"error": "no", "id": 100}"#), None, &[]).is_empty());
    }

    #[test]
    fn an_echo_of_the_request_is_no_content() {
        let marker = Marker::fresh();
        let own = json(200, &format!(r#"{{"name": "{}"}}"#, marker.plain()));
        assert!(shared(&own, &own.clone(), Some(&marker), &[marker.plain()]).is_empty());
    }

    #[test]
    fn names_tell_what_is_private() {
        for name in ["secret_ingredient", "phoneNumber", "e-mail", "dob"] {
            assert!(is_private(name), "{name}");
        }
        assert!(!is_private("title") && !is_private("keyboard"));
    }
}
