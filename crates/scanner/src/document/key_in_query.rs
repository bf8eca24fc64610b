//! Credentials in the address.

use super::{Check, Found, Spot};
use crate::api::{Api, SchemeKind};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "key-in-query",
        check: "key-in-query",
        title: "The credential travels in the query",
        severity: Severity::Medium,
        confidence: Confidence::High,
        why: "Addresses are kept in access logs, proxies, histories and monitoring, and leak with \
              `Referer`; a key there is known to all of them. RFC 6750 §2.3 and §5.3 advise against \
              it, RFC 9700 §4.3.2 too.",
        fix: "Take the credential in a header (`Authorization` or one of your own) and refuse it in \
              the query.",
        owasp: "API2:2023",
        cwe: 598,
    },
    asks: "Does a scheme put the credential into the query?",
    judged: "Schemes of type `apiKey` with `in: query` that an operation requires.",
    example: "components:\n  securitySchemes:\n    key: {type: apiKey, in: query, name: api_key}",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for scheme in &api.schemes {
        let SchemeKind::Key { name, put: "query" } = scheme.kind else { continue };
        let operations = api.requiring(scheme.name);
        if !operations.is_empty() {
            found.at(format!("query parameter `{name}`"), Spot::many(&operations, &scheme.at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(put: &str, security: serde_json::Value) -> Vec<String> {
        let key = json!({"type": "apiKey", "in": put, "name": "api_key"});
        let components =
            json!({"securitySchemes": {"k": key, "t": {"type": "http", "scheme": "bearer"}}});
        trial::found(
            &CHECK,
            look,
            trial::with(json!({"components": components, "security": security})),
        )
    }

    #[test]
    fn a_key_in_the_query_is_found_where_it_is_taken() {
        let wanted = ["query parameter `api_key` @ GET /orders"];
        assert_eq!(found("query", json!([{"t": []}, {"k": []}])), wanted);
        assert!(found("header", json!([{"k": []}])).is_empty());
        assert!(found("query", json!([{"t": []}])).is_empty());
    }
}
