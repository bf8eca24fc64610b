//! Picks the credential out of the answer to a login, and finds out by trial how it is shown.

use serde_json::Value;

use crate::api::{Method, Put, SchemeKind};
use crate::live::actor::{Account, Actor, Who};
use crate::live::likeness::tells_of_error;
use crate::live::reply::Reply;
use crate::live::request::{Origin, Presented};
use crate::live::scan::Scan;
use crate::order::Placement;
use crate::secret::Secret;

/// Names of a credential in JSON, without signs and in lower case, the likeliest first.
const NAMES: [&str; 22] = [
    "accesstoken",
    "token",
    "authtoken",
    "jwt",
    "jwttoken",
    "bearertoken",
    "bearer",
    "sessiontoken",
    "usertoken",
    "apitoken",
    "idtoken",
    "sessionid",
    "session",
    "sid",
    "apikey",
    "accesskey",
    "key",
    "authorization",
    "auth",
    "pass",
    "ticket",
    "credential",
];
/// The shortest text that is taken for a credential.
const LEAST: usize = 8;
/// How deep an answer is searched.
const MOST_DEPTH: usize = 6;
/// Operations at which a placement is tried, and placements.
const MOST_GROUNDS: usize = 4;
const MOST_PLACES: usize = 9;

/// What a login handed out.
#[derive(Debug, Clone, Default)]
pub struct Pass {
    /// From the body or a header.
    pub token: Option<Secret>,
    /// `token_type` (RFC 6749 §5.1), as it was written.
    pub kind: Option<String>,
    /// Names and values of cookies that were set.
    pub cookies: Vec<(String, Secret)>,
    pub refresh: Option<Secret>,
    /// Everything of it that must not be shown.
    pub all: Vec<Secret>,
}

impl Pass {
    /// What an answer hands out; `None` if nothing looks like a credential.
    pub fn read(reply: &Reply) -> Option<Self> {
        let json = reply.json();
        let mut found = Vec::new();
        let mut refresh = None;
        let mut kind = None;
        if let Some(json) = &json {
            walk(json, 0, &mut |name, text| {
                let plain = plain(name);
                match plain.as_str() {
                    "tokentype" | "type" if text.len() <= 20 => {
                        kind = kind.take().or(Some(text.to_owned()))
                    }
                    "refreshtoken" | "refresh" => refresh = Some(Secret::new(text.to_owned())),
                    _ => {
                        if let Some(rank) = rank(&plain, text) {
                            found.push((rank, text.to_owned()));
                        }
                    }
                }
            });
        }
        found.sort_by_key(|(rank, _)| *rank);
        let body = found.into_iter().next().map(|(_, text)| text);
        let body = body.or_else(|| bare(reply, json.as_ref()));
        let token = body.or_else(|| in_header(reply)).map(Secret::new);
        let cookies = cookies(reply);
        if token.is_none() && cookies.is_empty() {
            return None;
        }
        let all = token.iter().chain(cookies.iter().map(|(_, value)| value)).cloned().collect();
        Some(Self { token, kind, cookies, refresh, all })
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

fn walk(value: &Value, depth: usize, note: &mut impl FnMut(&str, &str)) {
    if depth > MOST_DEPTH {
        return;
    }
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) => note(name, text),
                    other => walk(other, depth + 1, note),
                }
            }
        }
        Value::Array(items) => items.iter().take(3).for_each(|one| walk(one, depth + 1, note)),
        _ => {}
    }
}

fn rank(name: &str, text: &str) -> Option<usize> {
    let text = text.strip_prefix("Bearer ").unwrap_or(text);
    if text.len() < LEAST || text.contains(char::is_whitespace) || !text.is_ascii() {
        return None;
    }
    let named = NAMES.iter().position(|known| *known == name);
    // A token of this form is a token under any name.
    named.or_else(|| is_jwt(text).then_some(NAMES.len())).or_else(|| {
        let about = ["token", "session", "apikey"].iter().any(|word| name.contains(word));
        (about && !name.contains("csrf") && !name.contains("refresh")).then_some(NAMES.len() + 1)
    })
}

fn is_jwt(text: &str) -> bool {
    text.starts_with("eyJ") && text.split('.').count() == 3
}

