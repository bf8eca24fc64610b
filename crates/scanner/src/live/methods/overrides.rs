//! Headers and parameters that change the method, told by comparing with the real method and with
//! one that does not exist. Nothing real is touched: the object asked for does not exist.

use super::{Found, OVERRIDE};
use crate::api::{Method, Operation};
use crate::live::Gap;
use crate::live::call::Fill;
use crate::live::reply::Reply;
use crate::live::request::{Request, with_query};
use crate::live::scan::Scan;
use crate::report::Finding;

/// Ways in which frameworks let the method be overridden.
pub const WAYS: [Way; 4] = [
    Way::Header("X-HTTP-Method-Override"),
    Way::Header("X-HTTP-Method"),
    Way::Header("X-Method-Override"),
    Way::Parameter("_method"),
];
/// Paths that are tried.
const MOST_PATHS: usize = 3;
/// A method that no program has.
const NONE: &str = "PORTCULLIS";

/// Where the overriding method stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Header(&'static str),
    Parameter(&'static str),
}

impl Way {
    /// For instance ``header `X-HTTP-Method` ``.
    pub fn name(self) -> String {
        match self {
            Self::Header(name) => format!("header `{name}`"),
            Self::Parameter(name) => format!("query parameter `{name}`"),
        }
    }

    /// The same request, overridden.
    pub fn applied(self, request: &Request, method: &str) -> Request {
        let mut request = request.clone();
        match self {
            Self::Header(name) => request.headers.push((name.to_owned(), method.to_owned())),
            Self::Parameter(name) => request.path = with_query(&request.path, name, method),
        }
        request
    }
}

/// Four answers for one path.
struct Compared {
    /// POST as it is, POST that names no method, POST that names the method, the method itself.
    plain: Reply,
    unknown: Reply,
    overridden: Reply,
    real: Reply,
}

pub async fn look(scan: &Scan<'_>) -> Result<Found, Gap> {
    let mut found = Found::default();
    // The document must not offer POST there: its answer would be about something else.
    let operations = &scan.document.operations;
    let posts =
        |path: &str| operations.iter().any(|one| one.path == path && one.method == Method::Post);
    let changing = |one: &&Operation<'_>| {
        one.is_templated() && matches!(one.method, Method::Delete | Method::Put | Method::Patch)
    };
    let mut tried: Vec<&str> = Vec::new();
    for operation in operations.iter().filter(changing).filter(|one| !posts(one.path)) {
        if tried.len() == MOST_PATHS || tried.contains(&operation.path) {
            continue;
        }
        tried.push(operation.path);
        let real = nobodys(scan, operation);
        for way in WAYS {
            let Some(compared) = compare(scan, &real, way).await? else { continue };
            found.asked += 1;
            found.findings.extend(judge(&compared, operation, way));
        }
    }
    Ok(found)
}

/// The operation on an object that does not exist.
fn nobodys<'a>(scan: &Scan<'a>, operation: &Operation<'a>) -> Request {
    let mut path: Vec<(String, String)> = Vec::new();
    for parameter in operation.at_place(crate::api::Put::Path) {
        let value = match scan.document.parameter_value(parameter).0 {
            serde_json::Value::Number(_) => "987654321".to_owned(),
            serde_json::Value::String(text) if text.len() == 36 => {
                "00000000-0000-4000-8000-00000000dead".to_owned()
            }
            _ => scan.client.marks.next(),
        };
        path.push((parameter.name.to_owned(), value));
    }
    scan.call(operation, &Fill { path, body: None }).with(scan.genuine())
}

async fn compare(scan: &Scan<'_>, real: &Request, way: Way) -> Result<Option<Compared>, Gap> {
    let post = Request { method: Method::Post, ..real.clone() };
    let name = real.method.name();
    let asked = [post.clone(), way.applied(&post, NONE), way.applied(&post, name), real.clone()];
    let mut replies = Vec::new();
    for request in asked {
        match scan.send(&request).await {
            Ok(reply) => replies.push(reply),
            Err(error) if error.is_final() => return Err(Gap::from(&error)),
            Err(_) => return Ok(None),
        }
    }
    let [plain, unknown, overridden, real] = <[Reply; 4]>::try_from(replies)
        .map_err(|_| Gap::undecided("four requests have four answers"))?;
    Ok(Some(Compared { plain, unknown, overridden, real }))
}

fn judge(compared: &Compared, operation: &Operation<'_>, way: Way) -> Option<Finding> {
    let Compared { plain, unknown, overridden, real } = compared;
    let honoured = same(overridden, real) && !same(plain, real) && !same(unknown, real);
    // Who was turned away at the door did not meet a handler.
    let met = [plain, real].iter().all(|reply| !matches!(reply.status, 401 | 403 | 429));
    (honoured && met).then(|| {
        let all = [plain, unknown, real, overridden].map(|reply| reply.exchange.clone());
        OVERRIDE.found(Some(operation.label()), all.to_vec()).of_shape(way.name())
    })
}

/// The same status and the same words but for numbers: times and ids of requests differ.
fn same(one: &Reply, other: &Reply) -> bool {
    let words = |reply: &Reply| -> String {
        reply.text().chars().filter(|one| one.is_alphabetic()).take(400).collect()
    };
    one.status == other.status && words(one) == words(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Api, Files};
    use crate::live::reply::made::json;

    fn judged(plain: Reply, unknown: Reply, overridden: Reply, real: Reply) -> bool {
        let files = Files::of_value(serde_json::json!({
            "openapi": "3.1.0", "paths": {"/x/{id}": {"delete": {}}}
        }));
        let document = Api::read(&files).expect("readable");
        let compared = Compared { plain, unknown, overridden, real };
        judge(&compared, &document.operations[0], WAYS[0]).is_some()
    }

    #[test]
    fn an_override_is_honoured_if_it_answers_like_the_method_and_nothing_else_does() {
        let no_route = || json(405, r#"{"title": "method not allowed"}"#);
        let no_object = || json(404, r#"{"title": "no such thing"}"#);
        assert!(judged(no_route(), no_route(), no_object(), no_object()));
        assert!(!judged(no_route(), no_route(), no_route(), no_object()));
        assert!(!judged(no_object(), no_object(), no_object(), no_object()));
        let closed = || json(401, "{}");
        assert!(!judged(closed(), closed(), no_object(), no_object()));
    }
}
