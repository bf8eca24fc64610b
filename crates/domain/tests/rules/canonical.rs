//! The canonical form: one spelling for every entry (RFC 8785), and no other is read.

use domain::entry::{Entry, LONGEST};
use domain::refusal::Code;
use proptest::prelude::*;
use serde_json::Value;

use crate::{everything, refused};

fn written() -> Vec<Vec<u8>> {
    everything::entries(&everything::world()).into_iter().map(|(_, bytes)| bytes).collect()
}

/// Every place in a document, as a path of keys and numbers.
fn places(value: &Value) -> Vec<String> {
    let below = |(key, child): (String, &Value)| {
        let under = places(child).into_iter().map(move |path| format!("/{key}{path}"));
        under.collect::<Vec<_>>()
    };
    let here = std::iter::once(String::new());
    match value {
        Value::Object(map) => {
            here.chain(map.iter().map(|(k, v)| (k.clone(), v)).flat_map(below)).collect()
        }
        Value::Array(list) => here
            .chain(list.iter().enumerate().map(|(n, v)| (n.to_string(), v)).flat_map(below))
            .collect(),
        _ => here.collect(),
    }
}

/// Each document with one place changed, where `change` knows what to put there.
fn changed(
    bytes: &[u8],
    change: impl Fn(&Value) -> Option<Value>,
) -> impl Iterator<Item = (String, Vec<u8>)> {
    let whole: Value = serde_json::from_slice(bytes).unwrap();
    let edit = move |place: String| {
        let mut edited = whole.clone();
        let spot = edited.pointer_mut(&place)?;
        *spot = change(spot)?;
        Some((place, serde_json::to_vec(&edited).unwrap()))
    };
    let whole: Value = serde_json::from_slice(bytes).unwrap();
    places(&whole).into_iter().filter_map(edit)
}

#[test]
fn every_kind_is_written_as_another_encoder_writes_it() {
    for bytes in written() {
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        let other = serde_json_canonicalizer::to_vec(&value).unwrap();
        assert_eq!(String::from_utf8(bytes), String::from_utf8(other));
    }
}

#[test]
fn an_unknown_field_anywhere_is_refused() {
    for bytes in written() {
        let with_more = changed(&bytes, |value| {
            let mut map = value.as_object()?.clone();
            map.insert("zz".to_owned(), Value::Bool(true));
            Some(map.into())
        });
        for (place, edited) in with_more {
            assert!(
                Entry::decode(&edited).is_err(),
                "{place}: {}",
                String::from_utf8_lossy(&edited)
            );
        }
    }
}

#[test]
fn a_null_for_what_is_absent_is_refused() {
    let absent = [
        "who",
        "note",
        "signature",
        "rate",
        "addresses",
        "expires",
        "contract",
        "authorities",
        "private",
        "gaps",
        "reviewers",
        "smaller",
        "policy",
    ];
    for bytes in written() {
        for key in absent {
            for null in [Value::Null, Value::Array(Vec::new())] {
                let edited = changed(&bytes, |value| {
                    let mut map = value.as_object().filter(|map| !map.contains_key(key))?.clone();
                    map.insert(key.to_owned(), null.clone());
                    Some(map.into())
                });
                for (place, edited) in edited {
                    assert!(Entry::decode(&edited).is_err(), "{key} at {place}");
                }
            }
        }
    }
}

#[test]
fn every_integer_is_below_two_to_the_53_and_no_float() {
    let mut numbers = 0;
    for bytes in written() {
        for number in ["9007199254740992", "18446744073709551616", "1.0", "1e3", "-1.5"] {
            let edited = changed(&bytes, |value| {
                value.is_number().then(|| serde_json::from_str(number).unwrap())
            });
            for (place, edited) in edited {
                numbers += 1;
                refused(Entry::decode(&edited), Code::NotCanonical);
                assert!(!place.is_empty());
            }
        }
        let largest = changed(&bytes, |value| value.is_u64().then(|| domain::number::MAX.into()));
        let readable = largest.filter(|(_, edited)| Entry::decode(edited).is_ok()).count();
        let counts = changed(&bytes, |value| value.as_u64().filter(|n| *n > 255).map(Into::into));
        assert!(readable >= counts.count(), "2^53 - 1 is read wherever a large number stands");
    }
    assert!(numbers > 500);
}

#[test]
fn other_spellings_are_refused() {
    for bytes in written() {
        let text = String::from_utf8(bytes.clone()).unwrap();
        let spellings = [
            format!(" {text}"),
            format!("{text}\n"),
            text.replacen(':', ": ", 1),
            text.replacen("\"at\":", "\"at\":0", 1),
            text.replacen("\"at\":", "\"at\":+", 1),
            text.replacen("\"at\":1", "\"at\":0.1e1", 1),
            text.replacen("\"actor\"", "\"act\\u006fr\"", 1),
            text.replacen("nod_", "nod\\u005f", 1),
            text.replacen("nod_0", "nod_O", 1),
            text.replacen("{\"actor\"", "{\"at\":1,\"actor\"", 1),
            text.replacen("\"proof\":", "\"proof\":\"login\",\"proof\":", 1),
            format!("\u{feff}{text}"),
        ];
        for spelling in spellings {
            assert_ne!(spelling, text);
            refused(Entry::decode(spelling.as_bytes()), Code::NotCanonical);
        }
    }
}

#[test]
fn reordered_fields_are_refused() {
    for bytes in written() {
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        let parts = ["body", "at", "actor"].map(|key| format!("\"{key}\":{}", value[key]));
        let reordered = format!("{{{}}}", parts.join(","));
        refused(Entry::decode(reordered.as_bytes()), Code::NotCanonical);
    }
}

#[test]
fn what_is_too_long_or_too_deep_is_refused() {
    refused(Entry::decode(&vec![b' '; LONGEST + 1]), Code::NotCanonical);
    let deep = "[".repeat(8_000);
    refused(Entry::decode(deep.as_bytes()), Code::NotCanonical);
    let nested = format!("{{\"actor\":{}", "{\"all\":[".repeat(2_000));
    refused(Entry::decode(nested.as_bytes()), Code::NotCanonical);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is read is written the same: there are no two spellings of one entry.
    #[test]
    fn bytes_are_read_as_they_stand_or_not_at_all(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), 1..4)
    ) {
        for original in MUTABLE.with(|entries| entries.clone()) {
            let mut bytes = original.clone();
            for (place, _, byte, kind) in &edits {
                let place = place.index(bytes.len());
                match kind {
                    0 => bytes[place] = *byte,
                    1 => bytes.insert(place, *byte),
                    _ => _ = bytes.remove(place),
                }
            }
            if let Ok(entry) = Entry::decode(&bytes) {
                prop_assert_eq!(entry.encode(), bytes);
            }
        }
    }
}

thread_local! {
    static MUTABLE: Vec<Vec<u8>> = written();
}