/// A body that is nothing but the credential.
fn bare(reply: &Reply, json: Option<&Value>) -> Option<String> {
    let text = match json {
        Some(Value::String(text)) => text.clone(),
        Some(_) => return None,
        None => reply.text().trim().to_owned(),
    };
    let whole = text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.starts_with('<');
    (whole && (16..4_096).contains(&text.len())).then_some(text)
}

fn in_header(reply: &Reply) -> Option<String> {
    let fits = |name: &str| {
        let told = ["token", "authorization", "session", "api-key", "apikey"]
            .iter()
            .any(|word| name.contains(word));
        told && !name.contains("csrf") && !name.contains("xsrf")
    };
    let found = reply
        .headers
        .iter()
        .find(|(name, value)| fits(name) && value.len() >= LEAST && name != "set-cookie");
    found.map(|(_, value)| value.strip_prefix("Bearer ").unwrap_or(value).to_owned())
}

/// Cookies that were set and not taken away, the likeliest session first (RFC 6265 §4.1).
fn cookies(reply: &Reply) -> Vec<(String, Secret)> {
    let set = reply.headers.iter().filter(|(name, _)| name == "set-cookie");
    let mut found: Vec<_> = set
        .filter_map(|(_, line)| {
            let (name, value) = line.split(';').next()?.split_once('=')?;
            let value = value.trim().trim_matches('"');
            (value.len() >= LEAST).then(|| (name.trim().to_owned(), Secret::new(value.to_owned())))
        })
        .collect();
    let told = |name: &str| {
        let name = name.to_ascii_lowercase();
        let session =
            ["sess", "sid", "token", "auth", "jwt", "login"].iter().any(|word| name.contains(word));
        session && !name.contains("csrf") && !name.contains("xsrf")
    };
    found.sort_by_key(|(name, _)| !told(name));
    found
}

/// The credential in the place where it works, and whether that was seen. `None` if there is
/// nothing to show.
pub async fn placed(scan: &Scan<'_>, who: Who, pass: &Pass) -> Option<(Presented, bool)> {
    let candidates = candidates(scan, pass);
    choose(scan, who, candidates).await
}

/// Where the password itself is the credential (RFC 7617), if the document has such a scheme.
pub async fn by_password(scan: &Scan<'_>, who: Who, account: &Account) -> Option<Actor> {
    let basic = scan.document.schemes.iter().any(|one| matches!(one.kind, SchemeKind::Basic));
    if !basic {
        return None;
    }
    let names = [&account.name, &account.email];
    let pair = |name: &&String| {
        (Placement::Basic, Secret::new(format!("{name}:{}", account.password.expose())))
    };
    let candidates: Vec<_> =
        names.iter().take(1 + usize::from(names[0] != names[1])).map(pair).collect();
    for (placement, secret) in &candidates {
        scan.client.mask.learn(secret, who.variable(), placement);
    }
    let (credential, proven) = choose(scan, who, candidates).await?;
    let account = Some(account.clone());
    Some(Actor {
        who,
        credential,
        account,
        entry: None,
        session: None,
        identity: None,
        refresh: None,
        proven,
    })
}

async fn choose(
    scan: &Scan<'_>,
    who: Who,
    candidates: Vec<(Placement, Secret)>,
) -> Option<(Presented, bool)> {
    let present = |(placement, secret): &(Placement, Secret)| {
        let origin = if who == Who::A { Origin::Genuine } else { Origin::Derived };
        let mut presented = Presented::new(secret.clone(), who.variable(), origin);
        presented.placement = Some(placement.clone());
        presented
    };
    for index in grounds(scan) {
        let Some(operation) = scan.document.operations.get(index) else { continue };
        let inputs = crate::live::call::Inputs::of_document(&scan.document, operation);
        let request = scan.written(operation, &inputs);
        let Ok(closed) = scan.send(&request).await else { continue };
        if closed.is_success() && !tells_of_error(&closed) {
            continue;
        }
        for candidate in &candidates {
            let presented = present(candidate);
            let Ok(reply) = scan.send(&request.with(Some(presented.clone()))).await else {
                continue;
            };
            let opened = reply.is_success() && !tells_of_error(&reply);
            let known = matches!(closed.status, 401 | 403)
                && matches!(reply.status, 403 | 404 | 400 | 422)
                && reply.status != closed.status;
            if opened || known {
                scan.client.mask.learn(&presented.value, who.variable(), &candidate.0);
                return Some((presented, true));
            }
        }
    }
    let first = candidates.first()?;
    scan.client.mask.learn(&first.1, who.variable(), &first.0);
    Some((present(first), false))
}

