//! Requests in XML.

use super::{Check, Found, Spot};
use crate::api::Api;
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "xml-accepted",
        check: "xml-accepted",
        title: "Requests may be XML",
        severity: Severity::Low,
        confidence: Confidence::Low,
        why: "Parsers of XML resolve external entities and expand nested ones unless they are told \
              not to: that reads files, calls inside addresses and fills memory (XXE). Where JSON \
              does the same job, XML is a second way in that gets less attention.",
        fix: "Leave XML away where nobody needs it; otherwise refuse document types (`DOCTYPE`) and \
              entities in the parser, and test that.",
        owasp: "API8:2023",
        cwe: 611,
    },
    asks: "Does any operation parse XML?",
    judged: "Request bodies in `application/xml`, `text/xml` or `…+xml`. A list of media types that \
             is stated for the whole document counts for each operation with a body.",
    example: "requestBody:\n  content: {application/json: {…}, application/xml: {…}}",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for (number, operation) in api.numbered() {
        let xml = operation.bodies.iter().find(|body| {
            let essence = body.essence();
            matches!(essence.as_str(), "application/xml" | "text/xml")
                || (essence.ends_with("+xml") && essence != "image/svg+xml")
        });
        if let Some(body) = xml {
            let beside = operation.bodies.iter().any(|body| body.is_json());
            let shape = if beside { "XML beside JSON" } else { "XML only" };
            found.at(shape, Spot::operation(number, &body.at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(types: &[&str]) -> Vec<String> {
        let content: serde_json::Map<_, _> =
            types.iter().map(|one| ((*one).to_owned(), json!({}))).collect();
        let paths = json!({"/a": {"post": {"requestBody": {"content": content}}}});
        trial::found(&CHECK, look, trial::with(json!({ "paths": paths })))
    }

    #[test]
    fn xml_is_found_in_requests() {
        assert_eq!(
            found(&["application/json", "application/xml; charset=utf-8"]),
            ["XML beside JSON @ POST /a"]
        );
        assert_eq!(found(&["application/soap+xml"]), ["XML only @ POST /a"]);
        assert!(found(&["application/json", "image/svg+xml", "application/xmlish"]).is_empty());
    }
}
