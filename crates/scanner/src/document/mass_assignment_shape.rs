//! One schema goes in and comes out, with what the server sets.

use super::words::Words;
use super::{Check, Found, Spot};
use crate::api::{Api, Field, Way};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "mass-assignment-shape",
        check: "mass-assignment-shape",
        title: "What the server sets may be sent by the caller",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        why: "The same schema describes what is sent and what is stored, its id, times and owner \
              included, and nothing says that these are only read. Code that binds requests to such \
              a type lets callers overwrite them.",
        fix: "Mark them `readOnly: true`, or use one schema for requests and another for answers.",
        owasp: "API3:2023",
        cwe: 915,
    },
    asks: "Does one schema serve for both directions without saying what is only read?",
    judged: "Named schemas in requests and in answers that have at least two members which a server \
             sets (`id`, `created_at`, `updated_at`, `created_by` and the like), none of them \
             `readOnly`, by the flag or by words (`Output only`).",
    example: "Order:\n  properties: {id: {…}, created_at: {…}, item: {…}}   # sent and given",
};

const SET: &[&str] = &[
    "id",
    "uuid",
    "created at",
    "updated at",
    "createdat",
    "updatedat",
    "created",
    "updated",
    "created on",
    "updated on",
    "modified at",
    "modified on",
    "created by",
    "updated by",
    "modified by",
    "created date",
    "modified date",
    "date created",
    "date modified",
    "date updated",
    "last modified",
    "last updated",
    "deleted at",
    "creation date",
    "creation time",
    "create time",
    "update time",
    "created time",
    "modified",
];

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for shape in &api.shapes.list {
        if shape.name.is_empty() || shape.requests.is_empty() || shape.answers.is_empty() {
            continue;
        }
        let own =
            shape.fields.iter().filter(|one| is_own(one) && Words::of(one.name).is(SET).is_some());
        let own: Vec<_> = own.collect();
        let stamps =
            own.iter().filter(|one| Words::of(one.name).is(&["id", "uuid"]).is_none()).count();
        // An identifier alone may be the caller's choice.
        if own.len() >= 2 && stamps > 0 && own.iter().all(|one| !one.read_only) {
            let names: Vec<&str> = own.iter().map(|one| one.name).collect();
            let spot = Spot::shape(shape, Way::Request, &shape.at);
            found.at(
                "a schema for both directions",
                spot.detail(format!("`{}`: {}", shape.name, names.join(", "))),
            );
        }
    }
}

fn is_own(field: &Field<'_>) -> bool {
    !field.path.is_empty() && !field.path.contains(['.', '[', '{'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(fields: serde_json::Value, back: bool) -> Vec<String> {
        let content = json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}});
        let answers = if back { json!({ "200": content }) } else { json!({}) };
        let paths = json!({"/a": {"post": {"requestBody": content, "responses": answers}}});
        let components = json!({"schemas": {"Order": {"properties": fields}}});
        trial::found(&CHECK, look, trial::with(json!({"paths": paths, "components": components})))
    }

    #[test]
    fn what_the_server_sets_is_found_where_it_may_be_sent() {
        let fields = json!({"id": {}, "createdAt": {}, "item": {}});
        assert_eq!(found(fields.clone(), true), ["a schema for both directions @ POST /a"]);
        assert!(found(fields, false).is_empty());
        assert!(
            found(json!({"id": {"readOnly": true}, "createdAt": {"readOnly": true}}), true)
                .is_empty()
        );
        for words in ["Output only. When.", "[Output-only] When.", "Read-only: when", "(readonly)"]
        {
            let told = json!({"id": {}, "createdAt": {"description": words}});
            assert!(found(told, true).is_empty(), "{words}");
        }
        let told = json!({"id": {}, "createdAt": {"description": "Not in the output only view."}});
        assert_eq!(found(told, true).len(), 1);
        assert!(found(json!({"id": {}, "uuid": {}}), true).is_empty());
        assert!(found(json!({"id": {}, "line": {"properties": {"created": {}}}}), true).is_empty());
    }
}