/// Operations that read, need no id, and are not said to be public: what tells about the caller first.
fn grounds(scan: &Scan<'_>) -> Vec<usize> {
    let all = scan.document.operations.iter().enumerate();
    let reads =
        all.filter(|(_, one)| one.method == Method::Get && !one.is_public() && !one.is_templated());
    let mut found: Vec<_> = reads
        .map(|(index, one)| {
            let path = one.path.to_ascii_lowercase();
            let own = ["/me", "profile", "whoami", "account", "current", "/my"]
                .iter()
                .any(|word| path.contains(word));
            let admin = ["admin", "internal", "debug"].iter().any(|word| path.contains(word));
            let heeded = one.security.stated && !one.security.alternatives.is_empty();
            (admin, !own, !heeded, one.path.len(), index)
        })
        .collect();
    found.sort_unstable();
    found.into_iter().take(MOST_GROUNDS).map(|(.., index)| index).collect()
}

/// Where this could go, the likeliest first: what the document says, what the answer says, habit.
fn candidates(scan: &Scan<'_>, pass: &Pass) -> Vec<(Placement, Secret)> {
    let mut found: Vec<(Placement, Secret)> = Vec::new();
    let header = |name: &str| Placement::Header { name: name.to_owned() };
    let prefixed =
        |token: &Secret, scheme: &str| Secret::new(format!("{scheme} {}", token.expose()));
    let cookie = || {
        pass.cookies
            .iter()
            .map(|(name, value)| (Placement::Cookie { name: name.clone() }, value.clone()))
    };
    for scheme in by_use(scan) {
        match (&scheme.kind, &pass.token) {
            (
                SchemeKind::Bearer { .. } | SchemeKind::OAuth { .. } | SchemeKind::OpenId { .. },
                Some(token),
            ) => {
                found.push((Placement::Bearer, token.clone()));
            }
            (SchemeKind::Http { scheme }, Some(token)) => {
                found.push((header("Authorization"), prefixed(token, scheme)));
            }
            (SchemeKind::Key { name, put: "header" }, Some(token))
                if name.eq_ignore_ascii_case("authorization") =>
            {
                let told = ["Token", "JWT", "Key", "ApiKey"]
                    .into_iter()
                    .find(|word| scheme.description.contains(&format!("{word} ")));
                found.extend(told.map(|word| (header(name), prefixed(token, word))));
                found.push((Placement::Bearer, token.clone()));
                found.push((header(name), token.clone()));
                found.push((header(name), prefixed(token, "Token")));
            }
            (SchemeKind::Key { name, put: "header" }, Some(token)) => {
                found.push((header(name), token.clone()))
            }
            (SchemeKind::Key { name, put: "query" }, Some(token)) => {
                found.push((Placement::Query { name: (*name).to_owned() }, token.clone()));
            }
            (SchemeKind::Key { name, put: "cookie" }, token) => {
                found.extend(cookie().filter(
                    |(place, _)| matches!(place, Placement::Cookie { name: set } if set == name),
                ));
                let token = token.iter().filter(|_| pass.cookies.is_empty());
                found.extend(
                    token.map(|token| {
                        (Placement::Cookie { name: (*name).to_owned() }, token.clone())
                    }),
                );
            }
            _ => {}
        }
    }
    found.extend(habitual(scan, pass));
    let mut kept: Vec<(Placement, Secret)> = Vec::new();
    for one in found {
        if !kept.iter().any(|known| known.0 == one.0 && known.1.expose() == one.1.expose()) {
            kept.push(one);
        }
    }
    kept.truncate(MOST_PLACES);
    kept
}

