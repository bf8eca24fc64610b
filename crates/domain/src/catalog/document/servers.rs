//! The addresses a document gives for its service.

use serde_json::Value;

use super::problem::{Pointer, Reason, Report};
use super::{Shape, scalar};
use crate::catalog::scope::plain_text;

const MOST_SERVERS: usize = 100;
const LONGEST_URL: usize = 2_000;

/// The servers of the whole document, in its order.
pub fn read(document: &Value, shape: Shape, report: &mut Report) -> Vec<String> {
    let servers = match shape {
        Shape::Two => host_and_base_path(document),
        Shape::Three => match document.get("servers") {
            None => Vec::new(),
            Some(servers) => list(servers, &Pointer::root().child("servers"), report),
        },
    };
    if servers.is_empty() {
        report.note("the document names no server: the ticket must name the upstream".to_owned());
    } else if servers.first().is_some_and(|server| !server.contains("://")) {
        report.note(
            "the first server is a relative address: the ticket must name the host".to_owned(),
        );
    }
    servers
}

/// The first server of a path item or operation that has its own (OpenAPI 3.x).
pub fn own(item: &Value) -> Option<String> {
    item.get("servers").and_then(|servers| servers.get(0)).and_then(url)
}

fn list(servers: &Value, pointer: &Pointer, report: &mut Report) -> Vec<String> {
    let Some(servers) = servers.as_array() else {
        report.problem(pointer, Reason::WrongType { expected: "a list" });
        return Vec::new();
    };
    let mut urls = Vec::new();
    for (place, server) in servers.iter().take(MOST_SERVERS).enumerate() {
        match url(server) {
            Some(url) => urls.push(url),
            None => report.problem(
                &pointer.child(&place.to_string()),
                Reason::WrongType {
                    expected: "a server with a `url` whose variables have defaults",
                },
            ),
        }
    }
    urls
}

/// The address of a server object with every variable at its default.
fn url(server: &Value) -> Option<String> {
    let template = server.get("url")?.as_str().filter(|url| url.len() <= LONGEST_URL)?;
    let mut url = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}')?;
        url.push_str(before);
        url.push_str(&scalar(server.get("variables")?.get(name)?.get("default")?)?);
        rest = tail;
        if url.len() > LONGEST_URL {
            return None;
        }
    }
    url.push_str(rest);
    let shown = plain_text(&url, LONGEST_URL);
    (shown == url && !url.is_empty()).then_some(url)
}

fn host_and_base_path(document: &Value) -> Vec<String> {
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    let Some(host) = text("host") else { return Vec::new() };
    let base_path = text("basePath").unwrap_or_default();
    let base_path = base_path.strip_suffix('/').unwrap_or(base_path);
    let declared = document.get("schemes").and_then(Value::as_array);
    let schemes: Vec<&str> = match declared {
        Some(schemes) if !schemes.is_empty() => {
            schemes.iter().take(MOST_SERVERS).filter_map(Value::as_str).collect()
        }
        _ => vec!["https"],
    };
    let urls = schemes.into_iter().map(|scheme| format!("{scheme}://{host}{base_path}"));
    urls.map(|url| plain_text(&url, LONGEST_URL)).collect()
}
