//! Addresses that the server is to call.

use super::purpose;
use super::words::Words;
use super::{Check, Found, Spot};
use crate::api::{Api, Method, Node, Parameter, Put, Way};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "ssrf-parameter",
        check: "ssrf-parameter",
        title: "The caller names an address that the server calls",
        severity: Severity::Medium,
        confidence: Confidence::Low,
        why: "A caller points it at the inside: metadata services of clouds, databases, the \
              server's own ports. What comes back, or how long it takes, tells him what is there.",
        fix: "Allow only `https` and the hosts that are needed; resolve the name once, refuse \
              private, loopback and link-local addresses (the redirects' too), and call from a \
              network that reaches nothing internal.",
        owasp: "API7:2023",
        cwe: 918,
    },
    asks: "Can a caller make the server call an address of his choice?",
    judged: "Writable members of requests and query parameters named like a webhook, callback or a \
             source to fetch (`webhook_url`, `callbackUrl`, `imageUrl`, `source_url`, `jwks_uri`; a \
             plain `url` where the operation is a webhook, import, fetch or the like). Whether the \
             server calls it cannot be seen here: look at each. Home pages, links for people, \
             closed sets of values, and the `callback` of a `GET` that no word calls an address \
             (JSONP: a function's name) are not counted.",
    example: "/webhooks:\n  post: {… properties: {url: {type: string, format: uri}}}",
};

/// Told to somebody when something happens.
const CALLED: &[&str] = &[
    "webhook url",
    "webhook uri",
    "webhookurl",
    "callback url",
    "callback uri",
    "callbackurl",
    "notify url",
    "notification url",
    "notification uri",
    "postback url",
    "hook url",
    "webhook endpoint",
    "status callback",
    "ping url",
    "event url",
    "push endpoint",
    "callback",
    "webhook",
    "notify uri",
    "events url",
];
/// Fetched.
const FETCHED: &[&str] = &[
    "source url",
    "source uri",
    "import url",
    "fetch url",
    "remote url",
    "proxy url",
    "feed url",
    "document url",
    "jwks uri",
    "jwks url",
    "metadata url",
    "pdf url",
    "crawl url",
    "input url",
    "clone url",
    "mirror url",
    "repository url",
    "upload url from",
    "download from",
    "url to fetch",
];
/// Fetched where the operation works on it; otherwise they are only shown.
const SHOWN: &[&str] = &[
    "image url",
    "imageurl",
    "audio url",
    "video url",
    "media url",
    "file url",
    "page url",
    "content url",
    "attachment url",
];
/// Where a plain `url` is one of these.
const PLACES: &[&str] = &[
    "remote",
    "analyze",
    "analyse",
    "recognize",
    "detect",
    "transcribe",
    "transcriptions",
    "ocr",
    "convert",
    "conversion",
    "render",
    "parse",
    "scan",
    "upload",
    "uploads",
    "webhook",
    "webhooks",
    "hook",
    "hooks",
    "callback",
    "callbacks",
    "import",
    "imports",
    "fetch",
    "crawl",
    "scrape",
    "screenshot",
    "preview",
    "proxy",
    "unfurl",
    "extract",
    "subscriptions",
    "monitors",
];

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    let placed = |path: &str| path.split('/').any(|part| Words::of(part).says(PLACES).is_some());
    for (shape, field) in api.fields(Way::Request) {
        if field.read_only || field.path.is_empty() || !is_text(field.node) {
            continue;
        }
        let plain = is_plain(field.name) && !field.path.contains(['.', '[']);
        let reached = shape.requests.iter().filter(|number| {
            let operation = api.operations.get(**number as usize);
            operation.is_some_and(|one| purpose::is_requesting(one) && (!plain || placed(one.path)))
        });
        let reached: Vec<u32> = reached.copied().collect();
        let Some(kind) = kind(field.name).or(plain.then_some(HOOK)).filter(|_| !reached.is_empty())
        else {
            continue;
        };
        found.at(kind, Spot::many(&reached, &field.at).detail(field.path.clone()));
    }
    for (number, operation) in api.numbered() {
        for parameter in operation
            .at_place(Put::Query)
            .filter(|one| one.schema.is_none_or(|one| is_text(one.node)))
        {
            if is_function(operation.method, parameter) {
                continue;
            }
            let plain = is_plain(parameter.name) && placed(operation.path);
            if let Some(kind) = kind(parameter.name).or(plain.then_some(HOOK)) {
                found.at(kind, Spot::operation(number, &parameter.at).detail(parameter.name));
            }
        }
    }
}

