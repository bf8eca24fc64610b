//! Whatever the bytes are, there is a report or an error that says why; never a panic.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::real::{judge, root};

/// Keys that mean something in a description, so that nonsense stands where sense is looked for.
const KEYS: &[&str] = &[
    "openapi",
    "swagger",
    "paths",
    "/a",
    "/a/{id}",
    "get",
    "post",
    "delete",
    "parameters",
    "name",
    "in",
    "schema",
    "$ref",
    "requestBody",
    "content",
    "application/json",
    "responses",
    "200",
    "default",
    "components",
    "schemas",
    "S",
    "securitySchemes",
    "security",
    "k",
    "type",
    "properties",
    "items",
    "allOf",
    "enum",
    "pattern",
    "flows",
    "implicit",
    "scopes",
    "servers",
    "url",
    "variables",
    "info",
    "example",
    "required",
    "format",
    "headers",
    "maximum",
    "consumes",
    "schemes",
    "host",
];
const TEXTS: &[&str] = &[
    "3.0.0",
    "3.1.0",
    "2.0",
    "query",
    "path",
    "oauth2",
    "apiKey",
    "http",
    "bearer",
    "object",
    "array",
    "string",
    "#/components/schemas/S",
    "#/paths/~1a",
    "#",
    "",
    "a.json",
    "http://x",
    "^(a+)+$",
    "(",
    "password",
    "{",
    "ä",
    "\u{0}",
];

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        proptest::sample::select(TEXTS).prop_map(Value::from),
    ];
    leaf.prop_recursive(8, 60, 6, |inner| {
        let member = (proptest::sample::select(KEYS), inner.clone());
        let object = proptest::collection::vec(member, 0..6).prop_map(|members| {
            Value::Object(
                members
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect::<Map<_, _>>(),
            )
        });
        prop_oneof![2 => object, 1 => proptest::collection::vec(inner, 0..4).prop_map(Value::Array)]
    })
}

fn description() -> impl Strategy<Value = Value> {
    let version = proptest::sample::select(
        &[("openapi", "3.0.0"), ("openapi", "3.1.0"), ("swagger", "2.0")][..],
    );
    (version, anything(), anything(), anything(), anything(), anything()).prop_map(
        |((key, version), operation, components, security, servers, parameters)| {
            json!({key: version, "paths": {"/a/{id}": {"get": operation, "post": {"requestBody": components, "parameters": parameters}}},
                "components": components, "definitions": components, "parameters": parameters, "securityDefinitions": security,
                "security": security, "servers": servers, "schemes": servers, "info": parameters})
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nonsense_in_the_form_of_a_description_is_judged(value in description()) {
        let (report, _) = judge("nonsense", value.to_string().into_bytes());
        prop_assert!(report.is_ok(), "{report:?}");
    }

    #[test]
    fn any_value_is_judged_or_refused_in_words(value in anything()) {
        let (report, _) = judge("value", value.to_string().into_bytes());
        if let Err(why) = report {
            prop_assert!(why.len() > 10);
        }
    }

    #[test]
    fn any_text_is_judged_or_refused_in_words(text in "(openapi: 3.0.0\n)?(paths:\n)?[ -~\n&*!|>]{0,200}") {
        let (report, _) = judge("text", text.into_bytes());
        if let Err(why) = report {
            prop_assert!(why.len() > 10);
        }
    }
}

/// A generator of numbers that is the same every time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most.max(1) as u64).unwrap()
    }
}

#[test]
fn a_real_document_with_damaged_bytes_is_judged_or_refused_in_words() {
    let whole = std::fs::read(root().join("tests/vendors/httpbin.openapi.json")).unwrap();
    let mut numbers = Numbers(0x5eed);
    let (mut judged, mut refused) = (0, 0);
    for _ in 0..150 {
        let mut bytes = whole.clone();
        for _ in 0..=numbers.below(4) {
            let at = numbers.below(bytes.len());
            match numbers.below(4) {
                0 => bytes[at] = b"{}[]\",:0n-\\"[numbers.below(11)],
                1 => drop(bytes.remove(at)),
                2 => {
                    let end = bytes.len().min(at + numbers.below(400));
                    let part = bytes[at..end].to_vec();
                    let to = numbers.below(bytes.len());
                    bytes.splice(to..to, part);
                }
                _ => {
                    let end = bytes.len().min(at + numbers.below(40));
                    drop(bytes.drain(at..end));
                }
            }
        }
        match judge("damaged", bytes).0 {
            Ok(_) => judged += 1,
            Err(why) => {
                assert!(why.len() > 10, "{why}");
                refused += 1;
            }
        }
    }
    assert!(judged > 0 && refused > 0, "{judged} judged, {refused} refused: both are wanted");
}
