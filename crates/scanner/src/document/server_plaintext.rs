//! Servers that are reached over plain HTTP or WebSocket.

use super::{Check, Found, Spot};
use crate::api::Api;
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

use super::server_internal::is_local;

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "server-plaintext",
        check: "server-plaintext",
        title: "The API is offered over plain HTTP",
        severity: Severity::High,
        confidence: Confidence::High,
        why: "Credentials and data can be read and changed by anyone on the way; a client that follows \
              the document sends its first request, with its credential, in the clear (RFC 9325 §3.2).",
        fix: "Name `https` servers only, close the plain port or let it refuse without content, and \
              send `Strict-Transport-Security` (RFC 6797).",
        owasp: "API8:2023",
        cwe: 319,
    },
    asks: "Does the document send anyone to a server without TLS?",
    judged: "Every server with `http` or `ws`; of OpenAPI 2.0 every such entry of `schemes`. Servers on \
             the developer's own machine and in private networks are not counted.",
    example: "servers:\n  - url: http://api.example.com/v1",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for server in &api.servers {
        let plain = |start: &str| {
            server.url.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
        };
        if (plain("http://") || plain("ws://")) && !is_local(&server.url) {
            let spot = Spot::document(&server.at).detail(server.url.clone());
            found.at("a server without TLS", spot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    #[test]
    fn plain_servers_are_found() {
        let servers = json!([{"url": "https://a.com"}, {"url": "HTTP://a.com"}, {"url": "{s}://b.com", "variables": {"s": {"default": "http"}}}]);
        let found = trial::found(&CHECK, look, trial::with(json!({ "servers": servers })));
        assert_eq!(found, ["a server without TLS @ /servers/1/url, /servers/2/url"]);
        let two = json!({"swagger": "2.0", "host": "a.com", "schemes": ["https", "http"], "paths": {"/a": {"get": {}}}});
        assert_eq!(trial::found(&CHECK, look, two), ["a server without TLS @ /schemes/1"]);
    }

    #[test]
    fn encrypted_relative_and_local_ones_are_not() {
        let servers = json!([{"url": "https://a.com"}, {"url": "/v1"}, {"url": "http://localhost:8080"},
            {"url": "wss://a.com"}, {"url": "http://127.0.0.1/"}, {"url": "http://10.1.2.3"}]);
        assert!(trial::found(&CHECK, look, trial::with(json!({ "servers": servers }))).is_empty());
        let two = json!({"swagger": "2.0", "host": "a.com", "paths": {"/a": {"get": {}}}});
        assert!(trial::found(&CHECK, look, two).is_empty());
    }
}
