//! Where a document tells of a limit on calls, in codes, headers, names or words.

use serde_json::Value;

use crate::api::{Api, Node, Operation};

/// Words of descriptions and names of errors.
const WORDS: &[&str] = &[
    "rate limit",
    "rate-limit",
    "ratelimit",
    "rate_limit",
    "throttl",
    "too many requests",
    "toomanyrequests",
    "requestlimitexceeded",
    "request limit exceeded",
    "per-second limit",
    "requests per second",
    "requests per minute",
    "requests per hour",
    "requests per day",
    "calls per second",
    "calls per minute",
    "calls per hour",
    "calls per day",
];
/// Levels of an extension that are looked at.
const DEEP: usize = 4;

/// True if the document tells of a limit anywhere.
pub fn are_told(api: &Api<'_>) -> bool {
    let root = api.files.list.first().map(|file| Node { file: 0, value: &file.root });
    let info = root.and_then(|root| root.get("info"));
    let text = info.and_then(|info| info.text("description")).unwrap_or_default();
    let tags = root.and_then(|root| root.get("tags"));
    let mut tags = tags.into_iter().flat_map(Node::items);
    speaks(text)
        || text.to_lowercase().contains("quota")
        || tags.any(|tag| tag.text("description").is_some_and(speaks))
        || root.is_some_and(extends)
        || api.operations.iter().any(is_told)
}

/// True if an operation tells of its limit.
pub fn is_told(operation: &Operation<'_>) -> bool {
    // Of Google's: whose quota a call is counted against.
    let counted = operation.parameters.iter().any(|one| one.name == "quotaUser");
    counted
        || operation.answers_with("429")
        || operation.answers.iter().any(|one| one.headers.iter().any(|one| is_limit(one)))
        || operation.answers.iter().any(|one| speaks(one.description) || is_code(one.description))
        || [operation.summary, operation.description].iter().any(|text| speaks(text))
        || extends(operation.node)
}

fn is_limit(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    header == "retry-after" || header.contains("ratelimit") || header.contains("rate-limit")
}

fn speaks(text: &str) -> bool {
    let text = text.to_lowercase();
    WORDS.iter().any(|word| text.contains(word))
}

/// True if the status 429 stands in a text, as a number of its own.
fn is_code(text: &str) -> bool {
    text.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == "429")
}

/// True if an extension is about a limit (`x-ratelimit`, a `rate-limit` within `x-…`).
fn extends(node: Node<'_>) -> bool {
    let mut extensions = node.members().filter(|(name, _)| name.starts_with("x-"));
    extensions.any(|(name, value)| speaks(name) || names(value.value, DEEP))
}

fn names(value: &Value, deep: usize) -> bool {
    let members = value.as_object().into_iter().flatten();
    deep > 0 && members.into_iter().any(|(name, value)| speaks(name) || names(value, deep - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Files;
    use crate::document::trial;
    use serde_json::json;

    fn told(operation: Value) -> bool {
        let files = Files::of_value(trial::with(json!({"paths": {"/a": {"get": operation}}})));
        are_told(&Api::read(&files).expect("readable"))
    }

    #[test]
    fn a_limit_is_told_by_codes_headers_names_and_words() {
        for operation in [
            json!({"responses": {"429": {}}}),
            json!({"responses": {"4XX": {}}}),
            json!({"responses": {"200": {"headers": {"X-RateLimit-Remaining": {}}}}}),
            json!({"responses": {"480": {"description": "ThrottlingException"}}}),
            json!({"responses": {"default": {"description": "400 BadName, 429 Busy"}}}),
            json!({"description": "At most 10 calls per minute."}),
            json!({"parameters": [{"name": "quotaUser", "in": "query"}]}),
            json!({"x-shop": {"auth": {}, "rate-limit": 10}}),
        ] {
            assert!(told(operation.clone()), "{operation}");
        }
    }

    #[test]
    fn limits_of_something_else_are_none() {
        for operation in [
            json!({"responses": {"200": {}, "default": {"description": "LimitExceededException"}}}),
            json!({"responses": {"200": {"description": "Order 1429"}}}),
            json!({"description": "Reads the quota of a disk."}),
            json!({"x-shop": {"auth": {}, "limit": 10}}),
        ] {
            assert!(!told(operation.clone()), "{operation}");
        }
    }
}