const HOOK: &str = "an address that is called or fetched";

/// True for an address that is called or fetched only where the operation is about that.
fn is_plain(name: &str) -> bool {
    let words = Words::of(name);
    words.is(&["url", "uri", "endpoint"]).is_some() || words.ends(SHOWN).is_some()
}

fn kind(name: &str) -> Option<&'static str> {
    let words = Words::of(name);
    // A browser is sent there (OAuth 1.0).
    if words.starts(&["oauth"]).is_some() {
        return None;
    }
    let called = words.ends(CALLED).map(|_| "an address that is called when something happens");
    called.or_else(|| words.ends(FETCHED).map(|_| "an address that is fetched"))
}

/// True for what JSONP names so: the function of a script that takes the answer.
fn is_function(method: Method, parameter: &Parameter<'_>) -> bool {
    let text = parameter.description.to_lowercase();
    let said = text.contains("jsonp") || text.contains("json-p");
    let address = ["url", "uri", "address", "endpoint", "webhook", "http"];
    let typed = parameter.schema.is_some_and(|one| one.node.get("format").is_some());
    let called = typed || address.iter().any(|word| text.contains(word));
    let function = said || (method == Method::Get && !called);
    Words::of(parameter.name).is(&["callback"]).is_some() && function
}

fn is_text(node: Node<'_>) -> bool {
    let kind = node.is_type("string")
        || node.types().is_empty()
            && node.get("properties").is_none()
            && node.get("allOf").is_none();
    // A method or an identifier of a callback is no address.
    kind && !node.is_closed()
        && matches!(node.text("format"), None | Some("uri" | "url" | "uri-reference"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(path: &str, fields: serde_json::Value) -> Vec<String> {
        let body = json!({"content": {"application/json": {"schema": {"properties": fields}}}});
        let paths = json!({path: {"post": {"requestBody": body}}});
        trial::found(&CHECK, look, trial::with(json!({ "paths": paths })))
    }

    #[test]
    fn addresses_that_are_called_are_found() {
        let text = json!({"type": "string", "format": "uri"});
        assert_eq!(
            found("/orders", json!({"callbackUrl": text})),
            ["an address that is called when something happens @ POST /orders"]
        );
        assert_eq!(found("/images/import", json!({"image_url": text})).len(), 1);
        assert_eq!(found("/orders", json!({"source_url": text})).len(), 1);
        assert_eq!(found("/webhooks", json!({"url": text})).len(), 1);
    }

    #[test]
    fn links_for_people_are_not() {
        let text = json!({"type": "string", "format": "uri"});
        let fields = json!({"image_url": text, "oauth_callback": text, "url": text, "website": text, "html_url": text, "callback": {"type": "boolean"}, "source_url": {"type": "string", "readOnly": true}});
        assert!(found("/orders", fields).is_empty());
    }

    #[test]
    fn the_function_of_jsonp_is_not_and_an_address_of_that_name_is() {
        let found = |method: &str, words: &str| {
            let parameter = json!({"name": "callback", "in": "query", "description": words, "schema": {"type": "string"}});
            let paths = json!({"/orders": {method: {"parameters": [parameter]}}});
            trial::found(&CHECK, look, trial::with(json!({ "paths": paths }))).len()
        };
        assert_eq!(found("get", "JSONP"), 0);
        assert_eq!(found("get", "Wraps the answer for JSON-P, see http://json-p.org"), 0);
        assert_eq!(found("get", ""), 0);
        assert_eq!(found("get", "A callback URL"), 1);
        assert_eq!(found("post", "JSONP"), 0, "a shared definition of all operations");
        assert_eq!(found("post", ""), 1);
    }
}
