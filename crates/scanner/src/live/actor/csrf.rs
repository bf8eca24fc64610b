//! The second value that a session in a cookie needs for changes, so that no other site can make them
//! (the synchronizer token and the double-submit cookie of the OWASP cheat sheet).

use serde_json::Value;

use super::{Actor, is_done};
use crate::api::{Method, Put, SchemeKind};
use crate::live::call::Inputs;
use crate::live::reply::Reply;
use crate::live::request::Beside;
use crate::live::scan::Scan;
use crate::order::Placement;
use crate::secret::Secret;

/// Finds the value in the answer of the login, or where the document says that it is handed out, and
/// keeps it beside the session.
pub async fn complete(scan: &Scan<'_>, actor: &mut Actor) {
    if !matches!(actor.credential.placement, Some(Placement::Cookie { .. })) {
        return;
    }
    let Some(entered) = actor.entry.as_ref().map(|entry| entry.reply.clone()) else { return };
    let mut found = handed_out(&entered);
    if found.is_none()
        && let Some(reply) = asked(scan, actor).await
    {
        found = handed_out(&reply);
    }
    let Some((token, cookie)) = found else { return };
    let header = header(scan, cookie.as_ref().map(|(name, _)| name.as_str()));
    let shown = format!("{}_CSRF", actor.who.variable());
    scan.client.mask.learn(&token, &shown, &Placement::Bearer);
    if let Some((_, value)) = &cookie {
        scan.client.mask.learn(value, &shown, &Placement::Bearer);
    }
    actor.credential.beside = Some(Beside { header, value: token, cookie, shown });
}

type Token = (Secret, Option<(String, Secret)>);

/// What an answer hands out: in its JSON, in a cookie, or in both.
fn handed_out(reply: &Reply) -> Option<Token> {
    let told = reply.json().as_ref().and_then(in_json);
    let set = reply.headers.iter().filter(|(name, _)| name == "set-cookie");
    let cookie = set.filter_map(|(_, line)| line.split(';').next()?.split_once('=')).find_map(
        |(name, value)| {
            let value = value.trim().trim_matches('"');
            (is_csrf(name) && !value.is_empty())
                .then(|| (name.trim().to_owned(), Secret::new(value.to_owned())))
        },
    );
    let plain = |value: &Secret| {
        let text = percent_encoding::percent_decode_str(value.expose()).decode_utf8_lossy();
        Secret::new(text.into_owned())
    };
    let token = told.or_else(|| cookie.as_ref().map(|(_, value)| plain(value)))?;
    Some((token, cookie))
}

fn in_json(value: &Value) -> Option<Secret> {
    let members = value.as_object()?;
    let own = members.iter().find_map(|(name, value)| {
        let text = value.as_str().filter(|text| !text.is_empty() && is_csrf(name))?;
        Some(Secret::new(text.to_owned()))
    });
    own.or_else(|| members.values().find_map(in_json))
}

fn is_csrf(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("csrf") || name.contains("xsrf")
}

/// The operation that hands it out, asked in the actor's name.
async fn asked(scan: &Scan<'_>, actor: &Actor) -> Option<Reply> {
    let operation = scan
        .document
        .operations
        .iter()
        .find(|one| one.method == Method::Get && !one.is_templated() && is_csrf(one.path))?;
    let inputs = Inputs::of_document(&scan.document, operation);
    let request = scan.written(operation, &inputs).with(Some(actor.credential.clone()));
    scan.send(&request).await.ok().filter(is_done)
}

/// The header that carries it: the document's, or the one that goes with the cookie by custom.
fn header(scan: &Scan<'_>, cookie: Option<&str>) -> String {
    let schemes = scan.document.schemes.iter().filter_map(|scheme| match &scheme.kind {
        SchemeKind::Key { name, put: "header" } => Some(*name),
        _ => None,
    });
    let parameters = scan.document.operations.iter().flat_map(|one| one.at_place(Put::Header));
    let documented = schemes.chain(parameters.map(|one| one.name)).find(|name| is_csrf(name));
    let custom = match cookie {
        Some("csrftoken") => "X-CSRFToken",
        Some("XSRF-TOKEN") => "X-XSRF-TOKEN",
        _ => "X-CSRF-Token",
    };
    documented.unwrap_or(custom).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::reply;

    #[test]
    fn the_token_is_found_in_json_in_a_cookie_or_in_both() {
        let cookie = [("set-cookie", "csrftoken=abc%3D; Path=/")];
        let of = |reply: &Reply| {
            let (token, cookie) = handed_out(reply)?;
            Some((token.expose().to_owned(), cookie.map(|(name, _)| name)))
        };
        let named = Some("csrftoken".to_owned());
        assert_eq!(of(&reply(200, &cookie, "{}")), Some(("abc=".to_owned(), named.clone())));
        let json = r#"{"user": {"id": 1}, "session": {"csrfToken": "xyz"}}"#;
        assert_eq!(of(&reply(200, &cookie, json)), Some(("xyz".to_owned(), named)));
        assert_eq!(of(&reply(200, &[], json)), Some(("xyz".to_owned(), None)));
        assert_eq!(of(&reply(200, &[("set-cookie", "sid=abc")], "{}")), None);
    }
}
