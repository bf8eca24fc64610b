//! The same key twice in one object.

use super::{Check, Found, Spot};
use crate::api::{Api, At};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "duplicate-key",
        check: "duplicate-key",
        title: "A key stands twice in one object",
        severity: Severity::Low,
        confidence: Confidence::High,
        why: "Readers differ in which one they take (RFC 8259 §4): what a reviewer reads may not be \
              what a gateway enforces. A second `security` or `get` hides the first.",
        fix: "Remove one of the two, and let a linter refuse the next.",
        owasp: "API8:2023",
        cwe: 694,
    },
    asks: "Do all readers of the document read the same?",
    judged: "Every key that stands more than once in one object of the document's files; the last \
             one was taken here.",
    example: "get: {…}\nget: {…}",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for (file, one) in api.files.list.iter().enumerate() {
        for pointer in &one.duplicates {
            let at = At { file, pointer: pointer.clone() };
            let key = pointer
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .replace("~1", "/")
                .replace("~0", "~");
            found.at("a key that stands twice", Spot::place(&at).detail(format!("`{key}`")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;

    #[test]
    fn keys_that_stand_twice_are_found() {
        let text = r#"{"openapi": "3.0.0", "paths": {"/a": {"get": {}, "get": {"deprecated": true}}, "/b": {"get": {}}}}"#;
        let files = crate::api::Files::read("a", text.as_bytes().to_vec(), &|_| Err(String::new()))
            .expect("readable");
        assert_eq!(
            trial::found_in(&CHECK, look, &files),
            ["a key that stands twice @ /paths/~1a/get"]
        );
    }
}
