//! References that lead nowhere.

use super::{Check, Found, Spot};
use crate::api::Api;
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "reference-broken",
        check: "reference-broken",
        title: "A reference leads nowhere",
        severity: Severity::Low,
        confidence: Confidence::High,
        why: "What it stands for is not described: a parameter, a body or an answer is missing from \
              whatever is generated, tested or reviewed with this document.",
        fix: "Add what is named, or correct the name, and check references in your build.",
        owasp: "API9:2023",
        cwe: 1059,
    },
    asks: "Does every reference name something?",
    judged: "References within the files that were read that name nothing or go in a circle. Files \
             that were not followed are told as what could not be judged.",
    example: "schema: {$ref: '#/components/schemas/Odrer'}",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for at in &api.broken {
        let file = api.files.list.get(at.file);
        let node = file.and_then(|file| file.root.pointer(&at.pointer));
        let reference = node.and_then(|node| node.get("$ref")).and_then(serde_json::Value::as_str);
        let shape = format!("`{}`", reference.unwrap_or_default());
        found.at(shape, Spot::place(at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    #[test]
    fn references_to_nowhere_are_found_and_files_not_read_are_not() {
        let paths = json!({"/a": {"get": {"parameters": [{"$ref": "#/components/parameters/Gone"}, {"$ref": "other.yaml#/x"}]}}});
        let found = trial::found(&CHECK, look, trial::with(json!({ "paths": paths })));
        assert_eq!(found, ["`#/components/parameters/Gone` @ /paths/~1a/get/parameters/0"]);
    }
}