/// Where it may go whatever the document says of schemes.
fn habitual(scan: &Scan<'_>, pass: &Pass) -> Vec<(Placement, Secret)> {
    let mut found: Vec<(Placement, Secret)> = Vec::new();
    let header = |name: &str| Placement::Header { name: name.to_owned() };
    let prefixed =
        |token: &Secret, scheme: &str| Secret::new(format!("{scheme} {}", token.expose()));
    if let Some(token) = &pass.token {
        found.extend(
            pass.kind
                .iter()
                .filter(|kind| {
                    !kind.eq_ignore_ascii_case("bearer")
                        && kind.bytes().all(|byte| byte.is_ascii_alphabetic())
                })
                .map(|kind| (header("Authorization"), prefixed(token, kind))),
        );
        found.extend(
            documented_headers(scan).into_iter().map(|name| (header(&name), token.clone())),
        );
        found.push((Placement::Bearer, token.clone()));
    }
    let cookies = pass.cookies.iter();
    found.extend(
        cookies.map(|(name, value)| (Placement::Cookie { name: name.clone() }, value.clone())),
    );
    if let Some(token) = &pass.token {
        found.push((header("Authorization"), token.clone()));
        found.push((header("Authorization"), prefixed(token, "Token")));
        for name in ["X-Access-Token", "X-Auth-Token"] {
            found.push((header(name), token.clone()));
        }
    }
    found
}

/// The document's schemes, those first that most operations ask for.
fn by_use<'s, 'a>(scan: &'s Scan<'a>) -> Vec<&'s crate::api::Scheme<'a>> {
    let uses = |name: &str| {
        let all = scan.document.operations.iter();
        all.filter(|one| one.security.named().any(|(scheme, _)| *scheme == name)).count()
    };
    let mut schemes: Vec<_> = scan.document.schemes.iter().collect();
    schemes.sort_by_key(|scheme| std::cmp::Reverse(uses(scheme.name)));
    schemes
}

/// Header parameters that sound like a credential: sloppy documents say it that way.
fn documented_headers(scan: &Scan<'_>) -> Vec<String> {
    let all = scan.document.operations.iter().flat_map(|one| one.at_place(Put::Header));
    let told = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["token", "auth", "api-key", "apikey", "session"].iter().any(|word| name.contains(word))
    };
    let mut names: Vec<_> = all.map(|one| one.name.to_owned()).filter(|name| told(name)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::{json, reply};

    fn token(answer: &Reply) -> Option<String> {
        Some(Pass::read(answer)?.token?.expose().to_owned())
    }

    #[test]
    fn a_token_is_found_under_any_usual_name_at_any_depth() {
        let cases = [
            r#"{"access_token": "abcdefgh12", "token_type": "bearer", "refresh_token": "rrrrrrrrrr"}"#,
            r#"{"data": {"user": {"id": 1}, "authToken": "abcdefgh12"}}"#,
            r#"{"success": true, "result": [{"session_id": "abcdefgh12"}]}"#,
        ];
        for body in cases {
            assert_eq!(token(&json(200, body)).as_deref(), Some("abcdefgh12"), "{body}");
        }
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2lnbmF0dXJl";
        assert_eq!(token(&json(200, &format!(r#"{{"anything": "{jwt}"}}"#))).as_deref(), Some(jwt));
        assert_eq!(token(&reply(200, &[], jwt)).as_deref(), Some(jwt));
        assert_eq!(
            token(&reply(200, &[("x-auth-token", "abcdefgh12")], "{}")).as_deref(),
            Some("abcdefgh12")
        );
    }

    #[test]
    fn messages_and_counterfeit_tokens_of_forms_are_no_credential() {
        for body in [r#"{"message": "welcome back"}"#, r#"{"csrf_token": "abcdefgh12"}"#, "[]"] {
            assert_eq!(token(&json(200, body)), None, "{body}");
        }
    }

    #[test]
    fn the_session_comes_before_other_cookies() {
        let set = [
            ("set-cookie", "theme=darkdarkdark"),
            ("set-cookie", "app_sid=s3cr3ts3cr3t; HttpOnly"),
        ];
        let pass = Pass::read(&reply(204, &set, "")).expect("a pass");
        assert_eq!(pass.cookies[0].0, "app_sid");
        assert!(pass.token.is_none() && pass.all.len() == 2);
    }
}
