//! Uploads without a size.

use super::{Check, Found, Spot};
use crate::api::{Api, Media, Method, Operation};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "upload-unbounded",
        check: "upload-unbounded",
        title: "An upload has no size",
        severity: Severity::Low,
        confidence: Confidence::Low,
        why: "Files fill disks and memory, and whatever looks into them (virus scanners, image \
              tools) works as long as they are.",
        fix: "State the largest size (`maxLength` of the content, or in words), refuse more with \
              413 (RFC 9110 §15.5.14), and document that answer.",
        owasp: "API4:2023",
        cwe: 400,
    },
    asks: "How large may an uploaded file be?",
    judged: "Bodies that are a file, or have one among their members, where neither a `maxLength`, \
             nor an answer 413 (or `4XX`), nor a description with a size tells.",
    example: "requestBody:\n  content:\n    multipart/form-data: {schema: {properties: {file: {type: string, format: binary}}}}",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for (number, operation) in api.numbered().filter(|(_, one)| {
        matches!(one.method, Method::Post | Method::Put | Method::Patch) && !one.answers_with("413")
    }) {
        let file = operation.bodies.iter().find(|body| is_unbounded_file(api, body));
        if let Some(body) = file.filter(|_| !is_told(operation)) {
            found.at(format!("`{}`", body.essence()), Spot::operation(number, &body.at));
        }
    }
}

fn is_unbounded_file(api: &Api<'_>, body: &Media<'_>) -> bool {
    let essence = body.essence();
    let raw = [
        "image/",
        "video/",
        "audio/",
        "application/octet-stream",
        "application/zip",
        "application/pdf",
    ];
    if raw.iter().any(|start| essence.starts_with(start)) {
        // Converters name this type for bodies that nobody described.
        return body.schema.is_some_and(|schema| schema.node.get("maxLength").is_none());
    }
    if essence != "multipart/form-data" {
        return false;
    }
    let Some(shape) = body.schema.and_then(|schema| api.shapes.get(schema)) else { return false };
    let file = |one: &&crate::api::Field<'_>| one.node.text("format") == Some("binary");
    shape.fields.iter().find(file).is_some_and(|one| {
        one.node.get("maxLength").is_none()
            && !says_size(one.node.text("description").unwrap_or_default())
    })
}

fn is_told(operation: &Operation<'_>) -> bool {
    let body = operation.node.get("requestBody").and_then(|body| body.text("description"));
    [operation.description, operation.summary, body.unwrap_or_default()]
        .iter()
        .any(|text| says_size(text))
}

/// True for texts like `at most 10 MB`.
fn says_size(text: &str) -> bool {
    let text = text.to_lowercase();
    let unit = ["mb", "kb", "gb", "megabyte", "kilobyte", "gigabyte", "bytes", "mib", "gib"];
    text.split(|letter: char| !letter.is_alphanumeric())
        .any(|word| unit.contains(&word.trim_start_matches(|letter: char| letter.is_ascii_digit())))
        && text.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(file: serde_json::Value, answers: serde_json::Value, description: &str) -> usize {
        let body =
            json!({"content": {"multipart/form-data": {"schema": {"properties": {"f": file}}}}});
        let paths = json!({"/a": {"post": {"requestBody": body, "responses": answers, "description": description}}});
        trial::found(&CHECK, look, trial::with(json!({ "paths": paths }))).len()
    }

    #[test]
    fn uploads_without_a_size_are_found() {
        let file = json!({"type": "string", "format": "binary"});
        assert_eq!(found(file.clone(), json!({"200": {}}), "Uploads a picture."), 1);
        assert_eq!(found(file.clone(), json!({"413": {}}), ""), 0);
        assert_eq!(found(file, json!({}), "A picture of at most 10MB."), 0);
        assert_eq!(
            found(json!({"type": "string", "format": "binary", "maxLength": 5}), json!({}), ""),
            0
        );
        assert_eq!(found(json!({"type": "string"}), json!({}), ""), 0);
    }
}
